// From the host's words to the processor's and back.

import { WHOM } from "./api.js";
import { invalid, unreadable } from "./vestibule.js";

/** Five days, in microseconds: when a bank debit ends for which the processor names no time. */
const DEBIT_TAKES = 5n * 24n * 60n * 60n * 1_000_000n;

const INITIATORS = {
  "customer-present": "customer_present",
  "merchant-recurring": "merchant_recurring",
  "merchant-unscheduled": "merchant_unscheduled",
};

/** Integers of the processor's JSON are exact: amounts and moments are below 2^53. */
const integer = (value, what) => {
  if (!Number.isSafeInteger(value)) throw unreadable(WHOM, `${what} is no whole number`);
  return BigInt(value);
};
const optional = (value, read) => (value === undefined || value === null ? undefined : read(value));

/** The order for a charge. */
export function chargeOrder(request) {
  const { method } = request;
  const stored = method.tag === "stored" ? method.val : undefined;
  return {
    customer: customer(request.customer),
    amount: moneyOut(request.amount),
    source: stored ? { method: stored.reference } : "collect",
    initiator: INITIATORS[request.initiator],
    save_method: request.save,
    return_url: request.returnUrl,
    expires_at: Number(request.expiresAt),
    description: request.description,
    only_kind: stored ? null : onlyKind(method.val),
    network_reference: stored?.network ?? stored?.mandate ?? null,
    metadata: metadata(request.extra),
  };
}

/** The order for a set-up. */
export const setupOrder = (request) => ({
  customer: customer(request.customer),
  return_url: request.returnUrl,
  expires_at: Number(request.expiresAt),
  only_kind: onlyKind(request.kinds),
  metadata: metadata(request.extra),
});

const customer = ({ reference, id, name }) => ({ reference: reference ?? id, name: name ?? null });

/** The one kind that is wanted; null when both will do. */
function onlyKind(kinds) {
  const wants = (tag) => kinds.length === 0 || kinds.some((kind) => kind.tag === tag);
  const [card, debit] = [wants("card"), wants("bank-debit")];
  if (card && debit) return null;
  if (card) return "card";
  if (debit) return "bank_debit";
  throw invalid("kinds", "the processor takes cards and bank debits only");
}

export const metadata = (extra) => Object.fromEntries(extra.map(({ name, value }) => [name, value]));

export const moneyOut = ({ minor, currency }) => ({ minor: Number(minor), currency });

const moneyIn = (money) => ({ minor: integer(money?.minor, "an amount"), currency: String(money.currency) });

/** The answer, if it is about the host's own request. */
export function ours(intent, key) {
  if (intent.key !== key) throw unreadable(WHOM, "it is about another key");
  return intent;
}

/** How a charge stands. */
export const payment = (charge) => ({
  outcome: outcome(charge),
  amount: moneyIn(charge.amount),
  reference: charge.id,
  customerReference: charge.customer,
  method: saved(charge),
  extra: [],
});

/** How a set-up stands. */
export function setupState(made) {
  const method = saved(made);
  const state = outcome(made);
  if (state.tag === "succeeded" && !method) throw unreadable(WHOM, "a set-up that succeeded without a method");
  return { outcome: state, reference: made.id, customerReference: made.customer, method, extra: [] };
}

function outcome(intent) {
  switch (intent.status) {
    case "succeeded":
    case "cancelled":
      return { tag: intent.status };
    case "processing":
      return {
        tag: "processing",
        val: optional(intent.expected_by, (at) => integer(at, "a moment"))
          ?? integer(intent.created_at, "a moment") + DEBIT_TAKES,
      };
    case "declined":
      if (!intent.decline) throw unreadable(WHOM, "no reason");
      return { tag: "declined", val: decline(intent.decline) };
    case "requires_action": {
      if (!intent.action) throw unreadable(WHOM, "no action");
      const { url, expires_at } = intent.action;
      return {
        tag: "requires-action",
        val: { action: { tag: "redirect", val: { url } }, until: integer(expires_at, "the end of an action") },
      };
    }
    default:
      throw unreadable(WHOM, `it is ${intent.status}`);
  }
}

const CODES = {
  generic_decline: "refused",
  do_not_honor: "refused",
  insufficient_funds: "insufficient-funds",
  limit_exceeded: "limit-exceeded",
  lost_card: "lost-or-stolen",
  stolen_card: "lost-or-stolen",
  expired_card: "expired",
  incorrect_cvc: "incorrect-details",
  processing_error: "issuer-unavailable",
  fraudulent: "suspected-fraud",
  authentication_required: "authentication-required",
  authentication_failed: "authentication-failed",
};

const decline = ({ code, advice, message, not_before }) => ({
  code: CODES[code]
    ? { tag: CODES[code] }
    : { tag: "other", val: code === "debit_failed" ? "debit-returned" : String(code).replaceAll("_", "-") },
  // Also for an advice of a later processor: another method is never wrong.
  advice: ["never", "later", "authenticate"].includes(advice) ? advice : "new-method",
  notBefore: optional(not_before, (at) => integer(at, "a moment")),
  gatewayCode: code,
  message,
});

function saved({ method }) {
  if (!method?.saved) return undefined;
  const card = method.kind === "card";
  return {
    reference: method.id,
    kind: { tag: card ? "card" : "bank-debit" },
    brand: method.brand,
    last4: method.last_four,
    expiryMonth: method.expiry_month ?? undefined,
    expiryYear: method.expiry_year ?? undefined,
    funding: method.funding,
    holder: method.holder,
    country: undefined,
    fingerprint: method.fingerprint,
    mandate: card ? undefined : method.network_reference,
    network: card ? method.network_reference : undefined,
    extra: [],
  };
}

/** How a refund stands. */
export function refundState(refund) {
  const outcomes = {
    succeeded: () => ({ tag: "succeeded" }),
    processing: () => ({ tag: "processing", val: integer(refund.created_at, "a moment") + DEBIT_TAKES }),
    failed: () => ({ tag: "failed", val: "the bank did not take the money back" }),
  };
  if (!outcomes[refund.status]) throw unreadable(WHOM, `a refund that is ${refund.status}`);
  return { outcome: outcomes[refund.status](), amount: moneyIn(refund.amount), reference: refund.id, extra: [] };
}

const STAGES = {
  opened: "dispute-opened",
  won: "dispute-won",
  lost: "dispute-lost",
  returned: "debit-returned",
};

/** How far the bank has come with taking money back. */
export function reversal(dispute) {
  if (!STAGES[dispute.status]) throw unreadable(WHOM, `a dispute that is ${dispute.status}`);
  return {
    about: { key: dispute.key, reference: dispute.charge },
    reference: dispute.id,
    stage: STAGES[dispute.status],
    amount: moneyIn(dispute.amount),
    reason: dispute.reason,
  };
}

const ENTRIES = { charge: "charge", refund: "refund", reversal: "reversal" };

/** A page of the ledger. */
export const ledgerPage = ({ data, next_cursor }) => ({
  entries: data.map((entry) => ({
    kind: ENTRIES[entry.kind]
      ? { tag: ENTRIES[entry.kind] }
      : { tag: "other", val: String(entry.kind).replaceAll("_", "-") },
    reference: entry.reference,
    key: entry.idempotency_key,
    amount: moneyIn({ minor: entry.amount, currency: entry.currency }),
    at: integer(entry.at, "a moment"),
    extra: [],
  })),
  next: optional(next_cursor, String),
});
