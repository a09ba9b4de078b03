// Every page of the default theme with each of its samples, as `vestibule theme dev` shows them,
// looked at by axe: wide and light, then as a phone in the dark.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createRequire } from "node:module";

import { openBrowser } from "./support/browser.mjs";
import { Program } from "./support/processes.mjs";
import { BINARY, REPOSITORY } from "./support/world.mjs";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

const LOOKS = [
  { name: "wide and light", language: "en", options: { viewport: { width: 1280, height: 800 }, colorScheme: "light" } },
  { name: "on a phone in the dark", language: "es", options: { viewport: { width: 320, height: 700 }, colorScheme: "dark" } },
];

describe("every page of the default theme", () => {
  let gallery, address, browser, axe;

  before(async () => {
    axe = await readFile(AXE, "utf8");
    gallery = new Program(BINARY, ["theme", "dev", join(REPOSITORY, "themes/default"), "--port", "0"], {});
    await gallery.ready("the gallery is open", () => {
      address = gallery.output.match(/http:\/\/[\d.:]+/)?.[0];
      return address;
    });
    browser = await openBrowser();
  });

  after(async () => {
    await browser?.close();
    await gallery?.stop();
  });

  for (const { name, language, options } of LOOKS) {
    it(`is accessible and fits ${name}`, async () => {
      const context = await browser.newContext({ ...options, reducedMotion: "reduce" });
      const page = await context.newPage();
      await page.goto(address);
      const all = await page.locator("a").evaluateAll((links) => links.map((link) => link.getAttribute("href")));
      const paths = all.filter((path) => path.includes("/pages/") && path.endsWith(`lang=${language}`));
      assert.ok(paths.length > 100, `${paths.length} pages`);
      const wrong = [];
      const built = new Set();
      for (const path of paths) {
        await page.goto(address + path);
        const { build, overflow } = await page.evaluate(() => ({
          build: [...document.querySelectorAll("body *")].map((one) => `${one.localName}.${one.getAttribute("class")}`).join(),
          overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        }));
        if (overflow > 0) wrong.push(`${path}: ${overflow} px too wide`);
        // A page that differs from another in its words only has nothing new for axe.
        if (built.size === built.add(build).size) continue;
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
        for (const { id, impact, nodes } of violations) {
          if (impact !== "minor") wrong.push(`${path}: ${impact}: ${id}: ${nodes[0].html.slice(0, 200)}`);
        }
      }
      await context.close();
      assert.deepEqual(wrong, []);
    });
  }
});
