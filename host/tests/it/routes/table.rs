//! Every route of the host, what its path names, and what its body or query may name besides.

use super::kinds::route;
pub(super) use super::kinds::{Kind, On, Route, Takes};

use Kind::{Addon, Code, Customer, Device, Discount, Dispute, Invoice, License, Link, Method};
use Kind::{Payment, Product, Proof, Refund, Round, Setup, Subscription as Sub, Webhook};
use On::{Api, Console, Host, Portal};
use Takes::{Alike, Nothing, Own, Room, Secret};

const SESSION: &str = "only what the session stands for";
const KEY: &str = "only what the key's business and mode has";
const VISITOR: &str = "the browser's own cookie";
const BODY: &str = "what the body names is in INSIDE";
const CHARGE: &str = "/subscriptions/{subscription}/charge";
const UPDATE: &str = "/subscriptions/{subscription}/update-payment-method";
const PLAN: &str = "/subscriptions/{subscription}/change-plan";
const PREVIEW: &str = "/subscriptions/{subscription}/change-plan/preview";
const SCHEDULED: &str = "/subscriptions/{subscription}/change-plan/scheduled";
/// A change of plan to the caller's own product.
const CHANGE: &str =
    r#"{"product_id":"{own-product}","quantity":1,"proration_billing_mode":"do_not_bill"}"#;
const PLUGIN: &str = "what a plugin is told has tests of its own: portal::extra";
const TOKEN: &str = "a token of the host's key over one row";

