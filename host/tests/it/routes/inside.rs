//! What bodies and queries may name besides the paths.

use super::table::On::{self, Api, Portal};

/// Ids in bodies and queries: `{own-…}` is the caller's, `{other-…}` is tried. The caller's own in
/// its place must be answered in another way than one that never was.
pub(super) const INSIDE: &[(On, &str, &str, &str)] = &[
    (
        Portal,
        "GET",
        "/subscriptions/{own-subscription}/reactivate?choice={other-method}",
        "",
    ),
    (
        Portal,
        "POST",
        "/subscriptions/{own-subscription}/payment-method",
        "choice={other-method}",
    ),
    (
        Portal,
        "POST",
        "/subscriptions/{own-subscription}/reactivate",
        "choice={other-method}&quote={quote}",
    ),
    (
        Portal,
        "POST",
        "/pay-all",
        "choice={other-method}&quote=none&round={own-round}",
    ),
    (Portal, "POST", "/accounts", "account={other-customer}"),
    (
        Api,
        "GET",
        "/subscriptions?customer_id={other-customer}",
        "",
    ),
    (Api, "GET", "/subscriptions?product_id={other-product}", ""),
    (Api, "GET", "/payments?customer_id={other-customer}", ""),
    (
        Api,
        "GET",
        "/payments?subscription_id={other-subscription}",
        "",
    ),
    (Api, "GET", "/payments?product_id={other-product}", ""),
    (Api, "GET", "/refunds?customer_id={other-customer}", ""),
    (
        Api,
        "GET",
        "/refunds?subscription_id={other-subscription}",
        "",
    ),
    (
        Api,
        "POST",
        "/refunds",
        r#"{"payment_id":"{other-payment}"}"#,
    ),
    (Api, "GET", "/disputes?customer_id={other-customer}", ""),
    (Api, "GET", "/license_keys?customer_id={other-customer}", ""),
    (Api, "GET", "/license_keys?product_id={other-product}", ""),
    (
        Api,
        "GET",
        "/license_key_instances?license_key_id={other-license}",
        "",
    ),
    (
        Api,
        "POST",
        "/subscriptions",
        r#"{"billing":{"country":"DE"},"customer":{"customer_id":"{other-customer}"},"product_id":"{own-product}","quantity":1}"#,
    ),
    (
        Api,
        "POST",
        "/subscriptions",
        r#"{"billing":{"country":"DE"},"customer":{"customer_id":"{own-customer}"},"product_id":"{other-product}","quantity":1}"#,
    ),
    (
        Api,
        "POST",
        "/subscriptions",
        r#"{"billing":{"country":"DE"},"customer":{"customer_id":"{own-customer}"},"product_id":"{own-product}","quantity":1,"addons":[{"addon_id":"{other-addon}","quantity":1}]}"#,
    ),
    (
        Api,
        "POST",
        "/subscriptions",
        r#"{"billing":{"country":"DE"},"customer":{"customer_id":"{own-customer}"},"product_id":"{own-product}","quantity":1,"discount_code":"{other-code}"}"#,
    ),
    (
        Api,
        "POST",
        "/payments",
        r#"{"billing":{"country":"DE"},"customer":{"customer_id":"{other-customer}"},"product_cart":[{"product_id":"{own-product}","quantity":1}]}"#,
    ),
    (
        Api,
        "POST",
        "/payments",
        r#"{"billing":{"country":"DE"},"customer":{"customer_id":"{own-customer}"},"product_cart":[{"product_id":"{other-product}","quantity":1}]}"#,
    ),
    (
        Api,
        "POST",
        "/subscriptions/{own-subscription}/change-plan",
        r#"{"product_id":"{other-product}","quantity":1,"proration_billing_mode":"do_not_bill"}"#,
    ),
    (
        Api,
        "POST",
        "/subscriptions/{own-subscription}/update-payment-method",
        r#"{"type":"existing","payment_method_id":"{other-method}"}"#,
    ),
    (
        Api,
        "POST",
        "/licenses/validate",
        r#"{"license_key":"KEY-{own-license}","license_key_instance_id":"{other-device}"}"#,
    ),
    (
        Api,
        "POST",
        "/licenses/deactivate",
        r#"{"license_key":"KEY-{own-license}","license_key_instance_id":"{other-device}"}"#,
    ),
];
