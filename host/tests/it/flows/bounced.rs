//! Refunds that had succeeded and come back days later.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::json;
use vestibule::domain::id::{CustomerId, PaymentId};
use vestibule::domain::invoice::{Invoice, InvoiceKind, InvoiceState};
use vestibule::domain::license::{License, LicenseStatus};
use vestibule::domain::refund::parts::Wish;
use vestibule::domain::refund::{Bounce, Refund};
use vestibule::flows::license_keys::{self, Changes};
use vestibule::flows::unsettled::{self, Unsettled};
use vestibule::flows::{Change, Error, Refused, balance, refund, settlement};

use super::extras::Wish as Begin;
use super::refunds::{deliver, delivery_of};
use super::test_clock::Working;
use crate::support::world::World;

impl World {
    /// The money of a refund comes back; answers what the processor says of it then.
    pub(super) async fn bounce(&self, refund: &Refund) -> serde_json::Value {
        let reference = refund.gateway_ref.as_deref().unwrap();
        self.control(&format!("/control/refunds/{reference}/bounce"))
            .await
    }

    async fn documents_of(&self, payment: &PaymentId) -> Vec<Invoice> {
        let mut tx = self.cx.store.read().await.unwrap();
        let payment = tx.payment(&self.scope, payment).await.unwrap().unwrap();
        let mut all = tx
            .invoices_of(&self.scope, &payment.customer, 20, 0)
            .await
            .unwrap();
        all.sort_by_key(|document| (document.kind.as_str(), document.number));
        all
    }

    /// What was bought with a first period, and its key, which is good for a year; the payment of both.
    async fn bought_with_a_key(&self) -> (CustomerId, PaymentId) {
        let product = self.product_at(2_900, true).await;
        let mut once = product.clone();
        once.id = self.cx.new_id();
        let term = once.recurring.take().unwrap().term;
        once.license.as_mut().unwrap().duration = Some(term);
        self.add_product(&once).await;
        let wish = Begin {
            once: vec![(once.id, 1)],
            ..Begin::default()
        };
        let id = self.begun(&product, wish).await;
        let customer = self.subscription(&id).await.customer;
        let payment = self.key_of(&customer).await.payment.unwrap();
        (customer, payment)
    }

    /// The key of a customer that follows no subscription.
    async fn key_of(&self, customer: &CustomerId) -> License {
        let mut tx = self.cx.store.read().await.unwrap();
        let keys = tx.licenses(&self.scope, Some(customer), None, None, 10, 0);
        let mut keys = keys.await.unwrap();
        keys.retain(|key| key.subscription.is_none());
        assert_eq!(keys.len(), 1);
        keys.remove(0)
    }

