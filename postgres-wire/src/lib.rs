//! A connection to Postgres that speaks the extended query protocol, pipelined.
//!
//! Whatever a request asks at a time leaves in one write, with one Sync at its end, and comes back in as few reads as the
//! answer has packets. No task and no channel stands between a request and its socket. Statements are prepared along
//! the way, at the first time that a connection meets them.

mod address;
mod answers;
mod backend_process;
mod batch;
mod connect;
mod conninfo;
mod error;
mod notify;
mod parameter;
mod prepared;
mod rows;
#[cfg(test)]
mod tests;

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::{Buf as _, BytesMut};
use futures_util::FutureExt as _;
use postgres_protocol::message::{backend, frontend};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};

pub use self::address::{Address, Host};
use self::answers::Transaction;
use self::backend_process::Backend;
pub use self::batch::{BatchError, Command, Query};
pub use self::connect::MODE;
pub use self::connect::Mode;
pub use self::conninfo::{AddressError, Conninfo, SessionAttrs, encode};
pub use self::error::{ServerError, WireError, describe};
pub use self::notify::Notification;
pub use self::parameter::Parameter;
use self::prepared::Prepared;
pub use self::rows::Row;

/// Bytes that there is room for at least when the socket is read.
const READ: usize = 16 * 1024;
/// Bytes that there is room for at most before they arrive, whatever length the server announces.
const MOST_READ: usize = 1024 * 1024;
/// Bytes of the answers that have not been taken, at most; and so of a message.
const MOST_UNREAD: usize = 256 * 1024 * 1024;
/// What the server must have told us of itself: values are read so.
const ASSUMED: [(&[u8], &[u8]); 2] = [(b"client_encoding", b"UTF8"), (b"integer_datetimes", b"on")];

/// A byte stream to Postgres: a unix socket, TCP, or TLS over it.
trait Socket: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Socket for T {}

/// A connection that is logged in.
pub struct Connection {
    socket: Box<dyn Socket>,
    /// What arrived. The part before `understood` has been looked at, and may hold rows of the statement under way.
    inbox: BytesMut,
    understood: usize,
    outbox: BytesMut,
    prepared: Prepared,
    /// Whether statements are kept.
    keeps: bool,
    /// Whether a transaction is open once the server has done everything that it was sent.
    transaction: Transaction,
    unheard: Unheard,
    /// Notifications that nobody has taken yet; `None`: nobody wants them.
    heard: Option<Vec<Notification>>,
    /// Whom to ask for a cancellation, and what to name.
    address: Address,
    process: i32,
    secret: i32,
    /// What serves it, where that is known.
    backend: Option<Backend>,
    busy: bool,
    closed: bool,
}

