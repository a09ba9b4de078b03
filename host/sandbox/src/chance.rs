//! The processor's randomness, drawn in this one place. Nothing here is repeatable, and
//! nothing needs to be: it makes tokens and keys.

/// 256 bits that nobody can guess.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that draws random bytes"
)]
pub(crate) fn bytes() -> [u8; 32] {
    rand::random()
}
