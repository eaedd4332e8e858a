//! Tests the connection with a server that breaks the protocol: it omits, repeats, reorders, changes or delays each message of
//! good conversations, one fault at a time and many at random. No session may get the answer to another, and the next one must
//! be answered.
//!
//! This command runs more random cases:
//!
//! ```text
//! WIRE_CASES=1000000 cargo test --release -p postgres-wire
//! ```

mod any_bytes;
mod batches;
#[path = "../../../tests/it/harness/cluster.rs"]
mod cluster;
mod evictions;
mod faults;
mod server;
mod silence;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tokio_postgres::types::Type;

use self::faults::faults;
use self::server::{Delivery, Server, ServerMessage, Tamper, refusal};
use crate::address::Address;
use crate::batch::{BatchError, Command, Query};
use crate::connection::{Connection, MOST_READ, Socket};
use crate::error::WireError;
use crate::fuzz::timers;
use crate::parameter::Parameter;
use crate::rows::Row;

/// The sessions of a test, as batches of statements; the server refuses a statement with `!`. A session is rolled back at its end
/// unless it ends its transaction itself.
const SESSIONS: [&[&[&str]]; 11] = [
    &[&["begin", "mark", "echo", "echo", "three"], &["three", "nothing", "rollback"]],
    &[&["begin", "mark", "three", "!refused", "echo"]],
    &[&["begin", "mark", "echo"], &["three", "commit"]],
    &[&["echo"]],
    &[&["begin", "mark", "!broken", "echo", "nothing"]],
    &[&["begin", "mark", "nothing", "three", "three", "rollback"]],
    &[&["begin", "mark", "echo", "rollback"]],
    &[&["begin", "mark", "echo", "rollback"]],
    &[&["begin", "mark", "echo"], &["!refused", "commit"]],
    &[&["begin", "mark", "echo"]],
    &[&[]],
];
/// The last session, which must succeed.
const LAST: &[&[&str]] = &[&["begin", "mark", "echo", "three", "rollback"]];

/// The limit of an exchange that should not reach it.
const WITHIN: Duration = Duration::from_mins(1);

/// The strictness with which answers are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    /// The answers must be exactly right.
    Exactly,
    /// Every row must belong to its statement; rows may be missing or repeated.
    Belonging,
    /// The answers are not checked.
    Nothing,
}

/// The end of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The session ended as it should.
    Right,
    /// The server refused a statement that it should not refuse.
    Refused,
    /// The connection broke, waited for a missing message, or reported a refusal at the wrong statement.
    Broken,
}

/// Runs all sessions over a server with faults, and the last ones over the same server without faults. Returns how each ended, and
/// the answers before tampering. Panics if an answer belongs to another statement.
fn run_sessions(tamper: &Tamper, check: Check) -> (Vec<End>, Vec<Vec<ServerMessage>>) {
    let _timers = timers();
    let batches = Arc::new(Mutex::new(Vec::new()));
    let calm = Arc::new(AtomicBool::new(false));
    let (is_calm, faulty) = (Arc::clone(&calm), Arc::clone(tamper));
    let tamper: Tamper = Arc::new(move |batch, messages: Vec<ServerMessage>| {
        if is_calm.load(Ordering::Relaxed) { Delivery::honest(&messages) } else { faulty(batch, messages) }
    });
    let connect = || connection(Box::new(Server::new(Arc::clone(&tamper), Arc::clone(&batches))));
    let mut connection = connect();
    let mut value = 1000;
    let mut ends = Vec::new();
    for (number, session) in SESSIONS.iter().chain(&[LAST, LAST]).enumerate() {
        calm.store(number >= SESSIONS.len(), Ordering::Relaxed);
        if !connection.is_usable() {
            connection = connect();
        }
        let mut end = End::Right;
        for batch in *session {
            end = run_batch(&mut connection, batch, &mut value, check);
            assert!(
                connection.inbox.capacity() <= 4 * MOST_READ,
                "memory is reserved for bytes that never came"
            );
            if end != End::Right || batch.iter().any(|text| text.starts_with('!')) {
                break;
            }
        }
        if connection.is_busy() || !connection.roll_back() {
            connection = connect();
        }
        ends.push(end);
    }
    let batches = batches.lock().unwrap().clone();
    (ends, batches)
}

