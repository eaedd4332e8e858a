//! A pooler that gets out of step: each message of real answers is dropped, repeated or reordered, and unexpected messages are
//! inserted. A request gets the right answer or an error, and the next request is answered.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use praxis::server::ServerConfig;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};

use crate::fixture::{clinician, oracle, protocol};
use crate::harness::{Actor, App, clone_database, eventually, socket_folder};

/// The fault that is applied to a message of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Drop,
    Double,
    Swap,
    /// Another `ReadyForQuery` before it.
    Ready,
    /// An error message before it.
    Refuse,
    /// The connection is closed before it.
    Close,
}

const FAULTS: [Fault; 6] =
    [Fault::Drop, Fault::Double, Fault::Swap, Fault::Ready, Fault::Refuse, Fault::Close];

/// A message: tag and body.
type Said = (u8, Vec<u8>);

#[derive(Default)]
struct Plan {
    /// The fault: the number of answers before it, the message, and the kind of fault.
    fault: Option<(usize, usize, Fault)>,
    /// Sizes of the answers since the last call.
    answers: Vec<usize>,
}

/// A pooler with planned faults.
#[derive(Clone)]
struct Pooler {
    address: SocketAddr,
    plan: Arc<Mutex<Plan>>,
}

impl Pooler {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let pooler = Self { address: listener.local_addr().unwrap(), plan: Arc::default() };
        let plan = Arc::clone(&pooler.plan);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let plan = Arc::clone(&plan);
                // Connections end here in every possible way.
                tokio::spawn(async move { drop(pass(client, &plan).await) });
            }
        });
        pooler
    }

    fn plan(&self, fault: Option<(usize, usize, Fault)>) {
        *self.plan.lock().unwrap() = Plan { fault, answers: Vec::new() };
    }

    fn answers(&self) -> Vec<usize> {
        std::mem::take(&mut self.plan.lock().unwrap().answers)
    }
}

async fn pass(client: TcpStream, plan: &Mutex<Plan>) -> std::io::Result<()> {
    let server = UnixStream::connect(socket_folder().join(".s.PGSQL.5432")).await?;
    let (mut asked, mut told) = client.into_split();
    let (mut answers, mut questions) = server.into_split();
    let asking = async move {
        tokio::io::copy(&mut asked, &mut questions).await?;
        questions.shutdown().await
    };
    let telling = async move {
        let mut answer = Vec::new();
        while let Ok(tag) = answers.read_u8().await {
            let mut body = vec![0; answers.read_u32().await? as usize - 4];
            answers.read_exact(&mut body).await?;
            answer.push((tag, body));
            // Messages before the login do not end like an answer.
            if matches!(tag, b'Z' | b'R') {
                let (bytes, closes) = spoil(std::mem::take(&mut answer), tag, plan);
                told.write_all(&bytes).await?;
                if closes {
                    return Ok(());
                }
            }
        }
        told.write_all(&answer.iter().flat_map(bytes).collect::<Vec<_>>()).await?;
        Ok(())
    };
    tokio::select! {
        done = asking => done,
        done = telling => done,
    }
}

fn bytes((tag, body): &Said) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&[*tag][..], &length.to_be_bytes(), body].concat()
}

fn spoil(mut said: Vec<Said>, end: u8, plan: &Mutex<Plan>) -> (Vec<u8>, bool) {
    let mut closes = false;
    if end == b'Z' {
        let mut plan = plan.lock().unwrap();
        plan.answers.push(said.len());
        plan.fault = match plan.fault.take() {
            Some((0, at, fault)) => {
                let at = at.min(said.len() - 1);
                match fault {
                    Fault::Drop => drop(said.remove(at)),
                    Fault::Double => said.insert(at, said[at].clone()),
                    Fault::Swap => {
                        let other = (at + 1).min(said.len() - 1);
                        // The server chooses the order of a statement's rows.
                        if said[at].0 != b'D' || said[other].0 != b'D' {
                            said.swap(at, other);
                        }
                    }
                    Fault::Ready => said.insert(at, (b'Z', b"I".to_vec())),
                    Fault::Refuse => {
                        let words = b"SERROR\0VERROR\0C23505\0Msomebody else's\0\0";
                        said.insert(at, (b'E', words.to_vec()));
                    }
                    Fault::Close => {
                        said.truncate(at);
                        closes = true;
                    }
                }
                None
            }
            Some((before, at, fault)) => Some((before - 1, at, fault)),
            None => None,
        };
    }
    (said.iter().flat_map(bytes).collect(), closes)
}

