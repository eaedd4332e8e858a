//! Provides random numbers and ids. All code draws them here, and clippy refuses any other way (`clippy.toml`).

#![expect(clippy::disallowed_methods, reason = "random numbers are drawn here")]

use std::hash::RandomState;

use uuid::Uuid;

/// Returns an id that nobody else has (UUID version 4). It is no secret: a generator within the process draws it.
pub(crate) fn id() -> Uuid {
    Uuid::new_v4()
}

/// Fills bytes with randomness of the operating system, fit for secrets.
pub(crate) fn fill(bytes: &mut [u8]) -> Result<(), getrandom::Error> {
    getrandom::fill(bytes)
}

/// Returns a random number of the operating system.
pub(crate) fn number() -> Result<u64, getrandom::Error> {
    getrandom::u64()
}

/// Returns a hash function with a random key, so that nobody outside can make values collide.
pub(crate) fn hasher() -> RandomState {
    RandomState::new()
}
