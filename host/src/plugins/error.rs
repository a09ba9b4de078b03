//! Why a call of a plugin has no outcome: the one error of the folder that flows see.

use std::time::Duration;

/// A call without an outcome. A refusal by issuer or gateway is never one of these: it is
/// the outcome *declined*.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It certainly did not happen, and may be sent again with the same key.
    #[error("plugin {plugin}: not executed: {reason}")]
    NotExecuted {
        /// The plugin's id.
        plugin: String,
        /// Why, for the operator.
        reason: String,
    },
    /// It may have happened.
    #[error("plugin {plugin}: outcome unknown: {cause}")]
    Unknown {
        /// The plugin's id.
        plugin: String,
        /// What went wrong.
        cause: UnknownCause,
    },
    /// Not done: the gateway wants fewer requests.
    #[error("plugin {plugin}: rate limited")]
    RateLimited {
        /// The plugin's id.
        plugin: String,
        /// After which time again.
        retry_after: Option<Duration>,
    },
    /// Not done and never will be like this.
    #[error("plugin {plugin}: invalid request: {}", FieldError::list(fields))]
    InvalidRequest {
        /// The plugin's id.
        plugin: String,
        /// What is wrong.
        fields: Vec<FieldError>,
    },
    /// Not done: settings, secrets or grants are wrong, or the plugin is not there. The
    /// operator must act.
    #[error("plugin {plugin}: misconfigured: {reason}")]
    Misconfigured {
        /// The plugin's id.
        plugin: String,
        /// What is wrong.
        reason: String,
    },
    /// Not done: the gateway has no such operation.
    #[error("plugin {plugin}: unsupported: {operation}")]
    Unsupported {
        /// The plugin's id.
        plugin: String,
        /// The operation, or what the gateway says about it.
        operation: String,
    },
}

/// Why nobody knows whether a call had its effect.
#[derive(Debug, thiserror::Error)]
pub enum UnknownCause {
    /// The plugin itself says that it failed, or that it does not know.
    #[error("the plugin said so: {0}")]
    Said(String),
    /// The guest trapped.
    #[error("it trapped: {0}")]
    Trapped(String),
    /// No answer within the deadline of a call.
    #[error("no answer within {0:?}")]
    Deadline(Duration),
    /// The guest used up its processor time.
    #[error("it used up its processor time of {0:?}")]
    CpuBudget(Duration),
    /// The host's own code around the call panicked.
    #[error("the host panicked during the call")]
    HostPanic,
    /// The answer is not one that the interface allows.
    #[error("its answer is malformed: {0}")]
    Malformed(String),
}

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field, dotted where it is inside another.
    pub field: String,
    /// What is wrong, for the operator.
    pub message: String,
}

impl FieldError {
    fn list(fields: &[Self]) -> String {
        fields
            .iter()
            .map(|f| format!("{}: {}", f.field, f.message))
            .collect::<Vec<_>>()
            .join("; ")
    }
}

impl Error {
    /// Whether the call may have had its effect at the gateway. Everything else certainly
    /// did not happen.
    pub fn outcome_unknown(&self) -> bool {
        match self {
            Self::Unknown { .. } => true,
            Self::NotExecuted { .. }
            | Self::RateLimited { .. }
            | Self::InvalidRequest { .. }
            | Self::Misconfigured { .. }
            | Self::Unsupported { .. } => false,
        }
    }

    /// Whether it took all the time that a call may take, so that whoever asked waited in vain.
    pub fn took_all_its_time(&self) -> bool {
        match self {
            Self::Unknown { cause, .. } => {
                matches!(
                    cause,
                    UnknownCause::Deadline(_) | UnknownCause::CpuBudget(_)
                )
            }
            Self::NotExecuted { .. }
            | Self::RateLimited { .. }
            | Self::InvalidRequest { .. }
            | Self::Misconfigured { .. }
            | Self::Unsupported { .. } => false,
        }
    }

    /// How long the gateway wants to be left alone; none when it does not say.
    pub fn wanted_wait(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } => *retry_after,
            Self::Unknown { .. }
            | Self::NotExecuted { .. }
            | Self::InvalidRequest { .. }
            | Self::Misconfigured { .. }
            | Self::Unsupported { .. } => None,
        }
    }

    /// Whether the same request may be sent again later as it is.
    pub fn may_be_sent_again(&self) -> bool {
        match self {
            Self::NotExecuted { .. } | Self::RateLimited { .. } => true,
            Self::Unknown { .. }
            | Self::InvalidRequest { .. }
            | Self::Misconfigured { .. }
            | Self::Unsupported { .. } => false,
        }
    }
}
