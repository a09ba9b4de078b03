//! The pages of merchants that customers are offered to go back to.

use url::Url;

use super::input::invalid;
use crate::config::Settings;
use crate::domain::Scope;
use crate::flows::return_url;
use crate::web::Error;

/// Reads and checks a `return_url`; an empty one is none.
pub(super) fn checked(
    settings: &Settings,
    scope: &Scope,
    text: Option<String>,
) -> Result<Option<Url>, Error> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let url = Url::parse(&text).map_err(|_| invalid("return_url", "is not an absolute address"))?;
    return_url::check(settings, scope, &url).map_err(|problem| invalid("return_url", problem))?;
    Ok(Some(url))
}
