//! Praxis: a GraphQL gateway over Postgres row-level security, for practice data.
//!
//! Dependencies point in one direction: [`http`] → [`feed`] → [`graph`] → [`database`]. [`systems`] declares what each system
//! offers beyond its tables, [`auth`] identifies callers, [`budget`] limits their memory, [`config`] holds the settings,
//! [`guard`] checks whether the database may be served, and [`supervise`] restarts background tasks.

pub mod auth;
pub mod budget;
mod cache;
mod canonical;
pub mod cli;
mod clock;
pub mod config;
pub mod database;
pub mod descriptors;
pub mod feed;
mod fingerprint;
pub mod graph;
pub mod guard;
pub mod housekeeping;
pub mod http;
mod random;
pub mod server;
#[cfg(test)]
mod sources;
pub mod supervise;
pub mod systems;
