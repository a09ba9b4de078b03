//! Pages of long lists. A page is named by a row beside it, so that its address stays good and
//! shows the same rows whatever has come since.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::form_urlencoded::Serializer;

use crate::store::{Page, Seek};

/// How many rows a page has.
pub const ROWS: u32 = 20;

/// `?older_than=` or `?newer_than=` of a list; neither is its top.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    older_than: Option<String>,
    #[serde(default)]
    newer_than: Option<String>,
}

impl Asked {
    /// Where the page starts; at the top for what is no id of such a row.
    pub fn seek<I: FromStr>(&self) -> Seek<I> {
        let id = |text: &Option<String>| text.as_ref()?.parse().ok();
        match (id(&self.older_than), id(&self.newer_than)) {
            (Some(id), _) => Seek::OlderThan(id),
            (None, Some(id)) => Seek::NewerThan(id),
            (None, None) => Seek::Newest,
        }
    }
}

/// The pages beside the one that is shown, as queries to put behind the list's path.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Paging {
    /// The page with newer rows.
    pub newer: Option<String>,
    /// The page with older rows.
    pub older: Option<String>,
}

impl Paging {
    /// What is beside `page`.
    pub fn of<T>(page: &Page<T>, id: impl Fn(&T) -> &str) -> Self {
        Self::within(page, id, &[])
    }

    /// What is beside `page` of a list that is narrowed by `filter`.
    pub fn within<T>(page: &Page<T>, id: impl Fn(&T) -> &str, filter: &[(&str, &str)]) -> Self {
        let query = |name: &str, row: &T| {
            let mut query = Serializer::for_suffix("?".to_owned(), 1);
            query.extend_pairs(filter).append_pair(name, id(row));
            query.finish()
        };
        let newer = page.rows.first().filter(|_| page.newer);
        let older = page.rows.last().filter(|_| page.older);
        Self {
            newer: newer.map(|row| query("newer_than", row)),
            older: older.map(|row| query("older_than", row)),
        }
    }

    pub(super) fn sample() -> Self {
        Self {
            newer: Some("?newer_than=row_1".to_owned()),
            older: Some("?older_than=row_20".to_owned()),
        }
    }
}
