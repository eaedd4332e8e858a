//! Generates load: closed (every connection sends the next request as soon as it has an answer) and open (a constant rate,
//! independent of the answers). Latencies of the open load count from the time when the request was due, so that a server that
//! stalls is charged for every request that waits meanwhile.

mod http;
mod pace;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::Failure;
use crate::cpu::{Cpu, Meter};
pub(crate) use http::{HttpConnection, Request, Url, header};

/// The longest time that due requests may wait after the end of the load.
const PATIENCE: Duration = Duration::from_secs(5);

/// A connection to a contender.
pub(crate) trait Connection: Send + 'static {
    /// Sends a request. `turn` chooses among the case's variables. A wrong answer is an error.
    fn ask(&mut self, turn: usize) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// The pace of the requests.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// As fast as the answers.
    Closed,
    /// This many per second.
    Open(f64),
}

/// The duration of a load.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// The time at the beginning that is not measured.
    pub(crate) warm_up: Duration,
    /// The time that is measured.
    pub(crate) measured: Duration,
}

/// The result of a load.
#[derive(Debug)]
pub(crate) struct Load {
    /// Answers per second.
    pub(crate) rate: f64,
    /// Latencies in microseconds.
    latencies: Histogram<u64>,
    /// Processor time per answer.
    pub(crate) cpu: Cpu,
    /// Number of processors that all other processes of the machine kept busy.
    pub(crate) others: Option<f64>,
}

impl Load {
    /// Returns a percentile of the latency, in milliseconds.
    #[expect(clippy::cast_precision_loss, reason = "microseconds of latency")]
    pub(crate) fn percentile(&self, percentile: f64) -> f64 {
        self.latencies.value_at_percentile(percentile) as f64 / 1_000.0
    }
}

/// The state that the workers share.
struct Shared {
    begin: Instant,
    end: Instant,
    due: Semaphore,
    next: AtomicU64,
}

/// Puts load on open connections and measures it.
pub(crate) async fn measure<C: Connection>(
    connections: Vec<C>,
    pace: Pace,
    times: Times,
    meter: Meter,
) -> Result<Load, Failure> {
    let start = Instant::now();
    let begin = start + times.warm_up;
    let shared = Arc::new(Shared {
        begin,
        end: begin + times.measured,
        due: Semaphore::new(0),
        next: AtomicU64::new(0),
    });
    let pacer = match pace {
        Pace::Closed => None,
        Pace::Open(rate) => Some(pace::Pacer::new(start, times.warm_up + times.measured, rate)),
    };
    let mut workers = JoinSet::new();
    let many = connections.len();
    for (place, connection) in connections.into_iter().enumerate() {
        let shared = Arc::clone(&shared);
        match pacer {
            None => workers.spawn(closed(connection, place, many, shared)),
            Some(pacer) => workers.spawn(open(connection, pacer, shared)),
        };
    }
    let pacing = pacer.map(|pacer| {
        let shared = Arc::clone(&shared);
        std::thread::spawn(move || pacer.run(&shared.due, many))
    });

    tokio::time::sleep_until(shared.begin.into()).await;
    let before = meter.read();
    tokio::time::sleep_until(shared.end.into()).await;
    let spent = meter.read() - before;

    let mut latencies = histogram()?;
    while let Some(worker) = workers.join_next().await {
        latencies.add(worker??.0)?;
    }
    if let Some(pacing) = pacing {
        pacing.join().map_err(|_| "the pacer panicked")?;
    }
    #[expect(clippy::cast_precision_loss, reason = "answers of some seconds")]
    let answers = latencies.len() as f64;
    if answers == 0.0 {
        return Err("nothing was answered in the time of the measurement; give it more --seconds".into());
    }
    let seconds = times.measured.as_secs_f64();
    let others = spent.others.map(|others| others.max(0.0) / seconds);
    Ok(Load { rate: answers / seconds, latencies, cpu: spent / answers, others })
}

/// Returns the connection, because closing it would end a backend of Postgres before its processor time is read.
async fn closed<C: Connection>(
    mut connection: C,
    place: usize,
    many: usize,
    shared: Arc<Shared>,
) -> Result<(Histogram<u64>, C), Failure> {
    let mut latencies = histogram()?;
    let mut turn = place;
    loop {
        let sent = Instant::now();
        if sent >= shared.end {
            return Ok((latencies, connection));
        }
        connection.ask(turn).await?;
        let answered = Instant::now();
        if answered >= shared.begin && answered < shared.end {
            latencies.saturating_record(microseconds(answered - sent));
        }
        turn += many;
    }
}

async fn open<C: Connection>(
    mut connection: C,
    pacer: pace::Pacer,
    shared: Arc<Shared>,
) -> Result<(Histogram<u64>, C), Failure> {
    let mut latencies = histogram()?;
    loop {
        shared.due.acquire().await?.forget();
        let number = shared.next.fetch_add(1, Ordering::Relaxed);
        if number >= pacer.requests() {
            return Ok((latencies, connection));
        }
        let due = pacer.due(number);
        connection.ask(usize::try_from(number).unwrap_or_default()).await?;
        let answered = Instant::now();
        if answered > shared.end + PATIENCE {
            return Err("the constant rate was more than it could answer".into());
        }
        if due >= shared.begin {
            latencies.saturating_record(microseconds(answered - due));
        }
    }
}

/// Returns a histogram from a microsecond to a minute, with three digits.
fn histogram() -> Result<Histogram<u64>, Failure> {
    Ok(Histogram::new_with_bounds(1, 60_000_000, 3)?)
}

fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A connection that answers after a while, and stalls once.
    struct Slow {
        stall_at: usize,
    }

    impl Connection for Slow {
        async fn ask(&mut self, turn: usize) -> Result<(), Failure> {
            let pause = if turn == self.stall_at { 200 } else { 1 };
            tokio::time::sleep(Duration::from_millis(pause)).await;
            Ok(())
        }
    }

    const TIMES: Times = Times { warm_up: Duration::ZERO, measured: Duration::from_millis(500) };

    #[tokio::test]
    async fn a_stall_is_charged_to_every_request_that_was_due() {
        let load =
            measure(vec![Slow { stall_at: 50 }], Pace::Open(200.0), TIMES, Meter::default()).await.unwrap();
        // 40 of 100 requests are due during the stall; counted from when they were sent it would be only one.
        assert!(load.percentile(80.0) > 50.0, "{}", load.percentile(80.0));
        assert!(load.percentile(20.0) < 20.0, "{}", load.percentile(20.0));
    }

    #[tokio::test]
    async fn a_closed_load_sends_the_next_request_after_each_answer() {
        let connections = (0..4).map(|_| Slow { stall_at: usize::MAX }).collect();
        let load = measure(connections, Pace::Closed, TIMES, Meter::default()).await.unwrap();
        assert!((500.0..4_000.0).contains(&load.rate), "{}", load.rate);
    }
}
