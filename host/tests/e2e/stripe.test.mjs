// The main job with Stripe in the place of the sandbox: cards are given in a browser to
// localstripe's own Stripe.js, and the portal never sees one.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { openBrowser, openPage } from "./support/browser.mjs";
import { letItRenew, paymentsOf, provision, standing } from "./support/customer.mjs";
import { giveCard, goToStripe } from "./support/stripe.mjs";
import { World } from "./support/world.mjs";

const GOOD = "4242424242424242";
const DECLINED = "4000000000000002";
const DECLINES_AT_RENEWAL = "4000000000000341";
const CONFIRMED = "4000002760003184";

describe("a subscription on hold comes back through Stripe", () => {
  const email = "amelie@example.com";
  let world, browser, page, dodo, things, id;
  const posted = [];

  before(async () => {
    world = await World.start({ plugin: "stripe" });
    dodo = world.dodo;
    browser = await openBrowser();
    page = await openPage(browser);
    page.on("request", (request) => posted.push({ url: request.url(), body: request.postData() ?? "" }));
  });

  after(async () => {
    await browser?.close();
    await world?.stop();
  });

  it("is begun with a card, after one that is declined", async () => {
    things = await provision(dodo, email);
    id = things.subscription.subscription_id;
    await page.goto(things.subscription.payment_link);
    await goToStripe(page, /^Pay/);
    await giveCard(page, DECLINED);
    await page.getByText("Your card was declined.").waitFor();
    await giveCard(page, GOOD);
    await page.getByRole("heading", { name: "Payment received" }).waitFor();
    await standing(dodo, id, "active");
    assert.equal((await world.processor.charges()).length, 1);
  });

  it("takes another card without a charge", async () => {
    const { payment_link } = await dodo.subscriptions.updatePaymentMethod(id, { payment_method: { type: "new" } });
    await page.goto(payment_link);
    await goToStripe(page, "Enter a payment method");
    await giveCard(page, DECLINES_AT_RENEWAL);
    await page.getByRole("heading", { name: "Your payment method is changed" }).waitFor();
    assert.equal((await world.processor.charges()).length, 1);
  });

  it("goes on hold when that card is declined at its renewal, and comes back with a third one", async () => {
    await letItRenew(dodo, id);
    const { link } = await dodo.customers.customerPortal.create(things.customer.customer_id);
    await page.goto(link);
    await page.getByRole("button", { name: /sign in/i }).click();
    await page.getByRole("link", { name: "Pay and reactivate" }).first().click();
    await page.getByText("Use a new payment method").click();
    await goToStripe(page, /^Pay/);
    await giveCard(page, CONFIRMED);
    // One confirmation saves the card, the other one pays with it.
    for (const _ of [1, 2]) await page.getByRole("button", { name: "Complete authentication" }).click();
    await page.getByRole("heading", { name: "Your Lumen Pro subscription is active" }).waitFor();
    await standing(dodo, id, "active");
  });

  it("moved the money once each time, under the host's own keys", async () => {
    const paid = (await paymentsOf(dodo, id)).filter((payment) => payment.status === "succeeded");
    const charges = await world.processor.charges();
    assert.deepEqual(charges.map(({ amount }) => amount), [2900, 2900]);
    assert.deepEqual(
      new Set(charges.map(({ key }) => key)),
      new Set(paid.map((payment) => payment.payment_id)),
    );
  });

  it("showed no card to the portal", async () => {
    const numbers = [GOOD, DECLINED, DECLINES_AT_RENEWAL, CONFIRMED];
    const carrying = posted.filter(({ body }) => numbers.some((number) => body.includes(number)));
    assert.ok(carrying.length >= numbers.length, "the cards went somewhere");
    for (const { url } of carrying) assert.equal(new URL(url).origin, world.processor.url);
    assert.deepEqual(page.problems, []);
  });
});
