//! Tests the connection with a server that sends arbitrary bytes: every call ends with an answer or an error.
//!
//! libFuzzer runs this in `fuzz/fuzz_targets/wire.rs`, and proptest in [`crate::tests`].

use std::io;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use futures_util::FutureExt as _;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::{Builder, EnterGuard, Runtime};
use tokio_postgres::Config;

use crate::address::Address;
use crate::batch::{Command, Query};
use crate::connection::{Connection, MOST_READ};
use crate::parameter::Parameter;
use crate::rows::Row;

/// The bit of an input's first byte that makes the connection log in.
const LOGS_IN: u8 = 1;
/// The bit that makes the connection listen.
const LISTENS: u8 = 2;
/// The bit that makes the server read nothing.
const TAKES_NO_WRITES: u8 = 4;
/// The position of the bits above these: the number of bytes that the client reads at a time; 0 means all.
const CHUNK_BITS: u32 = 3;

/// The limit of each exchange, which ends at once.
const WITHIN: Duration = Duration::from_secs(5);

/// Enters a runtime that has the timers of limits, for calls that are polled without one.
pub(crate) fn timers() -> Option<EnterGuard<'static>> {
    static RUNTIME: LazyLock<Option<Runtime>> =
        LazyLock::new(|| Builder::new_current_thread().enable_time().build().ok());
    RUNTIME.as_ref().map(Runtime::enter)
}

/// Runs a login, batches and a wait for notifications against a server that sends the bytes after the first one, and then closes
/// the connection. The first byte chooses the calls.
///
/// # Panics
///
/// Panics if a call waits for ever, or takes more memory than the bytes account for.
pub fn fuzz(input: &[u8]) {
    static ADDRESS: LazyLock<Option<(Address, Config)>> = LazyLock::new(address);
    let ([choice, bytes @ ..], Some((address, config))) = (input, &*ADDRESS) else { return };
    let server = Server {
        unread: Bytes::copy_from_slice(bytes),
        chunk: match choice >> CHUNK_BITS {
            0 => usize::MAX,
            bytes => usize::from(bytes),
        },
        takes_writes: choice & TAKES_NO_WRITES == 0,
    };
    let mut connection = Connection::over(Box::new(server), address.clone());
    if choice & LOGS_IN != 0 && !matches!(ended(connection.log_in(config)), Some(Ok(()))) {
        return;
    }
    if choice & LISTENS != 0 {
        let _ = ended(connection.listen(&["channel"], WITHIN));
        for _ in 0..3 {
            let _ = ended(connection.notifications(2));
        }
    }
    let number = [Parameter::from(7_i64)];
    let kept = Query { parameters: &number, ..Query::kept("SELECT $1", Command::Statement) };
    let opening = [Query::kept("BEGIN", Command::Begin), Query { command: Command::Mark(7), ..kept }, kept];
    let others = [kept, Query::plain("", Command::Statement), Query::kept("COMMIT", Command::Commit)];
    for batch in [&opening[..], &others, &[kept], &[]] {
        let answers = ended(connection.run(batch, WITHIN)).and_then(Result::ok).unwrap_or_default();
        assert!(answers.is_empty() || answers.len() == batch.len());
        // NULL takes three times the bytes of its length, and a row without columns twice those of its message.
        let memory: usize = answers.iter().map(|rows| Row::memory(rows)).sum();
        assert!(memory <= 4 * bytes.len(), "{memory} bytes of {}", bytes.len());
        assert!(connection.inbox.capacity() <= 4 * MOST_READ + 2 * bytes.len(), "room for what never came");
        let _ = connection.roll_back();
        let _ = connection.is_usable();
    }
    ended(connection.finished(WITHIN));
}

/// Returns the outcome of a call, which never has to wait: the server has sent all its bytes.
fn ended<T>(call: impl Future<Output = T>) -> Option<T> {
    let _timers = timers();
    let outcome = call.now_or_never();
    assert!(outcome.is_some(), "a call waits for ever");
    outcome
}

fn address() -> Option<(Address, Config)> {
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .ok()?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let conninfo: crate::Conninfo = "postgres://me:secret@db".parse().ok()?;
    let address = Address::new(&conninfo, Arc::new(tls), Duration::from_secs(5)).ok()?;
    Some((address, conninfo.config))
}

/// A socket to the server.
struct Server {
    unread: Bytes,
    /// The bytes that the client reads at a time.
    chunk: usize,
    /// False if the server reads nothing before it has sent everything.
    takes_writes: bool,
}

impl AsyncRead for Server {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let count = self.unread.len().min(into.remaining()).min(self.chunk);
        into.put_slice(&self.unread[..count]);
        self.unread.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Server {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.takes_writes { Poll::Ready(Ok(bytes.len())) } else { Poll::Pending }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
