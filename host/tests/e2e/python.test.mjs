// The official SDK for Python against the same host: `python/sdk_test.py` holds the tests.

import { after, before, describe, it } from "node:test";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { World } from "./support/world.mjs";
import { freePort, run } from "./support/processes.mjs";

describe("the official SDK for Python", () => {
  let world, receiver;

  before(async () => {
    receiver = await freePort();
    world = await World.start({ privateEndpoints: [`http://127.0.0.1:${receiver}`] });
  });

  after(() => world?.stop());

  it("does what a merchant's backend needs", async () => {
    const python = process.env.VESTIBULE_PYTHON;
    if (!python) throw new Error("VESTIBULE_PYTHON is not set; run `cargo xtask test`");
    const tests = resolve(fileURLToPath(import.meta.url), "../python/sdk_test.py");
    await run(python, [tests, "--verbose"], {
      env: {
        ...process.env,
        DODO_PAYMENTS_API_KEY: world.key,
        NO_PROXY: "127.0.0.1",
        RECEIVER_PORT: String(receiver),
      },
    });
  });
});
