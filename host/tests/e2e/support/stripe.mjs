// Localstripe from the outside, through the line in front of it: its books, which alone decide
// what was charged, and its page, on which localstripe's own Stripe.js takes the card.

export class Stripe {
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

  /** Sends its webhooks to `url`. */
  async notify(url, secret) {
    return this.#call("POST", "/_config/webhooks/host", { url, secret });
  }

  /** Every charge that moved money, oldest first. */
  async charges() {
    const { data } = await this.#call("GET", "/v1/balance_transactions?limit=100&expand[]=data.source");
    return data.filter((entry) => entry.type === "charge").reverse().map(({ source }) => ({
      amount: source.amount,
      key: source.metadata.vestibule_key,
    }));
  }
}

/** Fills Stripe's fields and sends them. */
export async function giveCard(page, number) {
  for (const [field, value] of Object.entries({
    number, exp_month: "12", exp_year: "34", cvc: "123", postal_code: "10969",
  })) await page.getByPlaceholder(field, { exact: true }).fill(value);
  await page.getByLabel("Name").fill("Amélie Moreau");
  await page.getByRole("button", { name: /^(Pay|Save)/ }).click();
}

/** On one of our pages, presses what leads to Stripe's page, and waits for that. */
export async function goToStripe(page, button) {
  await page.getByRole("button", { name: button }).click();
  const onward = page.getByRole("link", { name: /^Continue/ });
  const fields = page.getByPlaceholder("number", { exact: true });
  await onward.or(fields).first().waitFor();
  if (await onward.isVisible()) await onward.click();
  await fields.waitFor();
}
