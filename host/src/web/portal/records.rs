//! Reads what pages show: one transaction, one customer, every name looked up once.

use std::collections::HashMap;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;

use super::keys::Key;
use super::view::{Charge, Document, Method, Plan};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::id::{CustomerId, MethodId, ProductId, SubscriptionId};
use crate::domain::invoice::Invoice;
use crate::domain::license::License;
use crate::domain::method::PaymentMethod;
use crate::domain::payment::{Payment, PaymentState, Purpose};
use crate::domain::product::Product;
use crate::domain::refund::Refund;
use crate::domain::subscription::Subscription;
use crate::flows::{self, reactivation};
use crate::store::{
    ListedMethod, ListedSubscription, Page, PaymentFilter, Result, SubscriptionFilter, Tx,
};
use crate::web::paging::{Asked, ROWS};
use crate::web::{Error, SignedIn, Web};

/// How many subscriptions of a state the overview looks at.
const LOOKED_AT: u32 = 20;

/// What is known of one customer.
pub struct Records {
    /// The transaction everything is read in.
    pub tx: Tx,
    /// Business time.
    pub now: Timestamp,
    cx: Cx,
    scope: Scope,
    customer: CustomerId,
    products: HashMap<ProductId, String>,
    methods: Option<HashMap<MethodId, PaymentMethod>>,
}

impl SignedIn {
    /// What is theirs, at the business time that the page has.
    pub async fn records(&self) -> Result<Records> {
        let tx = self.web.cx.store.read().await?;
        let now = self.frame.now;
        let cx = &self.web.cx;
        Ok(Records::new(cx, tx, now, self.scope(), &self.customer.id))
    }
}

/// Who is signed in, and what is theirs: for pages that only read, from one state of the database.
pub struct Reading {
    /// Who is signed in.
    pub who: SignedIn,
    /// What is theirs.
    pub records: Records,
}

impl FromRequestParts<Web> for Reading {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        web: &Web,
    ) -> std::result::Result<Self, Response> {
        let Glancing { who, records } = Glancing::from_request_parts(parts, web).await?;
        match records.together().await {
            Ok(records) => Ok(Self { who, records }),
            Err(error) => Err(Error::from(error).into_response()),
        }
    }
}

/// The same for a page that asks one question, and needs no transaction for it.
pub struct Glancing {
    /// Who is signed in.
    pub who: SignedIn,
    /// What is theirs.
    pub records: Records,
}

impl FromRequestParts<Web> for Glancing {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        web: &Web,
    ) -> std::result::Result<Self, Response> {
        let (who, tx) = SignedIn::enter(parts, web).await?;
        let records = Records::new(&web.cx, tx, who.frame.now, who.scope(), &who.customer.id);
        Ok(Self { who, records })
    }
}

impl Records {
    /// Starts to read about `customer`.
    pub async fn open(cx: &Cx, scope: &Scope, customer: &CustomerId) -> Result<Self> {
        let mut tx = cx.store.read().await?;
        let now = cx.business_now(&mut tx, scope).await?;
        Ok(Self::new(cx, tx, now, scope, customer))
    }

    fn new(cx: &Cx, tx: Tx, now: Timestamp, scope: &Scope, customer: &CustomerId) -> Self {
        Self {
            cx: cx.clone(),
            tx,
            now,
            scope: scope.clone(),
            customer: customer.clone(),
            products: HashMap::new(),
            methods: None,
        }
    }

    /// What is read from here on is read from one state of the database.
    pub async fn together(self) -> Result<Self> {
        let tx = self.tx.together().await?;
        Ok(Self { tx, ..self })
    }

    /// The name of a product.
    pub async fn whole_product(&mut self, id: &ProductId) -> Result<Option<Product>> {
        self.tx.product(&self.scope, id).await
    }

