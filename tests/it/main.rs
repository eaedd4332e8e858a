//! End-to-end tests: real HTTP, real Postgres, one database per test.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod aggregates;
mod benchmark;
mod binary;
mod commands;
mod faults;
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
mod mutation_matrix;
mod mutations;
mod page;
mod paging;
mod people;
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
