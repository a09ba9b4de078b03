// A merchant rehearses: the business's time moves by the API and by the command, and the
// processor's ledger says what was charged on the way.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { openBrowser, openPage } from "./support/browser.mjs";
import { begin, provision, standing } from "./support/customer.mjs";
import { until } from "./support/processes.mjs";
import { BUSINESS, World } from "./support/world.mjs";

const DAY = 86_400_000;

describe("a business's time", () => {
  let world, dodo, browser;

  before(async () => {
    world = await World.start();
    dodo = world.dodo;
    browser = await openBrowser();
  });

  after(async () => {
    await browser?.close();
    await world?.stop();
  });

  it("rehearses a year by API and by command, in less than a minute", async () => {
    const { subscription } = await provision(dodo, "year@example.com");
    const id = subscription.subscription_id;
    const page = await openPage(browser);
    await begin(page, subscription.payment_link, "4242 4242 4242 4242");
    await page.context().close();
    await standing(dodo, id, "active");

    const began = Date.now();
    const { now, target } = await dodo.get("/test-clock");
    assert.equal(target, null);
    const to = new Date(Date.parse(now) + 200 * DAY).toISOString();
    const moving = await dodo.post("/test-clock", { body: { to } });
    assert.equal(Date.parse(moving.target), Date.parse(to));
    const arrived = await until("the clock has arrived", async () => {
      const clock = await dodo.get("/test-clock");
      return clock.target === null && clock.now;
    }, 60);
    assert.ok(Date.parse(arrived) >= Date.parse(to), `${arrived} is before ${to}`);

    const printed = await world.vestibule("clock", "advance", "--by", "200d", "--business", BUSINESS);
    const took = Date.now() - began;
    // Days are those of the business's time zone, which has a summer time.
    const later = (Date.parse(printed.trim()) - Date.parse(to)) / DAY;
    assert.ok(Math.abs(later - 200) < 0.1, `the command went on to ${printed}`);

    const charges = (await world.processor.charges()).map((charge) => charge.amount);
    assert.deepEqual(charges, Array(14).fill(2900), "the first month, and thirteen renewals in 400 days");
    assert.equal((await dodo.subscriptions.retrieve(id)).status, "active");
    assert.ok(took < 60_000, `${took} ms`);
  });
});
