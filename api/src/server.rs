//! The running gateway: pool, engine and listener put together.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::auth::{AuthConfig, AuthConfigError, Authenticator, SystemClock};
use crate::budget::Budget;
use crate::database::{DatabaseConfig, DatabaseError, Mode, Pool, PoolError, Turns, WAITING_PER_CONNECTION};
use crate::feed::{ChangeFeed, FeedSettings, Gateway};
use crate::graph::catalog::System;
use crate::graph::{Engine, EngineError, Limits, keep_seeing_policies};
use crate::guard::{Guard, UnsafeDatabase, shipped_protection};
use crate::housekeeping::keep_house;
use crate::http::{AppState, HttpSettings, Watching, listen, serve, services};
use crate::supervise::Supervisor;
use crate::systems;

/// Everything that a gateway needs to know.
pub struct ServerConfig {
    /// Address that the endpoint listens on; port 0 for any.
    pub listen: SocketAddr,
    /// The database.
    pub database: DatabaseConfig,
    /// How tokens are checked.
    pub auth: AuthConfig,
    /// The systems to serve.
    pub systems: Vec<System>,
    /// How the tables of these systems are protected, as the guard expects it: a list like `migration/protection.json`.
    pub protection: Value,
    /// What one request may ask for.
    pub limits: Limits,
    /// The endpoint.
    pub http: HttpSettings,
    /// Subscriptions.
    pub feeds: FeedSettings,
}

impl ServerConfig {
    /// A gateway of all systems over a database, as `praxis serve` runs it unless told otherwise: the endpoint listens on
    /// 127.0.0.1:8080, without the `GraphiQL` page, and shows the schema to callers with a token alone.
    pub fn new(database: DatabaseConfig, auth: AuthConfig) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            database,
            auth,
            systems: systems::ALL.to_vec(),
            protection: shipped_protection(),
            limits: Limits::default(),
            http: HttpSettings::default(),
            feeds: FeedSettings::default(),
        }
    }
}

/// Why the gateway does not start or run.
#[derive(Debug, Error)]
pub enum ServerError {
    /// The pool.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// The database does not protect its rows.
    #[error(transparent)]
    Unsafe(#[from] UnsafeDatabase),
    /// The database did not answer.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The settings of authentication.
    #[error(transparent)]
    Auth(#[from] AuthConfigError),
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The address.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        reason: std::io::Error,
    },
}

/// A gateway that has an address and waits to be run.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    engine: Arc<Engine>,
    state: Arc<AppState>,
    stop: watch::Sender<bool>,
    grace: Duration,
    retention: Duration,
    guard: Guard,
    roles: Vec<String>,
}

impl Server {
    /// Checks everything that can be checked, and binds the address.
    pub async fn start(config: ServerConfig) -> Result<Self, ServerError> {
        let listener =
            listen(config.listen).map_err(|reason| ServerError::Listen { address: config.listen, reason })?;
        let address =
            listener.local_addr().map_err(|reason| ServerError::Listen { address: config.listen, reason })?;
        let pool_size = config.database.pool_size;
        let roles = config.auth.allowed_roles.clone();
        let authenticator = Arc::new(Authenticator::new(config.auth, SystemClock)?);
        // One caller's requests take no more processors than they could ask Postgres at a time.
        let turns = Turns::new(usize::MAX, pool_size.div_ceil(2).max(2), pool_size * WAITING_PER_CONNECTION);
        let budget = Budget::new(config.http.memory);
        let pool = Pool::new(&config.database)?.within(budget.clone());
        let retention = config.limits.idempotency_retention;
        let engine = Arc::new(Engine::new(&config.systems, config.limits, pool.clone())?);
        let guard = Guard::comparing(&engine, &pool, &roles, &config.protection);
        guard.admit().await?;
        match pool.mode().await? {
            Mode::Primary => {}
            mode => tracing::warn!("the database is {mode}: mutations are refused"),
        }
        engine.see_policies(&roles).await?;
        let grace = config.http.request_timeout + Duration::from_secs(1);
        let feed = Arc::new(ChangeFeed::new(Arc::clone(&engine), pool.clone(), config.feeds));
        let time = config.http.request_timeout;
        let gateway = Gateway::new(Arc::clone(&feed), budget.clone(), time, config.http.server_timing);
        let supervisor = Supervisor::default();
        let (stop, stopping) = watch::channel(false);
        let watching = Watching::new(&feed, stopping);
        let state = Arc::new(AppState {
            gateway,
            feed,
            budget,
            turns,
            watching,
            authenticator,
            pool,
            supervisor,
            settings: config.http,
        });
        Ok(Self { listener, address, engine, state, stop, grace, retention, guard, roles })
    }

    /// The address that the gateway listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What answers requests, for services of somebody else's beside the gateway's own. It hears of changes while the server
    /// [runs](Self::run).
    pub fn gateway(&self) -> Gateway {
        self.state.gateway.clone()
    }

    /// What says who asks.
    pub fn authenticator(&self) -> Arc<Authenticator> {
        Arc::clone(&self.state.authenticator)
    }

    /// Serves until `stop` comes, then finishes the requests in flight; those that take too long are given up.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) {
        let Self { listener, engine, state, stop: stopped, grace, retention, guard, roles, .. } = self;
        let (feed, old_changes) = (Arc::clone(&state.feed), Arc::clone(&state.feed));
        state.supervisor.keep("listening", move || Arc::clone(&feed).listen());
        state.supervisor.keep("forgetting changes", move || Arc::clone(&old_changes).forget());
        let pool = state.pool.clone();
        state.supervisor.keep("forgetting idempotency keys", move || keep_house(pool.clone(), retention));
        state.supervisor.keep("guarding", move || guard.clone().watch());
        let see = move || keep_seeing_policies(Arc::clone(&engine), roles.clone());
        state.supervisor.keep("seeing policies", see);
        let mut stopping = stopped.subscribe();
        let stop = async move {
            stop.await;
            stopped.send_replace(true);
        };
        let serving = async {
            serve(listener, services(&state), &state.settings, stop).await;
            state.watching.all_closed().await;
        };
        let given_up = async {
            // An error means that the server has ended by itself.
            let _ = stopping.wait_for(|stopped| *stopped).await;
            tokio::time::sleep(grace).await;
        };
        tokio::select! {
            () = serving => {}
            () = given_up => tracing::warn!("requests in flight were given up"),
        }
        state.supervisor.stop();
        state.pool.close();
    }
}
