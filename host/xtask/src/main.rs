//! The repository tasks.

fn main() {}
