//! Making what will be paid: the subscription or purchase, its debt, its first payment.

use jiff::Timestamp;

use super::super::charge::{self, Intent};
use super::super::customer::{self, Buying};
use super::super::discount::{self, Redeeming};
use super::super::reactivation::available;
use super::super::{Error, facts};
use super::supply::{once, purchase_debt};
use super::{
    Begun, NewPurchase, NewSubscription, OnDemand, expiry, line, period_debt, period_lines,
};
use crate::cx::Cx;
use crate::domain::Scope;
use crate::domain::addon::Attached;
use crate::domain::debt::{self, Debt, DebtKind};
use crate::domain::id::AddonId;
use crate::domain::money::{Currency, Money};
use crate::domain::payment::{Initiator, Payment, Purpose};
use crate::domain::period::Period;
use crate::domain::subscription::{Cancellation, Extras, Subscription, SubscriptionState};
use crate::domain::tax::Line;
use crate::store::{Tx, Work};

/// Makes a subscription in `pending` with the debt of its first period and the payment that
/// its page will send.
pub async fn create_subscription(
    cx: &Cx,
    scope: &Scope,
    new: NewSubscription,
) -> Result<Begun, Error> {
    let buying = Buying::Known(new.customer.clone());
    create_subscription_for(cx, scope, &buying, new).await
}

