//! End-to-end tests: real HTTP, real Postgres, one database per test.

mod filters;
mod fixture;
mod harness;
mod loading;
mod matrix;
mod paging;
mod pgbouncer;
mod queries;
mod scalars;
