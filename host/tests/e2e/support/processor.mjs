// The sandbox processor from the outside: its ledger, which alone decides what was charged, and
// its faults.

export class Processor {
  constructor(url, key) {
    this.url = url;
    this.key = key;
  }

  async #call(method, path, body) {
    const answer = await fetch(new URL(path, this.url), {
      method,
      headers: { authorization: `Bearer ${this.key}`, "content-type": "application/json" },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }

  /** Every charge that moved money, oldest first. */
  async charges() {
    return this.#entries("charge");
  }

  async #entries(kind) {
    const { data } = await this.#call("GET", "/v1/ledger?limit=100");
    return data.filter((entry) => entry.kind === kind);
  }

  /** The customer's bank sends a refund back that had arrived. */
  async bounce(refund) {
    const entries = await this.#entries("refund");
    const { reference } = entries.find((entry) => entry.idempotency_key === refund);
    return this.#call("POST", `/control/refunds/${reference}/bounce`);
  }

  /** Makes the next matching requests fail in a chosen way. */
  async fault(fault) {
    return this.#call("POST", "/control/faults", fault);
  }

  async clearFaults() {
    return this.#call("DELETE", "/control/faults");
  }

  /** `at_once`, `held` or `off`: how webhooks leave. */
  async webhooks(departure) {
    return this.#call("PUT", "/control/webhooks", { departure, delay_ms: 0, repeats: 0 });
  }
}