    /// The name of a product.
    pub async fn product(&mut self, id: &ProductId) -> Result<String> {
        if self.products.is_empty() {
            let names = self.tx.product_names(&self.scope, &self.customer).await?;
            self.products = names.into_iter().collect();
        }
        if let Some(name) = self.products.get(id) {
            return Ok(name.clone());
        }
        let product = self.tx.product(&self.scope, id).await?;
        let name = product.map(|product| product.name).unwrap_or_default();
        self.products.insert(id.clone(), name.clone());
        Ok(name)
    }

    /// The saved methods, last used first.
    pub async fn methods(&mut self) -> Result<Vec<Method>> {
        let saved = self.tx.methods_of(&self.scope, &self.customer).await?;
        Ok(saved
            .iter()
            // One that its bank refuses for good is not offered.
            .filter(|method| method.refused_at.is_none())
            .map(|method| Method::of(method, self.now))
            .collect())
    }

    /// A method, even one that was removed.
    pub async fn method(&mut self, id: Option<&MethodId>) -> Result<Option<Method>> {
        let method = self.method_ever(id).await?;
        Ok(method.map(|method| Method::of(&method, self.now)))
    }

    async fn method_ever(&mut self, id: Option<&MethodId>) -> Result<Option<PaymentMethod>> {
        let Some(id) = id else { return Ok(None) };
        if self.methods.is_none() {
            let saved = self.tx.methods_of(&self.scope, &self.customer).await?;
            self.methods = Some(saved.into_iter().map(|m| (m.id.clone(), m)).collect());
        }
        if let Some(known) = self.methods.as_ref().and_then(|known| known.get(id)) {
            return Ok(Some(known.clone()));
        }
        self.tx.method_ever(&self.scope, id).await
    }

    /// A subscription as a card.
    pub async fn plan(
        &mut self,
        subscription: &Subscription,
    ) -> std::result::Result<Plan, flows::Error> {
        let product = self.product(&subscription.product).await?;
        let method = self.method_ever(subscription.method.as_ref()).await?;
        let method = method.as_ref().map(ListedMethod::from);
        self.card(&ListedSubscription::of(subscription, product, method))
            .await
    }

    /// A subscription of a list as a card, with what would be charged now for what is due on it.
    pub async fn card(
        &mut self,
        subscription: &ListedSubscription,
    ) -> std::result::Result<Plan, flows::Error> {
        let due = if subscription.state.has_dues() {
            let (cx, id) = (&self.cx, &subscription.id);
            reactivation::due(cx, &mut self.tx, &self.scope, id, self.now).await?
        } else {
            None
        };
        Ok(Plan::of(subscription, due, self.now))
    }

    /// A page of subscriptions; those that are over come last.
    pub async fn subscriptions_page(&mut self, asked: &Asked) -> Result<Page<ListedSubscription>> {
        self.tx
            .subscriptions_page(&self.scope, &self.customer, &asked.seek(), ROWS)
            .await
    }

    /// A page of payments.
    pub async fn payments_page(&mut self, asked: &Asked) -> Result<Page<Payment>> {
        self.tx
            .payments_page(&self.scope, &self.customer, &asked.seek(), ROWS)
            .await
    }

    /// A page of license keys.
    pub async fn keys_page(&mut self, asked: &Asked) -> Result<Page<License>> {
        self.tx
            .licenses_page(&self.scope, &self.customer, &asked.seek(), ROWS)
            .await
    }

    /// Subscriptions, those that need the customer first, then newest first.
    pub async fn subscriptions_by_need(&mut self) -> Result<Vec<Subscription>> {
        let mut found: Vec<Subscription> = Vec::new();
        for state in [Some("on-hold"), Some("past-due"), None] {
            for subscription in self.in_state(state).await? {
                if found.iter().all(|known| known.id != subscription.id) {
                    found.push(subscription);
                }
            }
        }
        Ok(found)
    }

    async fn in_state(&mut self, state: Option<&'static str>) -> Result<Vec<Subscription>> {
        let filter = SubscriptionFilter {
            customer: Some(self.customer.clone()),
            state,
            ..SubscriptionFilter::default()
        };
        self.tx
            .subscriptions(&self.scope, &filter, LOOKED_AT, 0)
            .await
    }

