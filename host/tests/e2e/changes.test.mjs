// What customers change by themselves, each as one journey through the real pages: the plan, a
// pause, and one payment method for everything. The processor's ledger says what was charged.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { enterCard, openBrowser, openPage } from "./support/browser.mjs";
import { CARDS, begin, goToProvider, letItRenew, provision, standing } from "./support/customer.mjs";
import { World } from "./support/world.mjs";

const GOOD = "4242 4242 4242 4242";

for (const javaScriptEnabled of [false, true]) {
  describe(`a customer ${javaScriptEnabled ? "with" : "without"} JavaScript`, () => {
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

    const charged = async () => (await world.processor.charges()).map((charge) => charge.amount);

    /** Signed in by a link of the merchant's backend. */
    async function signIn(customer) {
      const { link } = await dodo.customers.customerPortal.create(customer.customer_id);
      const page = await openPage(browser, { javaScriptEnabled });
      await page.goto(link);
      await page.getByRole("button", { name: /sign in/i }).click();
      await page.getByRole("heading", { name: "Overview" }).waitFor({ state: "attached" });
      return page;
    }

    /** A customer with a running subscription that is paid with `card`. */
    async function subscribed(email, card) {
      const things = await provision(dodo, email);
      const page = await openPage(browser);
      await begin(page, things.subscription.payment_link, card);
      await page.context().close();
      await standing(dodo, things.subscription.subscription_id, "active");
      return things;
    }

    it("changes plan, number and extras, and is charged what was shown", async () => {
      const email = "plan@example.com";
      const things = await subscribed(email, GOOD);
      const addon = await dodo.addons.create({
        name: "Priority support", currency: "EUR", price: 500, tax_category: "saas",
      });
      const { product } = things;
      const team = await dodo.products.create({
        name: "Lumen Team",
        tax_category: "saas",
        price: { ...product.price, price: 5900 },
      });
      await world.configure(`
[allow]
plan_change = true
pause = true

[plan_change]
groups = [["${product.product_id}", "${team.product_id}"]]
quantity_up_to = 5
addons = ["${addon.id}"]
`);
      const page = await signIn(things.customer);
      await page.getByRole("link", { name: "Manage" }).first().click();
      await page.getByRole("link", { name: "Change plan" }).click();
      await page.getByRole("link", { name: /See the price Lumen Team/ }).click();
      await page.getByLabel("How many Lumen Team").fill("2");
      await page.getByLabel("Priority support").fill("1");
      await page.getByRole("button", { name: "See the price" }).click();
      const button = page.getByRole("button", { name: /^Pay .* and switch$/ });
      const shown = Number((await button.innerText()).match(/([\d.]+)/)[1].replace(".", ""));
      assert.ok(shown > 9_000 && shown <= 9_400, `${shown} for a whole period: 2 × 59.00 + 5.00 − 29.00`);
      await button.click();
      await page.getByRole("heading", { name: "Payment received" })
        .or(page.getByRole("heading", { name: /subscription is active/ })).first().waitFor();
      assert.deepEqual(await charged(), [2900, shown]);
      const changed = await dodo.subscriptions.retrieve(things.subscription.subscription_id);
      assert.equal(changed.product_id, team.product_id);
      assert.equal(changed.quantity, 2);
      assert.deepEqual(changed.addons, [{ addon_id: addon.id, quantity: 1 }]);
      const mail = await world.mailbox.mail(email, /Your plan has changed: Lumen Team/);
      assert.match(mail.text, /Before: Lumen Pro/);
      assert.match(mail.text, /New: Lumen Team × 2, Priority support/);
      assert.match(mail.text, new RegExp(`Charged: €${shown / 100}`));
      assert.deepEqual(page.problems, []);
      await page.context().close();

      // What the SDK is told beforehand is what it then charges.
      const id = things.subscription.subscription_id;
      const more = {
        product_id: team.product_id,
        quantity: 3,
        addons: [{ addon_id: addon.id, quantity: 1 }],
        proration_billing_mode: "difference_immediately",
      };
      const preview = await dodo.subscriptions.previewChangePlan(id, more);
      assert.equal(preview.new_plan.quantity, 3);
      assert.deepEqual(await charged(), [2900, shown], "a preview charges nothing");
      await dodo.subscriptions.changePlan(id, more);
      const { total_amount: told } = preview.immediate_charge.summary;
      assert.equal(told, 5900);
      assert.deepEqual(await charged(), [2900, shown, told]);

      // What the merchant plans for the next date is shown, and the customer takes it back.
      await dodo.subscriptions.changePlan(things.subscription.subscription_id, {
        product_id: product.product_id,
        quantity: 1,
        proration_billing_mode: "do_not_bill",
        effective_at: "next_billing_date",
      });
      const again = await signIn(things.customer);
      await again.getByRole("link", { name: "Manage" }).first().click();
      await again.getByText(/your plan changes to Lumen Pro/).waitFor();
      await again.getByRole("button", { name: "Keep my present plan" }).click();
      await again.getByRole("heading", { name: /goes on$/ }).waitFor();
      const kept = await dodo.subscriptions.retrieve(things.subscription.subscription_id);
      assert.equal(kept.scheduled_change, null);
      await again.context().close();
    });

    it("pauses until a day, reads what that means, and resumes", async () => {
      const email = "pause@example.com";
      const things = await subscribed(email, GOOD);
      const before = await charged();
      const page = await signIn(things.customer);
      await page.getByRole("link", { name: "Manage" }).first().click();
      await page.getByRole("link", { name: "Pause" }).click();
      await page.getByText("Nothing is charged during the pause.").waitFor();
      const day = new Date(Date.now() + 40 * 86_400_000).toISOString().slice(0, 10);
      await page.locator("input[type=date]").fill(day);
      await page.getByRole("button", { name: /pause/i }).click();
      await page.getByRole("heading", { name: /is paused$/ }).waitFor();
      const paused = await dodo.subscriptions.retrieve(things.subscription.subscription_id);
      assert.equal(paused.status, "paused");
      await world.mailbox.mail(email, /Your Lumen Pro subscription is paused/);
      const { items } = await dodo.licenseKeys.list({ customer_id: things.customer.customer_id });
      assert.notEqual(items[0].status, "active");

      await page.getByRole("button", { name: "Resume" }).click();
      await page.getByRole("heading", { name: /goes on$/ }).waitFor();
      await standing(dodo, things.subscription.subscription_id, "active");
      assert.equal((await dodo.licenseKeys.retrieve(items[0].id)).status, "active");
      await world.mailbox.mail(email, /Your Lumen Pro subscription is running again/);
      assert.deepEqual(await charged(), before, "nothing was charged");
      assert.deepEqual(page.problems, []);
      await page.context().close();
    });

    it("pays everything that is due with one new card, each debt once", async () => {
      const email = "all@example.com";
      const first = await subscribed(email, CARDS.declinesAtRenewal);
      const second = await dodo.subscriptions.create({
        product_id: first.product.product_id,
        quantity: 1,
        customer: { customer_id: first.customer.customer_id },
        billing: { country: "DE" },
        payment_link: true,
      });
      const paying = await openPage(browser);
      await begin(paying, second.payment_link, CARDS.declinesAtRenewal);
      await paying.context().close();
      const ids = [first.subscription.subscription_id, second.subscription_id];
      for (const id of ids) {
        await standing(dodo, id, "active");
        await letItRenew(dodo, id);
      }
      const before = await charged();
      const page = await signIn(first.customer);
      await page.getByRole("link", { name: /^Pay everything/ }).click();
      await page.getByText("Use a new payment method").click();
      await goToProvider(page, /^Pay €58/);
      await enterCard(page, GOOD);
      await page.getByRole("heading", { name: "What became of each subscription" }).waitFor();
      for (const id of ids) await standing(dodo, id, "active");
      await page.reload();
      assert.equal(await page.getByText("Paid", { exact: true }).count(), 2);
      assert.deepEqual((await charged()).slice(before.length), [2900, 2900]);
      assert.deepEqual(page.problems, []);
      await page.context().close();
    });
  });
}