fn run_batch(connection: &mut Connection, batch: &[&str], value: &mut u64, check: Check) -> End {
    let parameters: Vec<[Parameter; 1]> = batch
        .iter()
        .map(|_| {
            *value += 1;
            [Parameter::new(Type::INT8, value.to_be_bytes().to_vec())]
        })
        .collect();
    let value_of = |at: usize| parameters[at][0].value.clone().unwrap();
    let queries: Vec<Query<'_>> = batch
        .iter()
        .enumerate()
        .map(|(at, text)| {
            let text = text.trim_start_matches('!');
            let command = match text {
                "begin" => Command::Begin,
                "mark" => Command::Mark(u64::from_be_bytes(value_of(at).try_into().unwrap())),
                "commit" => Command::Commit,
                "rollback" => Command::Rollback,
                _ => Command::Statement,
            };
            let takes_value = matches!(text, "echo" | "mark" | "three");
            let parameters = if takes_value { &parameters[at][..] } else { &[] };
            Query { text, parameters, keep: batch.len() > 1, command }
        })
        .collect();
    let refused_at = batch.iter().position(|text| text.starts_with('!'));
    match connection.run(&queries, WITHIN).now_or_never() {
        Some(Ok(answers)) => {
            assert_eq!(answers.len(), batch.len());
            if check != Check::Nothing {
                assert_eq!(refused_at, None, "{batch:?} was answered");
                let belong = |(at, rows): (usize, &Vec<Row>)| {
                    rows.iter().all(|row| row.bytes(0) == Some(&value_of(at)[..]))
                };
                assert!(answers.iter().enumerate().all(belong), "{batch:?} got another answer");
            }
            if check == Check::Exactly {
                let last = |rows: &Vec<Row>| {
                    rows.iter().map(|row| row.bytes(1).map(<[u8]>::to_vec)).collect::<Vec<_>>()
                };
                let numbers = || [1_i32, 2, 3].map(|number| Some(number.to_be_bytes().to_vec())).into();
                for (rows, text) in answers.iter().zip(batch) {
                    let expected = match *text {
                        "echo" | "mark" => vec![None],
                        "three" => numbers(),
                        _ => Vec::new(),
                    };
                    assert_eq!(last(rows), expected, "{text} of {batch:?}");
                }
            }
            End::Right
        }
        Some(Err(BatchError { at, error: WireError::Server(_) })) if refused_at == Some(at) => End::Right,
        Some(Err(BatchError { error: WireError::Server(_) | WireError::Outdated, .. }))
            if refused_at.is_none() =>
        {
            End::Refused
        }
        Some(Err(_)) | None => End::Broken,
    }
}

fn connection(socket: Box<dyn Socket>) -> Connection {
    Connection::over(socket, address("postgres://me@db"))
}

fn address(url: &str) -> Address {
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Address::new(&url.parse().unwrap(), Arc::new(tls), Duration::from_secs(5)).unwrap()
}

/// Returns the answers of a server without faults, except those of the last sessions, which are never tampered with.
fn honest() -> Vec<Vec<ServerMessage>> {
    let (ends, mut batches) =
        run_sessions(&tamper(|_, messages| Delivery::honest(&messages)), Check::Exactly);
    assert!(ends.iter().all(|end| *end == End::Right), "{ends:?}");
    batches.truncate(batches.len() - 2);
    batches
}

fn tamper(with: impl Fn(usize, Vec<ServerMessage>) -> Delivery + Send + Sync + 'static) -> Tamper {
    Arc::new(with)
}

