//! A connection to Postgres that speaks the extended query protocol, pipelined.
//!
//! Whatever a request asks at a time leaves in one write, with one Sync at its end, and comes back in as few reads as the
//! answer has packets. No task and no channel stands between a request and its socket. Statements are prepared along
//! the way, at the first time that a connection meets them.

mod batch;
mod connect;
mod error;
mod rows;

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::{Buf as _, BytesMut};
use futures_util::FutureExt as _;
use postgres_protocol::message::{backend, frontend};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};

use self::batch::Prepared;
pub(super) use self::batch::Query;
pub(super) use self::connect::Address;
pub use self::error::ServerError;
pub(super) use self::error::WireError;
pub use self::rows::Row;

/// Bytes that there is room for at least when the socket is read.
const READ: usize = 16 * 1024;

/// A byte stream to Postgres: a unix socket, TCP, or TLS over it.
trait Socket: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Socket for T {}

/// A connection that is logged in.
pub(super) struct Connection {
    socket: Box<dyn Socket>,
    /// What arrived. The part before `understood` has been looked at, and may hold rows of the statement under way.
    inbox: BytesMut,
    understood: usize,
    outbox: BytesMut,
    prepared: Prepared,
    /// Answers of their own that come before the next one, and that nobody waits for.
    unread: u32,
    /// Whom to ask for a cancellation, and what to name.
    address: Address,
    process: i32,
    secret: i32,
    busy: bool,
    closed: bool,
}

/// A message from the server.
#[derive(Clone, Copy)]
struct Message {
    tag: u8,
    /// Where its body begins in the inbox, and where it ends.
    start: usize,
    end: usize,
}

impl Connection {
    /// Sends a statement whose answer nobody waits for, if that can be done at once; `false`: it cannot.
    pub(super) fn send_unheard(&mut self, sql: &str) -> bool {
        if self.closed || frontend::query(sql, &mut self.outbox).is_err() {
            return false;
        }
        self.unread += 1;
        matches!(self.send().now_or_never(), Some(Ok(())))
    }

    /// Whether more can be asked: no batch was given up half-way, and the server has not closed the connection
    /// meanwhile. Does not wait.
    pub(super) fn is_usable(&mut self) -> bool {
        while !self.closed {
            self.inbox.reserve(READ);
            match self.socket.read_buf(&mut self.inbox).now_or_never() {
                Some(Ok(count)) if count > 0 => {}
                Some(_) => self.closed = true,
                None => break,
            }
        }
        !self.closed && !self.busy
    }

    /// Whether an answer is awaited, or was when whoever waited went away.
    pub(super) fn is_busy(&self) -> bool {
        self.busy
    }

    /// Asks the server, over a connection of its own, to give up what this one is doing.
    pub(super) fn canceller(&self) -> impl Future<Output = Result<(), WireError>> + Send + use<> {
        let (address, process, secret) = (self.address.clone(), self.process, self.secret);
        async move { address.cancel(process, secret).await }
    }

    /// Sends what is in the outbox, and reads meanwhile: a server that cannot get rid of its answers takes no questions.
    async fn send(&mut self) -> Result<(), WireError> {
        let sent = poll_fn(|context| self.poll_send(context)).await;
        self.noticing(sent)
    }

    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.outbox.is_empty() {
            match Pin::new(&mut self.socket).poll_write(context, &self.outbox)? {
                Poll::Ready(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(written) => self.outbox.advance(written),
                Poll::Pending => loop {
                    self.inbox.reserve(READ);
                    match pin!(self.socket.read_buf(&mut self.inbox)).poll(context)? {
                        Poll::Ready(0) => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                        Poll::Ready(_) => {}
                        Poll::Pending => return Poll::Pending,
                    }
                },
            }
        }
        Pin::new(&mut self.socket).poll_flush(context)
    }

    /// The next message. Its bytes stay in the inbox until [`Connection::take`].
    async fn next(&mut self) -> Result<Message, WireError> {
        loop {
            let unread = &self.inbox[self.understood..];
            let header = backend::Header::parse(unread).map_err(WireError::from)?;
            if let Some(header) = header {
                let length = usize::try_from(header.len()).unwrap_or_default() + 1;
                if unread.len() >= length {
                    let start = self.understood;
                    self.understood += length;
                    return Ok(Message { tag: header.tag(), start: start + 5, end: self.understood });
                }
                self.inbox.reserve(length - unread.len());
            }
            self.inbox.reserve(READ);
            let read = self.socket.read_buf(&mut self.inbox).await;
            if self.noticing(read)? == 0 {
                self.closed = true;
                return Err(WireError::Closed);
            }
        }
    }

    /// Everything that has been understood, out of the inbox.
    fn take(&mut self) -> BytesMut {
        let taken = self.inbox.split_to(self.understood);
        self.understood = 0;
        taken
    }

    fn body(&self, message: Message) -> &[u8] {
        &self.inbox[message.start..message.end]
    }

    /// Remembers that a socket which failed once is of no use.
    fn noticing<T>(&mut self, result: io::Result<T>) -> Result<T, WireError> {
        result.map_err(|error| {
            self.closed = true;
            WireError::Io(error)
        })
    }
}
