//! What a gateway's component exports: the required interfaces, the optional ones that make
//! its capabilities, and its description. Found once, when the plugin is loaded.

use std::sync::Arc;

use wasmtime::component::InstancePre;

use super::answer::{Capabilities, Description};
use super::convert;
use crate::plugins::binding::Binding;
use crate::plugins::bindings::exports::vestibule::gateway::{
    info, ledger, methods, payments, refunds, setup, webhooks,
};
use crate::plugins::call::{self, Code};
use crate::plugins::imports::CallState;
use crate::plugins::load::LoadError;

/// Where the exported functions are in a component.
#[derive(Clone)]
pub(in crate::plugins) struct Exports {
    pub(super) info: info::GuestIndices,
    pub(super) payments: payments::GuestIndices,
    pub(super) setup: Option<setup::GuestIndices>,
    pub(super) refunds: Option<refunds::GuestIndices>,
    pub(super) methods: Option<methods::GuestIndices>,
    pub(super) webhooks: Option<webhooks::GuestIndices>,
    pub(super) ledger: Option<ledger::GuestIndices>,
}

/// A loaded plugin as a gateway.
pub(in crate::plugins) struct GatewayPart {
    pub(super) exports: Exports,
    /// Browser origins as the plugin declares them: `setting:NAME` is not resolved yet.
    pub(super) description: Description,
}

impl Exports {
    fn find(pre: &InstancePre<CallState>, names: &[String]) -> Result<Self, wasmtime::Error> {
        /// The interface's indices if the component exports it. One that is there and wrong
        /// is an error, never a missing capability.
        fn optional<T>(
            names: &[String],
            interface: &str,
            find: impl FnOnce() -> wasmtime::Result<T>,
        ) -> wasmtime::Result<Option<T>> {
            let prefix = format!("vestibule:gateway/{interface}@1.");
            let exported = names.iter().any(|name| name.starts_with(&prefix));
            exported.then(find).transpose()
        }
        Ok(Self {
            info: info::GuestIndices::new(pre)?,
            payments: payments::GuestIndices::new(pre)?,
            setup: optional(names, "setup", || setup::GuestIndices::new(pre))?,
            refunds: optional(names, "refunds", || refunds::GuestIndices::new(pre))?,
            methods: optional(names, "methods", || methods::GuestIndices::new(pre))?,
            webhooks: optional(names, "webhooks", || webhooks::GuestIndices::new(pre))?,
            ledger: optional(names, "ledger", || ledger::GuestIndices::new(pre))?,
        })
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            setup: self.setup.is_some(),
            refunds: self.refunds.is_some(),
            methods: self.methods.is_some(),
            webhooks: self.webhooks.is_some(),
            ledger: self.ledger.is_some(),
        }
    }
}

impl GatewayPart {
    pub(in crate::plugins) fn capabilities(&self) -> Capabilities {
        self.description.capabilities
    }

    pub(in crate::plugins) fn description(&self) -> Description {
        self.description.clone()
    }

    /// Finds the exports, instantiates once (which is when wasmtime compares types) and asks
    /// the plugin to describe itself.
    pub(in crate::plugins) async fn load(
        code: &Code,
        pre: &InstancePre<CallState>,
        names: &[String],
    ) -> Result<Self, LoadError> {
        let world = |error: &wasmtime::Error| LoadError::World(call::first_and_last(error));
        let exports = Exports::find(pre, names).map_err(|error| world(&error))?;
        let found = exports.clone();
        let nothing_granted = Arc::new(Binding::default());
        let described = code.call(
            &nothing_granted,
            "info.describe",
            Box::new(move |store, instance, entered| {
                Box::pin(async move {
                    let info = match found.type_check(store, &instance) {
                        Ok(info) => info,
                        Err(error) => return Ok(Err(error)),
                    };
                    entered.enter(store);
                    Ok(Ok(info.call_describe(store).await?))
                })
            }),
        );
        let descriptor = described
            .await
            .map_err(|error| match error {
                crate::plugins::Error::NotExecuted { reason, .. } => LoadError::Instantiate(reason),
                other => LoadError::Describe(format!("does not answer: {other}")),
            })?
            .map_err(|error| world(&error))?;
        let description = convert::description(descriptor, exports.capabilities())
            .map_err(|error| LoadError::Describe(format!("is malformed: {error}")))?;
        Ok(Self {
            exports,
            description,
        })
    }
}

impl Exports {
    /// Compares the types of every exported function with this host's.
    fn type_check(
        &self,
        store: &mut wasmtime::Store<CallState>,
        instance: &wasmtime::component::Instance,
    ) -> wasmtime::Result<info::Guest> {
        self.payments.load(&mut *store, instance)?;
        if let Some(setup) = &self.setup {
            setup.load(&mut *store, instance)?;
        }
        if let Some(refunds) = &self.refunds {
            refunds.load(&mut *store, instance)?;
        }
        if let Some(methods) = &self.methods {
            methods.load(&mut *store, instance)?;
        }
        if let Some(webhooks) = &self.webhooks {
            webhooks.load(&mut *store, instance)?;
        }
        if let Some(ledger) = &self.ledger {
            ledger.load(&mut *store, instance)?;
        }
        self.info.load(&mut *store, instance)
    }
}
