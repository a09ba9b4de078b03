//! What a plugin with pages answers, and what it may read and keep. `vestibule_plugin::pages!` makes a
//! type that has the traits such a plugin.

pub use crate::bindings::blocks::exports::vestibule::pages::blocks;
pub use crate::bindings::events::exports::vestibule::pages::events;
pub use crate::bindings::imported::vestibule::pages::types::{Content, Context, Mode, Template};
pub use crate::bindings::imported::vestibule::pages::{customer, store};
pub use crate::bindings::pages::exports::vestibule::pages::pages;
