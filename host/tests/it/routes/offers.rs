//! What a business offers on top of its products.

use vestibule::cx::Cx;
use vestibule::domain::Scope;
use vestibule::domain::addon::Addon;
use vestibule::domain::discount::{Discount, DiscountKind, Eligibility};
use vestibule::domain::id::DiscountId;

use crate::support::sample;

/// An add-on and a discount code.
pub(super) fn offers(cx: &Cx, scope: &Scope) -> (Addon, Discount) {
    (addon(cx, scope), discount(cx, scope))
}

fn addon(cx: &Cx, scope: &Scope) -> Addon {
    Addon {
        id: cx.new_id(),
        scope: scope.clone(),
        name: "Seats".to_owned(),
        description: None,
        price: sample::euros(500),
        tax_category: "saas".to_owned(),
        created_at: cx.now(),
        updated_at: cx.now(),
    }
}

fn discount(cx: &Cx, scope: &Scope) -> Discount {
    let id: DiscountId = cx.new_id();
    Discount {
        scope: scope.clone(),
        code: id.as_str()[id.as_str().len() - 16..].to_uppercase(),
        name: None,
        kind: DiscountKind::Percentage,
        amount: 1_000,
        options: Vec::new(),
        restricted_to: Vec::new(),
        eligibility: Eligibility::Any,
        usage_limit: None,
        per_customer_limit: None,
        times_used: 0,
        cycles: None,
        preserve: false,
        starts_at: None,
        expires_at: None,
        metadata: "{}".to_owned(),
        created_at: cx.now(),
        deleted_at: None,
        id,
    }
}
