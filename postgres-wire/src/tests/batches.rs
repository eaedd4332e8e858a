//! Tests batches against a real Postgres: repeated, failing, forgotten and differently typed statements, kept and not kept, in
//! every order over one connection. Each must be answered as it is alone, on a new connection.
//!
//! This command runs more cases:
//!
//! ```text
//! BATCH_CASES=10000 cargo test --release -p postgres-wire batches
//! ```

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tokio::runtime::Runtime;
use tokio_postgres::types::Type;

use super::cluster::Cluster;
use super::{WITHIN, address, cases};
use crate::Parameter;
use crate::{Address, BatchError, Command, Connection, Query, Row, WireError};

/// A statement whose columns have the parameter's type.
const TYPED: &str = "SELECT pg_typeof($1)::text, $1";
/// A statement that cannot be prepared for text, and fails for zero.
const QUOTIENT: &str = "SELECT 12 / $1, $1 FROM generate_series(1, 3)";
/// The length of a statement of which a connection remembers only one.
const LONG: usize = 600 * 1024;

/// A statement of a test, kept or not.
#[derive(Clone, Debug)]
struct OwnedQuery {
    text: String,
    parameters: Vec<Parameter>,
    keep: bool,
}

/// The expected answer to a statement: the values of its rows, or the SQLSTATE of its refusal.
type Expected = Result<Vec<Vec<Option<Vec<u8>>>>, String>;

/// A step of a test over one connection.
#[derive(Clone, Debug)]
enum Step {
    /// A transaction: batches of statements, each with its number, and true if it is kept.
    Session(Vec<Vec<(usize, bool)>>),
    /// The server forgets all statements, as happens behind a pooler.
    Forget,
}

fn statements() -> Vec<(String, Vec<Parameter>)> {
    let int4 = |value: i32| Parameter::new(Type::INT4, value.to_be_bytes().to_vec());
    let int8 = |value: i64| Parameter::new(Type::INT8, value.to_be_bytes().to_vec());
    let text = |value: &[u8]| Parameter::new(Type::TEXT, value.to_vec());
    let with = |text: &str, parameter| (text.to_owned(), vec![parameter]);
    let plain = |text: &str| (text.to_owned(), Vec::new());
    vec![
        with(TYPED, int4(1)),
        with(TYPED, int8(2)),
        with(TYPED, text(b"three")),
        with(QUOTIENT, int4(4)),
        // Fails when it is run, …
        with(QUOTIENT, int4(0)),
        // … when it is prepared, …
        with(QUOTIENT, text(b"4")),
        // … and when its parameter is read.
        with(TYPED, text(&[0xff])),
        plain("SELEC"),
        with(TYPED, int4(-1)),
        with(QUOTIENT, int8(5)),
        with(TYPED, Parameter { ty: Type::TEXT, value: None }),
        plain("SELECT 'a', NULL WHERE true"),
        plain("SELECT 1 WHERE false"),
        plain("SET LOCAL work_mem = '5MB'"),
        plain(""),
        with(&format!("SELECT $1, 'long' {}", " ".repeat(LONG)), int4(6)),
        with(&format!("SELECT 'longer', $1 {}", " ".repeat(LONG + 1)), int8(7)),
    ]
}

fn owned_query(statements: &[(String, Vec<Parameter>)], (number, keep): (usize, bool)) -> OwnedQuery {
    let (text, parameters) = statements[number].clone();
    OwnedQuery { text, parameters, keep }
}

fn query(owned: &OwnedQuery) -> Query<'_> {
    Query { text: &owned.text, parameters: &owned.parameters, keep: owned.keep, command: Command::Statement }
}

fn values(rows: &[Row], columns: usize) -> Vec<Vec<Option<Vec<u8>>>> {
    rows.iter().map(|row| (0..columns).map(|at| row.bytes(at).map(<[u8]>::to_vec)).collect()).collect()
}

/// More columns than any statement has.
const COLUMNS: usize = 3;

fn code(error: &WireError) -> String {
    match error {
        WireError::Server(error) => error.code.code().to_owned(),
        other => panic!("{other}"),
    }
}

