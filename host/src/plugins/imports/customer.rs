//! `vestibule:pages/customer`: what the signed-in customer has, as far as it was wished and
//! granted. Nobody else's data can be asked for: there is no parameter that could name them.

use super::CallState;
use crate::domain::Scope;
use crate::domain::id::CustomerId;
use crate::domain::license::License;
use crate::domain::money::Money;
use crate::domain::payment::Payment;
use crate::domain::subscription::Subscription;
use crate::plugins::bindings::vestibule::pages::customer as wit;
use crate::plugins::bindings::vestibule::types::types::Money as WitMoney;
use crate::plugins::data::Unavailable;

type Told<T> = wasmtime::Result<Result<T, wit::DataError>>;

impl CallState {
    /// Whose data of `kind` may be told.
    fn subject(&mut self, kind: &str) -> Result<(Scope, CustomerId), wit::DataError> {
        let granted = self.binding.permissions.data.contains(kind);
        let scope = self.binding.scope.clone();
        let (true, Some(scope), Some(customer)) = (granted, scope, self.customer.clone()) else {
            return Err(wit::DataError::Denied);
        };
        if self.may_ask() {
            Ok((scope, customer))
        } else {
            Err(wit::DataError::Unavailable)
        }
    }
}

impl From<Unavailable> for wit::DataError {
    fn from(_: Unavailable) -> Self {
        Self::Unavailable
    }
}

impl wit::Host for CallState {
    async fn profile(&mut self) -> Told<wit::CustomerProfile> {
        let data = std::sync::Arc::clone(&self.data);
        let (scope, customer) = match self.subject("customer.profile") {
            Ok(subject) => subject,
            Err(error) => return Ok(Err(error)),
        };
        Ok(match data.customer(&scope, &customer).await {
            Ok(Some(customer)) => Ok(wit::CustomerProfile {
                id: customer.id.to_string(),
                name: customer.name,
                email: customer.email.as_str().to_owned(),
                locale: customer.locale,
                created_at: customer.created_at.as_microsecond(),
                extra: Vec::new(),
            }),
            Ok(None) | Err(Unavailable) => Err(wit::DataError::Unavailable),
        })
    }

    async fn subscriptions(&mut self) -> Told<Vec<wit::Subscription>> {
        let data = std::sync::Arc::clone(&self.data);
        let (scope, customer) = match self.subject("customer.subscriptions") {
            Ok(subject) => subject,
            Err(error) => return Ok(Err(error)),
        };
        let found = data.subscriptions(&scope, &customer).await;
        Ok(found
            .map(|found| found.into_iter().map(subscription).collect())
            .map_err(Into::into))
    }

    async fn payments(&mut self) -> Told<Vec<wit::Payment>> {
        let data = std::sync::Arc::clone(&self.data);
        let (scope, customer) = match self.subject("customer.payments") {
            Ok(subject) => subject,
            Err(error) => return Ok(Err(error)),
        };
        let found = data.payments(&scope, &customer).await;
        Ok(found
            .map(|found| found.iter().map(payment).collect())
            .map_err(Into::into))
    }

    async fn licenses(&mut self) -> Told<Vec<wit::License>> {
        let data = std::sync::Arc::clone(&self.data);
        let (scope, customer) = match self.subject("customer.licenses") {
            Ok(subject) => subject,
            Err(error) => return Ok(Err(error)),
        };
        let found = data.licenses(&scope, &customer).await;
        Ok(found
            .map(|found| found.iter().map(license).collect())
            .map_err(Into::into))
    }
}

fn money(money: Money) -> WitMoney {
    WitMoney {
        minor: money.minor,
        currency: money.currency.to_string(),
    }
}

fn subscription((subscription, product): (Subscription, String)) -> wit::Subscription {
    wit::Subscription {
        id: subscription.id.to_string(),
        product,
        product_id: subscription.product.to_string(),
        state: subscription.state.name().to_owned(),
        quantity: subscription.quantity,
        price: money(subscription.unit_price),
        started_at: subscription.created_at.as_microsecond(),
        period_end: subscription.period.end.as_microsecond(),
        ends: subscription.cancel_at_period_end,
        extra: Vec::new(),
    }
}

fn payment(payment: &Payment) -> wit::Payment {
    wit::Payment {
        id: payment.id.to_string(),
        amount: money(payment.amount),
        state: payment.state.name().to_owned(),
        subscription: payment.subscription.as_ref().map(ToString::to_string),
        created_at: payment.created_at.as_microsecond(),
        extra: Vec::new(),
    }
}

fn license(license: &License) -> wit::License {
    wit::License {
        id: license.id.to_string(),
        subscription: license.subscription.as_ref().map(ToString::to_string),
        activations: license.activations,
        limit: license.activations_limit,
        extra: Vec::new(),
    }
}
