//! Sessions over the gateway's own connections to Postgres: batches, prepared statements, lost connections.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use praxis::auth::Caller;
use praxis::database::{DatabaseConfig, DatabaseError, Parameter, Pool, Session, Statement};
use tokio_postgres::types::Type;

use crate::harness::{clone_database, connect, database_url, eventually, one_connection};

/// Returns a pool of one connection, over a new database.
async fn pool() -> (Pool, String) {
    let database = clone_database().await;
    let config = one_connection(database_url("praxis_gateway", &database));
    (Pool::new(&config).unwrap(), database)
}

fn session(pool: &Pool) -> Session {
    Session::new(pool.clone(), Caller::anonymous())
}

fn statement(text: &str) -> Statement {
    Statement { text: text.into(), parameters: Vec::new() }
}

/// Returns the first value of each statement's result, as text.
async fn ask(session: &mut Session, statements: &[Statement]) -> Vec<String> {
    let answers = session.query(statements).await.unwrap();
    let first = |rows: &Vec<praxis::database::Row>| {
        String::from_utf8(rows[0].bytes(0).unwrap_or_default().to_vec()).unwrap()
    };
    answers.iter().map(first).collect()
}

#[tokio::test]
async fn a_batch_is_one_round_trip_and_one_transaction_of_the_caller() {
    let (pool, _) = pool().await;
    let mut session = session(&pool);
    let who = statement("SELECT current_user || ' ' || current_setting('transaction_read_only')");
    let now = statement("SELECT now()::text");
    let first = ask(&mut session, &[who, now.clone()]).await;
    assert_eq!(first[0], "anon on");
    assert_eq!(ask(&mut session, &[now]).await[0], first[1]);
    assert_eq!((session.counts().statements, session.counts().round_trips), (3, 2));
}

#[tokio::test]
async fn large_questions_and_large_answers_do_not_wait_for_one_another() {
    const BYTES: usize = 20_000_000;
    let (pool, _) = pool().await;
    let mut session = session(&pool);
    // Neither fits into the buffers between gateway and server: a client that only writes would wait for ever.
    let long = Parameter::new(Type::TEXT, vec![b'x'; BYTES]);
    let answers = [
        statement(&format!("SELECT repeat('a', {BYTES})")),
        Statement { text: "SELECT $1 || 'b'".into(), parameters: vec![long] },
        statement("SELECT 'the end'"),
    ];
    let answers = tokio::time::timeout(Duration::from_mins(1), ask(&mut session, &answers)).await.unwrap();
    assert_eq!(answers.iter().map(String::len).collect::<Vec<_>>(), [BYTES, BYTES + 1, 7]);
}

#[tokio::test]
async fn a_statement_that_fails_is_told_by_its_place_and_spoils_no_later_session() {
    let (pool, _) = pool().await;
    let mut spoilt = session(&pool);
    let failing = [statement("SELECT 'a'"), statement("SELECT 1 / 0"), statement("SELECT 'b'")];
    let failure = spoilt.query(&failing).await.unwrap_err();
    assert_eq!(failure.at, 1);
    assert!(matches!(failure.error, DatabaseError::Postgres(_)), "{failure:?}");
    // The transaction is over, and every further statement fails.
    assert!(spoilt.query(&failing[..1]).await.is_err());
    drop(spoilt);
    assert_eq!(ask(&mut session(&pool), &failing[..1]).await, ["a"]);
}

#[tokio::test]
async fn a_statement_that_cannot_be_prepared_spoils_none_that_can() {
    let (pool, _) = pool().await;
    for _ in 0..2 {
        let broken = [statement("SELECT 'a'"), statement("SELEC"), statement("SELECT 'b'")];
        assert_eq!(session(&pool).query(&broken).await.unwrap_err().at, 1);
        let mut next = session(&pool);
        assert_eq!(ask(&mut next, &[statement("SELECT 'a'"), statement("SELECT 'b'")]).await, ["a", "b"]);
    }
}