/// Starts a gateway behind a pooler, with one connection.
async fn app_behind(pooler: &Pooler) -> App {
    let database = clone_database().await;
    let url = format!("postgres://praxis_gateway@{}/{database}?sslmode=disable", pooler.address);
    App::over(&database, |config: &mut ServerConfig| {
        config.database.url = url;
        config.database.pool_size = 1;
        config.database.pool_timeout = Duration::from_secs(30);
        config.http.request_timeout = Duration::from_secs(10);
    })
    .await
}

const READ: &str =
    "{ protocols(first: 2) { totalCount nodes { recordId } } sessionEvents(first: 1) { totalCount } }";

async fn assert_read(reader: &Actor<'_>, right: &Value, context: &str) {
    assert_eq!(reader.ask(READ).await.body, *right, "after {context}");
}

#[tokio::test]
async fn a_read_is_answered_rightly_or_not_at_all() {
    let pooler = Pooler::start().await;
    let app = app_behind(&pooler).await;
    let (north, south) = (app.clinician_north().await, app.clinician_south().await);
    let (of_north, of_south) = (north.ask(READ).await.body, south.ask(READ).await.body);
    assert_ne!(of_north, of_south);
    // The gateway itself checks the database from time to time.
    let mut answers = Vec::new();
    eventually("a read by itself, which is one batch", async || {
        pooler.plan(None);
        assert_read(&north, &of_north, "nothing").await;
        answers = pooler.answers();
        answers.len() == 1
    })
    .await;
    for at in 0..answers[0] {
        for fault in FAULTS {
            if fault == Fault::Drop && at == answers[0] - 1 {
                // Without `ReadyForQuery` the server has not finished: the request waits until its timeout.
                continue;
            }
            let context = format!("{fault:?} at message {at}");
            pooler.plan(Some((0, at, fault)));
            let answer = north.ask(READ).await;
            pooler.plan(None);
            if answer.body != of_north {
                assert!(is_refusal(fault, answer.code()), "{context}: {}", answer.body);
            }
            assert_read(&south, &of_south, &context).await;
            assert_read(&north, &of_north, &context).await;
        }
    }
}

/// Returns true if a request may end with a code because of a fault. A new connection gets other messages than a used one: if the dropped
/// one is its `ReadyForQuery`, the request waits until its timeout.
fn is_refusal(fault: Fault, code: &str) -> bool {
    code == "UNAVAILABLE" || (fault == Fault::Drop && code == "TIMEOUT")
}

#[tokio::test]
async fn a_mutation_is_carried_out_or_not_and_who_says_that_it_was_not_is_right() {
    let pooler = Pooler::start().await;
    let app = app_behind(&pooler).await;
    let owner = app.owner().await;
    let (writer, site) = clinician(&app, &owner, "out of step").await;
    let protocol = protocol(&owner, site).await;
    let log = format!(
        "mutation {{ createSessionEvent(input: {{ protocolId: {protocol}, eventTimestamp: \"2026-01-01T10:00:00Z\" }}) {{
           sessionEvent {{ protocolId }} }} }}"
    );
    let count = async || {
        let sql = format!("SELECT count(*) AS n FROM session_events WHERE protocol_id = {protocol}");
        oracle(&app, &sql).await[0]["n"].as_i64().unwrap()
    };
    let right = writer.ask(&log).await.body;
    pooler.plan(None);
    assert_eq!(writer.ask(&log).await.body, right);
    let answers = pooler.answers();
    let last = answers.len() - 1;
    for (batch, messages) in answers.into_iter().enumerate() {
        for at in 0..messages {
            for fault in FAULTS {
                if fault == Fault::Drop && at == messages - 1 {
                    continue;
                }
                let context = format!("{fault:?} at message {at} of batch {batch}");
                let before = count().await;
                pooler.plan(Some((batch, at, fault)));
                let answer = writer.ask(&log).await;
                pooler.plan(None);
                let written = count().await - before;
                if answer.body == right {
                    assert_eq!(written, 1, "{context}");
                } else {
                    assert!(is_refusal(fault, answer.code()), "{context}: {}", answer.body);
                    let is_unknown = answer.error()["extensions"]["reason"] == json!("OUTCOME_UNKNOWN");
                    assert!(written == 0 || is_unknown, "{context}: {}", answer.body);
                    // Messages after the answer before the commit are found when the commit is about to be sent.
                    assert!(is_unknown || batch != last, "{context}: {}", answer.body);
                    assert!(!is_unknown || batch + 1 >= last, "{context}: {}", answer.body);
                }
                assert_eq!(writer.ask(&log).await.body, right, "after {context}");
            }
        }
    }
}
