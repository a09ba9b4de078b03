// A payment gateway. As it stands it speaks to the sandbox processor (`vestibule sandbox`): customers
// pay on its page, nothing is saved. Put your own processor in its place; the interfaces and their
// promises are documented in `wit/gateway/v1` of Vestibule.
//
// An exported constant is an interface, its functions are the interface's. A 64-bit integer is a
// BigInt, an option is a value or undefined, a variant has `tag` and `val`, an error is thrown.

import {
  bearer, body, invalid, isSilence, notExecuted, request, required, secret, segment, trouble,
  unknownOutcome, unreadable, unsupported,
} from "./vestibule.js";

/** The processor's name in messages for the operator. */
const WHOM = "the processor";

export const info = {
  describe: () => ({
    name: "Example Pay",
    methods: [{ kind: { tag: "card" }, reusable: false, delayed: false }],
    amounts: ["EUR", "GBP", "USD"].map((currency) => ({ currency, least: 50n, greatest: 99_999_999n })),
    lookupLag: 60,
    keyLifetime: 24 * 60 * 60,
    browserOrigins: ["setting:base_url"],
    extra: [],
  }),
};

export const payments = {
  charge({ key, customer, amount, method, returnUrl, expiresAt, description }) {
    if (method.tag === "stored") throw unsupported("saved methods");
    if (method.val.length > 0 && !method.val.some(({ tag }) => tag === "card")) {
      throw invalid("kinds", "only cards are taken");
    }
    // The host's key is the processor's idempotency key: the same key twice is one charge.
    return payment(call("post", "/v1/charges", { "idempotency-key": key }, {
      customer: { reference: customer.id, name: customer.name ?? null },
      amount: { minor: Number(amount.minor), currency: amount.currency },
      source: "collect",
      only_kind: "card",
      initiator: "customer_present",
      save_method: false,
      return_url: returnUrl,
      expires_at: Number(expiresAt),
      description,
    }));
  },

  resume(sent) {
    // What the browser brought may be forged: only the processor's own word counts.
    const charge = find(sent);
    if (!charge) throw unknownOutcome("the processor does not know this key yet");
    return payment(charge);
  },

  lookup(sent) {
    try {
      const charge = find(sent);
      return charge ? { tag: "found", val: payment(charge) } : { tag: "absent" };
    } catch (error) {
      if (isSilence(error)) return { tag: "cannot-tell" };
      throw error;
    }
  },

  cancel(sent) {
    const charge = find(sent);
    if (!charge) throw notExecuted("the processor does not know the charge, so there is nothing to cancel yet");
    const { result, object } = call("post", `/v1/charges/${segment(charge.id)}/cancel`, {}, {});
    return result === "cancelled" ? { tag: "cancelled" } : { tag: "too-late", val: payment(object) };
  },
};

/** How a charge stands, in the host's words. */
function payment(charge) {
  if (!Number.isSafeInteger(charge.amount?.minor)) throw unreadable(WHOM, "a charge without an amount");
  return {
    outcome: outcome(charge),
    amount: { minor: BigInt(charge.amount.minor), currency: charge.amount.currency },
    reference: charge.id,
    customerReference: undefined,
    method: undefined,
    extra: [],
  };
}

const CODES = { insufficient_funds: "insufficient-funds", expired_card: "expired" };

function outcome({ status, action, decline }) {
  if (status === "succeeded" || status === "cancelled") return { tag: status };
  if (status === "requires_action" && action) {
    const redirect = { tag: "redirect", val: { url: action.url } };
    return { tag: "requires-action", val: { action: redirect, until: BigInt(action.expires_at) } };
  }
  if (status === "declined" && decline) {
    return {
      tag: "declined",
      val: {
        code: { tag: CODES[decline.code] ?? "refused" },
        advice: "new-method",
        notBefore: undefined,
        gatewayCode: decline.code,
        message: decline.message,
      },
    };
  }
  throw unreadable(WHOM, `a charge that is ${status}`);
}

/**
 * What the processor knows of an earlier request, by the host's key: a lost answer left nothing else.
 * Only its own empty list says that there is none: anything else may come from another server.
 */
function find(sent) {
  const { data } = call("get", `/v1/charges?key=${segment(sent.key)}`);
  if (!Array.isArray(data)) throw unreadable(WHOM, "it is no list of charges");
  return data.at(-1);
}

/** One request, and the object that the processor answers. */
function call(method, path, headers = {}, json = undefined) {
  const response = request(WHOM, method, required("base_url"), path, {
    credentials: bearer(secret("api_key")), headers, json,
  });
  const { status } = response;
  if (status >= 200 && status < 300) {
    const answer = body(response);
    if (answer === null || typeof answer !== "object") throw unreadable(WHOM, "it is no object");
    return answer;
  }
  // Another request was done under this key: what became of it is for a lookup to say.
  if (status === 409) throw unknownOutcome("the key was used before");
  if (status === 400 || status === 422) throw invalid("request", JSON.stringify(body(response)) ?? "refused");
  throw trouble(response, WHOM);
}
