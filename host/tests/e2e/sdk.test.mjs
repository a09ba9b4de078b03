// The official SDK against the merchant API: every call that a merchant's backend lives with, with
// only the address and the key changed.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import DodoPayments from "dodopayments";

import { openBrowser, openPage } from "./support/browser.mjs";
import { begin, standing } from "./support/customer.mjs";
import { until } from "./support/processes.mjs";
import { World } from "./support/world.mjs";

const MONTHLY = {
  type: "recurring_price",
  currency: "EUR",
  price: 2900,
  discount: 0,
  purchasing_power_parity: false,
  payment_frequency_count: 1,
  payment_frequency_interval: "Month",
  subscription_period_count: 10,
  subscription_period_interval: "Year",
};
const ONCE = { type: "one_time_price", currency: "EUR", price: 900, discount: 0, purchasing_power_parity: false };

describe("the official SDK", () => {
  let world, dodo, customer, product, subscription;

  before(async () => {
    world = await World.start();
    dodo = world.dodo;
    customer = await dodo.customers.create({ email: "ada@example.com", name: "Ada", metadata: { tier: "gold" } });
    product = await dodo.products.create({ name: "Pro", tax_category: "saas", price: MONTHLY });
    subscription = await dodo.subscriptions.create({
      billing: { country: "DE" },
      customer: { customer_id: customer.customer_id },
      product_id: product.product_id,
      quantity: 1,
      payment_link: true,
    });
  });

  after(() => world?.stop());

  /** Pays on a hosted page, in a browser. */
  async function pay(link) {
    const browser = await openBrowser();
    try {
      await begin(await openPage(browser), link, "4242 4242 4242 4242");
    } finally {
      await browser.close();
    }
  }

  /** A running subscription, begun on its page; `more` of what is asked for. */
  async function running(more = {}) {
    const made = await dodo.subscriptions.create({
      billing: { country: "DE" },
      customer: { customer_id: customer.customer_id },
      product_id: product.product_id,
      quantity: 1,
      payment_link: true,
      ...more,
    });
    await pay(made.payment_link);
    await standing(dodo, made.subscription_id, "active");
    return made.subscription_id;
  }

  it("reads, finds and changes a customer", async () => {
    const id = customer.customer_id;
    assert.deepEqual(await dodo.customers.retrieve(id), customer);
    assert.deepEqual((await dodo.customers.list({ email: "ADA@example.com" })).items, [customer]);
    assert.equal((await dodo.customers.update(id, { name: "Ada L." })).name, "Ada L.");
    assert.deepEqual((await dodo.customers.retrievePaymentMethods(id)).items, []);
    const { link } = await dodo.customers.customerPortal.create(id, { send_email: false });
    assert.equal((await fetch(link)).status, 200);
  });

  it("makes a subscription and its hosted page, and cancels it", async () => {
    assert.equal((await fetch(subscription.payment_link)).status, 200);
    const id = subscription.subscription_id;
    assert.equal((await dodo.subscriptions.retrieve(id)).status, "pending");
    assert.equal((await dodo.payments.retrieve(subscription.payment_id)).status, "requires_payment_method");
    const cancelled = await dodo.subscriptions.update(id, { status: "cancelled", cancellation_feedback: "unused" });
    assert.equal(cancelled.status, "cancelled");
    assert.equal(cancelled.cancellation_feedback, "unused");
  });

  it("ends a subscription with a switch for its period, and takes null for an absent filter", async () => {
    const { subscription_id: id } = await dodo.subscriptions.create({
      billing: { country: "DE" },
      customer: { customer_id: customer.customer_id },
      product_id: product.product_id,
      quantity: 2,
    });
    assert.equal((await dodo.subscriptions.retrieve(id)).recurring_pre_tax_amount, 5800);
    const wish = { status: "cancelled", cancel_at_next_billing_date: false, tax_id: null };
    assert.equal((await dodo.subscriptions.update(id, wish)).status, "cancelled");
    const own = { brand_id: null, customer_id: customer.customer_id };
    assert.equal((await dodo.subscriptions.list(own)).items.length, 2);
    assert.deepEqual((await dodo.subscriptions.list({ ...own, brand_id: "bus_other" })).items, []);
    assert.deepEqual((await dodo.licenseKeyInstances.list({ grant_id: "grt_1" })).items, []);
    const { link } = await dodo.customers.customerPortal.create(customer.customer_id, {}, { body: {} });
    assert.ok(link);
  });

  it("sells once to an address", async () => {
    const book = await dodo.products.create({ name: "Book", tax_category: "e_book", price: ONCE });
    const payment = await dodo.payments.create({
      billing: { country: "DE" },
      customer: { email: "new@example.com" },
      product_cart: [{ product_id: book.product_id, quantity: 2 }],
    });
    assert.equal((await fetch(payment.payment_link)).status, 200);
    const [buyer] = (await dodo.customers.list({ email: "new@example.com" })).items;
    assert.equal(buyer.customer_id, payment.customer.customer_id);
  });

  it("gives money back, line by line", async () => {
    const pack = await dodo.products.create({ name: "Pack", tax_category: "saas", price: ONCE });
    const made = await dodo.payments.create({
      billing: { country: "DE" },
      customer: { customer_id: customer.customer_id },
      product_cart: [{ product_id: pack.product_id, quantity: 2 }],
    });
    const unpaid = dodo.refunds.create({ payment_id: made.payment_id });
    await assert.rejects(unpaid, DodoPayments.ConflictError);
    await pay(made.payment_link);
    const payment = await until("the payment", async () => {
      const payment = await dodo.payments.retrieve(made.payment_id);
      return payment.status === "succeeded" ? payment : undefined;
    });
    assert.deepEqual([payment.refunds, payment.disputes, payment.refund_status], [[], [], null]);
    const { items } = await dodo.payments.retrieveLineItems(payment.payment_id);
    assert.deepEqual(items.map((item) => item.refundable_amount), [2142]);
    const refund = await dodo.refunds.create({
      payment_id: payment.payment_id,
      items: [{ item_id: items[0].items_id, amount: 500, tax_inclusive: true }],
      reason: "half",
    });
    assert.deepEqual([refund.status, refund.amount, refund.is_partial], ["succeeded", 500, true]);
    assert.deepEqual(await dodo.refunds.retrieve(refund.refund_id), refund);
    const listed = (await dodo.refunds.list({ page_number: 0, status: "succeeded" })).items;
    assert.deepEqual(listed.map((item) => item.refund_id), [refund.refund_id]);
    assert.equal((await dodo.payments.retrieve(payment.payment_id)).refund_status, "partial");
    const receipt = await dodo.invoices.payments.retrieveRefund(refund.refund_id);
    assert.equal(receipt.headers.get("content-type"), "application/pdf");
    assert.deepEqual((await dodo.disputes.list({ page_number: 0 })).items, []);
    await assert.rejects(dodo.disputes.retrieve("dsp_none"), DodoPayments.NotFoundError);
  });

  it("pages through a list", async () => {
    const found = [];
    for await (const item of dodo.products.list({ page_number: 0, page_size: 1 })) found.push(item.product_id);
    assert.ok(found.includes(product.product_id) && new Set(found).size === found.length);
  });

  it("knows each refusal by its class", async () => {
    await assert.rejects(dodo.customers.retrieve("cus_none"), DodoPayments.NotFoundError);
    await assert.rejects(dodo.customers.create({ email: "none", name: "A" }), DodoPayments.UnprocessableEntityError);
    const stranger = new DodoPayments({ baseURL: dodo.baseURL, bearerToken: "unknown" });
    await assert.rejects(stranger.customers.list(), DodoPayments.AuthenticationError);
    const id = subscription.subscription_id;
    await assert.rejects(dodo.subscriptions.update(id, { status: "cancelled" }), DodoPayments.ConflictError);
  });

  it("checks license keys", async () => {
    assert.deepEqual(await dodo.licenses.validate({ license_key: "unknown" }), { valid: false });
    const unknown = dodo.licenses.activate({ license_key: "unknown", name: "Laptop" });
    await assert.rejects(unknown, DodoPayments.NotFoundError);
    assert.deepEqual((await dodo.licenseKeys.list()).items, []);
  });

  it("makes a subscription on demand, and is told for good what cannot be yet", async () => {
    const made = await dodo.subscriptions.create({
      billing: { country: "DE" },
      customer: { customer_id: customer.customer_id },
      product_id: product.product_id,
      quantity: 1,
      on_demand: { mandate_only: false, product_price: 500, product_description: "Welcome" },
    });
    const id = made.subscription_id;
    assert.equal((await dodo.subscriptions.retrieve(id)).on_demand, true);
    // The price is as the product's, before 19 % tax.
    assert.equal((await dodo.payments.retrieve(made.payment_id)).total_amount, 595);
    const refused = [
      () => dodo.subscriptions.charge(id, { product_price: 700, metadata: { calls: 7 } }),
      () => dodo.subscriptions.update(id, { status: "paused" }),
      () => dodo.subscriptions.update(id, { status: "active" }),
    ];
    for (const call of refused) {
      await assert.rejects(call, (error) => {
        assert.ok(error instanceof DodoPayments.ConflictError, String(error));
        assert.equal(error.headers.get("x-should-retry"), "false");
        return true;
      });
    }
    await assert.rejects(dodo.subscriptions.update(id, { status: "paused", tax_id: "X1" }), DodoPayments.UnprocessableEntityError);
  });

  it("pauses and goes on, and ends with the period or not", async () => {
    const id = await running();
    for (const status of ["paused", "active"]) {
      assert.equal((await dodo.subscriptions.update(id, { status })).status, status);
      assert.equal((await dodo.subscriptions.retrieve(id)).status, status);
    }
    for (const ends of [true, false]) {
      const changed = await dodo.subscriptions.update(id, { cancel_at_next_billing_date: ends });
      assert.deepEqual([changed.status, changed.cancel_at_next_billing_date], ["active", ends]);
      assert.equal((await dodo.subscriptions.retrieve(id)).cancel_at_next_billing_date, ends);
    }
  });

  it("charges on demand what was agreed to in the browser", async () => {
    const id = await running({ on_demand: { mandate_only: false, product_price: 500 } });
    const { payment_id: payment } = await dodo.subscriptions.charge(id, { product_price: 700 });
    const paid = await until("the charge", async () => {
      const paid = await dodo.payments.retrieve(payment);
      return paid.status === "succeeded" && paid;
    });
    assert.equal(paid.subscription_id, id);
    // The price is as the product's, before 19 % tax.
    assert.equal(paid.total_amount, 833);
    const charges = (await world.processor.charges()).filter((charge) => charge.idempotency_key === payment);
    assert.deepEqual(charges.map((charge) => charge.amount), [833]);
    assert.equal((await dodo.subscriptions.retrieve(id)).status, "active");
  });
});
