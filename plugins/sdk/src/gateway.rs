//! What a gateway answers: the traits of its interfaces, their words, and the errors that say no
//! more than is known. `vestibule_plugin::gateway!` makes a type that has them a gateway.

pub use crate::bindings::imported::vestibule::gateway::types::{
    self, ActionNeeded, Advice, ChargeRequest, Customer, Decline, DeclineCode, FieldError,
    GatewayError, Initiator, MethodChoice, MethodKind, Outcome, Payment, RefundOutcome,
    RefundState, SavedMethod, SentRequest, SetupState, StoredMethod,
};
pub use crate::bindings::ledger::exports::vestibule::gateway::ledger;
pub use crate::bindings::methods::exports::vestibule::gateway::methods;
pub use crate::bindings::payments::exports::vestibule::gateway::{info, payments};
pub use crate::bindings::refunds::exports::vestibule::gateway::refunds;
pub use crate::bindings::setup::exports::vestibule::gateway::setup;
pub use crate::bindings::webhooks::exports::vestibule::gateway::webhooks;

/// A request that can never be done, because of one field.
pub fn invalid(field: &str, message: impl Into<String>) -> GatewayError {
    GatewayError::InvalidRequest(vec![FieldError {
        field: field.to_owned(),
        message: message.into(),
    }])
}

/// Whether an error means that the processor said nothing, as against saying no. A question that
/// met silence can be asked again; it has no answer now, and a lookup `cannot-tell`.
pub fn is_silence(error: &GatewayError) -> bool {
    matches!(
        error,
        GatewayError::NotExecuted(_) | GatewayError::UnknownOutcome(_)
    )
}
