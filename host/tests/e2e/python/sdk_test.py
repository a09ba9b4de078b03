"""The official SDK for Python against the merchant API, with only address and key changed."""

import http.server
import os
import queue
import threading
import unittest
import urllib.request

import dodopayments
from dodopayments import DodoPayments
from standardwebhooks import Webhook, WebhookVerificationError

MONTHLY = {
    "type": "recurring_price",
    "currency": "EUR",
    "price": 2900,
    "discount": 0,
    "purchasing_power_parity": False,
    "payment_frequency_count": 1,
    "payment_frequency_interval": "Month",
    "subscription_period_count": 10,
    "subscription_period_interval": "Year",
}


class Receiver(http.server.BaseHTTPRequestHandler):
    """A merchant's endpoint: what arrives waits to be looked at."""

    arrived = queue.Queue()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        self.send_response(200)
        self.end_headers()
        self.arrived.put((body, {name.lower(): value for name, value in self.headers.items()}))

    def log_message(self, *_):
        pass


class OfficialSdk(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # DODO_PAYMENTS_BASE_URL and DODO_PAYMENTS_API_KEY are set, as a merchant would.
        cls.dodo = DodoPayments()
        cls.customer = cls.dodo.customers.create(
            email="grace@example.com", name="Grace", metadata={"tier": "gold", "seats": 3}
        )
        cls.product = cls.dodo.products.create(name="Pro", tax_category="saas", price=MONTHLY)
        cls.subscription = cls.dodo.subscriptions.create(
            billing={"country": "DE"},
            customer={"customer_id": cls.customer.customer_id},
            product_id=cls.product.product_id,
            quantity=1,
            payment_link=True,
        )

    @classmethod
    def tearDownClass(cls):
        cls.dodo.close()

    def opens(self, link):
        with urllib.request.urlopen(link) as page:
            self.assertEqual(page.status, 200)

    def test_reads_finds_and_changes_a_customer(self):
        customers, known = self.dodo.customers, self.customer.customer_id
        self.assertEqual(customers.retrieve(known).metadata, {"tier": "gold", "seats": 3})
        found = customers.list(email="GRACE@example.com").items
        self.assertEqual([customer.customer_id for customer in found], [known])
        self.assertEqual(customers.update(known, name="Grace H.").name, "Grace H.")
        self.assertEqual(customers.retrieve_payment_methods(known).items, [])
        self.opens(customers.customer_portal.create(known, send_email=False).link)

    def test_answers_are_what_the_types_say(self):
        for answer in [
            self.customer,
            self.product,
            self.subscription,
            self.dodo.subscriptions.retrieve(self.subscription.subscription_id),
            self.dodo.payments.retrieve(self.subscription.payment_id),
            *self.dodo.subscriptions.list(page_number=0).items,
            *self.dodo.payments.list(page_number=0).items,
            *self.dodo.products.list(page_number=0).items,
        ]:
            # The SDK builds its objects unchecked; this checks every field against its type.
            type(answer).model_validate(answer.model_dump(), strict=False)

    def test_makes_a_subscription_and_its_hosted_page(self):
        self.opens(self.subscription.payment_link)
        read = self.dodo.subscriptions.retrieve(self.subscription.subscription_id)
        self.assertEqual(read.status, "pending")
        self.assertEqual(read.recurring_pre_tax_amount, 2900)

    def test_cancels_once(self):
        made = self.dodo.subscriptions.create(
            billing={"country": "DE"},
            customer={"email": "alan@example.com", "name": "Alan"},
            product_id=self.product.product_id,
            quantity=2,
        )
        known = made.subscription_id
        ended = self.dodo.subscriptions.update(known, status="cancelled", cancellation_feedback="unused")
        self.assertEqual((ended.status, ended.cancellation_feedback), ("cancelled", "unused"))
        with self.assertRaises(dodopayments.ConflictError):
            self.dodo.subscriptions.update(known, status="cancelled")

    def test_knows_each_refusal_by_its_class(self):
        with self.assertRaises(dodopayments.NotFoundError):
            self.dodo.customers.retrieve("cus_none")
        with self.assertRaises(dodopayments.UnprocessableEntityError):
            self.dodo.customers.create(email="none", name="A")
        stranger = DodoPayments(bearer_token="unknown")
        with self.assertRaises(dodopayments.AuthenticationError):
            stranger.customers.list()
        stranger.close()

    def test_checks_license_keys(self):
        self.assertFalse(self.dodo.licenses.validate(license_key="unknown").valid)
        with self.assertRaises(dodopayments.NotFoundError):
            self.dodo.licenses.activate(license_key="unknown", name="Laptop")
        self.assertEqual(self.dodo.license_keys.list().items, [])

    def test_makes_lists_and_removes_endpoints_for_webhooks(self):
        hooks = self.dodo.webhooks
        made = [
            hooks.create(url=f"https://merchant.example.com/{n}", metadata={"n": str(n)}, rate_limit=5)
            for n in range(3)
        ]
        # The first is that of the business's file. The SDK pages on by the iterator.
        listed = list(hooks.list(limit=2))
        self.assertEqual(listed[1:], made)
        for hook in listed:
            type(hook).model_validate(hook.model_dump(), strict=False)
        known = made[0].id
        self.assertTrue(hooks.retrieve_secret(known).secret.startswith("whsec_"))
        hooks.headers.update(known, headers={"X-Tenant": "7", "X-Api-Key": "sesame"})
        headers = hooks.headers.retrieve(known)
        self.assertEqual((headers.headers, headers.sensitive), ({"x-tenant": "7"}, ["x-api-key"]))
        changed = hooks.update(known, disabled=True, filter_types=["payment.succeeded"])
        self.assertEqual((changed.disabled, changed.filter_types), (True, ["payment.succeeded"]))
        for hook in made:
            hooks.delete(hook.id)
        with self.assertRaises(dodopayments.NotFoundError):
            hooks.retrieve(known)

    def test_unwraps_what_is_delivered_and_nothing_else(self):
        port = int(os.environ["RECEIVER_PORT"])
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Receiver)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        hooks = self.dodo.webhooks
        hook = hooks.create(url=f"http://127.0.0.1:{port}/", filter_types=["subscription.updated"])
        self.addCleanup(hooks.delete, hook.id)
        secret = hooks.retrieve_secret(hook.id).secret
        known = self.subscription.subscription_id
        self.dodo.subscriptions.update(known, metadata={"note": "naïve 🌊", "10": "ten", "2": "two"})

        body, headers = Receiver.arrived.get(timeout=60)
        event = hooks.unwrap(body, headers=headers, key=secret)
        self.assertEqual((event.type, event.business_id), ("subscription.updated", "bus_lumen"))
        self.assertEqual(event.data.subscription_id, known)
        self.assertEqual(event.data.metadata["note"], "naïve 🌊")
        type(event.data).model_validate(event.data.model_dump(), strict=False)
        # By the key of the client, as a merchant's server is set up.
        with DodoPayments(webhook_key=secret) as merchant:
            self.assertEqual(merchant.webhooks.unwrap(body, headers=headers).data, event.data)

        forger = "whsec_Zm9yZ2VkIGZvcmdlZCBmb3JnZWQ="
        for changed, under, key in [
            (body.replace("bus_lumen", "bus_other"), headers, secret),
            (body, {**headers, "webhook-id": "evt_other"}, secret),
            (body, {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) - 3600)}, secret),
            (body, headers, forger),
        ]:
            with self.assertRaises(WebhookVerificationError):
                hooks.unwrap(changed, headers=under, key=key)
        self.assertTrue(Webhook(secret).verify(body, headers))


if __name__ == "__main__":
    unittest.main()
