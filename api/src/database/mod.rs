//! The gateway's way to Postgres.
pub mod embedded;
