//! The gateway that tests share which only read: starting one takes longer than most of them.

use std::net::SocketAddr;
use std::thread;

use praxis::feed::Gateway;
use praxis::server::{Server, ServerConfig};
use tokio::runtime;
use tokio::sync::{OnceCell, oneshot};

use super::{App, clone_database, config, http_client};

struct Shared {
    address: SocketAddr,
    database: String,
    gateway: Gateway,
}

static SHARED: OnceCell<Shared> = OnceCell::const_new();

impl App {
    /// Returns a gateway over the demo data with default settings that other tests use at the same time, for a test that neither changes
    /// anything nor waits for the gateway. Its [`owner`](Self::owner) can only read.
    pub(crate) async fn shared() -> Self {
        let Shared { address, database, gateway } = SHARED.get_or_init(start).await;
        Self {
            address: *address,
            database: database.clone(),
            is_shared: true,
            http: http_client(),
            gateway: Some(gateway.clone()),
            stop: None,
            stopped: None,
        }
    }

    /// Returns a gateway of the test's own, with changed settings, over the database of [`shared`](Self::shared).
    pub(crate) async fn shared_with(change: impl FnOnce(&mut ServerConfig)) -> Self {
        let database = Self::shared().await.database;
        Self { is_shared: true, ..Self::over(&database, change).await }
    }
}

/// Starts the gateway in a thread of its own: what runs in the runtime of a test ends with it.
async fn start() -> Shared {
    let (send, started) = oneshot::channel();
    thread::spawn(move || {
        let runtime = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let database = clone_database().await;
            let server = Server::start(config(&database)).await.unwrap();
            let _ = send.send(Shared { address: server.address(), database, gateway: server.gateway() });
            server.run(std::future::pending()).await;
        });
    });
    started.await.unwrap()
}
