//! A server that gets out of step: each message of good conversations is left out, sent twice, in another order, changed, or
//! too late; and many of these faults at random. No session ever gets the answer to another, and the next one is answered.
//!
//! A longer run of the random ones:
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

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tokio_postgres::types::Type;

use self::faults::faults;
use self::server::{Said, Server, Spoil, Spoilt, refusal};
use crate::address::Address;
use crate::batch::{BatchError, Command, Query};
use crate::connection::{Connection, MOST_READ, Socket};
use crate::error::WireError;
use crate::parameter::Parameter;
use crate::rows::Row;

/// What is asked: sessions, each of batches, each of statements; `!` is where it is refused. A session is rolled back at its
/// end, unless that is one of its statements.
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
/// What is asked in the end.
const LAST: &[&[&str]] = &[&["begin", "mark", "echo", "three", "rollback"]];

/// How closely answers are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    /// They are the answers.
    Exactly,
    /// Every row is of the statement that it is given for; of one statement, rows may be missing or doubled.
    Belonging,
    /// They may be anything.
    Nothing,
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// As it should.
    Right,
    /// By a refusal of the server where it should not refuse.
    Refused,
    /// By the connection, by waiting for what does not come, or by its own refusal at another of its statements.
    Broken,
}

/// Asks everything of a spoilt server, and once more when it has calmed down. Panics where an answer is another one than was
/// asked for.
fn ask_everything(spoil: &Spoil, check: Check) -> (Vec<End>, Vec<Vec<Said>>) {
    let batches = Arc::new(Mutex::new(Vec::new()));
    let calm = Arc::new(AtomicBool::new(false));
    let (is_calm, wild) = (Arc::clone(&calm), Arc::clone(spoil));
    let spoil: Spoil =
        Arc::new(
            move |batch, said: Vec<Said>| {
                if is_calm.load(Ordering::Relaxed) { Spoilt::honest(&said) } else { wild(batch, said) }
            },
        );
    let connect = || connection(Box::new(Server::new(Arc::clone(&spoil), Arc::clone(&batches))));
    let mut lent = connect();
    let mut value = 1000;
    let mut ends = Vec::new();
    for (number, session) in SESSIONS.iter().chain(&[LAST, LAST]).enumerate() {
        calm.store(number >= SESSIONS.len(), Ordering::Relaxed);
        if !lent.is_usable() {
            lent = connect();
        }
        let mut end = End::Right;
        for batch in *session {
            end = ask(&mut lent, batch, &mut value, check);
            assert!(lent.inbox.capacity() <= 4 * MOST_READ, "room for what never came");
            if end != End::Right || batch.iter().any(|text| text.starts_with('!')) {
                break;
            }
        }
        if lent.is_busy() || !lent.roll_back() {
            lent = connect();
        }
        ends.push(end);
    }
    let batches = batches.lock().unwrap().clone();
    (ends, batches)
}

fn ask(connection: &mut Connection, batch: &[&str], value: &mut u64, check: Check) -> End {
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
    match connection.run(&queries).now_or_never() {
        Some(Ok(answers)) => {
            assert_eq!(answers.len(), batch.len());
            if check != Check::Nothing {
                assert_eq!(refused_at, None, "{batch:?} was answered");
                let belong = |(at, rows): (usize, &Vec<Row>)| {
                    rows.iter().all(|row| row.bytes(0) == Some(&value_of(at)[..]))
                };
                assert!(answers.iter().enumerate().all(belong), "{batch:?} was told of others");
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

/// The answers of a server that keeps to the protocol, but for the last ones, which nothing spoils.
fn honest() -> Vec<Vec<Said>> {
    let (ends, mut batches) = ask_everything(&spoil(|_, said| Spoilt::honest(&said)), Check::Exactly);
    assert!(ends.iter().all(|end| *end == End::Right), "{ends:?}");
    batches.truncate(batches.len() - 2);
    batches
}

fn spoil(with: impl Fn(usize, Vec<Said>) -> Spoilt + Send + Sync + 'static) -> Spoil {
    Arc::new(with)
}

#[test]
fn one_fault_anywhere_breaks_one_session_at_most() {
    for (number, said) in honest().into_iter().enumerate() {
        for at in 0..said.len() {
            for fault in faults() {
                let applied = fault.clone();
                let spoil =
                    spoil(
                        move |batch, said| {
                            if batch == number { applied.on(&said, at) } else { Spoilt::honest(&said) }
                        },
                    );
                let (ends, _) = ask_everything(&spoil, Check::Exactly);
                let context = || format!("{fault:?} at {:?} of {said:?}: {ends:?}", said[at]);
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
fn whole_answers_that_come_twice_or_late_reach_nobody_else() {
    let honest = honest();
    // Outside of a session there is nothing to tell two answers apart.
    let is_marked = |said: &[Said]| said.first().is_some_and(|first| first.tag == b'2') && said.len() > 4;
    for number in (0..honest.len() - 1).filter(|number| is_marked(&honest[*number])) {
        for (later, is_refused) in [(false, false), (true, false), (true, true)] {
            let spoil = spoil(move |batch, said| {
                let right = Spoilt::honest(&said);
                if batch != number {
                    right
                } else if is_refused {
                    // As a pooler that gives up: it refuses in its own name, and the answer comes all the same.
                    let refused = [Said::new(b'E', refusal("08P01")), Said::new(b'Z', *b"I")];
                    Spoilt { later: right.now, ..Spoilt::honest(&refused) }
                } else if later {
                    Spoilt { later: right.now.clone(), ..right }
                } else {
                    Spoilt { now: [right.now.clone(), right.now].concat(), ..Spoilt::default() }
                }
            });
            let (ends, _) = ask_everything(&spoil, Check::Exactly);
            let wrong = ends.iter().filter(|end| **end != End::Right).count();
            assert!(wrong <= 1 + usize::from(is_refused), "{number} {later} {is_refused} {ends:?}");
            assert_eq!(ends.last(), Some(&End::Right));
        }
    }
}

/// As many cases as a variable of the environment says.
fn cases(variable: &str, otherwise: u32) -> ProptestConfig {
    let cases = std::env::var(variable).ok().filter(|cases| !cases.is_empty());
    let cases = cases.map_or(otherwise, |cases| cases.parse().unwrap());
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

#[test]
fn many_faults_at_random_tell_nobody_of_others() {
    let honest = honest();
    let one = (0..honest.len(), 0..40_usize, prop::sample::select(faults()));
    let some = prop::collection::vec(one, 1..4);
    let mut runner = TestRunner::new(cases("WIRE_CASES", 2_000));
    let result = runner.run(&some, |some| {
        let spoil = spoil(move |batch, said| {
            let mut faults = some.iter().filter(|(number, ..)| *number == batch);
            faults.next().map_or_else(|| Spoilt::honest(&said), |(_, at, fault)| fault.on(&said, *at))
        });
        let (ends, _) = ask_everything(&spoil, Check::Belonging);
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
        let spoil = spoil(move |batch, said| {
            let mut spoilt = Spoilt::honest(&said);
            for (_, at, byte) in some.iter().filter(|(number, ..)| *number == batch) {
                let at = at.index(spoilt.now.len());
                spoilt.now[at] = *byte;
            }
            spoilt
        });
        let (ends, _) = ask_everything(&spoil, Check::Nothing);
        prop_assert_eq!(ends.last(), Some(&End::Right));
        Ok(())
    });
    result.unwrap();
}
