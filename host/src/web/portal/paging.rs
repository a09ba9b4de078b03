//! Long lists in pages: which one is asked for, and which ones there are around it.

use serde::{Deserialize, Serialize};

/// How many rows a page has.
const ROWS: u32 = 20;
/// Pages beyond this are not looked up.
const LAST: u32 = 10_000;

/// `?page=` of a list, counting from 1.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    page: Option<u32>,
}

/// The pages beside the one that is shown.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Paging {
    /// This page, counting from 1.
    pub page: u32,
    /// The page with newer rows.
    pub newer: Option<u32>,
    /// The page with older rows.
    pub older: Option<u32>,
}

impl Asked {
    fn page(&self) -> u32 {
        self.page.unwrap_or(1).clamp(1, LAST)
    }

    /// How many rows to read: one more than a page, which tells whether there is another.
    pub const LIMIT: u32 = ROWS + 1;

    /// How many rows come before.
    pub fn offset(&self) -> u32 {
        (self.page() - 1) * ROWS
    }

    /// Takes the extra row off `rows` and says what is around.
    pub fn cut<T>(&self, rows: &mut Vec<T>) -> Paging {
        let page = self.page();
        let more = rows.len() > ROWS as usize;
        rows.truncate(ROWS as usize);
        Paging {
            page,
            newer: (page > 1).then(|| page - 1),
            older: more.then(|| page + 1),
        }
    }
}

impl Paging {
    /// A list of one page.
    pub(super) fn only() -> Self {
        Self {
            page: 1,
            newer: None,
            older: None,
        }
    }

    pub(super) fn sample() -> Self {
        Self {
            page: 2,
            newer: Some(1),
            older: Some(3),
        }
    }
}