/// What is still to come of the end of a transaction that nobody waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unheard {
    /// Nothing.
    Nothing,
    /// `CommandComplete`, and what follows it.
    Completion,
    /// `ReadyForQuery`
    Readiness,
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
    /// A connection over a socket to the only host of an address, not logged in.
    fn over(socket: Box<dyn Socket>, address: Address) -> Self {
        Self {
            socket,
            inbox: BytesMut::new(),
            understood: 0,
            outbox: BytesMut::new(),
            prepared: Prepared::default(),
            keeps: true,
            transaction: Transaction::None,
            unheard: Unheard::Nothing,
            heard: None,
            address,
            process: 0,
            secret: 0,
            backend: None,
            busy: false,
            closed: false,
        }
    }

    /// Ends a transaction without waiting for the answer, if that can be done at once; `false`: it cannot.
    pub fn roll_back(&mut self) -> bool {
        if self.closed || self.busy || self.unheard != Unheard::Nothing {
            return false;
        }
        if self.transaction == Transaction::None {
            return true;
        }
        if frontend::query("ROLLBACK", &mut self.outbox).is_err() {
            return false;
        }
        self.unheard = Unheard::Completion;
        self.transaction = Transaction::None;
        matches!(at_once(self.send()), Some(Ok(())))
    }

    /// Whether more can be asked: no batch was given up half-way, no transaction is open, and the server has neither said
    /// anything unasked meanwhile nor closed the connection. Does not wait.
    pub fn is_usable(&mut self) -> bool {
        while !self.closed && self.inbox.len() <= MOST_UNREAD {
            self.inbox.reserve(READ);
            match at_once(self.socket.read_buf(&mut self.inbox)) {
                Some(Ok(count)) if count > 0 => {}
                Some(_) => self.closed = true,
                None => break,
            }
        }
        !self.busy && self.transaction == Transaction::None && self.settle().is_ok()
    }

    /// Looks at what has arrived that no batch waits for: the end of a transaction, and nothing else.
    fn settle(&mut self) -> Result<(), WireError> {
        const UNASKED: WireError = WireError::Protocol("a message that nobody asked for");
        if self.closed {
            return Err(WireError::Closed);
        }
        let settled = loop {
            match self.understand() {
                Ok(Some(message)) => match self.hear_end(message) {
                    Ok(true) => {}
                    Ok(false) => break Err(UNASKED),
                    Err(error) => break Err(error),
                },
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        // The beginning of a message is enough to know that it does not belong here.
        let begun = self.inbox.get(self.understood).copied();
        let is_unasked = self.unheard == Unheard::Nothing && begun.is_some_and(|tag| !is_asynchronous(tag));
        let settled = if is_unasked { Err(UNASKED) } else { settled };
        self.closed |= settled.is_err();
        drop(self.take());
        settled
    }

    /// Takes a message of the end of a transaction, where one is still to come; `false`: none is.
    fn hear_end(&mut self, message: Message) -> Result<bool, WireError> {
        let body = self.body(message);
        self.unheard = match (self.unheard, message.tag) {
            (Unheard::Nothing, _) => return Ok(false),
            (Unheard::Completion, backend::COMMAND_COMPLETE_TAG) if body == b"ROLLBACK\0" => {
                Unheard::Readiness
            }
            (Unheard::Readiness, backend::READY_FOR_QUERY_TAG)
                if Transaction::read(body)? == Transaction::None =>
            {
                Unheard::Nothing
            }
            _ => return Err(WireError::Protocol("another end of a transaction")),
        };
        Ok(true)
    }

    /// Whether an answer is awaited, or was when whoever waited went away.
    pub fn is_busy(&self) -> bool {
        self.busy
    }

    /// Whether something stands between gateway and server that hands connections on: what answers is not what was logged in to.
    pub fn is_behind_pooler(&self) -> bool {
        self.backend.is_none()
    }

    /// Keeps statements or not; `None`: where the server itself is spoken to, since a pooler may give each transaction another
    /// connection, on which they are not known.
    pub fn keep_statements(&mut self, wanted: Option<bool>) {
        self.keeps = wanted.unwrap_or(!self.is_behind_pooler());
    }

    /// The server that this is a connection to.
    pub fn host(&self) -> &Host {
        self.address.host()
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
            if let Some(message) = self.understand()? {
                return Ok(message);
            }
            self.arrival().await?;
        }
    }

    /// Waits until something has arrived.
    async fn arrival(&mut self) -> Result<(), WireError> {
        self.inbox.reserve(READ);
        let read = self.socket.read_buf(&mut self.inbox).await;
        if self.noticing(read)? == 0 {
            self.closed = true;
            return Err(WireError::Closed);
        }
        Ok(())
    }

    /// The next message that has arrived, but for those that may come at any time.
    fn understand(&mut self) -> Result<Option<Message>, WireError> {
        loop {
            let unread = &self.inbox[self.understood..];
            let Some(header) = backend::Header::parse(unread)? else { return Ok(None) };
            let length = usize::try_from(header.len()).unwrap_or(usize::MAX).saturating_add(1);
            if self.understood.saturating_add(length) > MOST_UNREAD {
                return Err(WireError::Protocol("more than an answer may have"));
            }
            if unread.len() < length {
                let missing = length - unread.len();
                self.inbox.reserve(missing.min(MOST_READ));
                return Ok(None);
            }
            let start = self.understood;
            self.understood += length;
            let message = Message { tag: header.tag(), start: start + 5, end: self.understood };
            if !is_asynchronous(message.tag) {
                return Ok(Some(message));
            }
            match message.tag {
                backend::PARAMETER_STATUS_TAG => check_status(self.body(message))?,
                backend::NOTIFICATION_RESPONSE_TAG => self.note(message)?,
                _ => {}
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

/// Whether a message may come at any time, whatever was asked.
fn is_asynchronous(tag: u8) -> bool {
    matches!(
        tag,
        backend::NOTICE_RESPONSE_TAG | backend::PARAMETER_STATUS_TAG | backend::NOTIFICATION_RESPONSE_TAG
    )
}

/// Checks the body of a `ParameterStatus`: a name and a value, each with a zero at its end.
fn check_status(body: &[u8]) -> Result<(), WireError> {
    let mut words = body.split(|byte| *byte == 0);
    let (name, value) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let is_other = |(known, needed): &(&[u8], &[u8])| *known == name && !needed.eq_ignore_ascii_case(value);
    if ASSUMED.iter().any(is_other) {
        return Err(WireError::Protocol("values in another format than is read"));
    }
    Ok(())
}

/// What a future gives if it need not wait. Tokio's budget of a task's turn does not count: used up, it looks like having to
/// wait, and a busy task would take a connection that has ended for a good one.
fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    tokio::task::unconstrained(future).now_or_never()
}
