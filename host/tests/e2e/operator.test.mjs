// What an operator reads and decides by command beside a running host: payments without an
// outcome, refunds that came back, and the processor's books beside ours.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";

import { openBrowser, openPage } from "./support/browser.mjs";
import { begin, paymentsOf, provision, standing } from "./support/customer.mjs";
import { until } from "./support/processes.mjs";
import { BUSINESS, World } from "./support/world.mjs";

const DAY = 86_400_000;
const SCOPE = ["--business", BUSINESS, "--mode", "test"];

describe("an operator with the command line", () => {
  let world, browser, dodo;

  before(async () => {
    world = await World.start();
    dodo = world.dodo;
    browser = await openBrowser();
  });

  afterEach(async () => {
    await world.processor.clearFaults();
    await world.processor.webhooks("at_once");
  });

  after(async () => {
    await browser?.close();
    await world?.stop();
  });

  /** A running subscription that was paid with a good card. */
  async function subscribed(email) {
    const { customer, subscription } = await provision(dodo, email);
    const page = await openPage(browser);
    await begin(page, subscription.payment_link, "4242 4242 4242 4242");
    await page.context().close();
    await standing(dodo, subscription.subscription_id, "active");
    return { customer: customer.customer_id, id: subscription.subscription_id };
  }

  const unsettled = async () => JSON.parse(await world.vestibule("payment", "unsettled", "--json"));

  it("decides what became of a payment that no look-up finds, and the books agree", async () => {
    const { customer, id } = await subscribed("lost@example.com");
    await world.processor.webhooks("off");
    await world.processor.fault({ operation: "charge", customer, answer: "cut_after" });
    await world.processor.fault({ operation: "lookup", customer, answer: "cut_before", times: 1_000 });
    await dodo.subscriptions.update(id, { next_billing_date: new Date(Date.now() + 1_500).toISOString() });
    const renewal = await until("the renewal is sent", async () => {
      const payments = await paymentsOf(dodo, id);
      return payments.length === 2 && payments[0].payment_id;
    });
    const listed = async () => (await unsettled()).find((entry) => entry.payment === renewal);
    const open = await until("a look-up that was in vain", async () => {
      const entry = await listed();
      return entry?.looks > 0 && entry;
    });
    assert.deepEqual([open.business, open.mode, open.subscription], [BUSINESS, "test", id]);
    assert.deepEqual([open.state, open.amount, open.decide], ["unknown", { minor: 2900, currency: "EUR" }, null]);
    assert.ok(Date.parse(open.next_look) > Date.parse(open.sent_at), "somebody looks again");
    const before = await dodo.subscriptions.retrieve(id);
    assert.equal(before.status, "active", "what is not known is not failed");
    assert.ok(Date.parse(before.next_billing_date) < Date.now());

    const resolve = (finding, evidence) =>
      world.vestibule("payment", "resolve", renewal, finding, "--evidence", evidence, ...SCOPE);
    await assert.rejects(resolve("--happened", " "), /say in 1 to 500 characters/);
    assert.equal(await resolve("--happened", "the statement, line 7"), `${renewal} is succeeded\n`);
    assert.equal(await listed(), undefined);
    await assert.rejects(resolve("--never", "a mistake"), /was not resolved/);

    const paid = await standing(dodo, id, "active");
    assert.ok(Date.parse(paid.next_billing_date) > Date.now() + 20 * DAY, "a period is granted");
    const [payment] = await paymentsOf(dodo, id);
    assert.equal(payment.status, "succeeded");
    assert.ok(payment.invoice_id);
    const charges = (await world.processor.charges()).filter((charge) => charge.idempotency_key === renewal);
    assert.equal(charges.length, 1);

    const books = JSON.parse(await world.vestibule("payment", "balance", "--now", "--json"));
    const found = books.map(({ business, mode, gateway, differences, unseen }) =>
      ({ business, mode, gateway, differences, unseen }));
    const agreed = { business: BUSINESS, mode: "test", gateway: "main", differences: [], unseen: [] };
    assert.deepEqual(found, [agreed]);
  });

  it("notes what was decided about a refund that came back", async () => {
    const { id } = await subscribed("bounced@example.com");
    const [{ payment_id: payment }] = await paymentsOf(dodo, id);
    const { refund_id: refund } = await dodo.refunds.create({ payment_id: payment });
    await world.processor.bounce(refund);
    const listed = async () => (await unsettled()).find((entry) => entry.refund === refund);
    const open = await until("the refund is on the list", listed);
    assert.deepEqual([open.payment, open.state], [payment, "bounced"]);
    assert.match(open.decide, /vestibule payment decide/);
    assert.equal((await dodo.refunds.retrieve(refund)).status, "failed");

    const decide = () => world.vestibule(
      "payment", "decide", refund, "--evidence", "given by bank transfer on 3 May", ...SCOPE,
    );
    assert.equal(await decide(), `${refund} is decided\n`);
    assert.equal(await listed(), undefined);
    await assert.rejects(decide(), /was not decided/);
  });
});
