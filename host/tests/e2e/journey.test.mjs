// The main job from outside: a merchant provisions with the official SDK, a renewal fails, and
// the customer brings the subscription back in a browser. Nothing here is ours but the host, the
// processor and its plugin.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { enterCard, openBrowser, openPage } from "./support/browser.mjs";
import { CARDS, begin, goToProvider, letItRenew, paymentsOf, provision, standing } from "./support/customer.mjs";
import { Endpoint } from "./support/endpoint.mjs";
import { startPostgres } from "./support/postgres.mjs";
import { run, until } from "./support/processes.mjs";
import { World } from "./support/world.mjs";

const VARIANTS = [
  { name: "on SQLite, without JavaScript", javaScriptEnabled: false },
  { name: "on SQLite, with JavaScript", javaScriptEnabled: true },
  { name: "on Postgres, with JavaScript", javaScriptEnabled: true, postgres: true },
  { name: "through a gateway in JavaScript", plugin: "sandbox-js" },
  { name: "through a gateway in Python", plugin: "sandbox-py" },
];

/** Part of a variant's name, to run only that one. */
const wanted = process.env.JOURNEY ?? "";

for (const { name, javaScriptEnabled = true, postgres, plugin } of VARIANTS.filter((variant) => variant.name.includes(wanted))) {
  describe(`a subscription on hold comes back ${name}`, () => {
    const email = "amelie@example.com";
    let world, endpoint, database, browser, page, dodo, things, license;

    before(async () => {
      database = postgres && (await startPostgres());
      endpoint = await new Endpoint().start();
      world = await World.start({ database: database?.url, endpoint: endpoint.url, plugin });
      dodo = endpoint.dodo = world.dodo;
      browser = await openBrowser();
      page = await openPage(browser, { javaScriptEnabled });
    });

    after(async () => {
      await browser?.close();
      await world?.stop();
      endpoint?.stop();
      await database?.stop();
    });

    /** A step needs the ones before it. */
    let reached = true;
    const step = (title, act) => it(title, async (test) => {
      if (!reached) return test.skip("a step before it failed");
      reached = false;
      await act();
      reached = true;
    });

    step("the merchant provisions and the customer pays at the payment link", async () => {
      things = await provision(dodo, email);
      assert.ok(things.subscription.payment_link.startsWith(`${world.url}/pay/`));
      await begin(page, things.subscription.payment_link, CARDS.declinesAtRenewal);
      const active = await standing(dodo, things.subscription.subscription_id, "active");
      assert.equal(active.customer.email, email);
      const { items } = await dodo.licenseKeys.list({ customer_id: things.customer.customer_id });
      assert.equal(items.length, 1);
      [license] = items;
      assert.equal(license.status, "active");
      await world.mailbox.mail(email, /has started/);
    });

    step("a renewal that is declined puts it on hold", async () => {
      await letItRenew(dodo, things.subscription.subscription_id);
      const key = await dodo.licenseKeys.retrieve(license.id);
      assert.notEqual(key.status, "active");
      assert.equal((await world.processor.charges()).length, 1);
      await world.mailbox.mail(email, /did not go through/);
    });

    step("the customer signs in by a mailed link and sees what is wrong", async () => {
      await page.goto(world.portal);
      await page.getByRole("textbox", { name: /e-?mail/i }).fill(email);
      await page.getByRole("button", { name: /link|continue|sign in|send/i }).click();
      const mail = await world.mailbox.mail(email, /is your code for Lumen/);
      const link = mail.text.match(/https?:\/\/\S+\/link\/\S+/)[0];
      await page.goto(link);
      // Opening the link alone signs nobody in: a scanner could have opened it.
      await page.getByRole("button", { name: /sign in/i }).click();
      await page.getByText(/is on hold/).first().waitFor();
      await page.getByText("On hold", { exact: true }).first().waitFor();
    });

    step("a card that declines says why, and it stays on hold", async () => {
      await page.getByRole("link", { name: "Pay and reactivate" }).first().click();
      await page.getByText("Use a new payment method").click();
      await goToProvider(page, /^Pay/);
      await enterCard(page, CARDS.withoutMoney);
      await page.getByText("There was not enough money on this card.").waitFor();
      const now = await dodo.subscriptions.retrieve(things.subscription.subscription_id);
      assert.equal(now.status, "on_hold");
      assert.equal((await world.processor.charges()).length, 1);
    });

    step("a card that the bank wants confirmed brings it back", async () => {
      await page.getByRole("link", { name: "Use another method" }).click();
      const fresh = page.getByText("Use a new payment method");
      await fresh.click();
      await goToProvider(page, /^Pay/);
      await enterCard(page, CARDS.confirmed);
      await page.getByRole("button", { name: "Approve" }).click();
      await page.getByRole("heading", { name: "Your Lumen Pro subscription is active" }).waitFor();
      await page.getByText(/We have mailed a confirmation/).waitFor();
      assert.deepEqual(page.problems, []);
    });

    step("the merchant reads the same, and the money moved once", async () => {
      const subscription = await standing(dodo, things.subscription.subscription_id, "active");
      assert.ok(Date.parse(subscription.next_billing_date) > Date.now());
      const payments = await paymentsOf(dodo, subscription.subscription_id);
      const succeeded = payments.filter((payment) => payment.status === "succeeded");
      assert.equal(succeeded.length, 2, "the first one and the reactivation");
      const payment = await dodo.payments.retrieve(succeeded[0].payment_id);
      assert.ok(payment.invoice_id);
      assert.equal(payment.total_amount, 2900);

      const charges = await world.processor.charges();
      const ofReactivation = charges.filter((charge) => charge.idempotency_key === payment.payment_id);
      assert.equal(ofReactivation.length, 1);
      assert.equal(charges.length, 2);
      assert.deepEqual(charges.map((charge) => charge.amount), [2900, 2900]);

      const key = await dodo.licenseKeys.retrieve(license.id);
      assert.equal(key.status, "active");
      assert.equal(key.key, license.key);
    });

    step("the document and the mails say so", async () => {
      const [payment] = (await paymentsOf(dodo, things.subscription.subscription_id))
        .filter((item) => item.status === "succeeded");
      const answer = await dodo.invoices.payments.retrieve(payment.payment_id);
      const file = join(world.dir, "invoice.pdf");
      await writeFile(file, Buffer.from(await answer.arrayBuffer()));
      const text = await run("pdftotext", ["-layout", file, "-"]);
      assert.match(text, /TEST-INV-\d{6}/);
      assert.match(text, /29\.00/);
      assert.match(text, /Amélie Moreau/);
      assert.match(text, /Lumen Software GmbH/);

      await world.mailbox.mail(email, /We received .*29\.00/);
      await world.mailbox.mail(email, /Your Lumen Pro subscription is active again/);
    });

    step("the merchant was told each fact, signed and once", async () => {
      await until("the last event", () => endpoint.types().filter((type) => type === "subscription.active").length === 2);
      assert.deepEqual(endpoint.problems, []);
      for (const type of ["payment.succeeded", "payment.failed", "subscription.on_hold", "license_key.created"]) {
        assert.ok(endpoint.types().includes(type), `${type} is missing: ${endpoint.types()}`);
      }
      const ids = endpoint.events.map((event) => event.id);
      assert.equal(new Set(ids).size, ids.length);
    });
  });
}
