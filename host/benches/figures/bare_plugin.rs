//! wasmtime alone: the engine as the host sets it up, and nothing of what the host does around a
//! call. What the component imports is there, as little of it as the call needs.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256, Sha512};
use subtle::ConstantTimeEq as _;
use vestibule::plugins::gateway::request::Delivery;
use vestibule::plugins::limits::Limits;
use wasmtime::component::{Component, HasSelf, Linker, Resource, ResourceTable};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store};

use bindings::exports::vestibule::gateway::webhooks;
use bindings::vestibule::host::{clock, crypto, http, log, random, secrets, settings};
use bindings::vestibule::types::types::Kv;

mod bindings {
    //! The part of `wit/` that the call needs.

    wasmtime::component::bindgen!({
        path: ["../wit/types/v1", "../wit/host/v1", "../wit/gateway/v1"],
        inline: "
            package vestibule:figures;
            world bare {
                import vestibule:host/log@1.0.0;
                import vestibule:host/clock@1.0.0;
                import vestibule:host/random@1.0.0;
                import vestibule:host/settings@1.0.0;
                import vestibule:host/secrets@1.0.0;
                import vestibule:host/crypto@1.0.0;
                import vestibule:host/http@1.0.0;
                export vestibule:gateway/webhooks@1.0.0;
            }
        ",
        imports: { default: trappable },
        exports: { default: async },
        with: { "vestibule:host/secrets.secret": super::Secret },
    });
}

/// A secret that the guest holds a handle of.
#[expect(
    unreachable_pub,
    reason = "the code that bindgen makes exports it again"
)]
pub struct Secret(Vec<u8>);

struct State {
    table: ResourceTable,
    key: Vec<u8>,
}

/// A component, ready to be instantiated.
pub(crate) struct Bare {
    pre: bindings::BarePre<State>,
    key: Vec<u8>,
}

impl Bare {
    pub(crate) fn new(component: &[u8], key: &[u8]) -> anyhow::Result<Self> {
        let failed = |error: wasmtime::Error| anyhow::anyhow!("{error:#}");
        let engine = Engine::new(&configuration()).map_err(failed)?;
        let component = Component::new(&engine, component).map_err(failed)?;
        Self::of(&component, key)
    }

    fn of(component: &Component, key: &[u8]) -> anyhow::Result<Self> {
        let failed = |error: wasmtime::Error| anyhow::anyhow!("{error:#}");
        let mut linker = Linker::new(component.engine());
        log::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state).map_err(failed)?;
        clock::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state).map_err(failed)?;
        random::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state).map_err(failed)?;
        settings::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state).map_err(failed)?;
        secrets::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state).map_err(failed)?;
        crypto::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state).map_err(failed)?;
        http::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state).map_err(failed)?;
        let pre = linker.instantiate_pre(component).map_err(failed)?;
        let pre = bindings::BarePre::new(pre).map_err(failed)?;
        let key = key.to_owned();
        Ok(Self { pre, key })
    }

    /// One fresh instance, one call.
    pub(crate) async fn parse(&self, delivery: &Delivery) -> anyhow::Result<()> {
        let failed = |error: wasmtime::Error| anyhow::anyhow!("{error:#}");
        let state = State {
            table: ResourceTable::new(),
            key: self.key.clone(),
        };
        let mut store = Store::new(self.pre.engine(), state);
        store.set_epoch_deadline(u64::MAX / 2);
        let bare = self.pre.instantiate_async(&mut store);
        let bare = bare.await.map_err(failed)?;
        let delivery = lowered(delivery);
        let answer = bare
            .vestibule_gateway_webhooks()
            .call_parse(&mut store, &delivery)
            .await
            .map_err(failed)?;
        let parsed = answer.ok().context("not genuine")?;
        anyhow::ensure!(parsed.events.len() == 1);
        Ok(())
    }
}

/// Compiled components in a folder.
pub(crate) struct Shelf {
    engine: Engine,
    code: Vec<PathBuf>,
}

impl Shelf {
    /// Compiles the components into `folder`.
    pub(crate) fn fill(folder: &Path, components: &[PathBuf]) -> anyhow::Result<Self> {
        let failed = |error: wasmtime::Error| anyhow::anyhow!("{error:#}");
        let engine = Engine::new(&configuration()).map_err(failed)?;
        std::fs::create_dir_all(folder)?;
        let compiled = components.iter().enumerate().map(|(number, component)| {
            let code = engine.precompile_component(&std::fs::read(component)?);
            let path = folder.join(format!("{number}.cwasm"));
            std::fs::write(&path, code.map_err(failed)?)?;
            anyhow::Ok(path)
        });
        let code = compiled.collect::<anyhow::Result<_>>()?;
        Ok(Self { engine, code })
    }

    /// The components that were compiled into `folder` before.
    pub(crate) fn open(folder: &Path) -> anyhow::Result<Self> {
        let failed = |error: wasmtime::Error| anyhow::anyhow!("{error:#}");
        let engine = Engine::new(&configuration()).map_err(failed)?;
        let code = std::fs::read_dir(folder)?.map(|entry| anyhow::Ok(entry?.path()));
        let code = code.collect::<anyhow::Result<_>>()?;
        Ok(Self { engine, code })
    }

