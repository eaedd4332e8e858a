//! Authenticates callers: it turns a bearer token into a [`Caller`], once per request.
//!
//! The module knows tokens (RFC 7519), their signatures (RFC 7515) and key sets (RFC 7517). It must not know HTTP beyond the text
//! of the `Authorization` header, nor the database: Postgres decides whether a `sub` is a user, and what a role may see.
//!
//! The content of a [`Caller`] is verified. No other part of a token leaves this module, and no part of a token is ever logged.

mod authenticator;
mod caller;
mod config;
pub mod development;
mod error;
mod identity;
mod key_set;
mod key_store;
mod share;
mod token;

#[cfg(test)]
mod tests;

pub use crate::clock::{Clock, SystemClock};
pub use authenticator::Authenticator;
pub use caller::{ANONYMOUS_ROLE, Caller};
pub use config::{AuthConfig, AuthConfigError, KeySource, MIN_SECRET_BYTES, Secret};
pub use error::AuthError;
pub use identity::Identity;
pub use key_set::KeySetError;
pub use share::Share;
