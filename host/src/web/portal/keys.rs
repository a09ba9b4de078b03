//! License keys: to copy, with their state and the devices they are used on.

use axum::extract::{Path, Query};
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;

use super::progress::Pressed;
use super::records::Reading;
use super::sample;
use crate::domain::license::{License, LicenseInstance, LicenseStatus};
use crate::flows::license;
use crate::themes::Page;
use crate::web::paging::{Asked, Paging};
use crate::web::{Error, Owned, Posted};

/// The list of keys.
#[derive(Debug, Serialize)]
pub struct KeysPage {
    /// The keys, newest first.
    pub keys: Vec<Key>,
    /// The pages beside this one.
    pub paging: Paging,
}

/// The question before a device is taken off a key.
#[derive(Debug, Serialize)]
pub struct DeactivatePage {
    /// The key.
    pub key: Key,
    /// The device.
    pub device: Device,
}

/// A license key.
#[derive(Clone, Debug, Serialize)]
pub struct Key {
    /// The id of its row.
    pub id: String,
    /// The key.
    pub key: String,
    /// What it unlocks.
    pub product: String,
    /// `active`, `suspended`, `disabled` or `expired`.
    pub status: &'static str,
    /// How the status is meant.
    pub tone: &'static str,
    /// The subscription it follows.
    pub subscription: Option<String>,
    /// How many devices at once; none is unlimited.
    pub limit: Option<u32>,
    /// How many devices there are.
    pub used: u32,
    /// When it stops.
    pub expires_at: Option<Timestamp>,
    /// The devices.
    pub devices: Vec<Device>,
}

/// A device on which a key is used.
#[derive(Clone, Debug, Serialize)]
pub struct Device {
    /// The activation's id.
    pub id: String,
    /// Its name, as it was given.
    pub name: String,
    /// Since when.
    pub since: Timestamp,
}

/// `GET /license-keys`.
pub(super) async fn index(reading: Reading, asked: Query<Asked>) -> Result<Response, Error> {
    let Reading { who, mut records } = reading;
    let page = records.keys_page(&asked).await?;
    let paging = Paging::of(&page, |license| license.id.as_str());
    let mut keys = Vec::with_capacity(page.rows.len());
    for license in &page.rows {
        keys.push(records.key(license).await?);
    }
    who.render(&KeysPage { keys, paging })
}

/// `GET /license-keys/{id}/devices/{device}`.
pub(super) async fn ask(
    Owned { who, item }: Owned<License>,
    Path((_, device)): Path<(String, String)>,
) -> Result<Response, Error> {
    let mut records = who.records().await?;
    let key = records.key(&item).await?;
    let device = key.devices.iter().find(|known| known.id == device).cloned();
    let device = device.ok_or_else(Error::not_found)?;
    who.render(&DeactivatePage { key, device })
}

/// `POST /license-keys/{id}/devices/{device}`: the device lets go of the key.
pub(super) async fn deactivate(
    Owned { who, item }: Owned<License>,
    Path((_, device)): Path<(String, String)>,
    Posted(Pressed {}): Posted<Pressed>,
) -> Result<Response, Error> {
    let device = device.parse().map_err(|_| Error::not_found())?;
    let cx = who.cx();
    who.web
        .perform(async move { license::deactivate(&cx, &item, &device).await })
        .await?;
    Ok(who.redirect("/license-keys"))
}

impl Key {
    /// `license` for `product` as it is at `now`.
    pub fn of(
        license: &License,
        product: String,
        devices: Vec<LicenseInstance>,
        now: Timestamp,
    ) -> Self {
        let (status, tone) = match license.status(now) {
            LicenseStatus::Active => ("active", "good"),
            LicenseStatus::Disabled if license.disabled => ("disabled", "plain"),
            LicenseStatus::Disabled => ("suspended", "warn"),
            LicenseStatus::Expired => ("expired", "plain"),
        };
        let device = |instance: LicenseInstance| Device {
            id: instance.id.to_string(),
            name: instance.name,
            since: instance.created_at,
        };
        Self {
            id: license.id.to_string(),
            key: license.key.clone(),
            product,
            status,
            tone,
            subscription: license.subscription.as_ref().map(ToString::to_string),
            limit: license.activations_limit,
            used: license.activations,
            expires_at: license.expires_at,
            devices: devices.into_iter().map(device).collect(),
        }
    }

    /// A key of each status.
    pub(super) fn samples() -> Vec<Self> {
        let active = Self {
            id: "lic_sample".to_owned(),
            key: "7K3M-9QXT-2VHB-8RWD-5NFC".to_owned(),
            product: "Pro".to_owned(),
            status: "active",
            tone: "good",
            subscription: Some("sub_sample".to_owned()),
            limit: Some(3),
            used: 2,
            expires_at: None,
            devices: vec![Device::sample("MacBook Air"), Device::sample(sample::LONG)],
        };
        let quiet = |status, tone| Self {
            status,
            tone,
            devices: Vec::new(),
            used: 0,
            ..active.clone()
        };
        vec![
            active.clone(),
            quiet("suspended", "warn"),
            Self {
                limit: None,
                ..quiet("disabled", "plain")
            },
            Self {
                product: sample::LONG.to_owned(),
                subscription: None,
                expires_at: Some(sample::at("2026-06-30")),
                ..quiet("expired", "plain")
            },
            Self {
                subscription: None,
                expires_at: Some(sample::at("2027-06-30")),
                ..quiet("active", "good")
            },
        ]
    }
}

impl Device {
    fn sample(name: &str) -> Self {
        Self {
            id: "lki_sample".to_owned(),
            name: name.to_owned(),
            since: sample::at("2026-03-02"),
        }
    }
}

impl Page for KeysPage {
    const TEMPLATE: &'static str = "pages/keys.html";

    fn samples() -> Vec<Self> {
        let page = |keys, paging| Self { keys, paging };
        vec![
            page(Key::samples(), Paging::default()),
            page(Vec::new(), Paging::default()),
            page(Key::samples(), Paging::sample()),
        ]
    }
}

impl Page for DeactivatePage {
    const TEMPLATE: &'static str = "pages/key-deactivate.html";

    fn samples() -> Vec<Self> {
        vec![Self {
            key: Key::samples().remove(0),
            device: Device::sample("MacBook Air"),
        }]
    }
}
