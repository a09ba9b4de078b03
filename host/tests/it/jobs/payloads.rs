//! What is told: every type that the sources tell has a payload, and payloads have the keys that
//! the types of Dodo's SDK (2.52.0) name, each present.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;
use vestibule::cx::Cx;
use vestibule::domain::dispute::{Dispute, DisputeKind, DisputeState};
use vestibule::domain::dunning::{Dunning, DunningState, DunningTrigger};
use vestibule::domain::event_type::EVENT_TYPES;
use vestibule::domain::id::DisputeId;
use vestibule::domain::license::License;
use vestibule::domain::payment::{Initiator, Payment};
use vestibule::domain::refund::{Refund, RefundCause, RefundState};
use vestibule::store::Event;
use vestibule::wire;

use super::Workplace;
use crate::support::databases;
use crate::support::sample::{at, euros, id, payment, scope, subscribed};

/// The name of the payload of each family, and its keys.
const FAMILIES: [(&str, &str, &str); 6] = [
    (
        "payment",
        "Payment",
        "billing brand_id business_id created_at currency customer digital_products_delivered \
         disputes is_multi_subscription is_update_payment_method metadata payment_id \
         payment_provider refunds retry_attempt settlement_amount settlement_currency \
         subscription_ids total_amount card_holder_name card_issuing_country card_last_four \
         card_network card_type checkout_session_id custom_field_responses discount_id discounts \
         error_code error_message invoice_id invoice_url payment_link payment_method \
         payment_method_id payment_method_type product_cart refund_status settlement_tax status \
         subscription_id tax updated_at charge_type includes_usage service_periods",
    ),
    (
        "subscription",
        "Subscription",
        "addons billing brand_id cancel_at_next_billing_date created_at credit_entitlement_cart \
         currency customer has_payment_method metadata meter_credit_entitlement_cart meters \
         next_billing_date on_demand payment_frequency_count payment_frequency_interval \
         previous_billing_date product_id quantity recurring_pre_tax_amount status \
         subscription_id subscription_period_count subscription_period_interval tax_inclusive \
         trial_period_days cancellation_comment cancellation_feedback cancelled_at \
         custom_field_responses customer_business_name discount_cycles_remaining discount_id \
         discounts expires_at paused_at payment_method_id scheduled_change tax_id trial_amount \
         past_due_ends_at resume_at",
    ),
    (
        "license_key",
        "LicenseKey",
        "id brand_id business_id created_at customer_id instances_count key product_id source \
         status activations_limit expires_at payment_id subscription_id",
    ),
    (
        "refund",
        "Refund",
        "brand_id business_id created_at customer is_partial metadata payment_id refund_id \
         status amount currency reason",
    ),
    (
        "dispute",
        "Dispute",
        "amount brand_id business_id created_at currency customer dispute_id dispute_stage \
         dispute_status payment_id payment_provider is_resolved_by_rdr reason remarks",
    ),
    (
        "dunning",
        "DunningAttempt",
        "brand_id created_at customer_id status subscription_id trigger_state payment_id",
    ),
];

fn code(dir: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text += &code(&path);
        } else {
            text += &std::fs::read_to_string(path).unwrap();
        }
    }
    text
}

/// The types that stand in the sources of the flows.
fn told() -> Vec<&'static str> {
    let flows = code(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/flows"));
    let is_told = |kind: &&str| flows.contains(&format!("\"{kind}\""));
    EVENT_TYPES.iter().copied().filter(is_told).collect()
}

#[test]
fn the_api_s_page_names_just_the_types_that_are_never_told() {
    let page = include_str!("../../../MERCHANT_API.md");
    let (_, rest) = page.split_once("Never told,").unwrap();
    let (rest, _) = rest.split_once("\n\n").unwrap();
    let named: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
    let is_named = |kind: &str| {
        named.iter().any(|name| match name.strip_suffix('*') {
            Some(family) => kind.starts_with(family),
            None => kind == *name,
        })
    };
    let told = told();
    for kind in EVENT_TYPES {
        assert_ne!(told.contains(kind), is_named(kind), "{kind}");
    }
}

