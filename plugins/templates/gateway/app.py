"""A payment gateway. As it stands it speaks to the sandbox processor (`vestibule sandbox`): customers
pay on its page, nothing is saved. Put your own processor in its place; the interfaces and their
promises are documented in `wit/gateway/v1` of Vestibule.

A class is an interface, its methods are the interface's functions. The modules of `wit_world` are made
of the texts when the plugin is built; an error is raised as `Err`.
"""

from componentize_py_types import Err
from wit_world.exports import info, payments
from wit_world.imports import http
from wit_world.imports import vestibule_gateway_types as gateway
from wit_world.imports import vestibule_types_types as words

from vestibule import (
    bearer,
    body,
    invalid,
    is_silence,
    not_executed,
    promised,
    request,
    required,
    secret,
    segment,
    trouble,
    unknown_outcome,
    unreadable,
)

# The processor's name in messages for the operator.
WHOM = "the processor"


class Info:
    def describe(self) -> info.Descriptor:
        return info.Descriptor(
            name="Example Pay",
            methods=[info.AcceptedMethod(gateway.MethodKind_Card(), reusable=False, delayed=False)],
            amounts=[info.AmountRange(currency, 50, 99_999_999) for currency in ("EUR", "GBP", "USD")],
            lookup_lag=60,
            key_lifetime=24 * 60 * 60,
            browser_origins=["setting:base_url"],
            extra=[],
        )


class Payments:
    @promised
    def charge(self, request: gateway.ChargeRequest) -> gateway.Payment:
        if isinstance(request.method, gateway.MethodChoice_Stored):
            raise Err(gateway.GatewayError_Unsupported("saved methods"))
        kinds = request.method.value
        if kinds and gateway.MethodKind_Card() not in kinds:
            raise invalid("kinds", "only cards are taken")
        order = {
            "customer": {"reference": request.customer.id, "name": request.customer.name},
            "amount": {"minor": request.amount.minor, "currency": request.amount.currency},
            "source": "collect",
            "only_kind": "card",
            "initiator": "customer_present",
            "save_method": False,
            "return_url": request.return_url,
            "expires_at": request.expires_at,
            "description": request.description,
        }
        # The host's key is the processor's idempotency key: the same key twice is one charge.
        return payment(call(http.Method.POST, "/v1/charges", {"idempotency-key": request.key}, order))

    @promised
    def resume(self, sent: gateway.SentRequest, returned) -> gateway.Payment:
        # What the browser brought may be forged: only the processor's own word counts.
        charge = find(sent)
        if charge is None:
            raise unknown_outcome("the processor does not know this key yet")
        return payment(charge)

    @promised
    def lookup(self, sent: gateway.SentRequest) -> payments.LookupAnswer:
        try:
            charge = find(sent)
            if charge is None:
                return payments.LookupAnswer_Absent()
            return payments.LookupAnswer_Found(payment(charge))
        except Err as error:
            if is_silence(error):
                return payments.LookupAnswer_CannotTell()
            raise

    @promised
    def cancel(self, sent: gateway.SentRequest) -> payments.CancelAnswer:
        charge = find(sent)
        if charge is None:
            raise not_executed("the processor does not know the charge, so there is nothing to cancel yet")
        answer = call(http.Method.POST, f"/v1/charges/{segment(charge['id'])}/cancel", {}, {})
        if answer["result"] == "cancelled":
            return payments.CancelAnswer_Cancelled()
        return payments.CancelAnswer_TooLate(payment(answer["object"]))


def payment(charge: dict) -> gateway.Payment:
    """How a charge stands, in the host's words."""
    amount = charge["amount"]
    return gateway.Payment(
        outcome=outcome(charge),
        amount=words.Money(amount["minor"], amount["currency"]),
        reference=charge["id"],
        customer_reference=None,
        method=None,
        extra=[],
    )


CODES = {
    "insufficient_funds": gateway.DeclineCode_InsufficientFunds,
    "expired_card": gateway.DeclineCode_Expired,
}


def outcome(charge: dict) -> gateway.Outcome:
    match charge:
        case {"status": "succeeded"}:
            return gateway.Outcome_Succeeded()
        case {"status": "cancelled"}:
            return gateway.Outcome_Cancelled()
        case {"status": "requires_action", "action": {"url": url, "expires_at": until}}:
            action = words.ClientAction_Redirect(words.Redirect(url))
            return gateway.Outcome_RequiresAction(gateway.ActionNeeded(action, until))
        case {"status": "declined", "decline": {"code": code, "message": message}}:
            told = CODES.get(code, gateway.DeclineCode_Refused)()
            advice = gateway.Advice.NEW_METHOD
            return gateway.Outcome_Declined(gateway.Decline(told, advice, None, code, message))
        case _:
            raise unreadable(WHOM, f"a charge that is {charge['status']}")


def find(sent: gateway.SentRequest) -> dict | None:
    """What the processor knows of an earlier request, by the host's key: a lost answer left nothing
    else. Only its own empty list says that there is none: anything else may come from another server.
    """
    found = call(http.Method.GET, f"/v1/charges?key={segment(sent.key)}").get("data")
    if not isinstance(found, list):
        raise unreadable(WHOM, "it is no list of charges")
    return found[-1] if found else None


def call(method, path, headers=None, json=None) -> dict:
    """One request, and the object that the processor answers."""
    credentials = bearer(secret("api_key"))
    response = request(WHOM, method, required("base_url"), path, credentials, headers, json)
    answer = body(response)
    if 200 <= response.status < 300:
        if not isinstance(answer, dict):
            raise unreadable(WHOM, "it is no object")
        return answer
    if response.status == 409:
        # Another request was done under this key: what became of it is for a lookup to say.
        raise unknown_outcome("the key was used before")
    if response.status in (400, 422):
        raise invalid("request", str(answer))
    raise trouble(response, WHOM)
