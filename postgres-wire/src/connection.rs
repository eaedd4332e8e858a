//! Sends and receives the messages of a connection.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::{Buf as _, BytesMut};
use futures_util::FutureExt as _;
use postgres_protocol::message::{backend, frontend};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};

use crate::address::{Address, Host};
use crate::answers::Transaction;
use crate::backend_process::Backend;
use crate::error::WireError;
use crate::notify::Notifications;
use crate::prepared::StatementCache;

/// The free space of the inbox for each read from the socket, in bytes.
const READ: usize = 16 * 1024;
/// The largest space that is reserved for the rest of a message before it arrives, whatever length the server announces, in bytes.
pub(crate) const MOST_READ: usize = 1024 * 1024;
/// The largest size of the inbox, and so of a message, in bytes.
pub(crate) const MOST_UNREAD: usize = 256 * 1024 * 1024;
/// The server parameters, with the values that the decoding of values relies on.
const REQUIRED_PARAMETERS: [(&[u8], &[u8]); 2] =
    [(b"client_encoding", b"UTF8"), (b"integer_datetimes", b"on")];
const TOO_LONG: WireError = WireError::Protocol("a message beyond the memory limit");

/// A byte stream to Postgres: a Unix socket, TCP, or TLS over it.
pub(crate) trait Socket: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Socket for T {}

/// A connection that is logged in. [`Address::connect`] opens one; dropping it closes the socket.
///
/// A connection whose answers do not follow the protocol is closed: every later call returns [`WireError::Closed`].
pub struct Connection {
    socket: Box<dyn Socket>,
    /// The bytes that have been read. Those before `parsed` are whole messages, and may contain rows of the current statement.
    pub(crate) inbox: BytesMut,
    parsed: usize,
    pub(crate) outbox: BytesMut,
    pub(crate) prepared: StatementCache,
    /// True if statements are kept prepared.
    pub(crate) keeps: bool,
    /// The state of the transaction after everything that has been sent.
    pub(crate) transaction: Transaction,
    rollback: Rollback,
    pub(crate) notifications: Notifications,
    /// The address of this server alone, for cancellations.
    pub(crate) address: Address,
    pub(crate) process: i32,
    pub(crate) secret: i32,
    /// The server's process; `None` behind a pooler.
    pub(crate) backend: Option<Backend>,
    pub(crate) busy: bool,
    pub(crate) closed: bool,
}

/// The messages that are still missing in the answer to a `ROLLBACK` for which no call waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rollback {
    /// No message is missing.
    Done,
    /// `CommandComplete` and `ReadyForQuery`.
    Sent,
    /// `ReadyForQuery`.
    Completed,
}

/// A message from the server.
#[derive(Clone, Copy)]
pub(crate) struct Message {
    pub(crate) tag: u8,
    /// The first byte of its body in the inbox.
    pub(crate) start: usize,
    /// The byte behind its body.
    end: usize,
}

impl Connection {
    /// Returns a connection over a socket to the only host of an address; it is not logged in.
    pub(crate) fn over(socket: Box<dyn Socket>, address: Address) -> Self {
        Self {
            socket,
            inbox: BytesMut::new(),
            parsed: 0,
            outbox: BytesMut::new(),
            prepared: StatementCache::default(),
            keeps: true,
            transaction: Transaction::None,
            rollback: Rollback::Done,
            notifications: Notifications::default(),
            address,
            process: 0,
            secret: 0,
            backend: None,
            busy: false,
            closed: false,
        }
    }

    /// Rolls back the open transaction, if there is one, without waiting for the answer. Returns false if that cannot be
    /// done at once: the connection is busy, closed, or its socket is full.
    pub fn roll_back(&mut self) -> bool {
        if self.closed || self.busy || self.rollback != Rollback::Done {
            return false;
        }
        if self.transaction == Transaction::None {
            return true;
        }
        if frontend::query("ROLLBACK", &mut self.outbox).is_err() {
            return false;
        }
        self.rollback = Rollback::Sent;
        self.transaction = Transaction::None;
        matches!(poll_once(self.send()), Some(Ok(())))
    }

