//! Tests that a connection keeps the most recently used prepared statements, and that a real Postgres has the same ones.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tokio::runtime::Runtime;

use super::batches::open;
use super::cluster::Cluster;
use super::{WITHIN, cases};
use crate::prepared::MOST_STATEMENTS;
use crate::{Address, Command, Connection, Query, WireError};

/// The number of different statements: more than a connection keeps.
const STATEMENTS: usize = MOST_STATEMENTS + 40;
/// The length of a statement of which a connection keeps only one.
const LONG: usize = 600 * 1024;

/// A step of a test over the connection.
#[derive(Clone, Debug)]
enum Step {
    /// One batch runs the statements with these numbers.
    Batch(Vec<usize>),
    /// The server forgets all statements, as happens when a pooler switches to another server connection.
    Forget,
}

fn text(number: usize) -> String {
    format!("SELECT {number}::int4")
}

/// Runs statements in a transaction, and again if the server has forgotten them.
async fn run(connection: &mut Connection, numbers: &[usize]) {
    let texts: Vec<String> = numbers.iter().map(|number| text(*number)).collect();
    let begin = Query::plain("BEGIN", Command::Begin);
    let statements = texts.iter().map(|text| Query::kept(text, Command::Statement));
    let queries: Vec<_> = std::iter::once(begin).chain(statements).collect();
    let mut answers = connection.run(&queries, WITHIN).await;
    if answers.as_ref().is_err_and(|failed| matches!(failed.error, WireError::Outdated)) {
        assert!(connection.roll_back());
        answers = connection.run(&queries, WITHIN).await;
    }
    for (rows, number) in answers.unwrap()[1..].iter().zip(numbers) {
        let number = i32::try_from(*number).unwrap().to_be_bytes();
        assert_eq!(rows[0].bytes(0), Some(&number[..]), "the answer to another statement");
    }
    assert!(connection.roll_back());
}

async fn known_to_server(connection: &mut Connection) -> BTreeSet<String> {
    let known = Query::plain("SELECT statement FROM pg_prepared_statements", Command::Statement);
    let rows = connection.run(&[known], WITHIN).await.unwrap().remove(0);
    rows.iter().map(|row| String::from_utf8(row.bytes(0).unwrap().to_vec()).unwrap()).collect()
}

/// Runs the steps, and compares the server's statements with a list in the order of use, whose first ones must be evicted.
async fn follow(address: &Address, steps: &[Step]) {
    let mut connection = address.connect().await.unwrap();
    let mut used: Vec<usize> = Vec::new();
    let first: Vec<usize> = (0..MOST_STATEMENTS).collect();
    let fill = Step::Batch(first);
    for step in std::iter::once(&fill).chain(steps) {
        match step {
            Step::Forget => {
                connection.run(&[Query::plain("DEALLOCATE ALL", Command::Statement)], WITHIN).await.unwrap();
                // The next batch finds out, and prepares its own.
                let found_out = used.pop().unwrap_or_default();
                run(&mut connection, &[found_out]).await;
                used = vec![found_out];
            }
            Step::Batch(numbers) => {
                run(&mut connection, numbers).await;
                used.retain(|known| !numbers.contains(known));
                // Within a batch, the older statements are evicted first.
                used.extend(numbers);
            }
        }
        // Statements are evicted at the beginning of the batch that follows.
        let known = known_to_server(&mut connection).await;
        let beyond = used.len().saturating_sub(MOST_STATEMENTS);
        used.drain(..beyond);
        assert_eq!(known, used.iter().map(|number| text(*number)).collect(), "after {step:?}");
    }
}

#[test]
fn beyond_the_limit_only_the_least_recently_used_statement_is_evicted() {
    let (cluster, runtime) = (Cluster::start(), Runtime::new().unwrap());
    let address = runtime.block_on(open(&cluster));
    // One at a time, so that the order of use is known exactly.
    let batch = (0..STATEMENTS).prop_map(|number| Step::Batch(vec![number]));
    let steps = prop::collection::vec(prop_oneof![60 => batch, 1 => Just(Step::Forget)], 1..80);
    let result = TestRunner::new(cases("BATCH_CASES", 10)).run(&steps, |steps| {
        runtime.block_on(follow(&address, &steps));
        Ok(())
    });
    result.unwrap();
}

#[test]
fn statements_are_evicted_by_their_bytes_too() {
    let (cluster, runtime) = (Cluster::start(), Runtime::new().unwrap());
    runtime.block_on(async {
        let mut connection = open(&cluster).await.connect().await.unwrap();
        let long = |name: &str| format!("SELECT '{name}' {}", " ".repeat(LONG));
        let texts = [text(1), long("first"), text(2), long("second")];
        for text in &texts {
            connection.run(&[Query::kept(text, Command::Statement)], WITHIN).await.unwrap();
        }
        let known = known_to_server(&mut connection).await;
        let known: Vec<usize> = known.iter().map(String::len).collect();
        // The first long statement is evicted, and everything used before it; later statements stay.
        assert_eq!(known.len(), 2, "{known:?}");
    });
}
