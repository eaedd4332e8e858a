//! The rules of the made-up system judge all of its tables: what a table costs that follows a rule is its entity and its migration.

use praxis::graph::catalog::Catalog;

use super::{SYSTEM, WRITERS, started};
use crate::fixture::signed_in;
use crate::harness::App;
use crate::people::Caller;
use crate::{matrix, mutation_matrix};

/// Returns the tools' users, and somebody without a token.
fn callers(app: &App) -> Vec<Caller<'_>> {
    let writer = |(name, id): (&'static str, &str)| Caller {
        name,
        actor: signed_in(app, id),
        id: Some(id.to_owned()),
    };
    let anonymous = Caller { name: "somebody without a token", actor: app.anonymous(), id: None };
    ["a writer", "another writer"].into_iter().zip(WRITERS).map(writer).chain([anonymous]).collect()
}

#[tokio::test]
async fn every_caller_reads_of_every_tool_what_the_rules_let_them_read() {
    let (app, owner) = started().await;
    matrix::compare(&owner, &Catalog::new(&[SYSTEM]).unwrap(), &callers(&app)).await;
}

#[tokio::test]
async fn every_caller_writes_of_every_tool_what_the_rules_let_them_write() {
    let (app, owner) = started().await;
    let catalog = Catalog::new(&[SYSTEM]).unwrap();
    mutation_matrix::insert_reference_rows(&owner, &catalog).await;
    let told = mutation_matrix::every_table(&owner, &catalog, &callers(&app)).await;
    for outcome in ["DONE", "FORBIDDEN", "NOT_FOUND"] {
        assert!(told.get(outcome).is_some_and(|count| *count > 100), "{told:?}");
    }
}
