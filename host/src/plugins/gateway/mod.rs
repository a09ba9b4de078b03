//! Payment gateways: what is asked, what is answered, and the typed calls between.

pub mod answer;
pub mod config;
pub mod news;
pub mod request;
