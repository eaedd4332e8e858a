//! Stops the server's process that serves a connection.

use std::time::Duration;

use postgres_protocol::message::backend;
use tokio::time::timeout;
use tokio_postgres::types::Type;

use crate::batch::{Command, Query};
use crate::connection::Connection;
use crate::error::WireError;
use crate::parameter::Parameter;

/// The longest wait for what takes a server no time: a question without a table, or the effect of a cancellation.
pub const REACTS_WITHIN: Duration = Duration::from_secs(3);
/// The largest number of cancellations that are sent.
const ATTEMPTS: u32 = 3;
/// The longest time for all of them. Each of their steps has a limit too, and a server that is not there at all exhausts every one.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(18);

/// Returns the process and its start: another process may have the same number later.
const IDENTIFY: &str =
    "SELECT pid, backend_start FROM pg_stat_get_activity(pg_backend_pid()) WHERE backend_start IS NOT NULL";
/// Ends a process, if it is still the same one and busy.
const END: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE pid = $1 AND backend_start = $2 AND usename = session_user AND datname = current_database()
      AND state <> 'idle'";

/// A process of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Backend {
    process: [u8; 4],
    started: [u8; 8],
}

/// The outcome of [`Connection::abandon`].
#[derive(Debug)]
pub enum Abandoned {
    /// The server no longer works for the connection.
    Stopped,
    /// The statement ignored its cancellation, and the server's process was ended.
    Ended,
    /// Neither the statement nor its cancellation was answered, and the server's process runs no statement: the connection is lost.
    Lost,
    /// The statement ignores its cancellation and may still run. A pooler hides the process.
    Hidden,
    /// The statement ignores cancellations and may still run. The error is that of the last attempt to end its process, if that
    /// attempt failed.
    Running(Option<WireError>),
}

impl Connection {
    /// Records the process that serves this connection; behind a pooler none, since it changes with each transaction.
    pub(crate) async fn identify(&mut self, within: Duration) -> Result<(), WireError> {
        let identify = [Query::plain(IDENTIFY, Command::Statement)];
        let answers = self.run(&identify, within).await.map_err(|failed| failed.error)?;
        let row = answers.first().and_then(|rows| rows.first());
        let process = row.and_then(|row| row.bytes(0)?.try_into().ok());
        let started = row.and_then(|row| row.bytes(1)?.try_into().ok());
        self.backend = process
            .zip(started)
            .map(|(process, started)| Backend { process, started })
            .filter(|backend| backend.process == self.process.to_be_bytes());
        Ok(())
    }

    /// Waits until the server has answered the current batch, or has closed the connection. Returns false if it has done neither in time.
    pub async fn finished(&mut self, within: Duration) -> bool {
        timeout(within, self.answered()).await.is_ok()
    }

    async fn answered(&mut self) {
        while let Ok(message) = self.next().await {
            let ends = matches!(self.accept_rollback(message), Ok(false))
                && message.tag == backend::READY_FOR_QUERY_TAG;
            drop(self.take());
            if ends {
                return;
            }
        }
    }

    /// Stops the current batch and closes the connection: cancels the statement, and ends the server's process if the statement
    /// ignores that. Takes at most 18 seconds.
    pub async fn abandon(self) -> Abandoned {
        timeout(GIVEN_UP_AFTER, self.stop()).await.unwrap_or(Abandoned::Running(None))
    }

    async fn stop(mut self) -> Abandoned {
        let answer_will_end = !self.closed && self.outbox.is_empty();
        let (mut was_ended, mut last) = (false, None);
        for _ in 0..ATTEMPTS {
            // If the cancellation fails, the batch continues, which the wait below notices.
            let _ = self.address.cancel(self.process, self.secret, REACTS_WITHIN).await;
            let stopped = if was_ended { Abandoned::Ended } else { Abandoned::Stopped };
            if !answer_will_end || self.finished(REACTS_WITHIN).await {
                return stopped;
            }
            let Some(backend) = self.backend else { return Abandoned::Hidden };
            match self.end(backend).await {
                Ok(true) => (was_ended, last) = (true, None),
                // The process has ended or is idle.
                Ok(false) => return Abandoned::Lost,
                Err(error) => last = Some(error),
            }
            if self.finished(REACTS_WITHIN).await {
                return if was_ended { Abandoned::Ended } else { Abandoned::Stopped };
            }
        }
        Abandoned::Running(last)
    }

    /// Ends the process that serves this connection, over another connection. Returns false if the process has ended or is idle.
    async fn end(&self, Backend { process, started }: Backend) -> Result<bool, WireError> {
        let parameters = [
            Parameter::new(Type::INT4, process.to_vec()),
            Parameter::new(Type::TIMESTAMPTZ, started.to_vec()),
        ];
        let query = Query { parameters: &parameters, ..Query::plain(END, Command::Statement) };
        let ending = async {
            let mut other = self.address.connect().await?;
            other.run(&[query], REACTS_WITHIN).await.map_err(|failed| failed.error)
        };
        let ended = timeout(REACTS_WITHIN, ending).await.map_err(|_| WireError::Closed)??;
        Ok(ended.first().is_some_and(|rows| !rows.is_empty()))
    }
}
