//! Logs events at a constant rate, each with the time of its tap.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::Failure;
use crate::load::{HttpConnection, Request, Url};

const LOG: &str = "mutation($protocol: BigInt!, $notes: String!) {
  logSessionEvent(protocolId: $protocol, eventType: \"Distress\", intensityLevel: 5, notes: $notes) {
    sessionEvent { eventId } } }";
/// The prefix of a tap's notes.
const MARK: &str = "tap ";
/// Number of connections that log.
const CONNECTIONS: usize = 8;

/// The clinician who logs events.
pub(crate) struct Taps {
    pub(crate) token: String,
    /// The protocols that events are logged for, in turn.
    pub(crate) protocols: Vec<i64>,
}

impl Taps {
    /// Logs events at a constant rate; returns their number.
    pub(crate) async fn log(&self, url: &Url, rate: f64, time: Duration) -> Result<u64, Failure> {
        let mut connections = Vec::with_capacity(CONNECTIONS);
        for _ in 0..CONNECTIONS {
            connections.push(Arc::new(Mutex::new(HttpConnection::open(url, [].into()).await?)));
        }
        let begun = Instant::now();
        let pause = Duration::from_secs_f64(1.0 / rate);
        let mut taps = JoinSet::new();
        let mut logged = 0;
        while begun.elapsed() < time {
            let turn = usize::try_from(logged)?;
            let connection = Arc::clone(&connections[turn % CONNECTIONS]);
            let (url, token) = (url.clone(), self.token.clone());
            let protocol = self.protocols[turn % self.protocols.len()];
            let notes = format!("{MARK}{}", now().as_micros());
            taps.spawn(async move {
                let variables = json!({ "protocol": protocol, "notes": notes });
                let request = Request::new(&url, &token, LOG, &variables);
                let mut connection = connection.lock().await;
                let answer = connection.answer_to(&request).await?;
                match serde_json::from_slice::<Value>(answer.body)? {
                    answer if answer.get("errors").is_some() => Err(format!("not logged: {answer}").into()),
                    _ => Ok::<_, Failure>(()),
                }
            });
            logged += 1;
            #[expect(clippy::cast_precision_loss, reason = "a number of events")]
            let due = begun + pause.mul_f64(logged as f64);
            tokio::time::sleep_until(due.into()).await;
        }
        for tap in taps.join_all().await {
            tap?;
        }
        Ok(logged)
    }
}

/// Returns how long ago the tap in a message was.
pub(crate) fn age(message: &str) -> Option<Duration> {
    let (_, after) = message.split_once(MARK)?;
    let digits = after.split('"').next()?;
    now().checked_sub(Duration::from_micros(digits.parse().ok()?))
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
