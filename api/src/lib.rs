//! Praxis: a GraphQL gateway over Postgres row-level security, for practice data.
//!
//! One direction only: [`http`] → [`feed`] → [`graph`] → [`database`]; [`systems`] says what each system offers beyond its tables,
//! [`auth`] who asks, [`budget`] what memory that may take, [`config`] what is set, [`guard`] whether the database may be
//! served; [`supervise`] keeps running what runs as long as the gateway.

pub mod auth;
pub mod budget;
mod cache;
mod canonical;
pub mod cli;
pub mod config;
pub mod database;
pub mod descriptors;
pub mod feed;
pub mod graph;
pub mod guard;
pub mod housekeeping;
pub mod http;
pub mod server;
pub mod supervise;
pub mod systems;
