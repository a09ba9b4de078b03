//! What guests may call, and the state of one call that it works on. Every function asks the
//! call's permissions; none knows which kind of plugin is asking.

pub(super) mod crypto;
mod customer;
mod header;
pub(super) mod http;
pub(super) mod log;
mod resolver;
mod store;

use std::sync::Arc;

use jiff::Timestamp;
use rand::TryRng;
use rand::rngs::SysRng;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;
use wasmtime::component::{HasSelf, Linker, Resource, ResourceTable};

use super::binding::Binding;
use super::bindings::vestibule::host::{clock, random, reveal, secrets, settings};
use super::bindings::vestibule::{self, host, pages};
use super::data::GuestData;
use super::limits::{Limits, MemoryLimiter};
use super::setting::SettingValue;
use crate::domain::id::CustomerId;

/// How often one call may ask for what the host keeps, so that a loop in a guest does not hold
/// the database.
const MOST_QUESTIONS: u32 = 500;

/// How many of them may write: each is a transaction, and others wait for its end.
const MOST_WRITES: u32 = 100;

/// Host time, as `app` supplies it.
pub type HostClock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A secret that a guest holds a handle of.
#[expect(
    unreachable_pub,
    reason = "the code that bindgen makes exports it again"
)]
pub struct Secret {
    name: String,
    value: SecretString,
}

/// The state of one call. It is dropped with the call.
pub(super) struct CallState {
    /// The plugin's id.
    pub(super) plugin: Arc<str>,
    /// What it may know and do.
    pub(super) binding: Arc<Binding>,
    /// Its limits.
    pub(super) limits: Limits,
    /// Asked by wasmtime.
    pub(super) memory: MemoryLimiter,
    /// When the call ends at the latest.
    pub(super) deadline: Instant,
    /// Whether the exported function was entered: before that, nothing goes out.
    pub(super) entered: bool,
    /// Who is signed in: the one whose data may be asked for.
    pub(super) customer: Option<CustomerId>,
    data: Arc<dyn GuestData>,
    questions_left: u32,
    writes_left: u32,
    /// Whether the log says that it asked too much.
    is_told_of: bool,
    clock: HostClock,
    table: ResourceTable,
    log: log::LogBudget,
    fetches_left: usize,
}

impl CallState {
    pub(super) fn new(
        plugin: Arc<str>,
        binding: Arc<Binding>,
        limits: Limits,
        (clock, data): (HostClock, Arc<dyn GuestData>),
        deadline: Instant,
    ) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        let log = log::LogBudget::new(&limits, Arc::clone(&binding.lines));
        Self {
            plugin,
            binding,
            limits,
            memory: MemoryLimiter::new(limits.memory_bytes),
            deadline,
            entered: false,
            customer: None,
            data,
            questions_left: MOST_QUESTIONS,
            writes_left: MOST_WRITES,
            is_told_of: false,
            clock,
            table,
            log,
            fetches_left: limits.fetches,
        }
    }

    /// Whether this call may ask once more for what the host keeps.
    fn may_ask(&mut self) -> bool {
        let left = self.questions_left.checked_sub(1);
        self.questions_left = left.unwrap_or_default();
        if left.is_none() {
            self.asked_too_much(MOST_QUESTIONS, "asks");
        }
        left.is_some()
    }

    /// Whether this call may once more change what the host keeps.
    fn may_write(&mut self) -> bool {
        let left = self.writes_left.checked_sub(1);
        self.writes_left = left.unwrap_or_default();
        if left.is_none() {
            self.asked_too_much(MOST_WRITES, "writes");
        }
        left.is_some()
    }

    /// Tells the operator, once in a call, why the plugin hears that something is unavailable.
    fn asked_too_much(&mut self, most: u32, what: &str) {
        if !std::mem::replace(&mut self.is_told_of, true) {
            tracing::warn!(
                target: "plugin",
                plugin = &*self.plugin,
                at = %self.binding.label,
                "a plugin {what} more than {most} times in one call; the rest of it is refused"
            );
        }
    }

    fn secret(&self, handle: &Resource<Secret>) -> wasmtime::Result<&Secret> {
        Ok(self.table.get(handle)?)
    }
}

/// Links everything that any plugin may import.
pub(super) fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    type Own = HasSelf<CallState>;
    host::log::add_to_linker::<_, Own>(linker, |state| state)?;
    clock::add_to_linker::<_, Own>(linker, |state| state)?;
    random::add_to_linker::<_, Own>(linker, |state| state)?;
    settings::add_to_linker::<_, Own>(linker, |state| state)?;
    secrets::add_to_linker::<_, Own>(linker, |state| state)?;
    reveal::add_to_linker::<_, Own>(linker, |state| state)?;
    host::crypto::add_to_linker::<_, Own>(linker, |state| state)?;
    host::http::add_to_linker::<_, Own>(linker, |state| state)?;
    pages::types::add_to_linker::<_, Own>(linker, |state| state)?;
    pages::customer::add_to_linker::<_, Own>(linker, |state| state)?;
    pages::store::add_to_linker::<_, Own>(linker, |state| state)?;
    Ok(())
}

/// Types only, nothing to call.
impl vestibule::types::types::Host for CallState {}
impl pages::types::Host for CallState {}

impl clock::Host for CallState {
    fn now(&mut self) -> wasmtime::Result<i64> {
        Ok((self.clock)().as_microsecond())
    }
}

impl random::Host for CallState {
    fn bytes(&mut self, len: u32) -> wasmtime::Result<Vec<u8>> {
        const MOST: u32 = 4096;
        if len > MOST {
            wasmtime::bail!("it asked for {len} random bytes at once, {MOST} are allowed");
        }
        let mut bytes = vec![0; len as usize];
        SysRng.try_fill_bytes(&mut bytes)?;
        Ok(bytes)
    }
}

impl settings::Host for CallState {
    fn get(&mut self, name: String) -> wasmtime::Result<Option<settings::Value>> {
        let value = self.binding.settings.get(&name).cloned();
        Ok(value.map(|value| match value {
            SettingValue::Text(text) => settings::Value::Text(text),
            SettingValue::Integer(number) => settings::Value::Integer(number),
            SettingValue::Boolean(flag) => settings::Value::Boolean(flag),
            SettingValue::Texts(texts) => settings::Value::Texts(texts),
        }))
    }
}

impl secrets::Host for CallState {
    fn get(
        &mut self,
        name: String,
    ) -> wasmtime::Result<Result<Resource<Secret>, secrets::SecretError>> {
        if !self.binding.permissions.secrets.contains_key(&name) {
            return Ok(Err(secrets::SecretError::Denied));
        }
        let Some(value) = self.binding.secrets.get(&name).cloned() else {
            return Ok(Err(secrets::SecretError::Missing));
        };
        Ok(Ok(self.table.push(Secret { name, value })?))
    }
}

impl secrets::HostSecret for CallState {
    fn drop(&mut self, handle: Resource<Secret>) -> wasmtime::Result<()> {
        self.table.delete(handle)?;
        Ok(())
    }
}

impl reveal::Host for CallState {
    fn text(
        &mut self,
        handle: Resource<Secret>,
    ) -> wasmtime::Result<Result<String, secrets::SecretError>> {
        let secret = self.secret(&handle)?;
        if !self.binding.permissions.reveal.contains(&secret.name) {
            return Ok(Err(secrets::SecretError::Denied));
        }
        Ok(Ok(secret.value.expose_secret().to_owned()))
    }
}
