"""Payment intents as Stripe takes them: more parameters than localstripe, whose method it is, why
an issuer declines, and a page of the bank for a confirmation."""

# What localstripe takes when an intent is made.
TAKEN = (
    "amount", "currency", "customer", "payment_method", "confirm", "off_session", "capture_method",
)
# Codes that stand where `card_declined` stands for the others.
OWN_CODES = ("expired_card", "incorrect_cvc", "incorrect_number", "processing_error")


class Intents:
    def __init__(self, line):
        self.line = line
        self.decline_code = "generic_decline"
        self.returns = {}

    async def do(self, method, path, _query, form):
        if method == "POST" and path == "/v1/payment_intents":
            return await self.make(form)
        if method == "POST" and path == "/v1/refunds":
            return await self.refund(form)
        if method == "POST" and path.startswith("/v1/payment_methods/") and path.endswith("/detach"):
            return await self.detach(path)
        return None

    async def make(self, form):
        problem = await self.not_of_the_customer(form)
        if problem:
            return problem
        taken = {
            name: value
            for name, value in form.items()
            if name in TAKEN or name.startswith(("metadata[", "payment_method_types[", "expand["))
        }
        status, intent = await self.line.call("POST", "/v1/payment_intents", taken)
        if status == 402:
            return await self.declined(intent["error"], form)
        if status != 200:
            return status, intent
        self.keep(intent["id"], form)
        if intent["status"] == "requires_action" and form.get("off_session") == "true":
            return await self.not_confirmed(intent)
        return status, intent

    def keep(self, intent, form):
        self.returns[intent] = form.get("return_url")
        metadata = {
            name[len("metadata["):-1]: value
            for name, value in form.items()
            if name.startswith("metadata[")
        }
        more = {"description": form.get("description"), "metadata": metadata}
        self.line.more.setdefault(intent, {}).update(more)

    async def not_of_the_customer(self, form):
        missing = {
            "type": "invalid_request_error",
            "code": "resource_missing",
            "param": "payment_method",
            "message": "No such payment method of this customer.",
        }
        path = f"/v1/payment_methods/{form['payment_method']}"
        status, method = await self.line.call("GET", path)
        if status != 200 or method["customer"] != form.get("customer"):
            return 400, {"error": missing}
        return None

    async def declined(self, error, form):
        """Localstripe knows one reason only; tests say which one the issuer has."""
        _, charge = await self.line.call("GET", f"/v1/charges/{error['charge']}")
        intent = charge["payment_intent"]
        self.keep(intent, form)
        own = self.decline_code in OWN_CODES
        return await self.refuse(intent, {
            "charge": charge["id"],
            "code": self.decline_code if own else "card_declined",
            "decline_code": None if own else self.decline_code,
            "message": "Your card was declined.",
        })

    async def not_confirmed(self, intent):
        """Nobody is there to confirm: the issuer's wish is a refusal."""
        path = f"/v1/payment_intents/{intent['id']}/_authenticate?success=false"
        await self.line.call("POST", path, {"client_secret": intent["client_secret"]})
        return await self.refuse(intent["id"], {
            "code": "authentication_required",
            "decline_code": "authentication_required",
            "message": "The card wants a confirmation.",
        })

    async def refuse(self, intent, reason):
        reason = {"type": "card_error", **reason}
        self.line.more.setdefault(intent, {})["last_payment_error"] = reason
        _, intent = await self.line.call("GET", f"/v1/payment_intents/{intent}")
        return 402, {"error": {**reason, "payment_intent": self.line.complete(intent)}}

    async def refund(self, form):
        """Localstripe gives back more than was taken."""
        status, intent = await self.line.call("GET", f"/v1/payment_intents/{form['payment_intent']}")
        if status != 200 or not intent["latest_charge"]:
            return 400, {"error": {"type": "invalid_request_error", "message": "Nothing was paid."}}
        charge = intent["latest_charge"]
        if int(form["amount"]) > charge["amount"] - charge["amount_refunded"]:
            return 400, {"error": {
                "type": "invalid_request_error",
                "param": "amount",
                "message": "More than is left of the charge.",
            }}
        return None

    async def detach(self, path):
        status, method = await self.line.call("GET", path.removesuffix("/detach"))
        if status == 200 and method["customer"] is None:
            return 400, {"error": {
                "type": "invalid_request_error",
                "message": "The payment method is not attached to a customer.",
            }}
        return None

    def complete(self, value):
        if value.get("object") == "payment_intent" and value.get("next_action"):
            value["next_action"] = {
                "type": "redirect_to_url",
                "redirect_to_url": {"url": f"{self.line.address}/confirm/{value['id']}"},
            }
        # Localstripe says of a debit at once that it has succeeded, and books it later.
        charge = value.get("latest_charge")
        if value.get("object") == "payment_intent" and isinstance(charge, dict):
            if value["status"] == "succeeded" and charge["balance_transaction"] is None:
                value["status"] = "processing"
        # Stripe copies the metadata of an intent to its charge.
        paid = value.get("payment_intent")
        if value.get("object") == "charge" and isinstance(paid, str):
            value["metadata"] = self.line.more.get(paid, {}).get("metadata", {})
        return value
