//! `vestibule:pages/store`: the small memory of a plugin in one business and mode.

use std::sync::Arc;

use super::CallState;
use crate::domain::Scope;
use crate::plugins::bindings::vestibule::pages::store as wit;
use crate::plugins::data::{Kept, Unavailable};

/// Characters of a key.
const LONGEST_KEY: usize = 128;
/// Bytes of a value.
const LARGEST_VALUE: usize = 16 << 10;

type Done<T> = wasmtime::Result<Result<T, wit::StoreError>>;

impl CallState {
    /// Where the plugin's memory is, if it may have one and the keys are keys.
    fn memory_of(&mut self, keys: &[&str]) -> Result<(Scope, Arc<str>), wit::StoreError> {
        let scope = self.binding.scope.clone();
        let Some(scope) = scope.filter(|_| self.binding.permissions.store) else {
            return Err(wit::StoreError::Denied);
        };
        let is_key = |key: &&str| {
            key.len() <= LONGEST_KEY && key.bytes().all(|byte| byte.is_ascii_graphic())
        };
        if !keys.iter().all(is_key) {
            return Err(wit::StoreError::InvalidKey);
        }
        if !self.may_ask() {
            return Err(wit::StoreError::Unavailable);
        }
        Ok((scope, Arc::clone(&self.plugin)))
    }

    async fn keep(
        &mut self,
        key: &str,
        value: Vec<u8>,
        over: bool,
    ) -> Result<bool, wit::StoreError> {
        let (scope, plugin) = self.memory_of(&[key])?;
        let data = Arc::clone(&self.data);
        if key.is_empty() {
            return Err(wit::StoreError::InvalidKey);
        }
        if value.len() > LARGEST_VALUE {
            return Err(wit::StoreError::Full);
        }
        if !self.may_write() {
            return Err(wit::StoreError::Unavailable);
        }
        match data.keep(&scope, &plugin, key, value, over).await? {
            Kept::Yes => Ok(true),
            Kept::Another => Ok(false),
            Kept::Full => Err(wit::StoreError::Full),
        }
    }
}

impl From<Unavailable> for wit::StoreError {
    fn from(_: Unavailable) -> Self {
        Self::Unavailable
    }
}

impl wit::Host for CallState {
    async fn get(&mut self, key: String) -> Done<Option<Vec<u8>>> {
        let (scope, plugin) = match self.memory_of(&[&key]) {
            Ok(place) => place,
            Err(error) => return Ok(Err(error)),
        };
        let value = self.data.value(&scope, &plugin, &key).await;
        Ok(value.map_err(Into::into))
    }

    async fn put(&mut self, key: String, value: Vec<u8>) -> Done<()> {
        Ok(self.keep(&key, value, true).await.map(drop))
    }

    async fn add(&mut self, key: String, value: Vec<u8>) -> Done<bool> {
        Ok(self.keep(&key, value, false).await)
    }

    async fn delete(&mut self, key: String) -> Done<()> {
        let (scope, plugin) = match self.memory_of(&[&key]) {
            Ok(place) => place,
            Err(error) => return Ok(Err(error)),
        };
        if !self.may_write() {
            return Ok(Err(wit::StoreError::Unavailable));
        }
        let done = self.data.forget(&scope, &plugin, &key).await;
        Ok(done.map_err(Into::into))
    }

    async fn scan(&mut self, prefix: String, after: Option<String>) -> Done<Vec<wit::Entry>> {
        let after = after.unwrap_or_default();
        let (scope, plugin) = match self.memory_of(&[&prefix, &after]) {
            Ok(place) => place,
            Err(error) => return Ok(Err(error)),
        };
        let found = self.data.scan(&scope, &plugin, &prefix, &after).await;
        Ok(found
            .map(|found| {
                let entry = |(key, value)| wit::Entry { key, value };
                found.into_iter().map(entry).collect()
            })
            .map_err(Into::into))
    }
}
