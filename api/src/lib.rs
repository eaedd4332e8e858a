//! Praxis: a GraphQL gateway over Postgres row-level security, for practice data.
//!
//! One direction only: [`http`] → [`systems`] → [`graph`] → [`database`]; [`auth`] says who asks, [`config`] what is set.

pub mod auth;
pub mod database;
pub mod graph;
pub mod http;
pub mod systems;