/// The same for `buying`, whoever `new` names: a customer who is new is made in the same
/// transaction.
pub async fn create_subscription_for(
    cx: &Cx,
    scope: &Scope,
    buying: &Buying,
    new: NewSubscription,
) -> Result<Begun, Error> {
    let (business, mode) = available(cx, scope)?;
    let gateway = charge::default_gateway(&mode)?;
    let mut tx = cx.store.begin().await?;
    if let Some(known) = tx.payment(scope, &new.payment).await? {
        let subscription = tx.subscription(scope, &new.id).await?;
        return Ok(begun(cx, subscription, known));
    }
    let customer = customer::of_sale(cx, &mut tx, scope, buying).await?;
    let product = tx
        .product(scope, &new.product)
        .await?
        .ok_or(Error::NotFound("product"))?;
    let Some(recurring) = product.recurring else {
        return Err(Error::Invalid {
            field: "product_id",
            problem: "the product has a one-time price; sell it with a payment".to_owned(),
        });
    };
    // One that is charged on demand has no periods.
    if new.on_demand.is_none() && recurring.ends_early() {
        return Err(Error::Invalid {
            field: "product_id",
            problem: "the product's term may be over before its first payment interval is; make \
                      one with a longer term"
                .to_owned(),
        });
    }
    if new.quantity == 0 {
        return Err(Error::Invalid {
            field: "quantity",
            problem: "must be 1 or more".to_owned(),
        });
    }
    if new.on_demand.is_some() && !new.codes.is_empty() {
        return Err(Error::Invalid {
            field: "discount_codes",
            problem: "take nothing off what is charged on demand".to_owned(),
        });
    }
    let now = cx.business_now(&mut tx, scope).await?;
    let zone = &business.time_zone;
    let period = Period {
        start: now,
        end: match new.on_demand {
            Some(_) => recurring.term.after(now, 1, zone)?,
            None => recurring.interval.after(now, 1, zone)?,
        },
    };
    let currency = product.price.currency;
    let redeeming = Redeeming {
        scope,
        customer: &customer.id,
        product: &product.id,
        currency,
        cause: new.id.as_str(),
        now,
    };
    let extras = Extras {
        addons: attach(&mut tx, scope, currency, &new.addons).await?,
        discounts: redeeming.redeem(&mut tx, &new.codes).await?,
        ..Extras::default()
    };
    let mut subscription = Subscription {
        id: new.id.clone(),
        scope: scope.clone(),
        customer: customer.id.clone(),
        product: product.id.clone(),
        quantity: new.quantity,
        unit_price: product.price,
        tax_inclusive: product.tax_inclusive,
        extras,
        interval: recurring.interval,
        term: recurring.term,
        trial_days: match new.on_demand {
            Some(_) => 0,
            None => new.trial_days.unwrap_or(recurring.trial_days),
        },
        state: SubscriptionState::Pending,
        anchor: now,
        period,
        expires_at: None,
        cancel_at_period_end: false,
        cancellation: Cancellation::default(),
        resume_at: None,
        on_demand: new.on_demand.is_some(),
        method: None,
        buyer: new.buyer,
        metadata: new.metadata.clone(),
        return_url: new.return_url.clone(),
        created_at: now,
        updated_at: now,
        version: 0,
    };
    discount::check_minimum(&subscription.extras.discounts, subscription.price()?)?;
    let mut debts = Vec::new();
    match new.on_demand {
        Some(OnDemand::Charge { price, description }) => {
            let line = line(
                &business,
                &product,
                new.quantity,
                &subscription.buyer,
                now,
                None,
            );
            let price = price.map(|minor| Money::new(minor, currency));
            let line = Line {
                unit: price.unwrap_or(line.unit),
                quantity: price.map_or(line.quantity, |_| 1),
                description: description.unwrap_or(line.description),
                ..line
            };
            let start = period.start;
            let debt = period_debt(cx, &mut subscription, vec![line], start, now)?;
            debts.push(Debt {
                kind: DebtKind::OnDemand,
                cause: new.payment.to_string(),
                ..debt
            });
        }
        None if subscription.trial_days == 0 => {
            let lines = period_lines(&business, &product, &subscription, now, Some(period))?;
            let start = period.start;
            debts.push(period_debt(cx, &mut subscription, lines, start, now)?);
        }
        Some(OnDemand::Mandate) | None => {}
    }
    if !new.once.is_empty() {
        let (lines, _) = once(
            &mut tx,
            scope,
            &business,
            &new.once,
            &subscription.buyer,
            now,
        )
        .await?;
        if lines.iter().any(|line| line.unit.currency != currency) {
            return Err(Error::Invalid {
                field: "one_time_product_cart",
                problem: "must be in the currency of the subscription".to_owned(),
            });
        }
        let debt = purchase_debt(cx, &customer, lines, &new.payment, now)?;
        debts.push(Debt {
            subscription: Some(subscription.id.clone()),
            ..debt
        });
    }
    let totals = debt::together(currency, &mut debts)?;
    let field = if subscription.on_demand {
        "on_demand.product_price"
    } else {
        "product_id"
    };
    check_amount(cx, scope, &gateway, field, totals.gross)?;
    tx.insert_subscription(&subscription).await?;
    let intent = Intent {
        id: new.payment,
        purpose: Purpose::Begin,
        subscription: Some(&subscription),
        customer: &customer,
        buyer: subscription.buyer.clone(),
        amount: totals.gross,
        tax_minor: totals.tax.minor,
        gateway,
        method: None,
        initiator: Initiator::Customer,
        description: product.name.clone(),
        period: Some(period),
        quote: None,
        attempt: 0,
        metadata: new.metadata,
        return_url: new.return_url,
    };
    let payment = intent.payment(scope, now);
    write(cx, &mut tx, &payment, &debts).await?;
    let after = serde_json::json!({ "product": product.id, "quantity": new.quantity });
    let object = subscription.id.as_str();
    facts::audit(
        cx,
        &mut tx,
        scope,
        "subscription.create",
        object,
        None,
        Some(after),
    )
    .await?;
    tx.commit().await?;
    Ok(begun(cx, Some(subscription), payment))
}

/// Makes the debt of a one-time purchase and the payment that its page will send.
pub async fn create_purchase(cx: &Cx, scope: &Scope, new: NewPurchase) -> Result<Begun, Error> {
    let buying = Buying::Known(new.customer.clone());
    create_purchase_for(cx, scope, &buying, new).await
}

