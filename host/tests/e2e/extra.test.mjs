// What a pages plugin adds to the portal: the retention plugin meets customers who are about to
// cancel, and asks those who have. Its pages are looked at by axe, as those of the theme are.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

import { openBrowser, openPage } from "./support/browser.mjs";
import { begin, provision, standing } from "./support/customer.mjs";
import { until } from "./support/processes.mjs";
import { World } from "./support/world.mjs";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const GOOD = "4242 4242 4242 4242";

const OFFERS = `
[allow]
pause = true

[test.pages.offers]
plugin = "retention"

[test.pages.offers.grants]
data = ["customer.subscriptions"]
store = true
events = ["subscription.cancelled"]
`;

for (const javaScriptEnabled of [false, true]) {
  describe(`a customer ${javaScriptEnabled ? "with" : "without"} JavaScript who wants to go`, () => {
    let world, dodo, browser, axe;

    before(async () => {
      axe = await readFile(AXE, "utf8");
      world = await World.start();
      dodo = world.dodo;
      await world.install("retention");
      await world.configure(OFFERS);
      browser = await openBrowser();
    });

    after(async () => {
      await browser?.close();
      await world?.stop();
    });

    /** A customer with a running subscription, signed in and on the page that cancels it. */
    async function leaving(email) {
      const things = await provision(dodo, email);
      const page = await openPage(browser, { javaScriptEnabled });
      await begin(page, things.subscription.payment_link, GOOD);
      await standing(dodo, things.subscription.subscription_id, "active");
      const { link } = await dodo.customers.customerPortal.create(things.customer.customer_id);
      await page.goto(link);
      await page.getByRole("button", { name: /sign in/i }).click();
      await page.getByRole("link", { name: "Manage" }).first().click();
      await page.getByRole("link", { name: "Cancel this subscription" }).click();
      await page.getByRole("heading", { name: "Before you go" }).waitFor();
      return { page, id: things.subscription.subscription_id };
    }

    /** The page fits a phone, and axe has nothing to say about it. */
    async function isFine(page) {
      if (!javaScriptEnabled) return;
      const wide = page.viewportSize();
      await page.setViewportSize({ width: 360, height: 740 });
      const overflow = await page.evaluate(() =>
        document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(overflow, 0, `${page.url()} is too wide`);
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
      assert.deepEqual(violations.filter(({ impact }) => impact !== "minor").map(({ id, nodes }) =>
        `${page.url()}: ${id}: ${nodes[0].html.slice(0, 200)}`), []);
      await page.setViewportSize(wide);
    }

    it("is offered a pause, and takes it", async () => {
      const { page, id } = await leaving("stay@example.com");
      await isFine(page);
      await page.getByRole("button", { name: "Pause instead" }).click();
      await page.getByText("Nothing is charged during the pause.").waitFor();
      await page.getByRole("button", { name: "Pause subscription" }).click();
      await page.getByRole("heading", { name: "Your Lumen Pro subscription is paused" }).waitFor();
      await standing(dodo, id, "paused");
      assert.deepEqual(page.problems, []);
      await page.context().close();
    });

    it("goes, is asked why, mends the answer and finds it again", async () => {
      const { page, id } = await leaving("go@example.com");
      await page.getByRole("radio", { name: /^Now/ }).check();
      await page.getByRole("button", { name: "Cancel subscription" }).click();
      await page.getByRole("heading", { name: "Your Lumen Pro subscription has ended" }).waitFor();
      await standing(dodo, id, "cancelled");
      await isFine(page);
      // The overview asks as well, once the plugin has heard that it is over.
      await page.getByRole("link", { name: "Overview" }).last().click();
      const answer = page.getByRole("link", { name: "Answer", exact: true });
      await until("the plugin has heard of it", async () => {
        await page.reload();
        return answer.isVisible();
      });
      await isFine(page);
      await answer.click();
      await page.getByRole("heading", { name: "One question" }).waitFor();
      await page.getByLabel("What would bring you back to Lumen Pro?").fill("An <b>export</b> to CSV");
      await page.getByRole("button", { name: "Send" }).click();
      await page.getByText("Please choose one.").waitFor();
      await isFine(page);
      const typed = await page.getByLabel("What would bring you back to Lumen Pro?").inputValue();
      assert.equal(typed, "An <b>export</b> to CSV", "what was typed stays");
      await page.getByRole("radio", { name: "Yes" }).check();
      await page.getByRole("button", { name: "Send" }).click();
      await page.getByText("We read every one of them.").waitFor();
      await page.getByRole("link", { name: "Feedback" }).first().click();
      await page.getByText("An <b>export</b> to CSV").waitFor();
      await isFine(page);
      const saving = page.waitForEvent("download");
      await page.getByRole("link", { name: "Save as a file" }).click();
      const saved = await saving;
      assert.equal(saved.suggestedFilename(), "feedback.csv");
      const table = await readFile(await saved.path(), "utf8");
      assert.match(table, /"Lumen Pro","An <b>export<\/b> to CSV","yes"/);
      await page.getByRole("link", { name: "Overview" }).first().click();
      await page.getByRole("heading", { name: "Overview" }).waitFor({ state: "attached" });
      assert.equal(await answer.count(), 0, "whoever has answered is not asked again");
      assert.deepEqual(page.problems, []);
      await page.context().close();
    });
  });
}
