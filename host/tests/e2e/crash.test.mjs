// What happens between the beats: the process is killed, clients hang up or repeat themselves.
// The processor's ledger says how often money moved.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";

import { openBrowser, openPage } from "./support/browser.mjs";
import { CARDS, begin, letItRenew, paymentsOf, provision, standing } from "./support/customer.mjs";
import { startPostgres } from "./support/postgres.mjs";
import { until } from "./support/processes.mjs";
import { Visitor } from "./support/visitor.mjs";
import { BUSINESS, World } from "./support/world.mjs";

for (const on of ["SQLite", "Postgres"]) describe(`paying the dues of a subscription on hold, on ${on}`, () => {
  let world, browser, dodo, database;

  before(async () => {
    database = on === "Postgres" ? await startPostgres() : undefined;
    world = await World.start({ database: database?.url });
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
    await database?.stop();
  });

  /** A subscription on hold whose saved card would pay if the customer asked for it. */
  async function onHold(email) {
    const { customer, subscription } = await provision(dodo, email);
    const page = await openPage(browser);
    await begin(page, subscription.payment_link, CARDS.declinesAtRenewal);
    await page.context().close();
    await standing(dodo, subscription.subscription_id, "active");
    await letItRenew(dodo, subscription.subscription_id);
    const { items } = await dodo.customers.retrievePaymentMethods(customer.customer_id);
    return {
      customer: customer.customer_id,
      id: subscription.subscription_id,
      method: items[0].payment_method_id,
      choice: { payment_method: { type: "existing", payment_method_id: items[0].payment_method_id } },
    };
  }

  const reactivate = (subject, options = { maxRetries: 0 }) =>
    dodo.subscriptions.updatePaymentMethod(subject.id, subject.choice, options);

  /** The page that offers to pay, in the hands of the customer, and its form filled in. */
  async function openForm(subject) {
    const visitor = await Visitor.signedIn(dodo, subject.customer);
    const path = `/test/${BUSINESS}/subscriptions/${subject.id}/reactivate`;
    const form = (await visitor.get(path)).form(path);
    form.fields.choice = subject.method;
    return { visitor, form };
  }

  async function paidOnce(subject, asked = dodo) {
    await standing(asked, subject.id, "active");
    const succeeded = (await paymentsOf(asked, subject.id)).filter((payment) => payment.status === "succeeded");
    assert.equal(succeeded.length, 2, "the first payment and the reactivation");
    const ids = succeeded.map((payment) => payment.payment_id);
    const charges = (await world.processor.charges()).filter((charge) => ids.includes(charge.idempotency_key));
    assert.equal(charges.length, 2);
    const invoices = new Set(succeeded.map((payment) => payment.invoice_id));
    assert.equal(invoices.size, 2);
    assert.ok(!invoices.has(null));
    return succeeded[0].payment_id;
  }

  const chargesNow = async () => (await world.processor.charges()).length;

  it("the portal's form sent fifty times at once moves the money once", async () => {
    const subject = await onHold("form@example.com");
    const before = await chargesNow();
    const { visitor, form } = await openForm(subject);
    assert.ok(form.fields.csrf && form.fields.quote);
    const answers = await Promise.all(Array.from({ length: 50 }, () => visitor.post(form)));
    const payment = await paidOnce(subject);
    assert.equal(await chargesNow(), before + 1);
    const told = new Set(answers.map(({ status, location }) => `${status} ${location}`));
    assert.deepEqual([...told], [`303 /test/${BUSINESS}/payments/${payment}/progress`]);

    const { location } = await visitor.get(answers[0].location);
    assert.equal(location, `/test/${BUSINESS}/payments/${payment}/done`);
    const { links } = await visitor.get(`/test/${BUSINESS}/billing`);
    const invoices = links.filter((link) => /\/invoices\/[^/]+$/.test(link));
    assert.equal(new Set(invoices).size, 2, `one for the first period, one for the dues: ${links}`);
  });

  it("fifty equal requests at once move the money once", async () => {
    const subject = await onHold("fifty@example.com");
    const before = await chargesNow();
    const answers = await Promise.allSettled(Array.from({ length: 50 }, () => reactivate(subject)));
    await paidOnce(subject);
    assert.equal(await chargesNow(), before + 1);
    const taken = answers.filter((answer) => answer.status === "fulfilled");
    assert.ok(taken.length >= 1);
    const named = new Set(taken.map((answer) => answer.value.payment_id).filter(Boolean));
    assert.equal(named.size, 1, "every answer names the same payment");
    for (const answer of answers.filter(({ status }) => status === "rejected")) {
      assert.ok(answer.reason.status < 500, `${answer.reason}`);
    }
  });

  it("a client that hangs up changes nothing", async () => {
    const subject = await onHold("hangs-up@example.com");
    const before = await chargesNow();
    await world.processor.fault({ operation: "charge", customer: subject.customer, delay_before_ms: 800 });
    const hangUp = new AbortController();
    const asked = reactivate(subject, { maxRetries: 0, signal: hangUp.signal }).catch((error) => error);
    await until("the payment is sent", async () => (await paymentsOf(dodo, subject.id)).length === 3);
    hangUp.abort();
    await asked;
    await paidOnce(subject);
    assert.equal(await chargesNow(), before + 1);
  });

  it("killed right after the money moved, the host finds the charge when it is back", async () => {
    const subject = await onHold("killed-after@example.com");
    const before = await chargesNow();
    await world.processor.fault({ operation: "charge", customer: subject.customer, delay_after_ms: 10_000 });
    const asked = reactivate(subject).catch((error) => error);
    await until("the money moved", async () => (await chargesNow()) === before + 1);
    await world.killHost();
    await asked;
    await world.startHost();
    await paidOnce(subject);
    assert.equal(await chargesNow(), before + 1);
  });

  it("killed before the money moved, the host asks before it charges again", async () => {
    const subject = await onHold("killed-before@example.com");
    const before = await chargesNow();
    await world.processor.fault({ operation: "charge", customer: subject.customer, delay_before_ms: 1_500 });
    const asked = reactivate(subject).catch((error) => error);
    await until("the payment is sent", async () => (await paymentsOf(dodo, subject.id)).length === 3);
    await world.killHost();
    await asked;
    await world.startHost();
    const [payment] = await until("it is known what became of it", async () => {
      const [newest] = await paymentsOf(dodo, subject.id);
      return newest.status !== "processing" && [newest];
    }, 60);
    if (payment.status !== "succeeded") {
      // The processor never executed it: the dues are free again, and can be paid.
      assert.equal(await chargesNow(), before);
      await reactivate(subject);
    }
    await paidOnce(subject);
    assert.equal(await chargesNow(), before + 1);
  });

  it("an answer that is cut off is looked up, not charged again", async () => {
    const subject = await onHold("cut@example.com");
    const before = await chargesNow();
    await world.processor.webhooks("held");
    await world.processor.fault({ operation: "charge", customer: subject.customer, answer: "cut_after" });
    const answer = await reactivate(subject);
    assert.ok(answer.payment_id, "it is told as under way, not as failed");
    await paidOnce(subject);
    assert.equal(await chargesNow(), before + 1);
  });

  if (on === "Postgres") it("killed right after the money moved, another host finds the charge", async () => {
    const subject = await onHold("another-host@example.com");
    const other = await world.startAnother();
    const before = await chargesNow();
    // The processor tells nobody: only a look-up can find out.
    await world.processor.webhooks("off");
    await world.processor.fault({ operation: "charge", customer: subject.customer, delay_after_ms: 10_000 });
    const { visitor, form } = await openForm(subject);
    const asked = visitor.post(form).catch((error) => error);
    await until("the money moved", async () => (await chargesNow()) === before + 1);
    assert.equal((await other.dodo.subscriptions.retrieve(subject.id)).status, "on_hold");
    await world.killHost();
    await asked;
    const payment = await paidOnce(subject, other.dodo);
    assert.equal(await chargesNow(), before + 1);

    // The one that comes back has nothing to add.
    await world.startHost();
    assert.equal(await paidOnce(subject), payment);
    assert.equal(await chargesNow(), before + 1);
  });
});
