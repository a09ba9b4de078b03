// Webhooks as merchants receive them: by the official packages, each verifying by itself.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { Webhook } from "standardwebhooks";

import { openBrowser, openPage } from "./support/browser.mjs";
import { CARDS, begin, letItRenew, provision, standing } from "./support/customer.mjs";
import { until } from "./support/processes.mjs";
import { PACKAGES, Receivers } from "./support/receivers.mjs";
import { World } from "./support/world.mjs";

/** The types that the released adapter for Express knows, of those that this test causes. */
const KNOWN_TO_EXPRESS = [
  "payment.succeeded", "payment.failed", "license_key.created", "subscription.active",
  "subscription.on_hold", "subscription.updated", "subscription.renewed", "subscription.cancelled",
];

describe("webhooks, received by the official packages", () => {
  let world, dodo, receivers, browser, things;
  const endpoints = {};
  const secrets = {};

  before(async () => {
    receivers = await new Receivers(() => dodo).start();
    world = await World.start({ privateEndpoints: [receivers.origin] });
    dodo = world.dodo;
    browser = await openBrowser();
    for (const name of PACKAGES) {
      endpoints[name] = await dodo.webhooks.create({
        url: `${receivers.origin}/${name}`,
        description: name,
        filter_types: name === "express" ? KNOWN_TO_EXPRESS : undefined,
      });
      ({ secret: secrets[name] } = await dodo.webhooks.retrieveSecret(endpoints[name].id));
      receivers.verify(name, secrets[name]);
    }
  });

  after(async () => {
    await browser?.close();
    await world?.stop();
    await receivers?.stop();
  });

  /** A fact that costs nothing. */
  const update = async (note) =>
    dodo.subscriptions.update(things.subscription.subscription_id, { metadata: { note, 10: "ten", 2: "two" } });

  const arrived = (name, matches) =>
    until(`${name} takes it`, () => receivers.taken[name].find(matches));

  it("tell each of them of a purchase and of a renewal that failed, under the same ids", async () => {
    things = await provision(dodo, "amelie@example.com");
    const page = await openPage(browser);
    await begin(page, things.subscription.payment_link, CARDS.declinesAtRenewal);
    await standing(dodo, things.subscription.subscription_id, "active");
    await letItRenew(dodo, things.subscription.subscription_id);
    const wanted = [
      "payment.succeeded", "subscription.active", "license_key.created", "subscription.updated",
      "payment.failed", "subscription.on_hold",
    ];
    await until("all have heard of it", () =>
      PACKAGES.every((name) => wanted.every((type) => receivers.types(name).includes(type))));
    for (const type of wanted) {
      const ids = PACKAGES.map((name) =>
        receivers.taken[name].filter((event) => event.type === type).map((event) => event.id).sort().join());
      assert.equal(new Set(ids).size, 1, `${type}: ${ids}`);
    }
    const refused = receivers.requests.filter((request) => request.status !== 200);
    assert.deepEqual(refused, []);
    const paid = receivers.taken.nextjs.find((event) => event.type === "payment.succeeded");
    assert.equal(paid.business_id, "bus_lumen");
    assert.equal(paid.data.total_amount, 2900);
    assert.equal(paid.data.subscription_id, things.subscription.subscription_id);
  });

  it("are refused by each of them when forged, changed or old", async () => {
    const body = JSON.stringify({ business_id: "bus_lumen", type: "payment.succeeded", timestamp: "x", data: {} });
    for (const name of PACKAGES) {
      const before = receivers.taken[name].length;
      const good = new Webhook(secrets[name]);
      const forger = new Webhook("whsec_Zm9yZ2VkIGZvcmdlZCBmb3JnZWQ=");
      const now = new Date();
      const old = new Date(now - 6 * 60_000);
      for (const [how, at, signature, sent] of [
        ["forged", now, forger.sign("evt_1", now, body), body],
        ["changed", now, good.sign("evt_1", now, body), body.replace("bus_lumen", "bus_other")],
        ["another's id", now, good.sign("evt_2", now, body), body],
        ["old", old, good.sign("evt_1", old, body), body],
      ]) {
        const answer = await fetch(`${receivers.origin}/${name}`, {
          method: "POST",
          headers: {
            "content-type": "application/json",
            "webhook-id": "evt_1",
            "webhook-timestamp": String(Math.floor(at / 1000)),
            "webhook-signature": signature,
          },
          body: sent,
        });
        assert.ok(answer.status >= 400, `${name}: ${how}: ${answer.status}`);
      }
      assert.equal(receivers.taken[name].length, before, name);
    }
  });

  it("come again under their id to a receiver that went down, and when they are replayed", async () => {
    const { id } = endpoints.standardwebhooks;
    const scope = ["--business", "bus_lumen", "--mode", "test"];
    const ofNote = (note) => (event) => event.data.metadata?.note === note;
    receivers.goDown("standardwebhooks", 1);
    await update("while it is down");
    const event = await arrived("standardwebhooks", ofNote("while it is down"));
    const delivered = async () => {
      const log = JSON.parse(await world.vestibule("webhook", "log", id, "--json", ...scope));
      const delivery = log.find((entry) => entry.event === event.id);
      return delivery.state === "delivered" && delivery;
    };
    const delivery = await until("the second try is noted", delivered);
    assert.equal(delivery.tries.length, 2);
    assert.match(delivery.tries[0].error, /connection/);
    assert.equal(delivery.tries[1].status, 200);
    const waited = Date.parse(delivery.tries[1].at) - Date.parse(delivery.tries[0].at);
    assert.ok(waited >= 5_000, `${waited} ms`);

    const before = receivers.taken.standardwebhooks.length;
    await world.vestibule("webhook", "replay", id, "--event", event.id, ...scope);
    const again = await until("it is replayed", () => receivers.taken.standardwebhooks[before]);
    assert.equal(again.id, event.id);
  });

  it("come again under their id when the host is killed before it has noted the answer", async () => {
    const note = "killed while it waits";
    const answer = receivers.holdBack("standardwebhooks");
    await update(note);
    const [first] = await until("it has arrived", () => {
      const held = receivers.requests.filter((request) => request.isHeld);
      return held.length > 0 && held;
    });
    await world.killHost();
    answer();
    await until("it was taken, and nobody noted that", () => first.status === 200 || first.isCut);
    await world.startHost();

    const id = first.headers["webhook-id"];
    const again = await until("it arrives again", () =>
      receivers.requests.find((request) => request !== first
        && request.route === "standardwebhooks" && request.headers["webhook-id"] === id));
    await until("it is answered", () => again.status === 200);
    const scope = ["--business", "bus_lumen", "--mode", "test"];
    const delivery = await until("the second try is noted", async () => {
      const log = JSON.parse(await world.vestibule("webhook", "log", endpoints.standardwebhooks.id, "--json", ...scope));
      const found = log.find((entry) => entry.event === id);
      return found.state === "delivered" && found;
    });
    assert.deepEqual(delivery.tries.map(({ status, cut_off_or_under_way }) => [status, cut_off_or_under_way]),
      [[null, true], [200, false]]);
    const events = receivers.taken.standardwebhooks.filter((event) => event.data.metadata?.note === note);
    assert.deepEqual([...new Set(events.map((event) => event.id))], [id]);
  });

  it("carry both signatures after a rotation, and either secret verifies", async () => {
    for (const name of PACKAGES) {
      const rotated = await dodo.post(`/webhooks/${endpoints[name].id}/secret/rotate`);
      assert.notEqual(rotated.secret, secrets[name]);
      const { secret } = await dodo.webhooks.retrieveSecret(endpoints[name].id);
      assert.equal(secret, rotated.secret);
      // The receiver still has the old one.
      await update(`${name} before`);
      const before = await arrived(name, (event) => event.data.metadata?.note === `${name} before`);
      assert.equal(before.headers["webhook-signature"].split(" ").length, 2);
      receivers.verify(name, rotated.secret);
      secrets[name] = rotated.secret;
      await update(`${name} after`);
      await arrived(name, (event) => event.data.metadata?.note === `${name} after`);
    }
  });

  it("are listed by the operator, who can end a secret that leaked", async () => {
    const scope = ["--business", "bus_lumen", "--mode", "test"];
    const listed = await until("all is delivered", async () => {
      const all = JSON.parse(await world.vestibule("webhook", "list", "--json", ...scope));
      return all.slice(1).every((of) => of.delivered >= 6 && of.waiting === 0 && of.failed === 0) && all;
    });
    assert.equal(listed.length, 5);
    assert.ok(listed[0].fixed_by_file && listed[0].waiting > 0, "nobody listens there");

    const { id } = endpoints.express;
    const printed = await world.vestibule("webhook", "rotate", id, "--at-once", ...scope);
    const secret = printed.trim().split("\n").at(-1);
    assert.equal((await dodo.webhooks.retrieveSecret(id)).secret, secret);
    receivers.verify("express", secret);
    await update("after the leak");
    const taken = await arrived("express", (event) => event.data.metadata?.note === "after the leak");
    assert.equal(taken.headers["webhook-signature"].split(" ").length, 1);
  });

  it("are configured by the SDK: list, headers, filter, disable, delete", async () => {
    const listed = [];
    for await (const hook of dodo.webhooks.list({ limit: 2 })) listed.push(hook);
    assert.equal(listed[0].description, "From the business's file");
    // A rotation has moved when they were changed, and nothing else.
    const stood = ({ updated_at: _, ...rest }) => rest;
    assert.deepEqual(listed.slice(1).map(stood), PACKAGES.map((name) => stood(endpoints[name])));

    const { id } = endpoints.dodopayments;
    await dodo.webhooks.headers.update(id, { headers: { "X-Tenant": "7", Authorization: "Bearer sesame" } });
    assert.deepEqual(await dodo.webhooks.headers.retrieve(id), {
      headers: { "x-tenant": "7" },
      sensitive: ["authorization"],
    });
    await update("with headers");
    const taken = await arrived("dodopayments", (event) => event.data.metadata?.note === "with headers");
    assert.equal(taken.headers["x-tenant"], "7");
    assert.equal(taken.headers.authorization, "Bearer sesame");

    const disabled = await dodo.webhooks.update(id, { disabled: true });
    assert.equal(disabled.disabled, true);
    await update("nobody hears");
    await arrived("standardwebhooks", (event) => event.data.metadata?.note === "nobody hears");
    assert.ok(!receivers.taken.dodopayments.some((event) => event.data.metadata?.note === "nobody hears"));
    await dodo.webhooks.delete(id);
    await assert.rejects(dodo.webhooks.retrieve(id), { status: 404 });
    await assert.rejects(dodo.webhooks.delete(listed[0].id), { status: 409 });
    await assert.rejects(dodo.webhooks.create({ url: "https://10.0.0.1/" }), { status: 422 });
  });
});
