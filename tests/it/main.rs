//! End-to-end tests: real HTTP, real Postgres, one database per test.

mod harness;
mod queries;
