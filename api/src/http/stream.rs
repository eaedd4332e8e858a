//! Wraps the TCP stream of a client with timeouts. The gateway closes it if the client does not read its answers, does not complete a
//! request, sends no request, or sends more than may be kept. Other clients receive their answer to its end.

use std::io;
use std::io::IoSlice;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::FutureExt as _;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::time::{Instant, Sleep, sleep, sleep_until, timeout};

use super::connections::ConnectionPlace;
use super::peer::Peer;
use crate::clock;

/// Bytes that a slow client has to read within the time of `--write-timeout`: reading single bytes must not last forever.
const LEAST_TAKEN: usize = 16 * 1024;

/// Time that a closed connection waits for bytes on their way.
const LINGERS: Duration = Duration::from_secs(1);

/// The times that a client may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeouts {
    /// Time to read waiting bytes.
    pub(super) write: Duration,
    /// Time for the headers of a request, from their first byte on.
    pub(super) headers: Duration,
    /// Time until the first byte of the next request, from the last byte of an answer on.
    pub(super) idle: Duration,
}

/// A TCP stream with its place.
pub(super) struct Stream {
    tcp: TcpStream,
    timeouts: Timeouts,
    peer: Peer,
    /// Set while bytes wait that the client does not read.
    behind: Option<Behind>,
    /// Number of requests whose headers were complete at the last check.
    requests: u64,
    /// The moment of the first byte of incomplete headers.
    began: Option<Instant>,
    /// The moment when bytes were last sent to the client, or when it connected.
    served: Instant,
    /// A timer for the earliest moment at which the client's time may be over; it is not reset for each byte.
    alarm: Pin<Box<Sleep>>,
    /// True if the client has closed the stream, or the gateway has reset it.
    is_over: bool,
    place: Option<ConnectionPlace>,
}

struct Behind {
    due: Pin<Box<Sleep>>,
    taken: usize,
}

impl Stream {
    pub(super) fn new(tcp: TcpStream, timeouts: Timeouts, peer: Peer, place: ConnectionPlace) -> Self {
        let served = clock::instant();
        let alarm = Box::pin(sleep_until(served + timeouts.idle));
        Self {
            tcp,
            timeouts,
            peer,
            behind: None,
            requests: 0,
            began: None,
            served,
            alarm,
            is_over: false,
            place: Some(place),
        }
    }

    /// Resets the moment of the headers when they are complete.
    fn note_complete_headers(&mut self) {
        let requests = self.peer.requests();
        if self.requests != requests {
            self.requests = requests;
            self.began = None;
        }
    }

    /// Waits until the client has sent nothing, or incomplete headers, for too long; returns which.
    fn poll_timeouts(&mut self, cx: &mut Context<'_>) -> Poll<&'static str> {
        // WebSockets have times of their own.
        while !self.peer.is_upgraded() {
            let (due, why) = match self.began {
                Some(began) => (began + self.timeouts.headers, "the client does not end its request"),
                None => (self.served + self.timeouts.idle, "the client sends no request"),
            };
            if due < self.alarm.deadline() {
                self.alarm.as_mut().reset(due);
            }
            ready!(self.alarm.as_mut().poll(cx));
            let now = clock::instant();
            if self.behind.is_some() || self.peer.is_served() {
                self.served = now;
                self.alarm.as_mut().reset(now + self.timeouts.idle);
            } else if due <= now {
                return Poll::Ready(why);
            } else {
                self.alarm.as_mut().reset(due);
            }
        }
        Poll::Pending
    }

    fn wrote(
        &mut self,
        written: Poll<io::Result<usize>>,
        offered: usize,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(count)) => {
                self.served = clock::instant();
                // The next request is not looked at before the last one is answered.
                self.began = self.began.map(|_| self.served);
                if let Some(behind) = &mut self.behind {
                    behind.taken += count;
                    if count == offered || behind.taken >= LEAST_TAKEN {
                        self.behind = None;
                    }
                }
                Poll::Ready(Ok(count))
            }
            Poll::Pending => {
                let new = || Behind { due: Box::pin(sleep(self.timeouts.write)), taken: 0 };
                let behind = self.behind.get_or_insert_with(new);
                ready!(behind.due.as_mut().poll(cx));
                Poll::Ready(Err(self.reset("the client does not take what it is sent")))
            }
            failed @ Poll::Ready(Err(_)) => failed,
        }
    }

    /// Resets the connection, so that the system keeps no bytes of it either.
    fn reset(&mut self, why: &'static str) -> io::Error {
        self.is_over = true;
        if let Err(error) = self.tcp.set_zero_linger() {
            tracing::debug!(%error, "cannot set SO_LINGER");
        }
        io::Error::new(io::ErrorKind::TimedOut, why)
    }
}

impl Drop for Stream {
    /// Reads on for a moment if the client may still be sending: the system resets a connection that is closed with unread bytes,
    /// and the client would lose the last answer.
    fn drop(&mut self) {
        if self.is_over || self.peer.evicted().now_or_never().is_some() {
            return;
        }
        let again = SockRef::from(&self.tcp).try_clone().and_then(|tcp| TcpStream::from_std(tcp.into()));
        if let (Some(place), Ok(tcp), Ok(runtime)) = (self.place.take(), again, Handle::try_current()) {
            runtime.spawn(linger(place, tcp, self.peer.clone()));
        }
    }
}

/// Closes the sending side, and reads until the client closes its own.
async fn linger(_place: ConnectionPlace, mut tcp: TcpStream, peer: Peer) {
    let ends = async {
        let mut unread = [0; 1024];
        if tcp.shutdown().await.is_ok() {
            while tcp.read(&mut unread).await.is_ok_and(|count| count > 0) {}
        }
    };
    tokio::select! {
        _ = timeout(LINGERS, ends) => {}
        () = peer.evicted() => {}
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.tcp).poll_read(cx, buffer);
        this.note_complete_headers();
        match read {
            Poll::Ready(Ok(())) => {
                let count = buffer.filled().len() - before;
                this.is_over = count == 0;
                if !this.peer.is_served() {
                    this.began.get_or_insert_with(clock::instant);
                }
                if this.peer.received(count).is_err() {
                    return Poll::Ready(Err(this.reset("the client sends more than can be kept")));
                }
                Poll::Ready(Ok(()))
            }
            Poll::Pending => {
                let why = ready!(this.poll_timeouts(cx));
                this.is_over = true;
                Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, why)))
            }
            failed @ Poll::Ready(Err(_)) => failed,
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write(cx, bytes);
        self.wrote(written, bytes.len(), cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write_vectored(cx, slices);
        self.wrote(written, slices.iter().map(|slice| slice.len()).sum(), cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
