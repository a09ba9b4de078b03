//! Mails about facts, in the customer's language, once each.

use vestibule::cx::Cx;
use vestibule::domain::subscription::{HoldReason, SubscriptionState};
use vestibule::store::{MailOrder, Work};

use super::{Workplace, eventually};
use crate::support::sample::{at, scope, subscribed};
use crate::support::sqlite;

async fn order(cx: &Cx, order: &MailOrder) {
    let mut tx = cx.store.begin().await.unwrap();
    cx.order(&mut tx, &scope(), &Work::Mail(order.clone()))
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

fn mails(place: &Workplace) -> Vec<String> {
    let entries = std::fs::read_dir(place.mailbox()).into_iter().flatten();
    let mails = entries.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap());
    mails.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_ordered_twice_is_one_mail_in_the_customers_language() {
    let place = Workplace::new(sqlite().await, "http://127.0.0.1:9/events");
    let subscription = subscribed(&place.database.store).await;
    let process = place.start().await;
    let reactivated = MailOrder::SubscriptionReactivated {
        subscription: subscription.id.clone(),
        payment: None,
        nonce: None,
    };
    for _ in 0..2 {
        order(&process.cx, &reactivated).await;
        eventually("it is sent", async || place.jobs().await.is_empty()).await;
    }
    let mails = mails(&place);
    let [mail] = &mails[..] else {
        panic!("{} mails", mails.len())
    };
    assert!(mail.contains("To: Amelie@Example.com"), "{mail}");
    assert!(
        mail.contains(&format!("reactivated-{}", subscription.id)),
        "{mail}"
    );
    assert!(mail.contains("/test/login/bus_lumen"), "{mail}");
    assert!(
        mail.contains("lang=3D\"es\"") || mail.contains("lang=\"es\""),
        "{mail}"
    );
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_that_is_no_longer_true_is_not_sent() {
    let place = Workplace::new(sqlite().await, "http://127.0.0.1:9/events");
    let mut subscription = subscribed(&place.database.store).await;
    let process = place.start().await;
    let cancelled = MailOrder::SubscriptionCancelled {
        subscription: subscription.id.clone(),
        nonce: "1".to_owned(),
    };
    order(&process.cx, &cancelled).await;
    eventually("it is looked at", async || place.jobs().await.is_empty()).await;
    assert!(mails(&place).is_empty());

    let mut tx = process.cx.store.begin().await.unwrap();
    subscription.state = SubscriptionState::OnHold {
        why: HoldReason::RenewalFailed,
        since: at(1),
    };
    subscription.cancel_at_period_end = true;
    tx.save_subscription(&mut subscription).await.unwrap();
    tx.commit().await.unwrap();
    order(&process.cx, &cancelled).await;
    eventually("it is sent", async || place.jobs().await.is_empty()).await;
    assert_eq!(mails(&place).len(), 1);

    // It came back, and is on hold once more before anybody was told.
    let reactivated = MailOrder::SubscriptionReactivated {
        subscription: subscription.id.clone(),
        payment: None,
        nonce: None,
    };
    order(&process.cx, &reactivated).await;
    eventually("it is looked at", async || place.jobs().await.is_empty()).await;
    assert_eq!(mails(&place).len(), 1);
    process.stop().await;
}
