//! One errand of a customer, or of the merchant for one: by the API or by the real pages.

use std::time::Duration;

use anyhow::Context as _;
use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use serde_json::{Value, json};
use tokio::time::sleep;
use url::Url;

use crate::customer::{CODE, Subject, Town};
use crate::place::BUSINESS;
use crate::visitor::{Fields, Visitor};

/// Cards and what they do: see `host/sandbox/README.md`. Those that fail at renewal make holds.
const CARDS: [&str; 9] = [
    "4242424242424242",
    "5555555555554444",
    "4000002500003155",
    "4000002760003184",
    "4000000000000341",
    "4000000000000341",
    "4000000000000341",
    "4000000000000515",
    "4000000000009995",
];
const GOOD_CARD: &str = "4242424242424242";
/// Bank debits: one settles, one fails in the end.
const ACCOUNTS: [&str; 2] = ["DE89370400440532013000", "DE62370400440532013001"];

pub(crate) struct Errand<'a> {
    pub(crate) town: &'a Town,
    pub(crate) chance: &'a mut StdRng,
}

impl Errand<'_> {
    /// A new subscription, mostly of a new customer, and its first payment.
    pub(crate) async fn buy(mut self, email: &str) -> anyhow::Result<()> {
        let mut body = json!({
            "product_id": self.town.any_plan(self.chance),
            "quantity": 1,
            "customer": { "email": email, "name": "Alex Example", "create_new_customer": true },
            "billing": {
                "country": "DE", "city": "Berlin", "state": "", "street": "Lindenstraße 4",
                "zipcode": "10969",
            },
            "payment_link": true,
            "metadata": { "email": email },
        });
        if let Some(customer) = self.town.regular(self.chance) {
            body["customer"] = json!({ "customer_id": customer });
        }
        if self.chance.random_bool(0.15) {
            body["on_demand"] = json!({ "mandate_only": true });
        } else if self.chance.random_bool(0.3) {
            body["discount_codes"] = json!([CODE]);
        }
        let made = self.town.api.post("/subscriptions", body).await?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let subject = Subject {
            customer: text(&made["customer"]["customer_id"]),
            subscription: text(&made["subscription_id"]),
            link: text(&made["payment_link"]),
        };
        self.town.arrived(subject.clone());
        self.begin(&subject).await
    }

    /// Whatever makes sense for a subscription as it stands.
    pub(crate) async fn look_after(mut self, subject: &Subject) -> anyhow::Result<()> {
        let path = format!("/subscriptions/{}", subject.subscription);
        let standing = self.town.api.get(&path).await?;
        match standing["status"].as_str().unwrap_or_default() {
            "pending" => self.begin(subject).await,
            "on_hold" | "past_due" => match self.chance.random_range(0..12) {
                0..4 => self.pay_on_page(subject).await,
                4..8 => self.pay_by_api(subject).await,
                8 => self.method_by_api(subject).await,
                9 => self.cancel_on_page(subject).await,
                _ => self.pay_all(subject).await,
            },
            "paused" => self.go_on(subject).await,
            "active" => match self.chance.random_range(0..37) {
                0..12 if standing["on_demand"] == json!(true) => self.charge(subject).await,
                0..12 => self.let_it_renew(subject).await,
                12..14 => self.method_on_page(subject).await,
                14 => self.method_by_api(subject).await,
                15 => self.cancel_on_page(subject).await,
                16 => self.cancel_by_api(subject).await,
                17..25 => self.change_plan(subject).await,
                25 => self.keep_plan(subject).await,
                26..29 => self.refund(subject).await,
                29..33 => self.pause(subject).await,
                33 => self.backup_on_page(subject).await,
                _ => self.keep(subject, &standing).await,
            },
            // Nothing can bring it back.
            _ => {
                self.town.left(subject);
                Ok(())
            }
        }
    }

    /// The hosted page of a first payment.
    async fn begin(&mut self, subject: &Subject) -> anyhow::Result<()> {
        let mut visitor = Visitor::new(self.town.client.clone(), &self.town.door)?;
        let page = visitor.get(&subject.link).await?;
        let path = Url::parse(&subject.link)?.path().to_owned();
        let (action, fields) = page.form(&path)?;
        self.press(&mut visitor, &action, &fields).await
    }

    /// The merchant moves the next billing date to now.
    async fn let_it_renew(&mut self, subject: &Subject) -> anyhow::Result<()> {
        let wait = Duration::from_millis(self.chance.random_range(300..1_500));
        let at = now().checked_add(wait)?;
        let path = format!("/subscriptions/{}", subject.subscription);
        let body = json!({ "next_billing_date": at.to_string() });
        self.town.api.patch(&path, body).await.map(drop)
    }

    /// The portal's page that pays what is due.
    async fn pay_on_page(&mut self, subject: &Subject) -> anyhow::Result<()> {
        self.choose_on(subject, "reactivate").await
    }

    /// The portal's page that changes the method.
    async fn method_on_page(&mut self, subject: &Subject) -> anyhow::Result<()> {
        self.choose_on(subject, "payment-method").await
    }

    /// The portal's page that pays what is due on every subscription with one method.
    async fn pay_all(&mut self, subject: &Subject) -> anyhow::Result<()> {
        self.choose_at(subject, "/pay-all").await
    }

    async fn choose_on(&mut self, subject: &Subject, what: &str) -> anyhow::Result<()> {
        let path = format!("/subscriptions/{}/{what}", subject.subscription);
        self.choose_at(subject, &path).await
    }

    /// A page of the portal on which a method is chosen.
    async fn choose_at(&mut self, subject: &Subject, path: &str) -> anyhow::Result<()> {
        let choice = match self.saved(subject).await? {
            Some(method) if self.chance.random_bool(0.5) => method,
            _ => "new".to_owned(),
        };
        let mut visitor = self.sign_in(subject).await?;
        let page = visitor.get(&format!("/test/{BUSINESS}{path}")).await?;
        let (action, mut fields) = page.form(path)?;
        fields.retain(|(name, _)| name != "choice");
        fields.push(("choice".to_owned(), choice));
        self.press(&mut visitor, &action, &fields).await
    }

    /// Sends a form, now and then twice at once, and goes where it leads.
    pub(crate) async fn press(
        &mut self,
        visitor: &mut Visitor,
        action: &str,
        fields: &Fields,
    ) -> anyhow::Result<()> {
        if self.chance.random_bool(0.2) {
            let _ = visitor.post(action, fields).await;
        }
        let answer = visitor.post(action, fields).await?;
        match visitor.follow(answer).await? {
            Some(page) => self.at_the_processor(visitor, page).await,
            None => Ok(()),
        }
    }

    /// The processor's page: typed at once or late, confirmed at the bank or not, or left open.
    async fn at_the_processor(&mut self, visitor: &mut Visitor, page: Url) -> anyhow::Result<()> {
        if self.chance.random_bool(0.08) {
            return Ok(());
        }
        if self.chance.random_bool(0.1) {
            sleep(Duration::from_millis(self.chance.random_range(500..4_000))).await;
        }
        let fields = if self.chance.random_bool(0.15) {
            let account = ACCOUNTS.choose(self.chance).copied().unwrap_or_default();
            vec![
                ("with", "debit"),
                ("iban", account),
                ("holder", "Alex Example"),
            ]
        } else {
            let card = CARDS.choose(self.chance).copied().unwrap_or(GOOD_CARD);
            vec![
                ("with", "card"),
                ("number", card),
                ("expiry", "12 / 34"),
                ("cvc", "123"),
                ("holder", "Alex Example"),
            ]
        };
        let typed = visitor.post(page.as_str(), &named(&fields)).await?;
        let mut back = typed.location;
        let at_bank = |url: &Url| url.origin() == page.origin();
        if let Some(bank) = back.clone().filter(at_bank) {
            if self.chance.random_bool(0.1) {
                return Ok(());
            }
            let decision = if self.chance.random_bool(0.85) {
                "approve"
            } else {
                "refuse"
            };
            let decided = visitor
                .post(bank.as_str(), &named(&[("decision", decision)]))
                .await?;
            back = decided.location;
        }
        // Browsers are closed before they are back.
        if let Some(back) = back.filter(|_| self.chance.random_bool(0.75)) {
            let answer = visitor.get(back.as_str()).await?;
            visitor.follow(answer).await?;
        }
        Ok(())
    }

    /// The merchant pays what is due with what is saved, or asks for a page for a new method.
    async fn pay_by_api(&mut self, subject: &Subject) -> anyhow::Result<()> {
        self.method_by_api(subject).await
    }

    async fn method_by_api(&mut self, subject: &Subject) -> anyhow::Result<()> {
        let body = match self.saved(subject).await? {
            Some(method) if self.chance.random_bool(0.7) => {
                json!({ "type": "existing", "payment_method_id": method })
            }
            _ => json!({ "type": "new" }),
        };
        let path = format!(
            "/subscriptions/{}/update-payment-method",
            subject.subscription
        );
        let answer = self.town.api.post(&path, body).await?;
        let Some(link) = answer["payment_link"].as_str() else {
            return Ok(());
        };
        let link = Url::parse(link)?;
        let mut visitor = Visitor::new(self.town.client.clone(), &self.town.door)?;
        if link.origin() != Url::parse(&self.town.door)?.origin() {
            return self.at_the_processor(&mut visitor, link).await;
        }
        let page = visitor.get(link.as_str()).await?;
        let (action, fields) = page.form(link.path())?;
        self.press(&mut visitor, &action, &fields).await
    }

    async fn cancel_by_api(&mut self, subject: &Subject) -> anyhow::Result<()> {
        let path = format!("/subscriptions/{}", subject.subscription);
        let body = if self.chance.random_bool(0.3) {
            json!({ "status": "cancelled" })
        } else {
            json!({ "cancel_at_next_billing_date": true })
        };
        self.town.api.patch(&path, body).await.map(drop)
    }

    async fn cancel_on_page(&mut self, subject: &Subject) -> anyhow::Result<()> {
        let mut visitor = self.sign_in(subject).await?;
        let path = format!(
            "/test/{BUSINESS}/subscriptions/{}/cancel",
            subject.subscription
        );
        let page = visitor.get(&path).await?;
        let (action, mut fields) = page.form("/cancel")?;
        fields.retain(|(name, _)| name != "when");
        let when = if self.chance.random_bool(0.2) {
            "now"
        } else {
            "period-end"
        };
        fields.push(("when".to_owned(), when.to_owned()));
        for name in ["reason", "comment"] {
            fields.push((name.to_owned(), String::new()));
        }
        let answer = visitor.post(&action, &fields).await?;
        visitor.follow(answer).await.map(drop)
    }

    /// Takes a scheduled cancellation back; there is nothing to do without one.
    async fn keep(&mut self, subject: &Subject, standing: &Value) -> anyhow::Result<()> {
        if standing["cancel_at_next_billing_date"] != json!(true) {
            return Ok(());
        }
        if self.chance.random_bool(0.5) {
            let path = format!("/subscriptions/{}", subject.subscription);
            let body = json!({ "cancel_at_next_billing_date": false });
            return self.town.api.patch(&path, body).await.map(drop);
        }
        let mut visitor = self.sign_in(subject).await?;
        let path = format!("/test/{BUSINESS}/subscriptions/{}", subject.subscription);
        let page = visitor.get(&path).await?;
        let (action, fields) = page.form("/keep")?;
        let answer = visitor.post(&action, &fields).await?;
        visitor.follow(answer).await.map(drop)
    }

    /// Signs the customer in by a link that the merchant made.
    pub(crate) async fn sign_in(&mut self, subject: &Subject) -> anyhow::Result<Visitor> {
        let path = format!("/customers/{}/customer-portal/session", subject.customer);
        let made = self.town.api.post(&path, json!({})).await?;
        let link = made["link"].as_str().context("no link was made")?;
        let mut visitor = Visitor::new(self.town.client.clone(), &self.town.door)?;
        let page = visitor.get(link).await?;
        let (action, fields) = page.form(Url::parse(link)?.path())?;
        visitor.post(&action, &fields).await?;
        Ok(visitor)
    }

    /// A method that the customer has saved.
    pub(crate) async fn saved(&mut self, subject: &Subject) -> anyhow::Result<Option<String>> {
        let path = format!("/customers/{}/payment-methods", subject.customer);
        let list = self.town.api.get(&path).await?;
        let methods = list["items"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let chosen = methods.choose(self.chance);
        Ok(chosen.and_then(|method| method["payment_method_id"].as_str().map(str::to_owned)))
    }
}

fn named(fields: &[(&str, &str)]) -> Fields {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    fields.iter().map(own).collect()
}

/// The merchant's own clock.
#[expect(clippy::disallowed_methods, reason = "the customers live in real time")]
pub(crate) fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}