#[tokio::test]
async fn a_statement_whose_columns_changed_is_prepared_anew() {
    let (pool, database) = pool().await;
    let owner = connect(&database_url("postgres", &database)).await;
    owner
        .batch_execute(
            "CREATE TABLE thing (id int); INSERT INTO thing VALUES (1); GRANT SELECT ON thing TO anon",
        )
        .await
        .unwrap();
    let things = statement("SELECT id::text, thing FROM thing");
    assert_eq!(ask(&mut session(&pool), std::slice::from_ref(&things)).await, ["1"]);
    owner.batch_execute("ALTER TABLE thing ALTER id TYPE bigint, ADD name text").await.unwrap();
    // The first session may use the outdated statement; the next may not.
    let _ = session(&pool).query(std::slice::from_ref(&things)).await;
    assert_eq!(ask(&mut session(&pool), &[things]).await, ["1"]);
}

#[tokio::test]
async fn ever_new_statements_do_not_fill_the_server() {
    let (pool, _) = pool().await;
    for hundred in 0..7 {
        let batch: Vec<Statement> =
            (0..100).map(|at| statement(&format!("SELECT {}", hundred * 100 + at))).collect();
        session(&pool).query(&batch).await.unwrap();
    }
    let known = statement("SELECT count(*)::text FROM pg_prepared_statements");
    let known: usize = ask(&mut session(&pool), &[known]).await[0].parse().unwrap();
    assert!((100..=600).contains(&known), "{known}");
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_is_not_lent() {
    let (pool, database) = pool().await;
    let backend = statement("SELECT pg_backend_pid()::text");
    let before = ask(&mut session(&pool), std::slice::from_ref(&backend)).await;
    let owner = connect(&database_url("postgres", &database)).await;
    let ended = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'praxis_gateway' AND datname = $1";
    assert_eq!(owner.query(ended, &[&database]).await.unwrap().len(), 1);
    assert_ne!(ask(&mut session(&pool), &[backend]).await, before);
}

#[tokio::test]
async fn a_connection_is_used_for_as_long_as_it_is_set_to() {
    let database = clone_database().await;
    let backend = statement("SELECT pg_backend_pid()::text");
    for (lifetime, seen) in [(None, 1), (Some(Duration::from_hours(1)), 1), (Some(Duration::ZERO), 10)] {
        let config = one_connection(database_url("praxis_gateway", &database));
        let pool = Pool::new(&DatabaseConfig { connection_lifetime: lifetime, ..config }).unwrap();
        let mut backends = BTreeSet::new();
        for _ in 0..10 {
            let mut session = session(&pool);
            // A session keeps its connection.
            let first = ask(&mut session, std::slice::from_ref(&backend)).await;
            assert_eq!(ask(&mut session, std::slice::from_ref(&backend)).await, first);
            backends.extend(first);
        }
        assert_eq!(backends.len(), seen, "{lifetime:?}");
    }
}

#[tokio::test]
async fn a_session_that_is_given_up_takes_its_statement_along() {
    let (pool, database) = pool().await;
    let mut given_up = session(&pool);
    let slow = [statement("SELECT pg_sleep(60)")];
    assert!(tokio::time::timeout(Duration::from_millis(300), given_up.query(&slow)).await.is_err());
    drop(given_up);
    // There is only one connection, which is a new one now.
    assert_eq!(ask(&mut session(&pool), &[statement("SELECT 'next'")]).await, ["next"]);
    let owner = connect(&database_url("postgres", &database)).await;
    eventually("cancelled", async || {
        let sleeping =
            "SELECT FROM pg_stat_activity WHERE datname = $1 AND query LIKE '%pg_sleep%' AND state = 'active'
                          AND pid <> pg_backend_pid()";
        owner.query(sleeping, &[&database]).await.unwrap().is_empty()
    })
    .await;
}

#[tokio::test]
async fn who_the_caller_is_ends_with_the_session() {
    let (pool, _) = pool().await;
    let claims =
        statement("SELECT current_user || coalesce(current_setting('request.jwt.claim.sub', true), '')");
    let mut known = Caller::of_role("authenticated");
    known.sub = Some("somebody".into());
    let mut first = Session::new(pool.clone(), Arc::new(known));
    assert_eq!(ask(&mut first, std::slice::from_ref(&claims)).await, ["authenticatedsomebody"]);
    drop(first);
    assert_eq!(ask(&mut session(&pool), std::slice::from_ref(&claims)).await, ["anon"]);
    let outside = pool.query(&claims).await.unwrap();
    assert_eq!(outside[0].bytes(0), Some(&b"praxis_gateway"[..]));
}

#[tokio::test]
async fn a_connection_that_dies_under_a_statement_is_that_ones_failure() {
    let (pool, database) = pool().await;
    let owner = connect(&database_url("postgres", &database)).await;
    let ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND wait_event = 'PgSleep'";
    let ending = eventually("ended", async || !owner.query(ended, &[&database]).await.unwrap().is_empty());
    let statements = [statement("SELECT 'a'"), statement("SELECT pg_sleep(9)"), statement("SELECT 'b'")];
    let mut dying = session(&pool);
    let (failure, ()) = futures_util::join!(dying.query_last(&statements), ending);
    drop(dying);
    let failure = failure.unwrap_err();
    assert_eq!(failure.at, 1);
    assert!(matches!(failure.error, DatabaseError::Unavailable(_)), "{failure:?}");
    assert_eq!(ask(&mut session(&pool), &statements[..1]).await, ["a"]);
}

#[tokio::test]
async fn statements_of_one_new_text_are_answered_in_one_batch() {
    let (pool, _) = pool().await;
    let number = |number: i32| Statement {
        text: "SELECT $1::text, 'new'".into(),
        parameters: vec![Parameter::new(Type::TEXT, number.to_string().into_bytes())],
    };
    for _ in 0..2 {
        let batch = [number(1), number(2), statement("SELECT 'other'"), number(3)];
        assert_eq!(ask(&mut session(&pool), &batch).await, ["1", "2", "other", "3"]);
    }
}

#[tokio::test]
async fn one_text_is_another_statement_for_parameters_of_other_types() {
    let database = clone_database().await;
    // Its columns have the parameter's type, and so another length.
    let of = |ty: Type, value: &[u8]| Statement {
        text: "SELECT pg_typeof($1)::text, $1".into(),
        parameters: vec![Parameter::new(ty, value.to_vec())],
    };
    let all = [
        (of(Type::INT4, &1_i32.to_be_bytes()), "integer"),
        (of(Type::INT8, &2_i64.to_be_bytes()), "bigint"),
        (of(Type::TEXT, b"three"), "text"),
        (of(Type::INT4, &4_i32.to_be_bytes()), "integer"),
        (of(Type::BOOL, &[1]), "boolean"),
        (of(Type::INT8, &5_i64.to_be_bytes()), "bigint"),
    ];
    // First each type in a batch of its own, in both orders; then all in one, new and known; then both over one connection.
    let one_by_one = || all.iter().chain(all.iter().rev()).map(std::slice::from_ref).collect::<Vec<_>>();
    let together = || vec![&all[..]; 3];
    for batches in [one_by_one(), together(), [together(), one_by_one()].concat()] {
        let pool = Pool::new(&one_connection(database_url("praxis_gateway", &database))).unwrap();
        for batch in batches {
            let statements: Vec<_> = batch.iter().map(|(statement, _)| statement.clone()).collect();
            let answers = session(&pool).query(&statements).await.unwrap();
            for (rows, (statement, ty)) in answers.iter().zip(batch) {
                assert_eq!(rows[0].bytes(0), Some(ty.as_bytes()));
                assert_eq!(rows[0].bytes(1), statement.parameters[0].value.as_deref());
            }
        }
    }
}
