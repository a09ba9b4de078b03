// The processor's webhooks: Standard Webhooks, checked before a word of them is believed.

import * as convert from "./convert.js";
import { Failure, body, standardWebhook } from "./vestibule.js";

/** Checks a delivery and says what it means. */
export function parse(delivery) {
  const id = standardWebhook(delivery, "webhook_secret");
  const event = body(delivery);
  if (typeof event?.type !== "string" || !Number.isSafeInteger(event.created_at)) {
    throw new Failure("malformed", "the body is not an event");
  }
  return {
    events: [{ id, occurredAt: BigInt(event.created_at), news: news(event) }],
    ack: { status: 204, body: "" },
  };
}

function news({ type, data }) {
  const known = typeof data?.id === "string";
  const told = (tag, state) => {
    if (!known || typeof data.key !== "string") throw new Failure("malformed", `${type} without its object`);
    return { tag, val: { about: { key: data.key, reference: data.id }, state: perhaps(() => state(data)) } };
  };
  switch (type.split(".")[0]) {
    case "charge":
      return told("payment", convert.payment);
    case "setup":
      return told("setup", convert.setupState);
    case "refund":
      return told("refund", convert.refundState);
    case "dispute":
    case "debit": {
      const reversal = perhaps(() => convert.reversal(data));
      if (!reversal) throw new Failure("malformed", `${type} without its object`);
      return { tag: "reversal", val: reversal };
    }
    default:
      return type === "method.gone" && known
        ? { tag: "method-gone", val: data.id }
        : { tag: "other", val: type };
  }
}

/** A state that cannot be told makes the host ask, which is never wrong. */
function perhaps(state) {
  try {
    return state();
  } catch {
    return undefined;
  }
}
