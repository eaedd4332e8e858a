//! A network between the gateway and Postgres that can drop connections without a word: sent bytes disappear, nothing comes
//! back, and neither end is closed.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};

/// A relay that listens on a port of this machine.
pub(crate) struct Relay {
    port: u16,
    network: Arc<Network>,
}

#[derive(Default)]
struct Network {
    routes: Mutex<Vec<Arc<Route>>>,
    /// True while new connections are swallowed too.
    is_down: AtomicBool,
}

/// A connection through the relay.
#[derive(Default)]
struct Route {
    is_frozen: AtomicBool,
    has_ended: AtomicBool,
    /// The bytes that the gateway has sent.
    said: Mutex<Vec<u8>>,
}

impl Relay {
    /// Listens before a Postgres, given by the folder of its socket.
    pub(crate) async fn before(postgres: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (network, socket) = (Arc::new(Network::default()), postgres.join(".s.PGSQL.5432"));
        let relayed = Arc::clone(&network);
        tokio::spawn(async move {
            loop {
                let (gateway, _) = listener.accept().await.unwrap();
                let postgres = UnixStream::connect(&socket).await.unwrap();
                let is_frozen = AtomicBool::new(relayed.is_down.load(Ordering::SeqCst));
                let route = Arc::new(Route { is_frozen, ..Route::default() });
                relayed.routes.lock().unwrap().push(Arc::clone(&route));
                tokio::spawn(async move { route.pass(gateway, postgres).await });
            }
        });
        Self { port, network }
    }

    /// Returns the URL of a database for a user.
    pub(crate) fn url(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    /// Returns the number of open connections on which the gateway has said something that `is_meant`.
    pub(crate) fn count(&self, is_meant: impl Fn(&str) -> bool) -> usize {
        self.open(is_meant).len()
    }

    /// Drops these connections, and returns their number. New connections work.
    pub(crate) fn freeze(&self, is_meant: impl Fn(&str) -> bool) -> usize {
        let meant = self.open(is_meant);
        for route in &meant {
            route.is_frozen.store(true, Ordering::SeqCst);
        }
        meant.len()
    }

    fn open(&self, is_meant: impl Fn(&str) -> bool) -> Vec<Arc<Route>> {
        let routes = self.network.routes.lock().unwrap();
        let is_open = |route: &Route| {
            !route.has_ended.load(Ordering::SeqCst) && !route.is_frozen.load(Ordering::SeqCst)
        };
        let is_meant = |route: &Route| is_meant(&String::from_utf8_lossy(&route.said.lock().unwrap()));
        routes.iter().filter(|route| is_open(route) && is_meant(route)).cloned().collect()
    }

    /// Drops all connections, and each new one too, until the network is up again.
    pub(crate) fn set_down(&self, is_down: bool) {
        self.network.is_down.store(is_down, Ordering::SeqCst);
        self.freeze(|_| is_down);
    }
}

impl Route {
    async fn pass(&self, gateway: TcpStream, postgres: UnixStream) {
        let (from_gateway, to_gateway) = gateway.into_split();
        let (from_postgres, to_postgres) = postgres.into_split();
        let forth = self.forward(from_gateway, to_postgres, |bytes| {
            self.said.lock().unwrap().extend_from_slice(bytes);
        });
        let back = self.forward(from_postgres, to_gateway, |_| ());
        tokio::join!(forth, back);
    }

    async fn forward(
        &self,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
        record: impl Fn(&[u8]),
    ) {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = from.read(&mut buffer).await.unwrap_or(0);
            if self.is_frozen.load(Ordering::SeqCst) {
                if count > 0 {
                    continue;
                }
                // The other end does not learn that this one has closed.
                std::future::pending::<()>().await;
            }
            record(&buffer[..count]);
            if count == 0 || to.write_all(&buffer[..count]).await.is_err() {
                break;
            }
        }
        self.has_ended.store(true, Ordering::SeqCst);
        let _ = to.shutdown().await;
    }
}