pub(super) const ROUTES: &[Route] = &[
    // The portal, signed in.
    route(Portal, "GET", "/", Nothing(SESSION)),
    route(Portal, "GET", "/subscriptions", Nothing(SESSION)),
    route(Portal, "GET", "/subscriptions/{id}", Own(&[Sub])),
    route(
        Portal,
        "GET",
        "/subscriptions/{id}/payment-method",
        Own(&[Sub]),
    ),
    route(
        Portal,
        "POST",
        "/subscriptions/{id}/payment-method",
        Own(&[Sub]),
    )
    .with("choice=new"),
    route(
        Portal,
        "GET",
        "/subscriptions/{id}/payment-method/done",
        Own(&[Sub]),
    ),
    route(Portal, "GET", "/subscriptions/{id}/reactivate", Own(&[Sub])),
    route(
        Portal,
        "POST",
        "/subscriptions/{id}/reactivate",
        Own(&[Sub]),
    )
    .with("choice=new&quote={quote}"),
    route(Portal, "GET", "/subscriptions/{id}/cancel", Own(&[Sub])),
    route(Portal, "POST", "/subscriptions/{id}/cancel", Own(&[Sub])).with("when=now"),
    route(Portal, "GET", "/subscriptions/{id}/cancelled", Own(&[Sub])),
    route(Portal, "GET", "/subscriptions/{id}/plan", Own(&[Sub])),
    route(Portal, "POST", "/subscriptions/{id}/plan", Own(&[Sub])).with("product=none&quote=none"),
    route(Portal, "GET", "/subscriptions/{id}/plan/done", Own(&[Sub])),
    route(Portal, "POST", "/subscriptions/{id}/plan/keep", Own(&[Sub])),
    route(Portal, "GET", "/subscriptions/{id}/pause", Own(&[Sub])),
    route(Portal, "POST", "/subscriptions/{id}/pause", Own(&[Sub])).with("date="),
    route(Portal, "GET", "/subscriptions/{id}/paused", Own(&[Sub])),
    route(Portal, "POST", "/subscriptions/{id}/resume", Own(&[Sub])),
    route(Portal, "GET", "/subscriptions/{id}/resumed", Own(&[Sub])),
    route(Portal, "POST", "/subscriptions/{id}/keep", Own(&[Sub])),
    route(Portal, "GET", "/subscriptions/{id}/kept", Own(&[Sub])),
    route(Portal, "GET", "/payments/{id}", Own(&[Payment])),
    route(Portal, "GET", "/payments/{id}/progress", Own(&[Payment])),
    route(Portal, "POST", "/payments/{id}/give-up", Own(&[Payment])),
    route(Portal, "GET", "/payments/{id}/done", Own(&[Payment])),
    route(Portal, "GET", "/setups/{id}", Own(&[Setup])),
    route(Portal, "GET", "/pay-all", Nothing(SESSION)),
    route(Portal, "POST", "/pay-all", Nothing(BODY)),
    route(Portal, "GET", "/pay-all/{id}", Own(&[Round])),
    route(Portal, "GET", "/billing", Nothing(SESSION)),
    route(Portal, "GET", "/invoices/{id}", Own(&[Invoice])),
    route(Portal, "GET", "/invoices/{id}/pdf", Own(&[Invoice])),
    route(Portal, "GET", "/payment-methods", Nothing(SESSION)),
    route(
        Portal,
        "GET",
        "/payment-methods/{id}/remove",
        Own(&[Method]),
    ),
    route(
        Portal,
        "POST",
        "/payment-methods/{id}/backup",
        Own(&[Method]),
    )
    .with("backup=true"),
    route(
        Portal,
        "POST",
        "/payment-methods/{id}/remove",
        Own(&[Method]),
    ),
    route(Portal, "GET", "/license-keys", Nothing(SESSION)),
    route(
        Portal,
        "GET",
        "/license-keys/{id}/devices/{device}",
        Own(&[License, Device]),
    ),
    route(
        Portal,
        "POST",
        "/license-keys/{id}/devices/{device}",
        Alike(
            &[License, Device],
            "a second press finds the device gone and is fine",
        ),
    ),
    route(Portal, "GET", "/profile", Nothing(SESSION)),
    route(Portal, "POST", "/profile", Nothing(SESSION)),
    route(Portal, "GET", "/profile/email", Nothing(SESSION)),
    route(Portal, "POST", "/profile/email", Nothing(SESSION)),
    route(Portal, "GET", "/x/{plugin}", Nothing(PLUGIN)),
    route(Portal, "POST", "/x/{plugin}", Nothing(PLUGIN)),
    route(Portal, "GET", "/x/{plugin}/{*path}", Nothing(PLUGIN)),
    route(Portal, "POST", "/x/{plugin}/{*path}", Nothing(PLUGIN)),
    route(Portal, "GET", "/accounts", Nothing(SESSION)),
    route(Portal, "POST", "/accounts", Nothing(BODY)),
    route(Portal, "POST", "/sign-out", Nothing(SESSION)),
    // The portal, before that.
    route(Portal, "GET", "/login", Nothing(VISITOR)),
    route(Portal, "POST", "/login", Nothing(VISITOR)),
    route(Portal, "GET", "/login/mail", Nothing(VISITOR)),
    route(Portal, "GET", "/login/code", Nothing(VISITOR)),
    route(Portal, "POST", "/login/code", Nothing(VISITOR)),
    route(Portal, "GET", "/link/{token}", Secret(Link)),
    route(Portal, "POST", "/link/{token}", Secret(Link)),
    route(Portal, "POST", "/link/{token}/again", Secret(Link)),
    route(Portal, "GET", "/email/{token}", Secret(Proof)),
    route(Portal, "POST", "/email/{token}", Secret(Proof)),
    // The merchant API.
    route(Api, "GET", "/customers", Nothing(KEY)),
    route(Api, "POST", "/customers", Nothing(KEY))
        .with(r#"{"email":"new@example.com","name":"New"}"#),
    route(Api, "GET", "/customers/{customer}", Own(&[Customer])),
    route(Api, "PATCH", "/customers/{customer}", Own(&[Customer])).with(r#"{"name":"Another"}"#),
    route(
        Api,
        "POST",
        "/customers/{customer}/customer-portal/session",
        Own(&[Customer]),
    ),
    route(
        Api,
        "GET",
        "/customers/{customer}/payment-methods",
        Own(&[Customer]),
    ),
    route(
        Api,
        "DELETE",
        "/customers/{customer}/payment-methods/{method}",
        Own(&[Customer, Method]),
    ),
    route(Api, "GET", "/products", Nothing(KEY)),
    route(Api, "POST", "/products", Nothing(KEY)),
    route(Api, "GET", "/products/{product}", Own(&[Product])),
    route(Api, "GET", "/addons", Nothing(KEY)),
    route(Api, "POST", "/addons", Nothing(KEY)),
    route(Api, "GET", "/addons/{addon}", Own(&[Addon])),
    route(Api, "PATCH", "/addons/{addon}", Own(&[Addon])).with(r#"{"price":1}"#),
    route(Api, "GET", "/discounts", Nothing(KEY)),
    route(Api, "POST", "/discounts", Nothing(KEY)),
    route(Api, "GET", "/discounts/code/{code}", Own(&[Code])),
    route(Api, "GET", "/discounts/{discount}", Own(&[Discount])),
    route(Api, "PATCH", "/discounts/{discount}", Own(&[Discount])).with(r#"{"amount":1}"#),
    route(Api, "DELETE", "/discounts/{discount}", Own(&[Discount])),
    route(Api, "GET", "/test-clock", Nothing(KEY)),
    route(Api, "POST", "/test-clock", Nothing(KEY)),
    route(Api, "GET", "/subscriptions", Nothing(KEY)),
    route(Api, "POST", "/subscriptions", Nothing(BODY)),
    route(Api, "GET", "/subscriptions/{subscription}", Own(&[Sub])),
    route(Api, "PATCH", "/subscriptions/{subscription}", Own(&[Sub]))
        .with(r#"{"metadata":{"a":1},"tax_id":"X1"}"#),
    route(Api, "POST", UPDATE, Own(&[Sub])).with(r#"{"type":"new"}"#),
    route(
        Api,
        "POST",
        "/subscriptions/{subscription}/pause",
        Own(&[Sub]),
    )
    .with("{}"),
    route(Api, "POST", CHARGE, Own(&[Sub])).with(r#"{"product_price":100}"#),
    route(Api, "POST", PLAN, Own(&[Sub])).with(CHANGE),
    route(Api, "POST", PREVIEW, Own(&[Sub])).with(CHANGE),
    route(Api, "DELETE", SCHEDULED, Own(&[Sub])),
    route(Api, "GET", "/payments", Nothing(KEY)),
    route(Api, "POST", "/payments", Nothing(BODY)),
    route(Api, "GET", "/payments/{payment}", Own(&[Payment])),
    route(
        Api,
        "GET",
        "/payments/{payment}/line-items",
        Own(&[Payment]),
    ),
    route(Api, "GET", "/refunds", Nothing(KEY)),
    route(Api, "POST", "/refunds", Nothing(BODY)),
    route(Api, "GET", "/refunds/{refund}", Own(&[Refund])),
    route(Api, "GET", "/disputes", Nothing(KEY)),
    route(Api, "GET", "/disputes/{dispute}", Own(&[Dispute])),
    route(Api, "GET", "/invoices/payments/{payment}", Own(&[Payment])),
    route(Api, "GET", "/invoices/refunds/{refund}", Own(&[Refund])),
    route(Api, "GET", "/license_keys", Nothing(KEY)),
    route(Api, "POST", "/license_keys", Nothing(BODY)),
    route(Api, "GET", "/license_keys/{license}", Own(&[License])),
    route(Api, "PATCH", "/license_keys/{license}", Own(&[License])).with(r#"{"disabled":true}"#),
    route(Api, "GET", "/license_key_instances", Nothing(KEY)),
    route(
        Api,
        "GET",
        "/license_key_instances/{instance}",
        Own(&[Device]),
    ),
    route(
        Api,
        "PATCH",
        "/license_key_instances/{instance}",
        Own(&[Device]),
    )
    .with(r#"{"name":"Another"}"#),
    route(
        Api,
        "POST",
        "/licenses/activate",
        Nothing("the license key is the authority"),
    ),
    route(Api, "POST", "/licenses/deactivate", Nothing(BODY)),
    route(Api, "POST", "/licenses/validate", Nothing(BODY)),
    route(Api, "GET", "/webhooks", Nothing(KEY)),
    route(Api, "POST", "/webhooks", Nothing(KEY)).with(r#"{"url":"https://example.com/hooks"}"#),
    route(Api, "GET", "/webhooks/{webhook}", Own(&[Webhook])),
    route(Api, "PATCH", "/webhooks/{webhook}", Own(&[Webhook]))
        .with(r#"{"description":"Another"}"#),
    route(Api, "GET", "/webhooks/{webhook}/secret", Own(&[Webhook])),
    route(
        Api,
        "POST",
        "/webhooks/{webhook}/secret/rotate",
        Own(&[Webhook]),
    ),
    route(Api, "GET", "/webhooks/{webhook}/headers", Own(&[Webhook])),
    route(Api, "PATCH", "/webhooks/{webhook}/headers", Own(&[Webhook]))
        .with(r#"{"headers":{"x-a":"b"}}"#),
    route(Api, "DELETE", "/webhooks/{webhook}", Own(&[Webhook])),
    // The console.
    route(Console, "GET", "/", Nothing(SESSION)),
    route(Console, "GET", "/login", Nothing(VISITOR)),
    route(Console, "POST", "/login", Nothing(VISITOR)),
    route(Console, "GET", "/login/mail", Nothing(VISITOR)),
    route(
        Console,
        "GET",
        "/link/{token}",
        Nothing("a link of the whole host's staff"),
    ),
    route(
        Console,
        "POST",
        "/link/{token}",
        Nothing("a link of the whole host's staff"),
    ),
    route(Console, "POST", "/sign-out", Nothing(SESSION)),
    route(Console, "GET", "/{business}/{mode}/customers", Room),
    route(Console, "GET", "/{business}/{mode}/customers/{id}", Room),
    route(
        Console,
        "GET",
        "/{business}/{mode}/customers/{id}/share",
        Room,
    ),
    route(
        Console,
        "POST",
        "/{business}/{mode}/customers/{id}/share",
        Room,
    )
    .with("wish=make"),
    route(Console, "GET", "/{business}/{mode}/payments/{id}", Room),
    route(
        Console,
        "GET",
        "/{business}/{mode}/payments/{id}/refund",
        Room,
    ),
    route(
        Console,
        "POST",
        "/{business}/{mode}/payments/{id}/refund",
        Room,
    )
    .with("refund=none&minor=1"),
    route(Console, "GET", "/{business}/{mode}/reconciliation", Room),
    route(
        Console,
        "GET",
        "/{business}/{mode}/reconciliation/{id}",
        Room,
    ),
    route(
        Console,
        "POST",
        "/{business}/{mode}/reconciliation/{id}",
        Room,
    )
    .with("found=never&evidence=none&checked=yes"),
    route(Console, "GET", "/{business}/{mode}/mails", Room),
    route(Console, "GET", "/{business}/{mode}/mails/{id}", Room),
    route(Console, "GET", "/{business}/{mode}/webhooks", Room),
    route(Console, "GET", "/{business}/{mode}/webhooks/{id}", Room),
    route(
        Console,
        "POST",
        "/{business}/{mode}/webhooks/{id}/replay",
        Room,
    ),
    // The host itself.
    route(
        Host,
        "GET",
        "/assets/{theme}/{*file}",
        Nothing("files of themes"),
    ),
    route(Host, "GET", "/healthz", Nothing("says whether it runs")),
    route(Host, "GET", "/readyz", Nothing("says whether it serves")),
    route(
        Host,
        "GET",
        "/mailbox",
        Nothing("only on loopback, of this machine"),
    ),
    route(
        Host,
        "GET",
        "/mailbox/{id}",
        Nothing("only on loopback, of this machine"),
    ),
    route(Host, "GET", "/pay/{token}", Nothing(TOKEN)),
    route(Host, "POST", "/pay/{token}", Nothing(TOKEN)),
    route(Host, "POST", "/pay/{token}/give-up", Nothing(TOKEN)),
    route(Host, "GET", "/return/{token}", Nothing(TOKEN)),
    route(Host, "POST", "/return/{token}", Nothing(TOKEN)),
    route(Host, "GET", "/return/{token}/result", Nothing(TOKEN)),
    route(
        Host,
        "POST",
        "/hooks/{business}/{mode}/{gateway}",
        Nothing("signed by the gateway"),
    ),
];
