//! What the table of routes is made of.

/// Where a route stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum On {
    /// The portal of one business in one mode.
    Portal,
    /// The merchant API.
    Api,
    /// The console.
    Console,
    /// What belongs to no portal.
    Host,
}

/// What somebody has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Customer,
    Subscription,
    Payment,
    Setup,
    Invoice,
    Method,
    License,
    Device,
    Round,
    Product,
    Refund,
    Dispute,
    Webhook,
    Addon,
    Discount,
    /// What customers type to get a discount.
    Code,
    /// The secret of a dynamic link.
    Link,
    /// The secret of a link that proves a new address.
    Proof,
}

/// What the placeholders of a path stand for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Takes {
    /// Things of the caller: everything else is not found.
    Own(&'static [Kind]),
    /// The same, but what is not there is answered otherwise: why.
    Alike(&'static [Kind], &'static str),
    /// The secret of a link, which is the authority; of no use at another portal.
    Secret(Kind),
    /// A business and a mode, and below them a customer, as a member of staff sees them.
    Room,
    /// Nothing of anybody, or a test of its own: which.
    Nothing(&'static str),
}

/// A route.
#[derive(Clone, Copy, Debug)]
pub(super) struct Route {
    pub(super) on: On,
    pub(super) verb: &'static str,
    pub(super) path: &'static str,
    pub(super) takes: Takes,
    /// A body that does something for the one whose things the path names.
    pub(super) body: &'static str,
}

pub(super) const fn route(on: On, verb: &'static str, path: &'static str, takes: Takes) -> Route {
    Route {
        on,
        verb,
        path,
        takes,
        body: "",
    }
}

impl Route {
    pub(super) const fn with(self, body: &'static str) -> Self {
        Self { body, ..self }
    }
}