    /// The payment of a subscription that is under way, once something was sent.
    pub async fn under_way(&mut self, subscription: &SubscriptionId) -> Result<Option<Payment>> {
        let open = self.tx.open_payments_of(&self.scope, subscription).await?;
        Ok(open.into_iter().find(|payment| payment.sent_at.is_some()))
    }

    /// A page of payments, newest first.
    pub async fn payments(
        &mut self,
        subscription: Option<&SubscriptionId>,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<Payment>> {
        let filter = PaymentFilter {
            customer: Some(self.customer.clone()),
            subscription: subscription.cloned(),
            ..PaymentFilter::default()
        };
        self.tx.payments(&self.scope, &filter, limit, offset).await
    }

    /// Payments as rows.
    pub async fn charges(&mut self, payments: &[Payment]) -> Result<Vec<Charge>> {
        let mut charges = Vec::with_capacity(payments.len());
        for payment in payments {
            charges.push(self.charge(payment).await?);
        }
        Ok(charges)
    }

    /// A payment as a row.
    pub async fn charge(&mut self, payment: &Payment) -> Result<Charge> {
        let what = self.what(payment).await?;
        let method = self.method(payment.method.as_ref()).await?;
        let invoice = self.invoice(payment).await?;
        let document = invoice.as_ref().and_then(Document::of);
        let refunds = self.refunds(payment).await?;
        Ok(Charge::of(payment, what, method, document, &refunds))
    }

    /// What of a payment went back, or is to; nothing before it arrived.
    pub async fn refunds(&mut self, payment: &Payment) -> Result<Vec<Refund>> {
        match payment.state {
            PaymentState::Succeeded { .. } => self.tx.refunds_of(&self.scope, &payment.id).await,
            _ => Ok(Vec::new()),
        }
    }

    /// What a payment is for, by the name of its product.
    pub async fn what(&mut self, payment: &Payment) -> Result<String> {
        let subscription = match &payment.subscription {
            Some(id) => self.tx.subscription(&self.scope, id).await?,
            None => None,
        };
        if let Some(subscription) = subscription {
            return self.product(&subscription.product).await;
        }
        let debts = self.tx.debts_of_payment(&payment.id).await?;
        let mut lines = debts.into_iter().flat_map(|debt| debt.lines);
        Ok(lines
            .next()
            .map(|line| line.description)
            .unwrap_or_default())
    }

    /// The document of a payment.
    pub async fn invoice(&mut self, payment: &Payment) -> Result<Option<Invoice>> {
        match &payment.invoice {
            Some(id) => self.tx.invoice(&self.scope, id).await,
            None => Ok(None),
        }
    }

    /// The subscription of a payment, unless the payment is for something else.
    pub async fn subscription_of(&mut self, payment: &Payment) -> Result<Option<Subscription>> {
        match &payment.subscription {
            Some(id) if payment.purpose != Purpose::Purchase => {
                self.tx.subscription(&self.scope, id).await
            }
            _ => Ok(None),
        }
    }

    /// License keys, newest first.
    pub async fn keys(
        &mut self,
        subscription: Option<&SubscriptionId>,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<Key>> {
        let customer = self.customer.clone();
        let licenses = self
            .tx
            .licenses(
                &self.scope,
                Some(&customer),
                None,
                subscription,
                limit,
                offset,
            )
            .await?;
        let mut keys = Vec::with_capacity(licenses.len());
        for license in &licenses {
            keys.push(self.key(license).await?);
        }
        Ok(keys)
    }

    /// A license key with its devices.
    pub async fn key(&mut self, license: &License) -> Result<Key> {
        let product = self.product(&license.product).await?;
        let devices = if license.activations > 0 {
            self.tx.license_instances_of(&license.id).await?
        } else {
            Vec::new()
        };
        Ok(Key::of(license, product, devices, self.now))
    }
}
