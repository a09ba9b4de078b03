// What a plugin in JavaScript would otherwise write again: settings and secrets, requests to a
// processor's API, and what their failures mean. The rule of the whole file: a request that
// certainly never left is *not executed*; one that may have arrived and has no readable answer is an
// *unknown outcome*; only a readable answer is taken at its word.

import { equal, hmacSha256 } from "vestibule:host/crypto@1.0.0";
import { fetch } from "vestibule:host/http@1.0.0";
import * as secrets from "vestibule:host/secrets@1.0.0";
import * as settings from "vestibule:host/settings@1.0.0";

// componentize-js 0.23 uses the class of a resource and defines it only where the resource has
// functions of its own, which the handle of a secret has not. It is looked for in the global scope of
// the bindings, which is not this one.
const bindings = secrets.get.constructor("return globalThis")();
bindings["import_secrets_1_0_0$Secret"] ??= class Secret {};

/** How old or how early a webhook may be, in microseconds. */
export const TOLERANCE = 5n * 60n * 1_000_000n;

/** An error of the interfaces: thrown, it is the `err` of the call's result. */
export class Failure extends Error {
  constructor(tag, val) {
    super(tag);
    this.payload = val === undefined ? { tag } : { tag, val };
  }
}

export const notExecuted = (why) => new Failure("not-executed", why);
export const unknownOutcome = (why) => new Failure("unknown-outcome", why);
export const misconfigured = (why) => new Failure("misconfigured", why);
export const unsupported = (what) => new Failure("unsupported", what);
export const rateLimited = (seconds) => new Failure("rate-limited", seconds);

/** A request that can never be done, because of one field. */
export const invalid = (field, message) => new Failure("invalid-request", [{ field, message }]);

/** An answer that cannot be: nobody knows what was done. */
export const unreadable = (whom, why) => unknownOutcome(`the answer of ${whom} makes no sense: ${why}`);

/**
 * Whether an error means that the processor said nothing, as against saying no. A question that
 * met silence has no answer now, and a lookup `cannot-tell`.
 */
export const isSilence = (error) =>
  error instanceof Failure && ["not-executed", "unknown-outcome"].includes(error.payload.tag);

/** The handle of a secret. Its value never enters the plugin's memory. */
export function secret(name) {
  try {
    return secrets.get(name);
  } catch (error) {
    if (error.payload === undefined) throw error;
    throw misconfigured(`the secret ${name} is not ${error.payload.tag === "denied" ? "granted" : "set"}`);
  }
}

/** The value of a setting, of the type that plugin.toml gives it; undefined where it is not set. */
export const setting = (name) => settings.get(name)?.val;

/** The same where nothing can be done without it. */
export function required(name) {
  const value = setting(name);
  if (value === undefined) throw misconfigured(`the setting ${name} is not set`);
  return value;
}

/** Text as one segment of a path or one value of a query. */
export const segment = (text) => encodeURIComponent(text).replaceAll(".", "%2E");

/**
 * Sends a request below `baseUrl` and waits for the whole answer, of any status. `headers` are texts
 * by name; `credentials` is the value of `authorization`, such as `bearer(secret)`; `json` is a
 * body. `whom` is the processor's name in the operator's messages.
 */
export function request(whom, method, baseUrl, path, { credentials, headers = {}, json } = {}) {
  const all = Object.entries(headers).map(([name, value]) => ({ name, value: { tag: "text", val: value } }));
  if (credentials) all.push({ name: "authorization", value: credentials });
  if (json !== undefined) all.push({ name: "content-type", value: { tag: "text", val: "application/json" } });
  try {
    return fetch({
      method,
      url: `${baseUrl.replace(/\/+$/, "")}${path}`,
      headers: all,
      body: json === undefined ? undefined : new TextEncoder().encode(JSON.stringify(json)),
      timeoutMs: undefined,
    });
  } catch (error) {
    throw noAnswer(error, whom);
  }
}

/** A secret as bearer token. */
export const bearer = (secret) => ({ tag: "secret", val: { prefix: "Bearer ", secret } });

/** What it means that there is no answer. */
function noAnswer(error, whom) {
  const { tag, val: why } = error.payload ?? {};
  if (tag === "not-sent") {
    switch (why.tag) {
      case "denied":
      case "invalid":
        return misconfigured(`the request was not let out: ${why.val}`);
      case "dns":
        return notExecuted(`the name of ${whom} cannot be resolved`);
      default:
        return notExecuted(why.val);
    }
  }
  switch (why?.tag) {
    case "timeout":
      return unknownOutcome("no answer in time");
    case "connection-lost":
      return unknownOutcome("the connection broke");
    case "response-too-large":
      return unknownOutcome("the answer was too large");
    default:
      return unknownOutcome(why?.val ?? String(error));
  }
}

/** A header of an answer or a delivery; the name in lower case. */
export const header = ({ headers }, name) => headers.find((header) => header.name === name)?.value;

/** The body of an answer or a delivery, from JSON; undefined if it is none. */
export function body({ body }) {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}

/**
 * What a status means that the processor has no words of its own for: 401 and 403 are for the
 * operator, 429 is a wish for fewer requests, and everything else leaves the outcome unknown.
 */
export function trouble(response, whom) {
  switch (response.status) {
    case 401:
    case 403:
      return misconfigured(`${whom} refuses our credentials`);
    case 429: {
      const seconds = Number(header(response, "retry-after") ?? NaN);
      return rateLimited(Number.isInteger(seconds) && seconds >= 0 ? seconds : undefined);
    }
    default:
      return unknownOutcome(`${whom} answered ${response.status}`);
  }
}

/**
 * The id of a delivery that was signed as in Standard Webhooks, with the secret of this name, once
 * the signature is found to be right and recent. Nothing of a delivery is believed before.
 */
export function standardWebhook(delivery, name) {
  const [id, sentAt, signatures] = ["webhook-id", "webhook-timestamp", "webhook-signature"]
    .map((header_) => header(delivery, header_));
  if (!id || !/^\d{1,12}$/.test(sentAt ?? "") || !signatures) throw new Failure("bad-signature");
  const text = new TextEncoder();
  const signed = new Uint8Array([...text.encode(`${id}.${sentAt}.`), ...delivery.body]);
  const key = { tag: "secret", val: { secret: secret(name), encoding: "standard-webhooks" } };
  const expected = text.encode(base64(hmacSha256(key, signed)));
  const genuine = signatures.split(" ")
    .filter((signature) => signature.startsWith("v1,"))
    .some((signature) => equal(text.encode(signature.slice(3)), expected));
  if (!genuine) throw new Failure("bad-signature");
  const age = delivery.receivedAt - BigInt(sentAt) * 1_000_000n;
  if (age > TOLERANCE || age < -TOLERANCE) throw new Failure("stale");
  return id;
}

export const base64 = (bytes) => btoa(String.fromCharCode(...bytes));
