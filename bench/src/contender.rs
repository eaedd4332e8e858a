//! Measures the contenders: the gateway, the floor, and peers.

use std::sync::Arc;

use serde_json::Value;

use crate::Failure;
use crate::cases::Case;
use crate::compare::{difference, rows};
use crate::cpu::Meter;
use crate::floor::{Floor, FloorConnection};
use crate::load::{self, HttpConnection, Load, Pace, Request, Times, Url, header};

/// A server that answers a case.
pub(crate) enum Contender {
    /// A GraphQL server.
    Http {
        /// The URL of its endpoint.
        url: Url,
        /// The case's requests.
        requests: Arc<[Request]>,
        /// The id of its process, if known.
        pid: Option<u32>,
    },
    /// The floor, which is plain SQL.
    Floor(Arc<Floor>),
}

/// Answers of a server, which are compared before the measurement.
#[derive(Debug)]
pub(crate) struct Answers {
    /// `data` of each answer.
    pub(crate) data: Vec<Value>,
    /// Statements and round trips, if the server reports them.
    pub(crate) counts: Option<(u32, u32)>,
}

/// Sends requests to a server and returns the answers; later answers must have the same lengths.
pub(crate) async fn ask(url: &Url, requests: &mut [Request]) -> Result<Answers, Failure> {
    let mut connection = HttpConnection::open(url, requests.to_vec().into()).await?;
    let mut answers = Answers { data: Vec::with_capacity(requests.len()), counts: None };
    for (turn, request) in requests.iter_mut().enumerate() {
        let answer = connection.answer(turn).await?;
        request.length = Some(answer.body.len());
        answers.counts = header(answer.head, "server-timing").and_then(counts);
        let mut body: Value = serde_json::from_slice(answer.body)
            .map_err(|error| format!("{url}: {error}: {}", String::from_utf8_lossy(answer.body)))?;
        if body.get("errors").is_some() {
            return Err(format!("{url}: {body:#}").into());
        }
        answers.data.push(body["data"].take());
    }
    Ok(answers)
}

/// Fails if the answers of the gateway and the floor differ.
pub(crate) fn same(case: &Case, gateway: &[Value], floor: &[Value]) -> Result<(), Failure> {
    let (writes, case) = (case.write.is_some(), &case.name);
    for (gateway, floor) in gateway.iter().zip(floor) {
        if let Some(difference) = difference(gateway, floor) {
            return Err(format!("{case}: gateway and floor answer differently: {difference}").into());
        }
        if rows(gateway) == 0 && !writes {
            return Err(format!("{case}: the answer has no rows").into());
        }
    }
    Ok(())
}

/// Fails if a peer does not return as many rows as the gateway.
pub(crate) fn as_many(case: &str, peer: &str, gateway: &[Value], answers: &[Value]) -> Result<(), Failure> {
    for (gateway, answer) in gateway.iter().zip(answers) {
        let (wanted, given) = (rows(gateway), rows(answer));
        if wanted != given {
            return Err(format!("{case}: {peer} answers with {given} rows, the gateway with {wanted}").into());
        }
    }
    Ok(())
}

impl Contender {
    /// Puts load on the contender and measures it.
    pub(crate) async fn measure(
        &self,
        connections: usize,
        pace: Pace,
        times: Times,
        postgres: Option<u32>,
    ) -> Result<Load, Failure> {
        match self {
            Self::Http { url, requests, pid } => {
                let (url, requests) = (url.clone(), Arc::clone(requests));
                let meter = Meter { server: *pid, postgres };
                // One thread for all connections, so that the client takes little processor time from the servers.
                let load = move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                    runtime.block_on(async {
                        let mut open = Vec::with_capacity(connections);
                        for _ in 0..connections {
                            open.push(HttpConnection::open(&url, Arc::clone(&requests)).await?);
                        }
                        load::measure(open, pace, times, meter).await
                    })
                };
                tokio::task::spawn_blocking(load).await?
            }
            Self::Floor(floor) => {
                let mut open = Vec::with_capacity(connections);
                for _ in 0..connections {
                    open.push(FloorConnection::open(Arc::clone(floor)).await?);
                }
                // On the threads of the bench: as many as the gateway has.
                let meter = Meter { server: Some(std::process::id()), postgres };
                load::measure(open, pace, times, meter).await
            }
        }
    }
}

/// Parses `db;desc="statements=3 round_trips=2"`.
fn counts(timing: &str) -> Option<(u32, u32)> {
    let count = |name: &str| {
        let after = timing.split_once(name)?.1;
        let end = after.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(after.len());
        after[..end].parse().ok()
    };
    Some((count("statements=")?, count("round_trips=")?))
}

#[cfg(test)]
mod tests {
    use super::counts;

    #[test]
    fn the_cost_that_the_gateway_reports_is_parsed() {
        assert_eq!(counts("total;dur=1.20, db;desc=\"statements=3 round_trips=2\""), Some((3, 2)));
        assert_eq!(counts("total;dur=1.20"), None);
    }
}
