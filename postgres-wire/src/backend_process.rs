//! The process that serves a connection: which one it is, and how it is made to give up what it does.

use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::types::Type;

use super::batch::{Command, Query};
use super::error::WireError;
use super::{Connection, backend};
use crate::Parameter;

/// How long a server may take to heed what it is asked.
const HEEDED_WITHIN: Duration = Duration::from_secs(3);
/// How often it is asked.
const ATTEMPTS: u32 = 3;

/// Which process it is that answers, and since when there is one of this number.
const IDENTIFY: &str =
    "SELECT pid, backend_start FROM pg_stat_get_activity(pg_backend_pid()) WHERE backend_start IS NOT NULL";
/// Ends a process, if it is the one that is meant and still at work.
const END: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE pid = $1 AND backend_start = $2 AND usename = session_user AND datname = current_database()
      AND state <> 'idle'";

/// A process of the server, by what no other one has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Backend {
    process: [u8; 4],
    since: [u8; 8],
}

impl Connection {
    /// Notes the process that serves this connection. Behind a pooler that changes with each transaction: then there is none.
    pub(super) async fn identify(&mut self) -> Result<(), WireError> {
        let answers = self.run(&[own(IDENTIFY, &[])]).await.map_err(|failed| failed.error)?;
        let row = answers.first().and_then(|rows| rows.first());
        let process = row.and_then(|row| row.bytes(0)?.try_into().ok());
        let since = row.and_then(|row| row.bytes(1)?.try_into().ok());
        self.backend = process
            .zip(since)
            .map(|(process, since)| Backend { process, since })
            .filter(|backend| backend.process == self.process.to_be_bytes());
        Ok(())
    }

    /// Waits until the server has done what it was asked, or has closed the connection.
    pub async fn finished(&mut self) {
        while let Ok(message) = self.next().await {
            let ends =
                matches!(self.hear_end(message), Ok(false)) && message.tag == backend::READY_FOR_QUERY_TAG;
            drop(self.take());
            if ends {
                return;
            }
        }
    }

    /// Makes the server give up what it is doing, and closes the connection: asks it to cancel, and where it does not heed
    /// that, ends its process.
    pub async fn give_up(mut self) {
        let is_heard = !self.closed && self.outbox.is_empty();
        for _ in 0..ATTEMPTS {
            match timeout(HEEDED_WITHIN, self.address.cancel(self.process, self.secret)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "could not cancel an abandoned statement"),
                Err(_) => tracing::debug!("could not cancel an abandoned statement in time"),
            }
            if !is_heard || timeout(HEEDED_WITHIN, self.finished()).await.is_ok() {
                return;
            }
            match self.end().await {
                Ok(true) => {
                    tracing::warn!("a statement did not heed its cancellation; its process was ended");
                }
                // It is not at work, or a pooler knows who is.
                Ok(false) => return,
                Err(error) => {
                    tracing::warn!(%error, "could not end a statement that heeds no cancellation");
                }
            }
            if timeout(HEEDED_WITHIN, self.finished()).await.is_ok() {
                return;
            }
        }
        tracing::error!("a statement heeds neither its cancellation nor the end of its process");
    }

    /// Ends the process that serves this connection, over another one; `false`: it is not known, or not at work.
    async fn end(&self) -> Result<bool, WireError> {
        let Some(Backend { process, since }) = self.backend else { return Ok(false) };
        let parameters =
            [Parameter::new(Type::INT4, process.to_vec()), Parameter::new(Type::TIMESTAMPTZ, since.to_vec())];
        let ending = async {
            let mut other = self.address.connect().await?;
            other.run(&[own(END, &parameters)]).await.map_err(|failed| failed.error)
        };
        let ended = timeout(HEEDED_WITHIN, ending).await.map_err(|_| WireError::Closed)??;
        Ok(ended.first().is_some_and(|rows| !rows.is_empty()))
    }
}

fn own<'a>(text: &'a str, parameters: &'a [Parameter]) -> Query<'a> {
    Query { text, parameters, keep: false, command: Command::Statement }
}
