//! The processor from outside: over its own port, as callers, customers and receivers of
//! webhooks meet it.

mod support;

mod cards;
mod disputes;
mod faults;
mod idempotency;
mod ledger;
mod pages;
mod refunds;
mod webhooks;
