"""The processor's webhooks: Standard Webhooks, checked before a word of them is believed."""

from componentize_py_types import Err
from wit_world.exports import webhooks

import convert
from signed import standard_webhook
from vestibule import Missing, body


def parse(delivery: webhooks.Delivery) -> webhooks.Parsed:
    """Checks a delivery and says what it means."""
    try:
        identity = standard_webhook(delivery, "webhook_secret")
    except Missing as missing:
        raise Err(webhooks.ParseError_Misconfigured(str(missing))) from None
    event = body(delivery)
    try:
        told = webhooks.Event(identity, convert.integer(event["created_at"]), news(event))
    except (Err, KeyError, TypeError, AttributeError):
        raise Err(webhooks.ParseError_Malformed("the body is not an event")) from None
    return webhooks.Parsed([told], webhooks.Acknowledgement(status=204, body=""))


def news(event: dict) -> webhooks.News:
    kind, data = event["type"], event["data"]
    match kind.split(".")[0]:
        case "charge":
            state = perhaps(convert.payment, data)
            return webhooks.News_Payment(webhooks.PaymentNews(about(data), state))
        case "setup":
            state = perhaps(convert.setup_state, data)
            return webhooks.News_Setup(webhooks.SetupNews(about(data), state))
        case "refund":
            state = perhaps(convert.refund_state, data)
            return webhooks.News_Refund(webhooks.RefundNews(about(data), state))
        case "dispute" | "debit":
            return webhooks.News_Reversal(convert.reversal(data))
        case _ if kind == "method.gone":
            return webhooks.News_MethodGone(data["id"])
        case _:
            return webhooks.News_Other(kind)


def about(data: dict) -> webhooks.About:
    return webhooks.About(data["key"], data["id"])


def perhaps(state, data: dict):
    """A state that cannot be told makes the host ask, which is never wrong."""
    try:
        return state(data)
    except (Err, KeyError, TypeError):
        return None
