"""Checkout: sessions and their page, where localstripe's Stripe.js takes card or account. What the
customer gives goes from the page to localstripe, and becomes a method by a set-up intent there."""

import html
import json
import pathlib
import secrets
import time

from aiohttp import web

from lists import page

HERE = pathlib.Path(__file__).parent
LEAST, MOST = 30 * 60, 24 * 60 * 60


class Checkout:
    def __init__(self, line):
        self.line = line
        # Newest first, as they are listed.
        self.sessions = {}
        self.inner = {}

    def add_pages(self, router):
        router.add_get("/c/pay/{id}", self.show)
        router.add_post("/c/pay/{id}/finish", self.finish)
        router.add_post("/c/pay/{id}/give", self.give)
        router.add_get("/confirm/{intent}", self.confirmation)
        router.add_post("/confirm/{intent}", self.confirm)

    async def do(self, method, path, query, form):
        if not path.startswith("/v1/checkout/sessions"):
            return None
        parts = path.split("/")[4:]
        if method == "POST" and not parts:
            return await self.make(form)
        if method == "GET" and not parts:
            things = [self.now(session) for session in reversed(self.sessions.values())]
            return 200, page("/v1/checkout/sessions", things, query)
        session = self.sessions.get(parts[0])
        if session is None:
            return 404, {"error": {"type": "invalid_request_error", "code": "resource_missing"}}
        if method == "GET":
            return 200, await self.expanded(self.now(session), query.getall("expand[]", []))
        if parts[1:] == ["expire"]:
            if self.now(session)["status"] != "open":
                message = "Only open sessions can be expired."
                return 400, {"error": {"type": "invalid_request_error", "message": message}}
            session["status"] = "expired"
            return 200, session
        return None

    def now(self, session):
        if session["status"] == "open" and time.time() > session["expires_at"]:
            session["status"] = "expired"
        return {**session, "url": session["url"] if session["status"] == "open" else None}

    async def make(self, form):
        now = int(time.time())
        until = int(form.get("expires_at", now + MOST))
        if not now + LEAST <= until <= now + MOST:
            message = "The session must end in 30 minutes to 24 hours."
            return 400, {"error": {
                "type": "invalid_request_error", "param": "expires_at", "message": message,
            }}
        pays = form["mode"] == "payment"
        own = "payment_intent_data" if pays else "setup_intent_data"
        _, inner = await self.line.call("POST", "/v1/setup_intents", {
            "customer": form["customer"],
            **{f"metadata[{name}]": value for name, value in nested(form, f"{own}[metadata]")},
        })
        amount = form.get("line_items[0][price_data][unit_amount]")
        currency = form.get("line_items[0][price_data][currency]", form.get("currency"))
        id = f"cs_test_{secrets.token_hex(12)}"
        self.inner[id] = {
            "set_up": inner,
            "intent": None,
            "kinds": [kind for name, kind in form.items() if name.startswith("payment_method_types[")],
            "metadata": dict(nested(form, f"{own}[metadata]")),
            "title": form.get("line_items[0][price_data][product_data][name]", "Save a method"),
            "cancel_url": form["cancel_url"],
        }
        self.sessions[id] = {
            "id": id,
            "object": "checkout.session",
            "mode": form["mode"],
            "status": "open",
            "url": f"{self.line.address}/c/pay/{id}",
            "created": now,
            "expires_at": until,
            "amount_total": int(amount) if amount else None,
            "currency": currency,
            "customer": form["customer"],
            "client_reference_id": form.get("client_reference_id"),
            "payment_intent": None,
            "setup_intent": None if pays else inner["id"],
            "success_url": form["success_url"],
            "metadata": dict(nested(form, "metadata")),
        }
        return 200, self.sessions[id]

    async def expanded(self, session, parts):
        for name, path in (("payment_intent", "payment_intents"), ("setup_intent", "setup_intents")):
            wanted = any(part.split(".")[0] == name for part in parts)
            if wanted and session[name]:
                _, thing = await self.line.call("GET", f"/v1/{path}/{session[name]}")
                if thing["payment_method"] and f"{name}.payment_method" in parts:
                    method = f"/v1/payment_methods/{thing['payment_method']}"
                    _, thing["payment_method"] = await self.line.call("GET", method)
                session = {**session, name: thing}
        return session

    async def show(self, request):
        session = self.sessions[request.match_info["id"]]
        if self.now(session)["status"] != "open":
            return web.Response(text="This page is over.", status=410)
        inner = self.inner[session["id"]]
        amount = session["amount_total"]
        text = (HERE / "page.html").read_text()
        for name, value in {
            "TITLE": inner["title"],
            "BUTTON": "Save" if amount is None else f"Pay {amount / 100:.2f} {session['currency']}",
            "SECRET": inner["set_up"]["client_secret"],
            "ID": session["id"],
            "BACK": inner["cancel_url"],
            "DEBIT": "" if "sepa_debit" in inner["kinds"] else "hidden",
        }.items():
            text = text.replace("{{" + name + "}}", html.escape(value))
        return web.Response(text=text, content_type="text/html")

    async def give(self, request):
        """What the page's script does, for those without a browser: `number` or `iban`."""
        given = await request.json()
        inner = self.inner[request.match_info["id"]]
        method = {"type": "card", "billing_details": {"name": "Alex Example"}}
        if "iban" in given:
            method.update(type="sepa_debit", sepa_debit={"iban": given["iban"]})
        else:
            card = {"number": given["number"], "exp_month": 12, "exp_year": 2034, "cvc": "123"}
            method["card"] = card
        body = {"key": "pk_test_page", "client_secret": inner["set_up"]["client_secret"]}
        path = f"/v1/setup_intents/{inner['set_up']['id']}/confirm"
        headers = {"content-type": "application/json"}
        status, made = await self.line.call("POST", path, raw=(
            json.dumps({**body, "payment_method_data": method}).encode(), headers,
        ))
        if status == 200 and made["status"] == "requires_action":
            raw = (json.dumps(body).encode(), headers)
            status, made = await self.line.call("POST", path, raw=raw)
        if status != 200:
            return web.json_response({"error": made["error"]["message"]})
        return await self.finish(request)

    async def finish(self, request):
        """The customer has given a method: save it, and pay with it if that is the wish."""
        session = self.sessions[request.match_info["id"]]
        inner = self.inner[session["id"]]
        if self.now(session)["status"] != "open":
            return web.json_response({"to": session["success_url"]})
        _, set_up = await self.line.call("GET", f"/v1/setup_intents/{inner['set_up']['id']}")
        if set_up["status"] != "succeeded":
            return web.json_response({"error": "Your details were not confirmed."})
        method = set_up["payment_method"]
        attached = {"customer": session["customer"]}
        await self.line.call("POST", f"/v1/payment_methods/{method}/attach", attached)
        if session["mode"] == "payment":
            unfinished = await self.pay(session, inner, method)
            if unfinished:
                return web.json_response(unfinished)
        else:
            # Stripe's set-ups of debits come with a mandate.
            _, saved = await self.line.call("GET", f"/v1/payment_methods/{method}")
            if saved["type"] == "sepa_debit":
                self.line.more[set_up["id"]] = {"mandate": f"mandate_{method[3:]}"}
        session["status"] = "complete"
        return web.json_response({"to": session["success_url"]})

    async def pay(self, session, inner, method):
        """Pays; what is still to be done, or none."""
        intent = None
        if inner["intent"]:
            _, intent = await self.line.call("GET", f"/v1/payment_intents/{inner['intent']}")
        if intent is None or intent["status"] == "requires_payment_method":
            status, intent = await self.line.intents.make({
                "amount": str(session["amount_total"]),
                "currency": session["currency"],
                "customer": session["customer"],
                "payment_method": method,
                "confirm": "true",
                "description": inner["title"],
                **{f"metadata[{name}]": value for name, value in inner["metadata"].items()},
            })
            if status != 200:
                return {"error": intent["error"]["message"]}
            inner["intent"] = intent["id"]
        if intent["status"] == "requires_action":
            return {"confirm": intent["client_secret"], "intent": intent["id"]}
        if intent["status"] == "requires_payment_method":
            return {"error": "The confirmation failed."}
        session["payment_intent"] = intent["id"]
        return None

    async def confirmation(self, request):
        """The bank's page for a saved card, which knows where to go back to."""
        intent = request.match_info["intent"]
        _, known = await self.line.call("GET", f"/v1/payment_intents/{intent}")
        text = (HERE / "confirm.html").read_text()
        back = self.line.intents.returns.get(intent) or ""
        for name, value in {"SECRET": known["client_secret"], "BACK": back}.items():
            text = text.replace("{{" + name + "}}", html.escape(value))
        return web.Response(text=text, content_type="text/html")

    async def confirm(self, request):
        """What the bank's page does, for those without a browser: `success`."""
        intent = request.match_info["intent"]
        success = (await request.json())["success"]
        _, known = await self.line.call("GET", f"/v1/payment_intents/{intent}")
        path = f"/v1/payment_intents/{intent}/_authenticate?success={str(success).lower()}"
        status, _ = await self.line.call("POST", path, {"client_secret": known["client_secret"]})
        return web.json_response({"to": self.line.intents.returns.get(intent), "status": status})


def nested(form, prefix):
    """The fields below a prefix, by the name in their last brackets."""
    for name, value in form.items():
        if name.startswith(prefix + "["):
            yield name[len(prefix) + 1:-1], value
