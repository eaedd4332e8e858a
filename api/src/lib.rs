//! A GraphQL gateway over Postgres row-level security.
pub mod auth;
pub mod database;
