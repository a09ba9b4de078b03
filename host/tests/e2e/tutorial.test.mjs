// The README's tutorial, word by word: from nothing to a page of one's own in the running demo, and from
// there to another one.

import assert from "node:assert/strict";
import { after, before, it, describe } from "node:test";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join, delimiter } from "node:path";
import { tmpdir } from "node:os";

import { openBrowser, openPage } from "./support/browser.mjs";
import { Program, freePort, run, until } from "./support/processes.mjs";
import { BINARY, REPOSITORY } from "./support/world.mjs";

/** What stands in the tutorial's block of commands, and the text below it. */
async function tutorial() {
  const readme = await readFile(join(REPOSITORY, "README.md"), "utf8");
  const [, commands, below] =
    readme.match(/^## A page of your own in five minutes\n[^]*?^```sh\n([^]*?)^```$([^]*?)^## /m);
  return { commands, below };
}

describe("the README's tutorial", () => {
  let dir, demo, browser, page;

  /** Types `commands` at the top of the repository. */
  async function type(commands) {
    const PATH = [dirname(BINARY), process.env.PATH].join(delimiter);
    const env = { ...process.env, PATH };
    await run("bash", ["-euo", "pipefail", "-c", commands], { cwd: dir, env });
  }

  /** Writes `after` where `before` stands in a file. */
  async function change(file, before, after) {
    const path = join(dir, file);
    const text = await readFile(path, "utf8");
    assert.equal(text.split(before).length, 2, `${before} in ${file}`);
    await writeFile(path, text.replace(before, after));
  }

  before(async () => {
    // What it uses of the repository, so that it changes nothing in it.
    dir = await mkdtemp(join(tmpdir(), "vestibule-tutorial-"));
    await cp(join(REPOSITORY, "config"), join(dir, "config"), { recursive: true });
    await symlink(join(REPOSITORY, "themes"), join(dir, "themes"));
    await mkdir(join(dir, "plugins"));
    await cp(join(REPOSITORY, "plugins/sandbox.wasm"), join(dir, "plugins/sandbox.wasm"));
    const port = await freePort();
    demo = new Program(BINARY, ["demo", "--port", String(port)], { cwd: dir });
    await demo.ready("the demo is ready", async () =>
      (await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null))?.ok, 600);
    browser = await openBrowser();
  });

  after(async () => {
    await browser?.close();
    await demo?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  it("ends within five minutes with a page in the portal that takes its form", async (test) => {
    const began = Date.now();
    await type((await tutorial()).commands);

    page = await openPage(browser);
    await page.goto(demo.output.match(/On hold\s+(http\S+)/)[1]);
    await page.getByRole("button", { name: /sign in/i }).click();
    await page.getByText(/is on hold/).first().waitFor();
    const news = page.getByRole("link", { name: "News" }).first();
    await until("the page is in the navigation", async () => {
      await page.reload();
      return news.isVisible();
    }, 600);
    const took = Math.round((Date.now() - began) / 1000);
    test.diagnostic(`from \`plugin new\` to the page: ${took} s`);
    assert.ok(took < 5 * 60, `it took ${took} s`);

    await news.click();
    await page.getByRole("heading", { name: "News" }).waitFor();
    await page.getByText("New this month").waitFor();
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByText("Write something.").waitFor();
    await page.getByLabel("What shall we build next?").fill("A calendar");
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByText("Thank you. We read every wish.").waitFor();
    assert.deepEqual(page.problems, []);
  });

  it("goes on with a change that is there once it is built again", async () => {
    const { commands, below } = await tutorial();
    assert.match(below, /Change `news\/app\.py` and `news\/templates`, build again,\s+and look/);
    await change("news/app.py", '"News"', '"What is new"');
    await change("news/templates/news.html", "{{ data.notice }}", "{{ data.notice }} Soon: maps.");
    await type(commands.match(/^vestibule plugin build .*$/m)[0]);

    await page.getByRole("link", { name: "News" }).first().click();
    await page.waitForURL(/\/x\/news\/?$/);
    await until("the page has its new title", async () => {
      await page.reload();
      return page.getByRole("heading", { name: "What is new" }).isVisible();
    }, 600);
    await page.getByText("New this month: exports in every format. Soon: maps.").waitFor();
    assert.deepEqual(page.problems, []);
  });
});
