// A host and a processor of its own, as real processes on free ports, with everything they keep
// in one temporary folder.

import { appendFile, cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";

import DodoPayments from "dodopayments";

import { Mailbox } from "./mailbox.mjs";
import { Processor } from "./processor.mjs";
import { Program, freePort, run } from "./processes.mjs";
import { Stripe } from "./stripe.mjs";

export const REPOSITORY = resolve(fileURLToPath(import.meta.url), "../../../../..");
export const BINARY = process.env.VESTIBULE ?? join(REPOSITORY, "target/debug/vestibule");
const STRIPE = join(REPOSITORY, "host/tests/stripe/processor.py");

/** The files of the plugins that gateways are tried with. */
const FILES = {
  sandbox: "plugins/sandbox.wasm",
  "sandbox-js": "plugins/examples/javascript.wasm",
  "sandbox-py": "plugins/examples/python.wasm",
  stripe: "plugins/stripe.wasm",
};

export const BUSINESS = "bus_lumen";
const PROCESSOR_KEY = "sk_sandbox_end_to_end";
const HOOK_SECRET = "whsec_ZW5kLXRvLWVuZC1nYXRld2F5LXNlY3JldA==";
const ENDPOINT_SECRET = "whsec_ZW5kLXRvLWVuZC1tZXJjaGFudC1zZWNyZXQ=";

function hostFile({ port, database, plugins }) {
  return `
[server]
listen = "127.0.0.1:${port}"
public_url = "http://127.0.0.1:${port}"
key_file = "host.key"
drain = "5s"

[database]
url = "${database}"

[mail]
from = "no-reply@portal.example.com"
mailbox = "mailbox"

[plugins]
deadline = "5s"
compile = "10m"
dir = "${plugins}"
cache = "${process.env.VESTIBULE_PLUGIN_CACHE ?? join(tmpdir(), "vestibule-e2e-plugin-cache")}"

[themes]
dir = "${join(REPOSITORY, "themes")}"

[jobs]
poll = "100ms"
lease = "5s"
retry_first = "1s"

[billing]
lookup_after = ["1s", "2s", "4s"]
lookup_every = "5s"
absent_after = "1s"
absent_again_after = "1s"
`;
}

function businessFile({ plugin, processor, endpoint, privateEndpoints }) {
  return `
id = "${BUSINESS}"
name = "Lumen"
support_email = "help@lumen.example.com"
time_zone = "Europe/Berlin"

[seller]
name = "Lumen Software GmbH"
address = ["Lindenstraße 4", "10969 Berlin"]
country = "DE"
tax_id = "DE123456789"
email = "billing@lumen.example.com"

[[tax]]
country = "DE"
category = "*"
rate = "19"
from = "2021-01-01"

[test.gateways.main]
plugin = "${plugin}"
settings = { base_url = "${processor}"${plugin === "stripe" ? `, pages_url = "${processor}"` : ""} }
secrets.api_key = { secret_env = "LUMEN_API_KEY" }
secrets.webhook_secret = { secret_env = "LUMEN_HOOK_SECRET" }

[test.gateways.main.grants]
http = [{ origin = "${processor}", private = true }]
browser = ["${processor}"]

[test.webhook]
url = "${endpoint}"
secret_env = "LUMEN_ENDPOINT_SECRET"

[test]
private_endpoints = ${JSON.stringify(privateEndpoints)}
`;
}

export class World {
  hosts = [];

  /**
   * `database`: the URL of a Postgres database; SQLite without one. `privateEndpoints`: origins
   * that endpoints made by the API may have on this machine. `plugin`: which gateway, with its
   * processor: a name of `FILES`.
   */
  static async start({
    database, endpoint = "http://127.0.0.1:9/events", privateEndpoints = [], plugin = "sandbox",
  } = {}) {
    const file = join(REPOSITORY, FILES[plugin]);
    for (const needed of [BINARY, file]) {
      if (!existsSync(needed)) throw new Error(`${needed} is not built; run \`cargo xtask test\``);
    }
    const world = new World();
    world.plugin = { name: plugin, file };
    try {
      await world.#begin(database, endpoint, privateEndpoints);
    } catch (error) {
      await world.stop();
      throw error;
    }
    return world;
  }

  async #begin(database, endpoint, privateEndpoints) {
    this.dir = await mkdtemp(join(tmpdir(), "vestibule-e2e-"));
    this.port = await freePort();
    this.url = `http://127.0.0.1:${this.port}`;
    this.mailbox = new Mailbox(join(this.dir, "mailbox"));
    if (this.plugin.name === "stripe") await this.#startStripe();
    else await this.#startProcessor();
    await this.#configure(database ?? "sqlite:vestibule.db", endpoint, privateEndpoints);
    await this.vestibule("key", "host");
    await this.vestibule("migrate");
    this.key = await this.#makeKey();
    await this.startHost();
    // All that a merchant's own code changes.
    process.env.DODO_PAYMENTS_BASE_URL = `${this.url}/api`;
    this.dodo = new DodoPayments({ bearerToken: this.key, webhookKey: ENDPOINT_SECRET });
  }

  get portal() {
    return `${this.url}/test/login/${BUSINESS}`;
  }

  get #environment() {
    return {
      ...process.env,
      VESTIBULE_CONFIG: join(this.dir, "config"),
      VESTIBULE_LOG: process.env.VESTIBULE_LOG ?? "info",
      LUMEN_API_KEY: PROCESSOR_KEY,
      LUMEN_HOOK_SECRET: HOOK_SECRET,
      LUMEN_ENDPOINT_SECRET: ENDPOINT_SECRET,
    };
  }

  async #startProcessor() {
    this.processorProgram = new Program(BINARY, [
      "sandbox", "--lookup-lag-seconds", "0", "--listen", "127.0.0.1:0", "--database", join(this.dir, "processor.db"),
      "--webhook-url", `${this.url}/hooks/${BUSINESS}/test/main`,
    ], {
      cwd: this.dir,
      env: {
        ...process.env,
        VESTIBULE_SANDBOX_API_KEY: PROCESSOR_KEY,
        VESTIBULE_SANDBOX_WEBHOOK_SECRET: HOOK_SECRET,
      },
    });
    let listening;
    await this.processorProgram.ready("the processor listens", () => {
      listening = this.processorProgram.output.match(/"listening":"([^"]+)"/)?.[1];
      return listening;
    });
    this.processor = new Processor(new URL(listening).origin, PROCESSOR_KEY);
  }

  /** Localstripe, with the line in front of it. */
  async #startStripe() {
    const python = process.env.VESTIBULE_PYTHON ?? "python3";
    this.processorProgram = new Program(python, [STRIPE, "--api-key", PROCESSOR_KEY], { cwd: this.dir });
    let listening;
    await this.processorProgram.ready("localstripe listens", () => {
      listening = this.processorProgram.output.match(/"listening": "([^"]+)"/)?.[1];
      return listening;
    });
    this.processor = new Stripe(listening, PROCESSOR_KEY);
    await this.processor.notify(`${this.url}/hooks/${BUSINESS}/test/main`, HOOK_SECRET);
  }

  async #configure(database, endpoint, privateEndpoints) {
    const plugins = join(this.dir, "plugins");
    await mkdir(plugins);
    await cp(this.plugin.file, join(plugins, `${this.plugin.name}.wasm`));
    await mkdir(join(this.dir, "config/businesses"), { recursive: true });
    await writeFile(join(this.dir, "config/vestibule.toml"), hostFile({ port: this.port, database, plugins }));
    await writeFile(
      join(this.dir, "config/businesses/lumen.toml"),
      businessFile({ plugin: this.plugin.name, processor: this.processor.url, endpoint, privateEndpoints }),
    );
  }

  /** Runs a command of the operator and answers what it printed. */
  async vestibule(...args) {
    return run(BINARY, args, { cwd: this.dir, env: this.#environment });
  }

  /** Drops another built plugin into the host's folder. */
  async install(name) {
    await cp(join(REPOSITORY, `plugins/${name}.wasm`), join(this.dir, `plugins/${name}.wasm`));
  }

  /** Appends to the business's file, and starts the host anew. */
  async configure(more) {
    await appendFile(join(this.dir, "config/businesses/lumen.toml"), more);
    await this.host.stop();
    await this.startHost();
  }

  async #makeKey() {
    const text = await this.vestibule("key", "api", "--business", BUSINESS, "--mode", "test");
    return text.trim().split("\n").at(-1);
  }

  async #serve(url, environment) {
    const host = new Program(BINARY, ["serve"], { cwd: this.dir, env: environment });
    this.hosts.push(host);
    await host.ready("the host is ready", async () =>
      (await fetch(`${url}/readyz`).catch(() => null))?.ok, 600);
    return host;
  }

  async startHost() {
    this.host = await this.#serve(this.url, this.#environment);
  }

  /** Another process on the same database, at an address of its own. */
  async startAnother() {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    await this.#serve(url, {
      ...this.#environment,
      VESTIBULE_SERVER__LISTEN: `127.0.0.1:${port}`,
      VESTIBULE_SERVER__PUBLIC_URL: url,
    });
    return { url, dodo: new DodoPayments({ bearerToken: this.key, baseURL: `${url}/api` }) };
  }

  /** The machine loses power, as far as the host can tell. */
  async killHost() {
    await this.host.stop("SIGKILL");
  }

  async stop() {
    await Promise.all(this.hosts.map((host) => host.stop()));
    await this.processorProgram?.stop();
    await rm(this.dir, { recursive: true, force: true });
  }
}
