//! What tests stand on: real databases that are made for them and go away with them.

pub(crate) mod postgres;
