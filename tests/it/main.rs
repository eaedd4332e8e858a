//! End-to-end tests: real HTTP, real Postgres, one database per test.

mod fixture;
mod harness;
mod matrix;
mod paging;
mod queries;
