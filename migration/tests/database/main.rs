//! The migrations on a real Postgres.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod access;
mod activities;
mod audit;
mod baselines;
mod benchmarks;
mod catalog;
mod changes;
mod clinical_notes;
mod cluster;
mod consent;
mod descriptions;
#[path = "../../../tests/it/harness/dropped.rs"]
mod dropped;
mod entities;
mod events;
mod functions;
mod homework;
mod isolation;
mod lint;
mod lint_texts;
mod notes;
mod outcomes;
mod rows_before;
mod runs;
mod scheduling;
#[path = "../../../tests/it/harness/cluster.rs"]
mod server;
mod supervision;
mod systems;
mod timeline;
mod triggers;
mod writes;
