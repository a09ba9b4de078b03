// The gateway to the sandbox payment processor (`vestibule sandbox`), as `plugins/sandbox` is in Rust.
// It turns the host's words into the processor's API and back, keeps nothing, decides nothing, and
// never says more than it knows: what may have happened is an *unknown outcome*.
//
// An exported constant is an interface, its functions are the interface's: `wit/gateway/v1` documents
// each. A 64-bit integer is a BigInt, an option is a value or undefined, a variant has `tag` and `val`,
// and an error is thrown.

import { get, getIfKnown, list, order, post, postIfKnown } from "./api.js";
import * as convert from "./convert.js";
import { parse } from "./news.js";
import { isSilence, notExecuted, segment, unknownOutcome } from "./vestibule.js";

const CURRENCIES = [
  "AED", "AUD", "BHD", "BRL", "CAD", "CHF", "CLP", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF",
  "INR", "JPY", "KRW", "KWD", "MXN", "NOK", "NZD", "PLN", "SEK", "SGD", "TND", "TRY", "USD", "ZAR",
];

export const info = {
  describe: () => ({
    name: "Sandbox",
    methods: [
      { kind: { tag: "card" }, reusable: true, delayed: false },
      { kind: { tag: "bank-debit" }, reusable: true, delayed: true },
    ],
    amounts: CURRENCIES.map((currency) => ({ currency, least: 50n, greatest: 99_999_999n })),
    // The processor's defaults.
    lookupLag: 60,
    keyLifetime: 24 * 60 * 60,
    browserOrigins: ["setting:base_url"],
    extra: [],
  }),
};

export const payments = {
  charge(request) {
    const charge = order("/v1/charges", request.key, convert.chargeOrder(request));
    return convert.payment(convert.ours(charge, request.key));
  },

  resume(sent) {
    // What the browser brought may be forged: only the processor's own word counts.
    const charge = find(sent, "/v1/charges");
    if (!charge) throw notSeen();
    return convert.payment(charge);
  },

  lookup: (sent) => told(() => {
    const charge = find(sent, "/v1/charges");
    return charge ? { tag: "found", val: convert.payment(charge) } : { tag: "absent" };
  }),

  cancel(sent) {
    const charge = find(sent, "/v1/charges");
    if (!charge) throw notExecuted("the processor does not know the charge, so there is nothing to cancel yet");
    const { result, object } = post(`/v1/charges/${segment(charge.id)}/cancel`, {});
    return result === "cancelled" ? { tag: "cancelled" } : { tag: "too-late", val: convert.payment(object) };
  },
};

export const setup = {
  begin(request) {
    const made = order("/v1/setups", request.key, convert.setupOrder(request));
    return convert.setupState(convert.ours(made, request.key));
  },

  complete(sent) {
    const made = find(sent, "/v1/setups");
    if (!made) throw notSeen();
    return convert.setupState(made);
  },
};

export const refunds = {
  refund(request) {
    const charge = request.payment.reference ?? find(request.payment, "/v1/charges")?.id;
    if (!charge) throw notSeen();
    return convert.refundState(order("/v1/refunds", request.key, {
      charge,
      amount: convert.moneyOut(request.amount),
      metadata: convert.metadata(request.extra),
    }));
  },

  lookup: (sent) => told(() => {
    const refund = list(`/v1/refunds?key=${segment(sent.key)}`).at(-1);
    return refund ? { tag: "found", val: convert.refundState(refund) } : { tag: "absent" };
  }),
};

export const methods = {
  detach({ method }) {
    // One that the processor does not know is as gone as one that it let go.
    postIfKnown(`/v1/methods/${segment(method.reference)}/detach`, {});
  },
};

export const webhooks = { parse };

export const ledger = {
  list: (start, end, cursor) =>
    convert.ledgerPage(get(`/v1/ledger?from=${start}&to=${end}&cursor=${segment(cursor ?? "0")}`)),
};

/** An answer to a question, or that there is none now. */
function told(ask) {
  try {
    return ask();
  } catch (error) {
    if (isSilence(error)) return { tag: "cannot-tell" };
    throw error;
  }
}

/** How much a state says of a key under which there are several. */
const WEIGHT = { succeeded: 3, processing: 2, requires_action: 1 };

/**
 * What the processor knows of an earlier request: by its own reference where there is one, since
 * that is never late, otherwise by the host's key.
 */
function find(sent, path) {
  if (sent.reference !== undefined) {
    const found = getIfKnown(`${path}/${segment(sent.reference)}`);
    if (found) return convert.ours(found, sent.key);
  }
  const known = list(`${path}?key=${segment(sent.key)}`);
  // Several under one key happen only when a key outlived the processor's memory. The one that
  // moved money is the one that matters.
  const weight = (intent) => WEIGHT[intent.status] ?? 0;
  return known.reduce((best, intent) => (best && weight(best) > weight(intent) ? best : intent), undefined);
}

const notSeen = () => unknownOutcome("the processor does not know this key yet");
