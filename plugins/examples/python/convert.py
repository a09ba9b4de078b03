"""From the host's words to the processor's and back."""

from wit_world.exports import ledger, webhooks
from wit_world.imports import vestibule_gateway_types as gateway
from wit_world.imports import vestibule_types_types as words

from api import WHOM
from vestibule import invalid, unreadable

# Five days, in microseconds: when a bank debit ends for which the processor names no time.
DEBIT_TAKES = 5 * 24 * 60 * 60 * 1_000_000

INITIATORS = {
    gateway.Initiator.CUSTOMER_PRESENT: "customer_present",
    gateway.Initiator.MERCHANT_RECURRING: "merchant_recurring",
    gateway.Initiator.MERCHANT_UNSCHEDULED: "merchant_unscheduled",
}


def charge_order(request: gateway.ChargeRequest) -> dict:
    """The order for a charge."""
    method = request.method.value
    stored = isinstance(method, gateway.StoredMethod)
    return {
        "customer": customer(request.customer),
        "amount": money_out(request.amount),
        "source": {"method": method.reference} if stored else "collect",
        "initiator": INITIATORS[request.initiator],
        "save_method": request.save,
        "return_url": request.return_url,
        "expires_at": request.expires_at,
        "description": request.description,
        "only_kind": None if stored else only_kind(method),
        "network_reference": (method.network or method.mandate) if stored else None,
        "metadata": metadata(request.extra),
    }


def setup_order(request) -> dict:
    """The order for a set-up."""
    return {
        "customer": customer(request.customer),
        "return_url": request.return_url,
        "expires_at": request.expires_at,
        "only_kind": only_kind(request.kinds),
        "metadata": metadata(request.extra),
    }


def customer(customer: gateway.Customer) -> dict:
    return {"reference": customer.reference or customer.id, "name": customer.name}


def only_kind(kinds) -> str | None:
    """The one kind that is wanted; None when both will do."""
    card, debit = (
        not kinds or any(isinstance(kind, wanted) for kind in kinds)
        for wanted in (gateway.MethodKind_Card, gateway.MethodKind_BankDebit)
    )
    if card and debit:
        return None
    if card:
        return "card"
    if debit:
        return "bank_debit"
    raise invalid("kinds", "the processor takes cards and bank debits only")


def metadata(extra) -> dict:
    return {kv.name: kv.value for kv in extra}


def money_out(money: words.Money) -> dict:
    return {"minor": money.minor, "currency": money.currency}


def money_in(money: dict) -> words.Money:
    return words.Money(integer(money["minor"]), money["currency"])


def integer(value) -> int:
    """A whole number of the processor's JSON; a float is none, whatever it looks like."""
    if type(value) is not int:
        raise unreadable(WHOM, f"{value!r} is no whole number")
    return value


def ours(intent: dict, key: str) -> dict:
    """The answer, if it is about the host's own request."""
    if intent["key"] != key:
        raise unreadable(WHOM, "it is about another key")
    return intent


def payment(charge: dict) -> gateway.Payment:
    """How a charge stands."""
    return gateway.Payment(
        outcome=outcome(charge),
        amount=money_in(charge["amount"]),
        reference=charge["id"],
        customer_reference=charge["customer"],
        method=saved(charge),
        extra=[],
    )


def setup_state(made: dict) -> gateway.SetupState:
    """How a set-up stands."""
    state, method = outcome(made), saved(made)
    if isinstance(state, gateway.Outcome_Succeeded) and method is None:
        raise unreadable(WHOM, "a set-up that succeeded without a method")
    return gateway.SetupState(
        outcome=state,
        reference=made["id"],
        customer_reference=made["customer"],
        method=method,
        extra=[],
    )


def outcome(intent: dict) -> gateway.Outcome:
    match intent["status"]:
        case "succeeded":
            return gateway.Outcome_Succeeded()
        case "cancelled":
            return gateway.Outcome_Cancelled()
        case "processing":
            expected = intent.get("expected_by")
            if expected is None:
                expected = integer(intent["created_at"]) + DEBIT_TAKES
            return gateway.Outcome_Processing(integer(expected))
        case "declined":
            return gateway.Outcome_Declined(decline(intent["decline"]))
        case "requires_action":
            action = intent["action"]
            return gateway.Outcome_RequiresAction(
                gateway.ActionNeeded(
                    action=words.ClientAction_Redirect(words.Redirect(action["url"])),
                    until=integer(action["expires_at"]),
                )
            )
        case other:
            raise unreadable(WHOM, f"it is {other}")


