// Requests to the processor, and what its answers mean.

import {
  bearer, body, invalid, misconfigured, request, required, secret, trouble, unknownOutcome, unreadable,
} from "./vestibule.js";

/** The processor's name in messages for the operator. */
export const WHOM = "the processor";

/** Makes something under an idempotency key. */
export const order = (path, key, json) => read(send("post", path, { "idempotency-key": key }, json));

/** Asks for something to be done that is the same when it is done twice. */
export const post = (path, json) => read(send("post", path, {}, json));

/** As `post`; undefined when the processor does not know the thing. */
export const postIfKnown = (path, json) => readIfKnown(send("post", path, {}, json));

/** Reads something. */
export const get = (path) => read(send("get", path));

/** Reads a list. An object without one is the answer of another server. */
export function list(path) {
  const { data } = get(path);
  if (!Array.isArray(data)) throw unreadable(WHOM, "it is no list");
  return data;
}

/** As `get`; undefined when the processor does not know the thing. */
export const getIfKnown = (path) => readIfKnown(send("get", path));

function send(method, path, headers = {}, json = undefined) {
  return request(WHOM, method, required("base_url"), path, {
    credentials: bearer(secret("api_key")),
    headers: { accept: "application/json", ...headers },
    json,
  });
}

function read(response) {
  const known = readIfKnown(response);
  // Where a thing must be, "not found" is not its absence: it is another server.
  if (known === undefined) throw wrongAddress();
  return known;
}

const wrongAddress = () => misconfigured("the processor does not know this address; check base_url");

function readIfKnown(response) {
  const { status } = response;
  const json = body(response);
  if (status === 404) {
    // Only the processor itself says that it does not know a thing, not a proxy or another server.
    if (json?.error?.code === "not_found") return undefined;
    throw wrongAddress();
  }
  if (status >= 200 && status < 300) {
    if (json === null || typeof json !== "object") throw unreadable(WHOM, "it is no object");
    return json;
  }
  if (![400, 409, 413, 422].includes(status)) throw trouble(response, WHOM);
  // What it means that the processor says no to a request.
  const { code, message } = json?.error ?? {};
  if (typeof code !== "string" || typeof message !== "string") throw unreadable(WHOM, `status ${status} and not why`);
  if (code === "idempotency_mismatch") {
    // This request was not done, but another one under the key was: whether money moved for this
    // payment is for a lookup to say.
    throw unknownOutcome("the key was used before, for another request");
  }
  throw invalid(code, message);
}
