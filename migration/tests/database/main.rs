//! The migrations on a real Postgres.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod access;
mod activities;
mod baselines;
mod benchmarks;
mod catalog;
mod changes;
mod cluster;
mod comments;
mod entities;
mod events;
mod functions;
mod homework;
mod lint;
mod lint_texts;
mod notes;
mod outcomes;
mod runs;
#[path = "../../../tests/it/harness/cluster.rs"]
mod server;
mod supervision;
mod timeline;
mod triggers;
mod writes;
