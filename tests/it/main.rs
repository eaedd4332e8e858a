//! End-to-end tests: real HTTP, real Postgres, one database per test.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod aggregates;
mod benchmark;
mod commands;
mod filters;
mod fixture;
mod groups;
mod harness;
mod health;
mod http;
mod idempotency;
mod identity;
mod limits;
mod loading;
mod login;
mod matrix;
mod mutations;
mod page;
mod paging;
mod pgbouncer;
mod plans;
mod points;
mod queries;
mod scalars;
mod schema;
mod series;
mod session;
mod timeline;
mod timeouts;
mod trends;
mod walks;
