//! The rows that a customer has: subscriptions, debts, payments, methods, keys.

use vestibule::domain::customer::BuyerDetails;
use vestibule::domain::debt::{Debt, DebtKind, DebtState};
use vestibule::domain::id::{MethodId, ProductId};
use vestibule::domain::license::License;
use vestibule::domain::method::PaymentMethod;
use vestibule::domain::payment::{Initiator, Payment, PaymentState, Purpose};
use vestibule::domain::period::{Interval, Period, Unit};
use vestibule::domain::subscription::{
    Cancellation, Extras, HoldReason, Subscription, SubscriptionState,
};
use vestibule::domain::tax::{Line, Role, TaxRate};

use super::{Guest, days, euro};

const MONTH: Interval = Interval {
    unit: Unit::Month,
    count: 1,
};

impl Guest<'_> {
    /// A subscription to "Lumen Pro" that is active and renews in ten days.
    pub(super) async fn active(&self) -> Subscription {
        let product = self.house.product("Lumen Pro").await;
        self.subscribe(product, SubscriptionState::Active).await
    }

    fn subscription(&self, product: ProductId, state: SubscriptionState) -> Subscription {
        let house = self.house;
        let now = house.now();
        Subscription {
            id: house.cx.new_id(),
            scope: house.scope.clone(),
            customer: self.id(),
            product,
            quantity: 1,
            unit_price: euro(2900),
            extras: Extras::default(),
            tax_inclusive: true,
            interval: MONTH,
            term: MONTH,
            trial_days: 0,
            state,
            anchor: now - days(20),
            period: Period {
                start: now - days(20),
                end: now + days(10),
            },
            expires_at: None,
            cancel_at_period_end: false,
            cancellation: Cancellation::default(),
            resume_at: None,
            on_demand: false,
            method: None,
            buyer: BuyerDetails::default(),
            metadata: "{}".to_owned(),
            return_url: None,
            created_at: now - days(20),
            updated_at: now,
            version: 0,
        }
    }

    pub(super) async fn subscribe(
        &self,
        product: ProductId,
        state: SubscriptionState,
    ) -> Subscription {
        let subscription = self.subscription(product, state);
        self.house
            .write(async |tx| tx.insert_subscription(&subscription).await.unwrap())
            .await;
        subscription
    }

    /// One unpaid period, 29.00 € with the tax.
    fn debt(&self, subscription: &Subscription) -> Debt {
        let since = self.house.now() - days(3);
        Debt {
            id: self.house.cx.new_id(),
            scope: subscription.scope.clone(),
            customer: self.id(),
            subscription: Some(subscription.id.clone()),
            kind: DebtKind::Period,
            cause: "the period".to_owned(),
            lines: vec![Line {
                product: Some(subscription.product.clone()),
                description: "Lumen Pro".to_owned(),
                quantity: 1,
                unit: euro(2900),
                tax_inclusive: true,
                rate: TaxRate(190_000),
                period: None,
                role: Role::Product,
                share: None,
                part: None,
            }],
            amount: euro(2900),
            tax_minor: 463,
            state: DebtState::Open,
            settled_by: None,
            disputed: false,
            created_at: since,
            closed_at: None,
        }
    }

    /// A subscription on hold, with 29.00 € due.
    pub(super) async fn on_hold(&self) -> Subscription {
        let now = self.house.now();
        let hold = SubscriptionState::OnHold {
            why: HoldReason::RenewalFailed,
            since: now - days(3),
        };
        let product = self.house.product("Lumen Pro").await;
        let subscription = self.subscribe(product, hold).await;
        let debt = self.debt(&subscription);
        self.house
            .write(async |tx| assert!(tx.insert_debt(&debt).await.unwrap()))
            .await;
        subscription
    }

    /// A renewal fails while its customer is elsewhere: 29.00 € are due.
    pub(super) async fn falls_due(&self, subscription: &Subscription) {
        let (debt, since) = (self.debt(subscription), self.house.now());
        self.house
            .write(async |tx| {
                assert!(tx.insert_debt(&debt).await.unwrap());
                let locked = tx.lock_subscription(&debt.scope, &subscription.id).await;
                let mut held = locked.unwrap().unwrap();
                held.state = SubscriptionState::OnHold {
                    why: HoldReason::RenewalFailed,
                    since,
                };
                tx.save_subscription(&mut held).await.unwrap();
            })
            .await;
    }

    fn renewal(&self, subscription: &Subscription, state: PaymentState) -> Payment {
        let house = self.house;
        let now = house.now();
        Payment {
            id: house.cx.new_id(),
            scope: house.scope.clone(),
            customer: self.id(),
            subscription: Some(subscription.id.clone()),
            purpose: Purpose::Renewal,
            gateway: "sandbox".to_owned(),
            amount: euro(2900),
            tax_minor: 463,
            method: None,
            initiator: Initiator::Recurring,
            state,
            sent_at: Some(now),
            request: None,
            gateway_ref: None,
            invoice: None,
            attempt: 0,
            period: None,
            quote: None,
            unapplied: false,
            moved: None,
            lookups: 0,
            absent_since: None,
            metadata: "{}".to_owned(),
            return_url: None,
            buyer: BuyerDetails::default(),
            created_at: now,
            updated_at: now,
            version: 0,
        }
    }

    pub(super) async fn payment(
        &self,
        subscription: &Subscription,
        state: PaymentState,
    ) -> Payment {
        let payment = self.renewal(subscription, state);
        self.house
            .write(async |tx| tx.insert_payment(&payment).await.unwrap())
            .await;
        payment
    }

    /// A subscription that waits for its first payment on the hosted page, or for a method when
    /// `trial_days` come first.
    pub(super) async fn pending(&self, trial_days: u32) -> (Subscription, Payment) {
        let product = self.house.product("Lumen Pro").await;
        let subscription = Subscription {
            trial_days,
            ..self.subscription(product, SubscriptionState::Pending)
        };
        let debt = self.debt(&subscription);
        let payment = Payment {
            purpose: Purpose::Begin,
            sent_at: None,
            amount: euro(if trial_days == 0 { 2900 } else { 0 }),
            ..self.renewal(&subscription, PaymentState::Created)
        };
        self.house
            .write(async |tx| {
                tx.insert_subscription(&subscription).await.unwrap();
                tx.insert_payment(&payment).await.unwrap();
                if trial_days == 0 {
                    tx.insert_debt(&debt).await.unwrap();
                    tx.hold_debt(&payment.id, &debt.id).await.unwrap();
                }
            })
            .await;
        (subscription, payment)
    }

    pub(super) async fn visa(&self) -> MethodId {
        let now = self.house.now();
        let method = PaymentMethod {
            id: self.house.cx.new_id(),
            scope: self.house.scope.clone(),
            customer: self.id(),
            gateway: "sandbox".to_owned(),
            reference: "pm_1".to_owned(),
            customer_reference: None,
            kind: "card".to_owned(),
            brand: Some("visa".to_owned()),
            last4: Some("4242".to_owned()),
            expiry_month: Some(6),
            expiry_year: Some(2099),
            holder: None,
            country: None,
            funding: None,
            mandate_reference: None,
            network_reference: None,
            created_at: now,
            last_used_at: None,
            refused_at: None,
            is_backup: false,
        };
        self.house
            .write(async |tx| {
                tx.keep_method(&method, method.created_at).await.unwrap();
            })
            .await;
        method.id
    }

    pub(super) async fn mastercard(&self) -> MethodId {
        let visa = self.visa().await;
        let id: MethodId = self.house.cx.new_id();
        self.house
            .write(async |tx| {
                let known = tx.method(&self.house.scope, &visa).await.unwrap();
                let method = PaymentMethod {
                    id: id.clone(),
                    reference: "pm_2".to_owned(),
                    brand: Some("mastercard".to_owned()),
                    last4: Some("4444".to_owned()),
                    ..known.unwrap()
                };
                tx.keep_method(&method, method.created_at).await.unwrap();
            })
            .await;
        id
    }

    /// A card whose brand and holder are these words.
    pub(super) async fn card_that_says(&self, words: &str) {
        let visa = self.visa().await;
        self.house
            .write(async |tx| {
                let known = tx.method(&self.house.scope, &visa).await.unwrap();
                let method = PaymentMethod {
                    brand: Some(words.to_owned()),
                    holder: Some(words.to_owned()),
                    ..known.unwrap()
                };
                tx.keep_method(&method, method.created_at).await.unwrap();
            })
            .await;
    }

    pub(super) async fn license(&self, subscription: &Subscription) -> License {
        let license = License {
            id: self.house.cx.new_id(),
            scope: subscription.scope.clone(),
            customer: self.id(),
            product: subscription.product.clone(),
            subscription: Some(subscription.id.clone()),
            payment: None,
            key: format!("KEY-{}", subscription.id),
            activations_limit: Some(3),
            activations: 0,
            disabled: false,
            suspended: false,
            expires_at: None,
            created_at: self.house.now(),
        };
        self.house
            .write(async |tx| tx.insert_license(&license).await.unwrap())
            .await;
        license
    }
}