#[test]
fn one_fault_anywhere_breaks_one_session_at_most() {
    for (number, messages) in honest().into_iter().enumerate() {
        for at in 0..messages.len() {
            for fault in faults() {
                let applied = fault.clone();
                let tamper = tamper(move |batch, messages| {
                    if batch == number { applied.on(&messages, at) } else { Delivery::honest(&messages) }
                });
                let (ends, _) = run_sessions(&tamper, Check::Exactly);
                let context = || format!("{fault:?} at {:?} of {messages:?}: {ends:?}", messages[at]);
                let wrong = ends.iter().filter(|end| **end != End::Right).count();
                assert!(wrong <= 1, "{}", context());
                assert!(!ends.contains(&End::Refused) || fault.may_refuse(), "{}", context());
                assert!(wrong == 0 || !fault.is_harmless(), "{}", context());
                assert_eq!(ends.last(), Some(&End::Right), "{}", context());
            }
        }
    }
}

#[test]
fn whole_answers_that_come_twice_or_late_reach_no_other_session() {
    let honest = honest();
    // Outside a session nothing distinguishes two answers.
    let is_marked = |messages: &[ServerMessage]| {
        messages.first().is_some_and(|first| first.tag == b'2') && messages.len() > 4
    };
    for number in (0..honest.len() - 1).filter(|number| is_marked(&honest[*number])) {
        for (later, is_refused) in [(false, false), (true, false), (true, true)] {
            let tamper = tamper(move |batch, messages| {
                let right = Delivery::honest(&messages);
                if batch != number {
                    right
                } else if is_refused {
                    // This resembles a pooler that gives up: it sends an error of its own, and the answer comes nevertheless.
                    let refused =
                        [ServerMessage::new(b'E', refusal("08P01")), ServerMessage::new(b'Z', *b"I")];
                    Delivery { later: right.now, ..Delivery::honest(&refused) }
                } else if later {
                    Delivery { later: right.now.clone(), ..right }
                } else {
                    Delivery { now: [right.now.clone(), right.now].concat(), ..Delivery::default() }
                }
            });
            let (ends, _) = run_sessions(&tamper, Check::Exactly);
            let wrong = ends.iter().filter(|end| **end != End::Right).count();
            assert!(wrong <= 1 + usize::from(is_refused), "{number} {later} {is_refused} {ends:?}");
            assert_eq!(ends.last(), Some(&End::Right));
        }
    }
}

/// Returns the settings of proptest with the number of cases from an environment variable, or `otherwise`.
fn cases(variable: &str, otherwise: u32) -> ProptestConfig {
    let cases = std::env::var(variable).ok().filter(|cases| !cases.is_empty());
    let cases = cases.map_or(otherwise, |cases| cases.parse().unwrap());
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

#[test]
fn many_random_faults_give_no_session_the_answer_to_another() {
    let honest = honest();
    let one = (0..honest.len(), 0..40_usize, prop::sample::select(faults()));
    let some = prop::collection::vec(one, 1..4);
    let mut runner = TestRunner::new(cases("WIRE_CASES", 2_000));
    let result = runner.run(&some, |some| {
        let tamper = tamper(move |batch, messages| {
            let mut faults = some.iter().filter(|(number, ..)| *number == batch);
            faults
                .next()
                .map_or_else(|| Delivery::honest(&messages), |(_, at, fault)| fault.on(&messages, *at))
        });
        let (ends, _) = run_sessions(&tamper, Check::Belonging);
        prop_assert_eq!(ends.last(), Some(&End::Right));
        Ok(())
    });
    result.unwrap();
}

#[test]
fn no_bytes_panic() {
    let honest = honest();
    let one = (0..honest.len(), any::<prop::sample::Index>(), any::<u8>());
    let some = prop::collection::vec(one, 1..6);
    let mut runner = TestRunner::new(cases("WIRE_CASES", 2_000));
    let result = runner.run(&some, |some| {
        let tamper = tamper(move |batch, messages| {
            let mut delivery = Delivery::honest(&messages);
            for (_, at, byte) in some.iter().filter(|(number, ..)| *number == batch) {
                let at = at.index(delivery.now.len());
                delivery.now[at] = *byte;
            }
            delivery
        });
        let (ends, _) = run_sessions(&tamper, Check::Nothing);
        prop_assert_eq!(ends.last(), Some(&End::Right));
        Ok(())
    });
    result.unwrap();
}
