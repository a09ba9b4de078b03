// What a merchant's backend and its customer do, step by step.

import { enterCard } from "./browser.mjs";
import { until } from "./processes.mjs";

export const CARDS = {
  declinesAtRenewal: "4000 0000 0000 0341",
  withoutMoney: "4000 0000 0000 9995",
  confirmed: "4000 0025 0000 3155",
};

const DAY = 86_400_000;

/** A product with license keys, a customer, and a subscription that waits for its payment. */
export async function provision(dodo, email) {
  const product = await dodo.products.create({
    name: "Lumen Pro",
    tax_category: "saas",
    license_key_enabled: true,
    license_key_activations_limit: 3,
    price: {
      type: "recurring_price",
      currency: "EUR",
      price: 2900,
      discount: 0,
      purchasing_power_parity: false,
      tax_inclusive: true,
      payment_frequency_count: 1,
      payment_frequency_interval: "Month",
      subscription_period_count: 10,
      subscription_period_interval: "Year",
      trial_period_days: 0,
    },
  });
  const customer = await dodo.customers.create({ email, name: "Amélie Moreau" });
  const subscription = await dodo.subscriptions.create({
    product_id: product.product_id,
    quantity: 1,
    customer: { customer_id: customer.customer_id },
    billing: { country: "DE", city: "Berlin", state: "", street: "Lindenstraße 4", zipcode: "10969" },
    payment_link: true,
    metadata: { plan: "pro", 10: "ten", 2: "two" },
  });
  return { product, customer, subscription };
}

/** On one of our pages, presses what leads to the provider's page, and waits for that. */
export async function goToProvider(page, button) {
  await page.getByRole("button", { name: button }).click();
  const onward = page.getByRole("link", { name: /^Continue/ });
  const form = page.getByLabel("Card number");
  await onward.or(form).first().waitFor();
  if (await onward.isVisible()) await onward.click();
  await form.waitFor();
}

/** Pays the first period on the hosted page. */
export async function begin(page, link, card) {
  await page.goto(link);
  await goToProvider(page, /^Pay/);
  await enterCard(page, card);
  await page.getByRole("heading", { name: "Payment received" }).waitFor();
}

export async function standing(dodo, id, wanted) {
  return until(`the subscription is ${wanted}`, async () => {
    const subscription = await dodo.subscriptions.retrieve(id);
    return subscription.status === wanted && subscription;
  });
}

/** Makes the next period due now; the card that declines at renewal puts it on hold. */
export async function letItRenew(dodo, id) {
  await dodo.subscriptions.update(id, {
    next_billing_date: new Date(Date.now() + 1_500).toISOString(),
  });
  const onHold = await standing(dodo, id, "on_hold");
  if (Date.parse(onHold.next_billing_date) > Date.now() + DAY) {
    throw new Error("a period was granted that nobody paid for");
  }
}

export async function paymentsOf(dodo, subscription) {
  const { items } = await dodo.payments.list({ subscription_id: subscription });
  return items;
}