    /// Maps the code of each and links it.
    pub(crate) fn load(&self) -> anyhow::Result<Vec<Bare>> {
        self.code.iter().map(|path| self.component(path)).collect()
    }

    /// The first of them alone.
    pub(crate) fn first(&self) -> anyhow::Result<Bare> {
        self.component(self.code.first().context("no code")?)
    }

    #[expect(
        unsafe_code,
        reason = "wasmtime maps native code into memory; it was compiled by this program into a \
                  folder that nobody else writes to"
    )]
    fn component(&self, path: &Path) -> anyhow::Result<Bare> {
        // SAFETY: see the reason above.
        let component = unsafe { Component::deserialize_file(&self.engine, path) };
        let component = component.map_err(|error| anyhow::anyhow!("{error:#}"))?;
        Bare::of(&component, &[])
    }
}

/// As the host sets its engine up, with the limits it has by default.
fn configuration() -> Config {
    let limits = Limits::default();
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(128)
        .total_core_instances(1024)
        .total_memories(256)
        .total_tables(512)
        .total_stacks(128)
        .max_core_instances_per_component(50)
        .max_memories_per_component(20)
        .max_tables_per_component(50)
        .max_tables_per_module(50)
        .max_memories_per_module(20)
        .max_memory_size(limits.memory_bytes)
        .table_elements(20_000);
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .concurrency_support(false)
        .epoch_interruption(true)
        .max_wasm_stack(512 << 10)
        .async_stack_size(2 << 20)
        .memory_reservation(limits.memory_bytes as u64)
        .memory_guard_size(64 << 10)
        .memory_reservation_for_growth(0)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

fn lowered(delivery: &Delivery) -> webhooks::Delivery {
    let headers = delivery.headers.iter().map(|pair| Kv {
        name: pair.name.clone(),
        value: pair.value.clone(),
    });
    webhooks::Delivery {
        headers: headers.collect(),
        query: Vec::new(),
        body: delivery.body.clone(),
        received_at: delivery.received_at.as_microsecond(),
    }
}

/// Guests in JavaScript and Python import whatever their world names, and call none of these three.
impl log::Host for State {
    fn write(&mut self, _: log::Level, _: String, _: Vec<Kv>) -> wasmtime::Result<()> {
        wasmtime::bail!("nothing is logged here")
    }
}

impl clock::Host for State {
    fn now(&mut self) -> wasmtime::Result<i64> {
        wasmtime::bail!("nobody asks for the time here")
    }
}

impl random::Host for State {
    fn bytes(&mut self, _: u32) -> wasmtime::Result<Vec<u8>> {
        wasmtime::bail!("nothing is left to chance here")
    }
}

impl settings::Host for State {
    fn get(&mut self, _name: String) -> wasmtime::Result<Option<settings::Value>> {
        Ok(None)
    }
}

impl secrets::Host for State {
    fn get(
        &mut self,
        _name: String,
    ) -> wasmtime::Result<Result<Resource<Secret>, secrets::SecretError>> {
        Ok(Ok(self.table.push(Secret(self.key.clone()))?))
    }
}

impl secrets::HostSecret for State {
    fn drop(&mut self, handle: Resource<Secret>) -> wasmtime::Result<()> {
        self.table.delete(handle)?;
        Ok(())
    }
}

impl State {
    fn key(&self, key: crypto::HmacKey) -> wasmtime::Result<Vec<u8>> {
        match key {
            crypto::HmacKey::Bytes(bytes) => Ok(bytes),
            crypto::HmacKey::Secret(key) => Ok(self.table.get(&key.secret)?.0.clone()),
        }
    }
}

impl crypto::Host for State {
    fn sha256(&mut self, data: Vec<u8>) -> wasmtime::Result<Vec<u8>> {
        Ok(Sha256::digest(data).to_vec())
    }

    fn hmac_sha256(&mut self, key: crypto::HmacKey, data: Vec<u8>) -> wasmtime::Result<Vec<u8>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key(key)?)?;
        mac.update(&data);
        Ok(mac.finalize().into_bytes().to_vec())
    }

    fn hmac_sha512(&mut self, key: crypto::HmacKey, data: Vec<u8>) -> wasmtime::Result<Vec<u8>> {
        let mut mac = Hmac::<Sha512>::new_from_slice(&self.key(key)?)?;
        mac.update(&data);
        Ok(mac.finalize().into_bytes().to_vec())
    }

    fn equal(&mut self, a: Vec<u8>, b: Vec<u8>) -> wasmtime::Result<bool> {
        Ok(a.ct_eq(&b).into())
    }
}

/// Not called.
impl http::Host for State {
    fn fetch(
        &mut self,
        _request: http::Request,
    ) -> wasmtime::Result<Result<http::Response, http::FetchError>> {
        wasmtime::bail!("nothing is fetched here")
    }
}
