//! Pages, blocks and calls of plugins, as plain values: what is asked and what is answered,
//! checked for size and believed in nothing else.

use jiff::Timestamp;

use super::Scope;
use super::content::Content;
use super::id::CustomerId;

/// For whom a page is made.
#[derive(Clone, Debug)]
pub struct Reader {
    /// The business and mode.
    pub scope: Scope,
    /// Who is signed in.
    pub customer: CustomerId,
    /// The path of the plugin's own pages, such as `/x/survey`.
    pub home: String,
    /// The language of the page.
    pub locale: String,
    /// Business time.
    pub now: Timestamp,
}

/// A page that is wanted, or a form that was sent to it.
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// For whom.
    pub reader: Reader,
    /// The path below the plugin's own, starting with `/`.
    pub path: String,
    /// The query, decoded.
    pub query: Vec<(String, String)>,
}

/// What the host does for the customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageAnswer {
    /// Shows a page.
    Page {
        /// Its title.
        title: String,
        /// What it shows.
        content: Content,
    },
    /// Sends the browser on.
    Redirect(String),
    /// Gives a file, to be saved.
    Download {
        /// Its name.
        name: String,
        /// Its media type.
        media_type: String,
        /// Its bytes.
        body: Vec<u8>,
    },
    /// There is nothing.
    NotFound,
}

/// What became of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submission {
    /// It was taken.
    Taken(PageAnswer),
    /// It has to be mended: messages by field.
    Invalid(Vec<(String, String)>),
}

/// Where a block may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// The overview.
    Overview,
    /// A subscription.
    Subscription,
    /// Cancelling it.
    Cancel,
    /// It was cancelled.
    Confirmation,
}

/// An entry of the navigation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NavigationEntry {
    /// The path below the plugin's own.
    pub path: String,
    /// The key of its label in the plugin's own words.
    pub label: String,
    /// A symbol.
    pub icon: String,
}