fn family(kind: &str) -> &str {
    kind.split_once('.').unwrap().0
}

#[test]
fn every_type_that_flows_tell_belongs_to_a_family_with_a_payload() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/wire/event.rs");
    let payloads = std::fs::read_to_string(path).unwrap();
    let told = told();
    assert!(told.len() > 15, "the sources were read: {told:?}");
    for kind in told {
        let arm = format!("\"{}\" =>", family(kind));
        assert!(payloads.contains(&arm), "{kind} is told without a payload");
    }
}

/// One object of each family.
async fn objects(place: &Workplace) -> BTreeMap<&'static str, String> {
    let store = &place.database.store;
    let subscription = subscribed(store).await;
    let paid = payment(&subscription, Initiator::Customer);
    let license = License {
        id: id(),
        scope: scope(),
        customer: subscription.customer.clone(),
        product: subscription.product.clone(),
        subscription: Some(subscription.id.clone()),
        payment: None,
        key: "AAAAA-BBBBB".to_owned(),
        activations_limit: Some(3),
        activations: 0,
        disabled: false,
        suspended: false,
        expires_at: None,
        created_at: at(0),
    };
    let refund = Refund {
        id: id(),
        scope: scope(),
        payment: paid.id.clone(),
        customer: paid.customer.clone(),
        subscription: paid.subscription.clone(),
        gateway: paid.gateway.clone(),
        cause: RefundCause::Merchant,
        amount: euros(100),
        moved_minor: None,
        parts: Vec::new(),
        is_partial: true,
        reason: None,
        metadata: "{}".to_owned(),
        state: RefundState::Created,
        sent_at: None,
        request: "{}".to_owned(),
        gateway_ref: None,
        lookups: 0,
        absent_since: None,
        waits: false,
        key_from: None,
        credit_note: None,
        bounced: None,
        correction: None,
        created_at: at(0),
        updated_at: at(0),
        version: 0,
    };
    let (dispute, dunning) = (
        dispute(&paid, DisputeState::Opened),
        dunning(&paid, DunningState::Recovering, DunningTrigger::OnHold),
    );
    let mut tx = store.begin().await.unwrap();
    tx.insert_payment(&paid).await.unwrap();
    tx.insert_license(&license).await.unwrap();
    tx.insert_refund(&refund).await.unwrap();
    tx.insert_dispute(&dispute).await.unwrap();
    tx.insert_dunning(&dunning).await.unwrap();
    tx.commit().await.unwrap();
    BTreeMap::from([
        ("payment", paid.id.into()),
        ("subscription", subscription.id.into()),
        ("license_key", license.id.into()),
        ("refund", refund.id.into()),
        ("dispute", dispute.id.into()),
        ("dunning", dunning.id.into()),
    ])
}

fn dispute(paid: &Payment, state: DisputeState) -> Dispute {
    let id: DisputeId = id();
    Dispute {
        scope: scope(),
        payment: paid.id.clone(),
        customer: paid.customer.clone(),
        method: None,
        gateway: paid.gateway.clone(),
        reference: id.to_string(),
        id,
        kind: DisputeKind::Dispute,
        state,
        amount: euros(2_900),
        reason: Some("fraudulent".to_owned()),
        reopened: false,
        came_back: false,
        attention: None,
        heard_at: at(0),
        created_at: at(5),
        updated_at: at(5),
    }
}

fn dunning(paid: &Payment, state: DunningState, trigger: DunningTrigger) -> Dunning {
    Dunning {
        id: id(),
        scope: scope(),
        customer: paid.customer.clone(),
        subscription: paid.subscription.clone().unwrap(),
        payment: Some(paid.id.clone()),
        trigger,
        state,
        next_retry_at: None,
        failed_at: at(5),
        ended_at: None,
    }
}

/// The body that an endpoint is sent of `kind` about `object`.
async fn body(cx: &Cx, kind: &str, object: &str) -> Value {
    let event = Event {
        id: cx.new_id(),
        kind: kind.to_owned(),
        object: object.to_owned(),
        occurred_at: at(7),
    };
    let mut tx = cx.store.read().await.unwrap();
    let body = wire::event::envelope(cx, &mut tx, &scope(), &event).await;
    let body = body.unwrap().unwrap().to_bytes();
    serde_json::from_slice(&body).unwrap()
}

