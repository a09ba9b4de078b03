"""The gateway to the sandbox payment processor (`vestibule sandbox`), as `plugins/sandbox` is in
Rust. It turns the host's words into the processor's API and back, keeps nothing, decides nothing, and
never says more than it knows: what may have happened is an *unknown outcome*.

A class is an interface, its methods are the interface's functions: `wit/gateway/v1` documents each. The
modules of `wit_world` are made of those texts when the plugin is built; an error is raised as `Err`.
"""

from componentize_py_types import Err
from wit_world.exports import info, ledger, payments, refunds
from wit_world.imports import vestibule_gateway_types as gateway

import convert
from api import get, get_if_known, order, post, post_if_known
from news import parse
from vestibule import is_silence, not_executed, promised, segment, unknown_outcome

CURRENCIES = (
    "AED AUD BHD BRL CAD CHF CLP CNY CZK DKK EUR GBP HKD HUF INR JPY KRW KWD MXN NOK NZD PLN SEK "
    "SGD TND TRY USD ZAR"
)


class Info:
    def describe(self) -> info.Descriptor:
        return info.Descriptor(
            name="Sandbox",
            methods=[
                info.AcceptedMethod(gateway.MethodKind_Card(), reusable=True, delayed=False),
                info.AcceptedMethod(gateway.MethodKind_BankDebit(), reusable=True, delayed=True),
            ],
            amounts=[info.AmountRange(currency, 50, 99_999_999) for currency in CURRENCIES.split()],
            # The processor's defaults.
            lookup_lag=60,
            key_lifetime=24 * 60 * 60,
            browser_origins=["setting:base_url"],
            extra=[],
        )


class Payments:
    @promised
    def charge(self, request):
        charge = order("/v1/charges", request.key, convert.charge_order(request))
        return convert.payment(convert.ours(charge, request.key))

    @promised
    def resume(self, sent, returned):
        # What the browser brought may be forged: only the processor's own word counts.
        charge = find(sent, "/v1/charges")
        if charge is None:
            raise not_seen()
        return convert.payment(charge)

    @promised
    def lookup(self, sent):
        try:
            charge = find(sent, "/v1/charges")
            if charge is None:
                return payments.LookupAnswer_Absent()
            return payments.LookupAnswer_Found(convert.payment(charge))
        except Err as error:
            if is_silence(error):
                return payments.LookupAnswer_CannotTell()
            raise

    @promised
    def cancel(self, sent):
        charge = find(sent, "/v1/charges")
        if charge is None:
            raise not_executed("the processor does not know the charge, so there is nothing to cancel yet")
        answer = post(f"/v1/charges/{segment(charge['id'])}/cancel", {})
        if answer["result"] == "cancelled":
            return payments.CancelAnswer_Cancelled()
        return payments.CancelAnswer_TooLate(convert.payment(answer["object"]))


class Setup:
    @promised
    def begin(self, request):
        made = order("/v1/setups", request.key, convert.setup_order(request))
        return convert.setup_state(convert.ours(made, request.key))

    @promised
    def complete(self, sent, returned):
        made = find(sent, "/v1/setups")
        if made is None:
            raise not_seen()
        return convert.setup_state(made)


class Refunds:
    @promised
    def refund(self, request):
        charge = request.payment.reference
        if charge is None:
            found = find(request.payment, "/v1/charges")
            if found is None:
                raise not_seen()
            charge = found["id"]
        wanted = {
            "charge": charge,
            "amount": convert.money_out(request.amount),
            "metadata": convert.metadata(request.extra),
        }
        return convert.refund_state(order("/v1/refunds", request.key, wanted))

    @promised
    def lookup(self, sent):
        try:
            found = get(f"/v1/refunds?key={segment(sent.key)}")["data"]
            if not found:
                return refunds.RefundLookupAnswer_Absent()
            return refunds.RefundLookupAnswer_Found(convert.refund_state(found[-1]))
        except Err as error:
            if is_silence(error):
                return refunds.RefundLookupAnswer_CannotTell()
            raise


class Methods:
    @promised
    def detach(self, request):
        # One that the processor does not know is as gone as one that it let go.
        post_if_known(f"/v1/methods/{segment(request.method.reference)}/detach", {})


class Webhooks:
    def parse(self, delivery):
        return parse(delivery)


class Ledger:
    @promised
    def list(self, start, end, cursor) -> ledger.Page:
        path = f"/v1/ledger?from={start}&to={end}&cursor={segment(cursor or '0')}"
        return convert.ledger_page(get(path))


# How much a state says of a key under which there are several.
WEIGHT = {"succeeded": 3, "processing": 2, "requires_action": 1}


def find(sent, path):
    """What the processor knows of an earlier request: by its own reference where there is one, since
    that is never late, otherwise by the host's key.
    """
    if sent.reference is not None:
        found = get_if_known(f"{path}/{segment(sent.reference)}")
        if found is not None:
            return convert.ours(found, sent.key)
    known = get(f"{path}?key={segment(sent.key)}")["data"]
    # Several under one key happen only when a key outlived the processor's memory. The one that
    # moved money is the one that matters.
    return max(reversed(known), key=lambda intent: WEIGHT.get(intent["status"], 0), default=None)


def not_seen() -> Err:
    return unknown_outcome("the processor does not know this key yet")
