//! What a branding answers: how a business looks. `vestibule_plugin::branding!` makes a type that
//! has the trait a branding.

pub use crate::bindings::branding::exports::vestibule::branding::looks::{
    self, Block, Context, Guest, Mode, Overrides, Surface, Template,
};
