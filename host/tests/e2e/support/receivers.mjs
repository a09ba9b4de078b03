// A merchant's server: one route for each official package that receives webhooks.

import { createRequire } from "node:module";

import { Webhooks as ExpressWebhooks } from "@dodopayments/express";
import express from "express";
import { Webhook } from "standardwebhooks";

// Its module for bundlers uses __dirname, which Node does not have there.
const { Webhooks: NextWebhooks } = createRequire(import.meta.url)("@dodopayments/nextjs");

/** Each verifies by itself; the answer is its own. */
const VERIFIERS = {
  express: (secret, note) => ExpressWebhooks({ webhookKey: secret, onPayload: async (event) => note(event) }),
  nextjs: (secret, note) => {
    const handle = NextWebhooks({ webhookKey: secret, onPayload: async (event) => note(event) });
    return async (request, response) => {
      const asked = new Request("http://merchant.example.com/", {
        method: "POST",
        headers: request.headers,
        body: request.body,
      });
      const answer = await handle(asked);
      response.status(answer.status).send(await answer.text());
    };
  },
  dodopayments: (secret, note, dodo) => (request, response) => {
    const options = { headers: request.headers, key: secret };
    answerWith(response, () => note(dodo().webhooks.unwrap(request.body, options)));
  },
  standardwebhooks: (secret, note) => (request, response) => {
    answerWith(response, () => note(new Webhook(secret).verify(request.body, request.headers)));
  },
};

function answerWith(response, verify) {
  try {
    verify();
    response.sendStatus(200);
  } catch (error) {
    response.status(401).send(error.message);
  }
}

export const PACKAGES = Object.keys(VERIFIERS);

export class Receivers {
  /** What each package let through: the event, its id and the headers it came with. */
  taken = Object.fromEntries(PACKAGES.map((name) => [name, []]));
  /** Every request, and what it was answered. */
  requests = [];
  #handlers = {};
  #down = {};
  #gates = {};

  constructor(dodo) {
    this.dodo = dodo;
  }

  async start() {
    const app = express();
    app.use((request, response, next) => {
      const entry = { route: request.path.slice(1), headers: request.headers };
      this.requests.push(entry);
      if (this.#down[entry.route] > 0) {
        this.#down[entry.route] -= 1;
        return request.socket.destroy();
      }
      response.on("finish", () => (entry.status = response.statusCode));
      response.on("close", () => (entry.isCut = entry.status === undefined));
      const gate = this.#gates[entry.route];
      if (!gate) return next();
      delete this.#gates[entry.route];
      entry.isHeld = true;
      gate.then(() => next());
    });
    // As its readme says: the adapter serialises the parsed body again.
    const parsers = { express: express.json() };
    for (const name of PACKAGES) {
      const raw = (request, _response, next) => {
        request.rawText = request.body;
        next();
      };
      app.post(`/${name}`, parsers[name] ?? express.text({ type: "*/*" }), raw, (request, response, next) =>
        this.#handlers[name](request, response, next));
    }
    await new Promise((done) => (this.server = app.listen(0, "127.0.0.1", done)));
    this.origin = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  /** From now on `name` verifies with this secret. */
  verify(name, secret) {
    this.#handlers[name] = (request, response, next) => {
      const note = (event) => this.taken[name].push({
        id: request.headers["webhook-id"],
        headers: request.headers,
        body: request.rawText,
        ...event,
      });
      return VERIFIERS[name](secret, note, this.dodo)(request, response, next);
    };
  }

  /** The next `times` requests find nobody. */
  goDown(name, times) {
    this.#down[name] = times;
  }

  /** The next request arrives, and is answered only when the answer of this is called. */
  holdBack(name) {
    let letGo;
    this.#gates[name] = new Promise((done) => (letGo = done));
    return letGo;
  }

  types(name) {
    return this.taken[name].map((event) => event.type);
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }
}