CODES = {
    "generic_decline": gateway.DeclineCode_Refused,
    "do_not_honor": gateway.DeclineCode_Refused,
    "insufficient_funds": gateway.DeclineCode_InsufficientFunds,
    "limit_exceeded": gateway.DeclineCode_LimitExceeded,
    "lost_card": gateway.DeclineCode_LostOrStolen,
    "stolen_card": gateway.DeclineCode_LostOrStolen,
    "expired_card": gateway.DeclineCode_Expired,
    "incorrect_cvc": gateway.DeclineCode_IncorrectDetails,
    "processing_error": gateway.DeclineCode_IssuerUnavailable,
    "fraudulent": gateway.DeclineCode_SuspectedFraud,
    "authentication_required": gateway.DeclineCode_AuthenticationRequired,
    "authentication_failed": gateway.DeclineCode_AuthenticationFailed,
}

ADVICE = {
    "never": gateway.Advice.NEVER,
    "later": gateway.Advice.LATER,
    "authenticate": gateway.Advice.AUTHENTICATE,
}


def decline(decline: dict) -> gateway.Decline:
    code = decline["code"]
    if code in CODES:
        told = CODES[code]()
    else:
        other = "debit-returned" if code == "debit_failed" else code.replace("_", "-")
        told = gateway.DeclineCode_Other(other)
    return gateway.Decline(
        code=told,
        # Also for an advice of a later processor: another method is never wrong.
        advice=ADVICE.get(decline["advice"], gateway.Advice.NEW_METHOD),
        not_before=decline.get("not_before"),
        gateway_code=code,
        message=decline["message"],
    )


def saved(intent: dict) -> gateway.SavedMethod | None:
    method = intent.get("method")
    if method is None or not method["saved"]:
        return None
    card = method["kind"] == "card"
    network = method["network_reference"]
    return gateway.SavedMethod(
        reference=method["id"],
        kind=gateway.MethodKind_Card() if card else gateway.MethodKind_BankDebit(),
        brand=method["brand"],
        last4=method["last_four"],
        expiry_month=method["expiry_month"],
        expiry_year=method["expiry_year"],
        funding=method["funding"],
        holder=method["holder"],
        country=None,
        fingerprint=method["fingerprint"],
        mandate=None if card else network,
        network=network if card else None,
        extra=[],
    )


def refund_state(refund: dict) -> gateway.RefundState:
    """How a refund stands."""
    match refund["status"]:
        case "succeeded":
            state = gateway.RefundOutcome_Succeeded()
        case "processing":
            state = gateway.RefundOutcome_Processing(integer(refund["created_at"]) + DEBIT_TAKES)
        case "failed":
            state = gateway.RefundOutcome_Failed("the bank did not take the money back")
        case other:
            raise unreadable(WHOM, f"a refund that is {other}")
    return gateway.RefundState(state, money_in(refund["amount"]), refund["id"], extra=[])


STAGES = {
    "opened": webhooks.ReversalStage.DISPUTE_OPENED,
    "won": webhooks.ReversalStage.DISPUTE_WON,
    "lost": webhooks.ReversalStage.DISPUTE_LOST,
    "returned": webhooks.ReversalStage.DEBIT_RETURNED,
}


def reversal(dispute: dict) -> webhooks.Reversal:
    """How far the bank has come with taking money back."""
    return webhooks.Reversal(
        about=webhooks.About(dispute["key"], dispute["charge"]),
        reference=dispute["id"],
        stage=STAGES[dispute["status"]],
        amount=money_in(dispute["amount"]),
        reason=dispute["reason"],
    )


ENTRIES = {
    "charge": ledger.EntryKind_Charge,
    "refund": ledger.EntryKind_Refund,
    "reversal": ledger.EntryKind_Reversal,
}


def ledger_page(page: dict) -> ledger.Page:
    """A page of the ledger."""
    cursor = page["next_cursor"]
    return ledger.Page([entry(one) for one in page["data"]], None if cursor is None else str(cursor))


def entry(entry: dict) -> ledger.Entry:
    kind = entry["kind"]
    return ledger.Entry(
        kind=ENTRIES[kind]() if kind in ENTRIES else ledger.EntryKind_Other(kind.replace("_", "-")),
        reference=entry["reference"],
        key=entry["idempotency_key"],
        amount=words.Money(integer(entry["amount"]), entry["currency"]),
        at=integer(entry["at"]),
        extra=[],
    )
