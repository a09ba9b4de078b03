// A branding: another colour and a notice in December. What it may answer is documented in
// `wit/branding/v1` of Vestibule. An exported constant is an interface, its functions are the
// interface's.

import { get } from "vestibule:host/settings@1.0.0";

export const looks = {
  resolve(context) {
    // The day is in the context, such as `2026-12-24`.
    const december = context.date.split("-")[1] === "12";
    return {
      tokens: december ? [{ name: "light.accent", value: get("accent").val }] : [],
      logo: undefined,
      wording: [],
      header: undefined,
      footer: december ? { tag: "text", val: get("notice").val } : undefined,
      // For an hour; it is asked anew when the day changes.
      lifetime: 60 * 60,
      extra: [],
    };
  },
};