    /// Returns true if a batch can be run: no earlier batch is unfinished, no transaction is open, and the server has neither sent
    /// an unexpected message nor closed the connection. Does not wait.
    pub fn is_usable(&mut self) -> bool {
        while !self.closed && self.inbox.len() <= MOST_UNREAD {
            self.inbox.reserve(READ);
            match poll_once(self.socket.read_buf(&mut self.inbox)) {
                Some(Ok(count)) if count > 0 => {}
                Some(_) => self.closed = true,
                None => break,
            }
        }
        !self.busy && self.transaction == Transaction::None && self.finish_rollback().is_ok()
    }

    /// Reads the messages that have arrived since the last batch. Only the answer to a rollback may have.
    pub(crate) fn finish_rollback(&mut self) -> Result<(), WireError> {
        const UNEXPECTED: WireError = WireError::Protocol("an unexpected message between batches");
        if self.closed {
            return Err(WireError::Closed);
        }
        let finished = loop {
            match self.parse() {
                Ok(Some(message)) => match self.accept_rollback(message) {
                    Ok(true) => {}
                    Ok(false) => break Err(UNEXPECTED),
                    Err(error) => break Err(error),
                },
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        // The tag of an incomplete message suffices to see that it does not belong here.
        let begun = self.inbox.get(self.parsed).copied();
        let is_unexpected = self.rollback == Rollback::Done && begun.is_some_and(|tag| !is_asynchronous(tag));
        let finished = if is_unexpected { Err(UNEXPECTED) } else { finished };
        self.closed |= finished.is_err();
        drop(self.take());
        finished
    }

    /// Accepts a message of the answer to a rollback. Returns false if no such answer is expected.
    pub(crate) fn accept_rollback(&mut self, message: Message) -> Result<bool, WireError> {
        let body = self.body(message);
        self.rollback = match (self.rollback, message.tag) {
            (Rollback::Done, _) => return Ok(false),
            (Rollback::Sent, backend::COMMAND_COMPLETE_TAG) if body == b"ROLLBACK\0" => Rollback::Completed,
            (Rollback::Completed, backend::READY_FOR_QUERY_TAG)
                if Transaction::read(body)? == Transaction::None =>
            {
                Rollback::Done
            }
            _ => return Err(WireError::Protocol("an unexpected answer to ROLLBACK")),
        };
        Ok(true)
    }

    /// Returns true if a batch is unfinished, perhaps because its call was dropped.
    pub fn is_busy(&self) -> bool {
        self.busy
    }

    /// Returns true if a pooler is before the server: the process that answers is not the one that accepted the login.
    pub fn is_behind_pooler(&self) -> bool {
        self.backend.is_none()
    }

    /// Sets whether statements stay prepared. `None` means true unless a pooler is before the server: it may give each transaction
    /// another server connection, which does not have them.
    pub fn keep_statements(&mut self, wanted: Option<bool>) {
        self.keeps = wanted.unwrap_or(!self.is_behind_pooler());
    }

    /// Returns the host that this connection leads to.
    pub fn host(&self) -> &Host {
        self.address.host()
    }

    /// Sends the outbox, and reads meanwhile: a server whose answers are not read accepts no more statements.
    pub(crate) async fn send(&mut self) -> Result<(), WireError> {
        poll_fn(|context| self.poll_send(context)).await.inspect_err(|_| self.closed = true)
    }

    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<Result<(), WireError>> {
        while !self.outbox.is_empty() {
            match Pin::new(&mut self.socket).poll_write(context, &self.outbox)? {
                Poll::Ready(0) => return Poll::Ready(Err(io::Error::from(io::ErrorKind::WriteZero).into())),
                Poll::Ready(written) => self.outbox.advance(written),
                Poll::Pending => loop {
                    if self.inbox.len() > MOST_UNREAD {
                        return Poll::Ready(Err(TOO_LONG));
                    }
                    self.inbox.reserve(READ);
                    match pin!(self.socket.read_buf(&mut self.inbox)).poll(context)? {
                        Poll::Ready(0) => return Poll::Ready(Err(WireError::Closed)),
                        Poll::Ready(_) => {}
                        Poll::Pending => return Poll::Pending,
                    }
                },
            }
        }
        Pin::new(&mut self.socket).poll_flush(context).map_err(WireError::from)
    }

    /// Waits for the next message. Its bytes stay in the inbox until [`Connection::take`].
    pub(crate) async fn next(&mut self) -> Result<Message, WireError> {
        loop {
            if let Some(message) = self.parse()? {
                return Ok(message);
            }
            self.read_more().await?;
        }
    }

    /// Waits until more bytes have arrived.
    pub(crate) async fn read_more(&mut self) -> Result<(), WireError> {
        self.inbox.reserve(READ);
        let read = self.socket.read_buf(&mut self.inbox).await.inspect_err(|_| self.closed = true)?;
        if read == 0 {
            self.closed = true;
            return Err(WireError::Closed);
        }
        Ok(())
    }

    /// Parses the next complete message; `None` if none has arrived. Handles messages that the server may send at any time by itself.
    pub(crate) fn parse(&mut self) -> Result<Option<Message>, WireError> {
        loop {
            let unparsed = &self.inbox[self.parsed..];
            let Some(header) = backend::Header::parse(unparsed)? else { return Ok(None) };
            let length = usize::try_from(header.len()).unwrap_or(usize::MAX).saturating_add(1);
            if self.parsed.saturating_add(length) > MOST_UNREAD {
                return Err(TOO_LONG);
            }
            if unparsed.len() < length {
                let missing = length - unparsed.len();
                self.inbox.reserve(missing.min(MOST_READ));
                return Ok(None);
            }
            let start = self.parsed;
            self.parsed += length;
            let message = Message { tag: header.tag(), start: start + 5, end: self.parsed };
            if !is_asynchronous(message.tag) {
                return Ok(Some(message));
            }
            let body = &self.inbox[message.start..message.end];
            match message.tag {
                backend::PARAMETER_STATUS_TAG => check_parameter(body)?,
                backend::NOTIFICATION_RESPONSE_TAG => self.notifications.add(body)?,
                _ => {}
            }
        }
    }

    /// Removes the parsed messages from the inbox, and returns their bytes.
    pub(crate) fn take(&mut self) -> BytesMut {
        let taken = self.inbox.split_to(self.parsed);
        self.parsed = 0;
        taken
    }

    /// Returns the body of a message that is still in the inbox.
    pub(crate) fn body(&self, message: Message) -> &[u8] {
        &self.inbox[message.start..message.end]
    }
}

/// Returns true if the server may send a message with this tag at any time.
fn is_asynchronous(tag: u8) -> bool {
    matches!(
        tag,
        backend::NOTICE_RESPONSE_TAG | backend::PARAMETER_STATUS_TAG | backend::NOTIFICATION_RESPONSE_TAG
    )
}

/// Checks the body of a `ParameterStatus`: a name and a value, each with a zero at its end.
fn check_parameter(body: &[u8]) -> Result<(), WireError> {
    let mut words = body.split(|byte| *byte == 0);
    let (name, value) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let differs =
        |(required, needed): &(&[u8], &[u8])| *required == name && !needed.eq_ignore_ascii_case(value);
    if REQUIRED_PARAMETERS.iter().any(differs) {
        return Err(WireError::Protocol("a parameter with an unsupported value"));
    }
    Ok(())
}

/// Polls a future once; returns `None` if it has to wait. It ignores tokio's cooperative budget: with a used-up budget every future
/// seems to wait, and a busy task would take a closed connection for a good one.
pub(crate) fn poll_once<T>(future: impl Future<Output = T>) -> Option<T> {
    tokio::task::unconstrained(future).now_or_never()
}
