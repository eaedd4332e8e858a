//! A client's connection, as far as what it may keep waiting goes: who takes nothing that is sent, who does not end what it
//! sends, who sends nothing, and who sends more than may be kept, is cut off. Whoever is not, hears us out.

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

use super::connections::Place;
use super::peer::Peer;

/// What a client that is behind has to take within the time that it has, in bytes: one by one, it would be served for ever.
const LEAST_TAKEN: usize = 16 * 1024;

/// How long a connection lasts after we have ended it, for what is on its way.
const LINGERS: Duration = Duration::from_secs(1);

/// How long a client may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// For what it is sent, while bytes wait for it.
    pub(super) write: Duration,
    /// For the headers of a request, from their first byte on.
    pub(super) headers: Duration,
    /// For the first byte of the next request, from the last byte of an answer on.
    pub(super) idle: Duration,
}

/// A connection with its place.
pub(super) struct Stream {
    tcp: TcpStream,
    patience: Patience,
    peer: Peer,
    /// Since bytes wait that the client does not take.
    behind: Option<Behind>,
    /// Requests whose headers were whole when this was last looked at.
    requests: u64,
    /// When the first byte of a header came that is not whole.
    began: Option<Instant>,
    /// When the client was last sent something, or came.
    served: Instant,
    /// Rings when the client's time may be up; who is served meanwhile does not set it anew each time.
    alarm: Pin<Box<Sleep>>,
    /// The client has ended it, or was cut off.
    is_over: bool,
    place: Option<Place>,
}

struct Behind {
    due: Pin<Box<Sleep>>,
    taken: usize,
}

impl Stream {
    pub(super) fn new(tcp: TcpStream, patience: Patience, peer: Peer, place: Place) -> Self {
        let served = Instant::now();
        let alarm = Box::pin(sleep_until(served + patience.idle));
        Self {
            tcp,
            patience,
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

    /// Forgets of the header that it has begun, once it is whole.
    fn look_at_header(&mut self) {
        let requests = self.peer.requests();
        if self.requests != requests {
            self.requests = requests;
            self.began = None;
        }
    }

    /// Waits until the client has sent nothing, or no whole header, for too long; says which.
    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<&'static str> {
        // WebSockets have times of their own.
        while !self.peer.is_upgraded() {
            let (due, why) = match self.began {
                Some(began) => (began + self.patience.headers, "the client does not end its request"),
                None => (self.served + self.patience.idle, "the client sends no request"),
            };
            if due < self.alarm.deadline() {
                self.alarm.as_mut().reset(due);
            }
            ready!(self.alarm.as_mut().poll(cx));
            let now = Instant::now();
            if self.behind.is_some() || self.peer.is_served() {
                self.served = now;
                self.alarm.as_mut().reset(now + self.patience.idle);
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
                self.served = Instant::now();
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
                let new = || Behind { due: Box::pin(sleep(self.patience.write)), taken: 0 };
                let behind = self.behind.get_or_insert_with(new);
                ready!(behind.due.as_mut().poll(cx));
                Poll::Ready(Err(self.cut("the client does not take what it is sent")))
            }
            failed @ Poll::Ready(Err(_)) => failed,
        }
    }

    /// Ends the connection so that the system keeps nothing of it either.
    fn cut(&mut self, why: &'static str) -> io::Error {
        self.is_over = true;
        if let Err(error) = self.tcp.set_zero_linger() {
            tracing::debug!(%error, "cannot set SO_LINGER");
        }
        io::Error::new(io::ErrorKind::TimedOut, why)
    }
}

impl Drop for Stream {
    /// A connection that is closed while bytes of the client have not been read is reset, and what it was told last is lost: so who
    /// may still be sending is heard for a moment, to no purpose but this.
    fn drop(&mut self) {
        if self.is_over || self.peer.gone().now_or_never().is_some() {
            return;
        }
        let again = SockRef::from(&self.tcp).try_clone().and_then(|tcp| TcpStream::from_std(tcp.into()));
        if let (Some(place), Ok(tcp), Ok(runtime)) = (self.place.take(), again, Handle::try_current()) {
            runtime.spawn(linger(place, tcp, self.peer.clone()));
        }
    }
}

/// Says that nothing more comes, and reads until the client says so too.
async fn linger(_place: Place, mut tcp: TcpStream, peer: Peer) {
    let ends = async {
        let mut unread = [0; 1024];
        if tcp.shutdown().await.is_ok() {
            while tcp.read(&mut unread).await.is_ok_and(|count| count > 0) {}
        }
    };
    tokio::select! {
        _ = timeout(LINGERS, ends) => {}
        () = peer.gone() => {}
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
        this.look_at_header();
        match read {
            Poll::Ready(Ok(())) => {
                let count = buffer.filled().len() - before;
                this.is_over = count == 0;
                if !this.peer.is_served() {
                    this.began.get_or_insert_with(Instant::now);
                }
                if this.peer.received(count).is_err() {
                    return Poll::Ready(Err(this.cut("the client sends more than can be kept")));
                }
                Poll::Ready(Ok(()))
            }
            Poll::Pending => {
                let why = ready!(this.poll_patience(cx));
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
