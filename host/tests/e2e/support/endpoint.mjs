// The merchant's webhook endpoint: verifies every delivery with the official SDK.

import { createServer } from "node:http";

export class Endpoint {
  events = [];
  problems = [];

  async start() {
    this.server = createServer((request, response) => {
      const pieces = [];
      request.on("data", (piece) => pieces.push(piece));
      request.on("end", () => {
        this.#take(Buffer.concat(pieces).toString("utf8"), request.headers);
        response.writeHead(200).end();
      });
    });
    await new Promise((done) => this.server.listen(0, "127.0.0.1", done));
    this.url = `http://127.0.0.1:${this.server.address().port}/events`;
    return this;
  }

  #take(body, headers) {
    try {
      const event = this.dodo.webhooks.unwrap(body, { headers });
      // Some of the merchants' adapters verify the signature over what JavaScript writes.
      if (body !== JSON.stringify(JSON.parse(body))) throw new Error(`not JavaScript's text: ${body}`);
      this.events.push({ id: headers["webhook-id"], ...event });
    } catch (error) {
      this.problems.push(error);
    }
  }

  types() {
    return this.events.map((event) => event.type);
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}
