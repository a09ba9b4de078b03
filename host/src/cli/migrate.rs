//! `vestibule migrate`.

use std::process::ExitCode;

use anyhow::Context as _;

use crate::app;

use super::{Place, block_on, print};

pub(super) fn run(place: &Place) -> anyhow::Result<ExitCode> {
    let settings = place.load()?;
    block_on(async {
        let store = app::open_store(&settings.database).await?;
        store
            .migrate()
            .await
            .context("the schema could not be brought up to date")?;
        store.close().await;
        print("the database's schema is up to date")?;
        Ok(ExitCode::SUCCESS)
    })
}