#[tokio::test]
async fn a_payload_has_every_key_of_the_sdks_type_and_none_besides() {
    for database in databases().await {
        let place = Workplace::new(database, "https://merchant.example.com/");
        let cx = place.open().await;
        let objects = objects(&place).await;
        for kind in told() {
            let family = family(kind);
            let known = FAMILIES.iter().find(|(known, ..)| *known == family);
            let (_, name, keys) = known.unwrap_or_else(|| panic!("{kind}: which keys has it?"));
            let body = body(&cx, kind, &objects[family]).await;
            assert_eq!(body["type"], kind);
            assert_eq!(body["business_id"], scope().business.as_str());
            assert_eq!(body["timestamp"], at(7).to_string());
            assert_eq!(body["data"]["payload_type"], *name);
            let data = body["data"].as_object().unwrap();
            let found: BTreeSet<&str> = data.keys().map(String::as_str).collect();
            let wanted: BTreeSet<&str> = keys.split_whitespace().chain(["payload_type"]).collect();
            assert_eq!(found, wanted, "{kind}");
        }
    }
}

/// The words are those of `DisputeStatus` and of `WebhookPayload.DunningAttempt`.
#[tokio::test]
async fn disputes_and_askings_stand_in_the_sdks_own_words() {
    for database in databases().await {
        let place = Workplace::new(database, "https://merchant.example.com/");
        let cx = place.open().await;
        let subscription = subscribed(&place.database.store).await;
        let paid = payment(&subscription, Initiator::Customer);
        let mut tx = cx.store.begin().await.unwrap();
        tx.insert_payment(&paid).await.unwrap();
        tx.commit().await.unwrap();

        for (state, word) in [
            (DisputeState::Opened, "dispute_opened"),
            (DisputeState::Won, "dispute_won"),
            (DisputeState::Lost, "dispute_lost"),
        ] {
            let dispute = dispute(&paid, state);
            let mut tx = cx.store.begin().await.unwrap();
            tx.insert_dispute(&dispute).await.unwrap();
            tx.commit().await.unwrap();
            let data = &body(&cx, "dispute.opened", dispute.id.as_str()).await["data"];
            assert_eq!(data["dispute_status"], word);
            assert_eq!(data["dispute_stage"], "dispute");
            assert_eq!(data["amount"], "2900", "a text, as the type says");
            assert_eq!(data["reason"], "fraudulent");
            assert_eq!(data["payment_id"], paid.id.as_str());
            assert_eq!(data["customer"]["customer_id"], paid.customer.as_str());
        }

        let (on_hold, past_due) = (DunningTrigger::OnHold, DunningTrigger::PastDue);
        for (state, trigger, words) in [
            (DunningState::Recovering, on_hold, ["recovering", "on_hold"]),
            (DunningState::Recovered, past_due, ["recovered", "past_due"]),
            (DunningState::Exhausted, on_hold, ["exhausted", "on_hold"]),
            (DunningState::Stopped, on_hold, ["exhausted", "on_hold"]),
        ] {
            let mut dunning = dunning(&paid, state, trigger);
            let ended = matches!(state, DunningState::Recovered | DunningState::Stopped);
            dunning.ended_at = ended.then(|| at(9));
            let mut tx = cx.store.begin().await.unwrap();
            tx.insert_dunning(&dunning).await.unwrap();
            tx.commit().await.unwrap();
            let data = &body(&cx, "dunning.started", dunning.id.as_str()).await["data"];
            assert_eq!([&data["status"], &data["trigger_state"]], words);
            assert_eq!(data["payment_id"], paid.id.as_str());
            assert_eq!(data["created_at"], at(5).to_string());
            // One subscription is asked once at a time.
            dunning.state = DunningState::Stopped;
            let mut tx = cx.store.begin().await.unwrap();
            tx.save_dunning(&dunning).await.unwrap();
            tx.commit().await.unwrap();
        }
    }
}