/// The same for `buying`, whoever `new` names: a customer who is new is made in the same
/// transaction.
pub async fn create_purchase_for(
    cx: &Cx,
    scope: &Scope,
    buying: &Buying,
    new: NewPurchase,
) -> Result<Begun, Error> {
    let (business, mode) = available(cx, scope)?;
    let gateway = charge::default_gateway(&mode)?;
    let mut tx = cx.store.begin().await?;
    if let Some(known) = tx.payment(scope, &new.payment).await? {
        return Ok(begun(cx, None, known));
    }
    let customer = customer::of_sale(cx, &mut tx, scope, buying).await?;
    let now = cx.business_now(&mut tx, scope).await?;
    let (lines, names) = once(&mut tx, scope, &business, &new.items, &new.buyer, now).await?;
    let debt = purchase_debt(cx, &customer, lines, &new.payment, now)?;
    if debt.amount.is_zero() {
        return Err(Error::Invalid {
            field: "product_cart",
            problem: "costs nothing, and nothing cannot be paid".to_owned(),
        });
    }
    check_amount(cx, scope, &gateway, "product_cart", debt.amount)?;
    let intent = Intent {
        id: new.payment,
        purpose: Purpose::Purchase,
        subscription: None,
        customer: &customer,
        buyer: new.buyer,
        amount: debt.amount,
        tax_minor: debt.tax_minor,
        gateway,
        method: None,
        initiator: Initiator::Customer,
        description: names.join(", "),
        period: None,
        quote: None,
        attempt: 0,
        metadata: new.metadata,
        return_url: new.return_url,
    };
    let payment = intent.payment(scope, now);
    write(cx, &mut tx, &payment, &[debt]).await?;
    let after = serde_json::json!({ "amount": payment.amount });
    let object = payment.id.as_str();
    facts::audit(
        cx,
        &mut tx,
        scope,
        "payment.create",
        object,
        None,
        Some(after),
    )
    .await?;
    tx.commit().await?;
    Ok(begun(cx, None, payment))
}

/// Refuses a first payment that its gateway would never take, however often its page is tried: of a
/// currency or an amount that it does not charge. Nothing is not charged.
fn check_amount(
    cx: &Cx,
    scope: &Scope,
    gateway: &str,
    field: &'static str,
    amount: Money,
) -> Result<(), Error> {
    // One that cannot be asked at present may be mended before anybody pays.
    let Ok(gateway) = cx.plugins.gateway(scope, gateway) else {
        return Ok(());
    };
    let refused = |problem: String| Err(Error::Invalid { field, problem });
    let description = gateway.description();
    let Some(range) = description.amounts_in(amount.currency) else {
        let currency = amount.currency;
        return refused(format!("costs {currency}, which the gateway does not take"));
    };
    let minor = amount.minor;
    if minor != 0 && minor < range.least {
        return refused(format!(
            "leaves a first payment of {minor} minor units, with tax and after codes, and the \
             gateway charges {} at least",
            range.least
        ));
    }
    match range.greatest {
        Some(greatest) if minor > greatest => refused(format!(
            "makes a first payment of {minor} minor units, with tax, and the gateway charges \
             {greatest} at most"
        )),
        _ => Ok(()),
    }
}

/// Add-ons at today's prices, which must be in `currency`.
pub(in crate::flows) async fn attach(
    tx: &mut Tx,
    scope: &Scope,
    currency: Currency,
    wanted: &[(AddonId, u32)],
) -> Result<Vec<Attached>, Error> {
    let mut attached: Vec<Attached> = Vec::new();
    for (id, quantity) in wanted {
        let refused = |problem: &str| Error::Invalid {
            field: "addons",
            problem: format!("{id} {problem}"),
        };
        let addon = tx.addon(scope, id).await?;
        let addon = addon.ok_or(Error::NotFound("add-on"))?;
        if *quantity == 0 {
            return Err(refused("needs a quantity of 1 or more"));
        }
        if addon.price.currency != currency {
            return Err(refused("must be in the currency of the product"));
        }
        if attached.iter().any(|known| known.addon == *id) {
            return Err(refused("is there twice; add its quantities up"));
        }
        attached.push(Attached::of(&addon, *quantity));
    }
    Ok(attached)
}

async fn write(cx: &Cx, tx: &mut Tx, payment: &Payment, debts: &[Debt]) -> Result<(), Error> {
    tx.insert_payment(payment).await?;
    for debt in debts {
        tx.insert_debt(debt).await?;
        tx.hold_debt(&payment.id, &debt.id).await?;
    }
    let lifetime = cx.settings.load().billing.payment_link_lifetime;
    let at = cx.now().checked_add(lifetime).unwrap_or(Timestamp::MAX);
    let work = Work::ExpireBegin {
        payment: payment.id.clone(),
    };
    cx.order_at(tx, &payment.scope, &work, at).await?;
    Ok(())
}

fn begun(cx: &Cx, subscription: Option<Subscription>, payment: Payment) -> Begun {
    Begun {
        expires_at: expiry(cx, &payment),
        subscription,
        payment,
    }
}
