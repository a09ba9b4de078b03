//! The activations of license keys: the devices on which they work.

use super::macros::{execute, fetch_all, fetch_optional, queries};
use super::row::{Columns, touched_one};
use super::{Error, Result, Tx};
use crate::domain::Scope;
use crate::domain::id::{LicenseId, LicenseInstanceId};
use crate::domain::license::LicenseInstance;

queries! {
    INSERT = "INSERT INTO license_instances (id, license_id, name, created_at, \
        business_id, mode) SELECT $1, id, $3, CAST($4 AS BIGINT), business_id, mode FROM licenses WHERE id = $2";
    GET = "SELECT * FROM license_instances WHERE id = $1";
    LIST_OF = "SELECT * FROM license_instances WHERE license_id = $1 ORDER BY id LIMIT 1000";
    LIST = "SELECT * FROM license_instances WHERE business_id = $1 AND mode = $2 \
        AND (CAST($3 AS TEXT) IS NULL OR license_id = $3) \
        ORDER BY id DESC LIMIT $4 + 0 OFFSET $5";
    DELETE = "DELETE FROM license_instances WHERE id = $1 AND license_id = $2";
    RENAME = "UPDATE license_instances SET name = $3 WHERE id = $1 AND license_id = $2";
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    license_id: String,
    name: String,
    created_at: i64,
}

impl TryFrom<Row> for LicenseInstance {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let columns = Columns {
            table: "license_instances",
            id: &row.id,
        };
        Ok(Self {
            id: columns.parse("id", &row.id)?,
            license: columns.parse("license_id", &row.license_id)?,
            created_at: columns.time("created_at", row.created_at)?,
            name: row.name,
        })
    }
}

impl Tx {
    /// A page of the activations of all keys or of one, newest first.
    pub async fn license_instances(
        &mut self,
        scope: &Scope,
        license: Option<&LicenseId>,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<LicenseInstance>> {
        fetch_all!(
            self,
            Row,
            LIST,
            scope.business.as_str(),
            scope.mode.as_str(),
            license.map(LicenseId::as_str),
            i64::from(limit),
            i64::from(offset),
        )?
        .into_iter()
        .map(LicenseInstance::try_from)
        .collect()
    }

    /// Adds an activation.
    pub async fn insert_license_instance(&mut self, instance: &LicenseInstance) -> Result<()> {
        let touched = execute!(
            self,
            INSERT,
            instance.id.as_str(),
            instance.license.as_str(),
            &instance.name,
            instance.created_at.as_microsecond(),
        )?;
        touched_one(touched, "licenses", instance.license.as_str())
    }

    /// The activation with this id.
    pub async fn license_instance(
        &mut self,
        id: &LicenseInstanceId,
    ) -> Result<Option<LicenseInstance>> {
        fetch_optional!(self, Row, GET, id.as_str())?
            .map(LicenseInstance::try_from)
            .transpose()
    }

    /// The activations of a key, oldest first.
    pub async fn license_instances_of(&mut self, id: &LicenseId) -> Result<Vec<LicenseInstance>> {
        fetch_all!(self, Row, LIST_OF, id.as_str())?
            .into_iter()
            .map(LicenseInstance::try_from)
            .collect()
    }

    /// Removes an activation of a key; answers whether it was there.
    pub async fn delete_license_instance(
        &mut self,
        id: &LicenseInstanceId,
        license: &LicenseId,
    ) -> Result<bool> {
        Ok(execute!(self, DELETE, id.as_str(), license.as_str())? == 1)
    }

    /// Gives an activation of a key another name.
    pub async fn rename_license_instance(&mut self, instance: &LicenseInstance) -> Result<()> {
        let touched = execute!(
            self,
            RENAME,
            instance.id.as_str(),
            instance.license.as_str(),
            &instance.name,
        )?;
        touched_one(touched, "license_instances", instance.id.as_str())
    }
}
