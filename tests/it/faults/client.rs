//! A persistent client: it sends each mutation with the same idempotency key until it is acknowledged.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_postgres::Client as Database;

use crate::fixture::{join, person, protocol, site};
use crate::harness::{http_client, token};

/// Number of concurrent mutations.
const AT_ONCE: usize = 6;
/// One of this many mutations is given up at its first failure, so that its outcome is unknown.
const GIVEN_UP: usize = 10;
/// One of this many mutations is sent again after its acknowledgement.
const SENT_AGAIN: usize = 5;
/// The longest time without an answer: every fault ends sooner.
const PATIENCE: Duration = Duration::from_mins(1);

const LOG: &str = "mutation($protocol: BigInt!, $note: String!) {
  createSessionEvent(input: { protocolId: $protocol, eventTypeId: 1, notes: $note }) { sessionEvent { eventId } }
}";

/// A clinician with mutations to send.
pub(super) struct Client {
    http: reqwest::Client,
    /// The present address of the gateway.
    gateway: watch::Receiver<String>,
    token: String,
    protocol: i64,
    mutations: usize,
    next: AtomicUsize,
    acknowledged: AtomicUsize,
    failures: AtomicUsize,
    replayed: AtomicUsize,
}

/// The result of an attempt.
struct Answer {
    event: String,
    is_replay: bool,
}

impl Client {
    /// Creates a clinician with a protocol in this database.
    pub(super) async fn new(
        owner: &Database,
        gateway: watch::Receiver<String>,
        mutations: usize,
    ) -> Arc<Self> {
        let (site, person) = (site(owner, "Faults").await, person(owner, "faults").await);
        join(owner, &person, site, "clinician").await;
        drop(http_client()); // It installs what the next line needs.
        let http = reqwest::Client::builder().pool_max_idle_per_host(0).timeout(Duration::from_secs(5));
        Arc::new(Self {
            http: http.build().unwrap(),
            gateway,
            token: token(&person, "faults@tests.example"),
            protocol: protocol(owner, site).await,
            mutations,
            next: AtomicUsize::new(0),
            acknowledged: AtomicUsize::new(0),
            failures: AtomicUsize::new(0),
            replayed: AtomicUsize::new(0),
        })
    }

    /// Waits until this part of the mutations is acknowledged.
    pub(super) async fn has_sent(&self, part: usize, of: usize) {
        // Mutations that are given up may never be acknowledged.
        let enough = (self.mutations - self.mutations / GIVEN_UP) * part / of;
        let start = Instant::now();
        while self.acknowledged.load(Ordering::Relaxed) < enough {
            assert!(start.elapsed() < PATIENCE, "nothing is acknowledged any more");
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// Sends all mutations, and returns the acknowledged events.
    pub(super) async fn send(self: Arc<Self>) -> BTreeMap<usize, String> {
        let mut workers = JoinSet::new();
        for _ in 0..AT_ONCE {
            let client = Arc::clone(&self);
            workers.spawn(async move { client.work().await });
        }
        workers.join_all().await.into_iter().flatten().collect()
    }

    async fn work(&self) -> Vec<(usize, String)> {
        let mut events = Vec::new();
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.mutations {
                return events;
            }
            let is_given_up = number % GIVEN_UP == GIVEN_UP - 1;
            let Some(answer) = self.insist(number, is_given_up).await else { continue };
            self.acknowledged.fetch_add(1, Ordering::Relaxed);
            if number.is_multiple_of(SENT_AGAIN) {
                let again = self.insist(number, false).await.unwrap();
                assert_eq!((again.event, again.is_replay), (answer.event.clone(), true));
            }
            events.push((number, answer.event));
        }
    }

    /// Sends a mutation until there is an answer, or only once.
    async fn insist(&self, number: usize, once: bool) -> Option<Answer> {
        let start = Instant::now();
        loop {
            if let Some(answer) = self.attempt(number).await {
                self.replayed.fetch_add(usize::from(answer.is_replay), Ordering::Relaxed);
                return Some(answer);
            }
            self.failures.fetch_add(1, Ordering::Relaxed);
            if once {
                return None;
            }
            assert!(start.elapsed() < PATIENCE, "mutation {number} fails again and again");
            sleep(Duration::from_millis(20)).await;
        }
    }

    async fn attempt(&self, number: usize) -> Option<Answer> {
        let gateway = self.gateway.borrow().clone();
        let variables = json!({ "protocol": self.protocol, "note": note(number) });
        let request = self
            .http
            .post(format!("http://{gateway}/graphql"))
            .bearer_auth(&self.token)
            .header("idempotency-key", format!("key-{number}"))
            .json(&json!({ "query": LOG, "variables": variables }));
        let answer = request.send().await.ok()?;
        let is_replay = answer.headers().contains_key("idempotent-replayed");
        let body: Value = answer.json().await.ok()?;
        if let Some(errors) = body.get("errors") {
            let code = errors[0]["extensions"]["code"].as_str();
            // No other error is expected.
            assert!(matches!(code, Some("UNAVAILABLE" | "TIMEOUT")), "{body:#}");
            return None;
        }
        let event =
            body["data"]["createSessionEvent"]["sessionEvent"]["eventId"].as_str().unwrap().to_owned();
        Some(Answer { event, is_replay })
    }

    /// Compares the acknowledged events with the database, and prints the counts.
    #[expect(clippy::print_stdout, reason = "a run is told by its counts")]
    pub(super) async fn check(&self, fault: &str, owner: &Database, acknowledged: &BTreeMap<usize, String>) {
        let sql = "SELECT notes, array_agg(event_id::text) FROM session_events WHERE protocol_id = $1 GROUP BY notes";
        let rows = owner.query(sql, &[&self.protocol]).await.unwrap();
        let there: BTreeMap<String, Vec<String>> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        let is_lost = |(number, event): &(&usize, &String)| {
            there.get(&note(**number)).is_none_or(|events| !events.contains(event))
        };
        let lost = acknowledged.iter().filter(is_lost).count();
        let rows: usize = there.values().map(Vec::len).sum();
        let duplicates = rows - there.len();
        println!(
            "{fault}: sent {}, retries {}, acknowledged {}, given up {}, replayed {}, rows {rows}, duplicates \
             {duplicates}, lost {lost}",
            self.mutations,
            self.failures.load(Ordering::Relaxed),
            acknowledged.len(),
            self.mutations - acknowledged.len(),
            self.replayed.load(Ordering::Relaxed),
        );
        assert_eq!((duplicates, lost), (0, 0));
        assert!(acknowledged.len() >= self.mutations - self.mutations / GIVEN_UP);
        assert!(self.failures.load(Ordering::Relaxed) > 0, "no mutation met the fault");
    }
}

fn note(number: usize) -> String {
    format!("mutation {number}")
}