/// Waits until a cluster accepts logins, and returns the address of its database.
pub(super) async fn open(cluster: &Cluster) -> Address {
    let address = address(&cluster.url("postgres", "postgres"));
    for _ in 0..1_000 {
        if address.connect().await.is_ok() {
            return address;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the server in {} accepts no login", cluster.folder().display());
}

/// Returns the answer to each statement alone, on a connection of its own.
async fn alone(address: &Address, statements: &[(String, Vec<Parameter>)]) -> Vec<Expected> {
    let mut expected = Vec::new();
    for number in 0..statements.len() {
        let owned = owned_query(statements, (number, false));
        let mut connection = address.connect().await.unwrap();
        expected.push(match connection.run(&[query(&owned)], WITHIN).await {
            Ok(answers) => Ok(values(&answers[0], COLUMNS)),
            Err(BatchError { error, .. }) => Err(code(&error)),
        });
    }
    expected
}

/// Runs a batch within a transaction, which the first batch begins. Returns false if the server has forgotten a statement that the
/// connection remembered.
async fn run_batch(
    connection: &mut Connection,
    batch: &[OwnedQuery],
    begins: bool,
    expected: &[&Expected],
) -> bool {
    let begin = Query::plain("BEGIN", Command::Begin);
    let opening = usize::from(begins);
    let queries: Vec<_> = std::iter::repeat_n(begin, opening).chain(batch.iter().map(query)).collect();
    let refused = expected.iter().position(|expected| expected.is_err());
    match connection.run(&queries, WITHIN).await {
        Ok(answers) => {
            assert_eq!(refused, None, "answered instead of refused");
            assert_eq!(answers.len(), queries.len());
            for (rows, expected) in answers[opening..].iter().zip(expected) {
                assert_eq!(values(rows, COLUMNS), **expected.as_ref().unwrap());
            }
        }
        Err(BatchError { error: WireError::Outdated, .. }) => return false,
        Err(BatchError { at, error }) => {
            let at = at.checked_sub(opening);
            assert_eq!(at, refused, "{error}");
            assert_eq!(Some(code(&error)), at.and_then(|at| expected[at].clone().err()));
        }
    }
    true
}

/// Runs the steps over one new connection.
async fn run(
    address: &Address,
    statements: &[(String, Vec<Parameter>)],
    expected: &[Expected],
    steps: &[Step],
) {
    let mut connection = address.connect().await.unwrap();
    // The server may have forgotten what the connection remembers.
    let mut is_outdated = false;
    for step in steps {
        let Step::Session(batches) = step else {
            connection.run(&[Query::plain("DEALLOCATE ALL", Command::Statement)], WITHIN).await.unwrap();
            is_outdated = true;
            continue;
        };
        for (number, batch) in batches.iter().enumerate() {
            let owned: Vec<_> = batch.iter().map(|it| owned_query(statements, *it)).collect();
            let expected: Vec<_> = batch.iter().map(|(number, _)| &expected[*number]).collect();
            if !run_batch(&mut connection, &owned, number == 0, &expected).await {
                assert!(is_outdated, "the server has forgotten a statement by itself");
                // This happens once: then the connection prepares its statements again.
                is_outdated = false;
                assert!(connection.roll_back());
                assert!(run_batch(&mut connection, &owned, true, &expected).await);
            }
            if expected.iter().any(|expected| expected.is_err()) {
                break;
            }
        }
        assert!(connection.roll_back());
        if !is_outdated {
            check_remembered(&mut connection).await;
        }
    }
}

/// Checks that connection and server remember the same statements.
async fn check_remembered(connection: &mut Connection) {
    let known = Query::plain("SELECT name FROM pg_prepared_statements", Command::Statement);
    let rows = connection.run(&[known], WITHIN).await.unwrap().remove(0);
    let server: BTreeSet<_> =
        rows.iter().map(|row| String::from_utf8(row.bytes(0).unwrap().to_vec()).unwrap()).collect();
    let gateway: BTreeSet<_> = connection.prepared.names().map(str::to_owned).collect();
    assert_eq!(server, gateway);
}

#[test]
fn a_batch_is_answered_as_each_of_its_statements_alone() {
    let (cluster, runtime) = (Cluster::start(), Runtime::new().unwrap());
    let address = runtime.block_on(open(&cluster));
    let statements = statements();
    let expected = runtime.block_on(alone(&address, &statements));
    let batch = || prop::collection::vec((0..statements.len(), prop::bool::weighted(0.8)), 0..8);
    let session = prop::collection::vec(batch(), 1..4).prop_map(Step::Session);
    let steps = prop::collection::vec(prop_oneof![9 => session, 1 => Just(Step::Forget)], 1..8);
    let result = TestRunner::new(cases("BATCH_CASES", 100)).run(&steps, |steps| {
        runtime.block_on(run(&address, &statements, &expected, &steps));
        Ok(())
    });
    result.unwrap();
}

#[test]
fn three_statements_are_answered_in_every_order() {
    let (cluster, runtime) = (Cluster::start(), Runtime::new().unwrap());
    let address = runtime.block_on(open(&cluster));
    // The statements are new, known, of another type, or refused at each step where one can be.
    let statements: Vec<_> = statements().into_iter().filter(|(text, _)| text.len() < LONG).take(8).collect();
    let expected = runtime.block_on(alone(&address, &statements));
    let kinds = 0..statements.len();
    for first in kinds.clone() {
        // Each order is run twice: when the connection knows none of the three statements, and then again.
        let orders = kinds.clone().flat_map(|second| kinds.clone().map(move |third| [first, second, third]));
        let session = |order: [usize; 3]| Step::Session(vec![order.map(|number| (number, true)).to_vec()]);
        let steps: Vec<_> = orders.flat_map(|order| [session(order), session(order), Step::Forget]).collect();
        runtime.block_on(run(&address, &statements, &expected, &steps));
    }
}

/// Uses up the cooperative budget of the task, so that tokio makes every further operation wait.
async fn use_up_the_budget() {
    poll_fn(|context| {
        while let Poll::Ready(progress) = tokio::task::coop::poll_proceed(context) {
            progress.made_progress();
        }
        Poll::Ready(())
    })
    .await;
}

#[test]
fn a_task_that_has_used_up_its_budget_rolls_back_and_notices_a_closed_connection() {
    let (cluster, runtime) = (Cluster::start(), Runtime::new().unwrap());
    runtime.block_on(async {
        let address = open(&cluster).await;
        let mut connection = address.connect().await.unwrap();
        connection.run(&[Query::plain("BEGIN", Command::Begin)], WITHIN).await.unwrap();
        use_up_the_budget().await;
        assert!(connection.roll_back());

        let mut other = address.connect().await.unwrap();
        let mut ended = address.connect().await.unwrap();
        let end = format!("SELECT pg_terminate_backend({}, 60000)", ended.process);
        other.run(&[Query::plain(&end, Command::Statement)], WITHIN).await.unwrap();
        use_up_the_budget().await;
        assert!(!ended.is_usable());
    });
}