    async fn bounced_on_the_list(&self) -> Vec<Unsettled> {
        let mut listed = unsettled::list(&self.cx).await.unwrap();
        listed.retain(|entry| entry.state == "bounced");
        listed
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_comes_back_frees_its_amount_and_its_documents_say_so() {
    for world in World::each().await {
        let (subscription, payment) = world.paid().await;
        let made = world.refund(&payment, Wish::Rest).await.unwrap();
        assert_eq!(world.invoice_state(&payment).await, InvoiceState::Credited);
        world.cx.clock.advance(SignedDuration::from_hours(72));
        let failed = world.bounce(&made).await;
        for _ in 0..2 {
            deliver(&world, "refund.failed", &failed).await;
        }
        let after = world.refund_now(&made.id).await;
        assert_eq!(after.state.name(), "failed");
        assert_eq!(after.bounced, Some(Bounce::Open));
        let told = ["refund.succeeded", "refund.failed"];
        assert_eq!(world.told(made.id.as_str()).await, told, "each once");
        let mails = world.mails().await;
        let back = mails.iter().filter(|mail| *mail == "refund-returned");
        assert_eq!(back.count(), 1, "the customer is told once: {mails:?}");
        assert!(world.is_active(&subscription).await);

        let documents = world.documents_of(&payment).await;
        let kinds: Vec<_> = documents.iter().map(|one| (one.kind, one.number)).collect();
        let (invoice, note) = (InvoiceKind::Invoice, InvoiceKind::CreditNote);
        assert_eq!(
            kinds,
            [(note, Some(1)), (invoice, Some(1)), (invoice, Some(2))]
        );
        let correction = &documents[2];
        assert_eq!(after.correction.as_ref(), Some(&correction.id));
        assert_eq!(correction.totals, documents[0].totals);
        assert_eq!(
            Some(&correction.corrects[0].invoice),
            made.credit_note.as_ref()
        );
        assert_eq!(correction.state, InvoiceState::Paid);
        assert_eq!(world.invoice_state(&payment).await, InvoiceState::Paid);

        let listed = world.bounced_on_the_list().await;
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].refund.as_ref(), Some(&made.id));
        assert!(listed[0].decide.is_some());

        // The word of its success, late: the gateway knows better, and nothing moves.
        let mut old = failed.clone();
        old["status"] = "succeeded".into();
        deliver(&world, "refund.succeeded", &old).await;
        assert_eq!(world.refund_now(&made.id).await.state.name(), "failed");

        let again = world.refund(&payment, Wish::Rest).await.unwrap();
        assert_eq!(again.state.name(), "succeeded");
        assert_eq!(world.given_back().await, [2900, 2900]);
        assert_eq!(world.invoice_state(&payment).await, InvoiceState::Credited);
        assert!(world.bounced_on_the_list().await.is_empty(), "made good");
        let more = world.refund(&payment, Wish::Amount(1)).await;
        assert!(matches!(more, Err(Error::Refused(Refused::NothingLeft))));

        world.cx.clock.advance(SignedDuration::from_hours(2));
        let books = balance::compare(&world.cx, &world.scope, "sandbox").await;
        assert_eq!(books.unwrap().differences, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_two_ends_of_a_refund_told_in_the_wrong_order_leave_it_failed() {
    for world in World::each().await {
        let (_, payment) = world.paid().await;
        let held = Some(serde_json::json!({ "held": true }));
        let sandbox = &world.sandbox;
        sandbox.call(Method::PUT, "/control/refunds", held).await;
        let made = world.refund(&payment, Wish::Rest).await.unwrap();
        assert_eq!(made.state.name(), "processing");
        let reference = made.gateway_ref.clone().unwrap();
        let settle = format!("/control/refunds/{reference}/settle");
        let succeeded = world.control(&settle).await;
        let failed = world.bounce(&made).await;
        deliver(&world, "refund.failed", &failed).await;
        deliver(&world, "refund.succeeded", &succeeded).await;
        let after = world.refund_now(&made.id).await;
        assert_eq!((after.state.name(), after.credit_note), ("failed", None));
        assert_eq!(world.told(made.id.as_str()).await, ["refund.failed"]);
        let mails = world.mails().await;
        for kind in ["refunded", "refund-returned"] {
            assert!(!mails.contains(&kind.to_owned()), "{mails:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_decides_about_a_refund_that_came_back_once() {
    for world in World::each().await {
        let (_, payment) = world.paid().await;
        let made = world.refund(&payment, Wish::Amount(500)).await.unwrap();
        let decide = || {
            let evidence = "paid out by transfer, 24 November";
            refund::decide(&world.cx, &world.scope, &made.id, evidence)
        };
        assert!(decide().await.is_err(), "it has not come back");
        let failed = world.bounce(&made).await;
        deliver(&world, "refund.failed", &failed).await;
        assert_eq!(world.bounced_on_the_list().await.len(), 1);
        assert_eq!(decide().await.unwrap().bounced, Some(Bounce::Decided));
        assert!(world.bounced_on_the_list().await.is_empty());
        assert!(matches!(
            decide().await,
            Err(Error::Refused(Refused::State))
        ));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_ended_with_a_refund_are_there_again_when_it_comes_back() {
    for world in World::each().await {
        let (customer, payment) = world.bought_with_a_key().await;
        let before = world.key_of(&customer).await;
        assert!(before.expires_at.is_some());
        let part = world.refund(&payment, Wish::Amount(900)).await.unwrap();
        let rest = world.refund(&payment, Wish::Rest).await.unwrap();
        let status = async || world.key_of(&customer).await.status(world.cx.now());
        assert_eq!(status().await, LicenseStatus::Expired);

        // The first part alone is back: not all of the money is gone any more.
        world.cx.clock.advance(SignedDuration::from_hours(72));
        let failed = world.bounce(&part).await;
        for _ in 0..2 {
            deliver(&world, "refund.failed", &failed).await;
        }
        let after = world.key_of(&customer).await;
        assert_eq!(status().await, LicenseStatus::Active);
        assert_eq!(
            (after.key, after.expires_at),
            (before.key.clone(), before.expires_at)
        );
        let failed = world.bounce(&rest).await;
        deliver(&world, "refund.failed", &failed).await;
        assert_eq!(world.key_of(&customer).await.expires_at, before.expires_at);

        // Given back again, it ends again.
        world.refund(&payment, Wish::Rest).await.unwrap();
        assert_eq!(status().await, LicenseStatus::Expired);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_the_merchant_has_ended_stays_ended_when_a_refund_comes_back() {
    for world in World::each().await {
        let (customer, payment) = world.bought_with_a_key().await;
        let made = world.refund(&payment, Wish::Rest).await.unwrap();
        let key = world.key_of(&customer).await.id;
        let ended = world.cx.now() - SignedDuration::from_hours(1);
        let end = Changes {
            expires_at: Change::Set(ended),
            ..Changes::default()
        };
        license_keys::update(&world.cx, &world.scope, &key, end)
            .await
            .unwrap();
        let failed = world.bounce(&made).await;
        deliver(&world, "refund.failed", &failed).await;
        let after = world.key_of(&customer).await;
        assert_eq!(after.expires_at.unwrap().as_second(), ended.as_second());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_whose_refund_came_back_is_told_that_the_money_is_still_theirs() {
    for world in World::each().await {
        let (_, payment) = world.paid().await;
        let made = world.refund(&payment, Wish::Amount(500)).await.unwrap();
        let failed = world.bounce(&made).await;
        deliver(&world, "refund.failed", &failed).await;
        let working = Working::start(&world);
        working.idle(&world).await;
        let told = |text: &&String| text.contains("The money is still yours");
        let texts = working.texts();
        let back: Vec<_> = texts.iter().filter(told).collect();
        assert_eq!(back.len(), 1, "{texts:?}");
        assert!(back[0].contains("€5.00"), "{back:?}");
        assert!(back[0].contains("Lumen Pro"), "{back:?}");
        assert!(back[0].contains("TEST-LUM-000002"), "{back:?}");
        let sent = |text: &&String| text.contains("We have refunded");
        assert_eq!(
            texts.iter().filter(sent).count(),
            0,
            "what is not true any more is not said"
        );
        working.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn which_of_two_ends_came_last_is_not_guessed_while_the_gateway_cannot_tell_yet() {
    for world in World::each().await {
        let (_, payment) = world.paid().await;
        let hidden = json!({
            "operation": "refund", "answer": "cut_after", "hide_lookup_ms": 3_600_000, "times": 1,
        });
        world.sandbox.fault(hidden).await;
        let made = world.refund(&payment, Wish::Amount(900)).await.unwrap();
        assert_eq!(made.state.name(), "unknown");
        let ledger = world.sandbox.ledger().await;
        let entry = ledger.iter().find(|entry| entry["kind"] == "refund");
        let reference = entry.unwrap()["reference"].as_str().unwrap().to_owned();
        let path = format!("/v1/refunds/{reference}");
        let gone = world.sandbox.call(Method::GET, &path, None).await;
        let back = world
            .control(&format!("/control/refunds/{reference}/bounce"))
            .await;
        // That it came back is heard before that it had gone.
        deliver(&world, "refund.failed", &back).await;
        // It says that a look-up is a minute late, and is later.
        for minutes in [0, 10] {
            world.cx.clock.advance(SignedDuration::from_mins(minutes));
            let delivery = delivery_of(&world, "refund.succeeded", &gone, world.cx.now());
            let told = settlement::receive(&world.cx, &world.scope, "sandbox", &delivery).await;
            assert!(
                matches!(told, Err(Error::Unavailable(_))),
                "told again later"
            );
        }
        let after = world.refund_now(&made.id).await;
        assert_eq!((after.state.name(), after.credit_note), ("failed", None));
    }
}
