//! Runs the gateway: pool, engine, change feed and HTTP server together.

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
use crate::graph::{Engine, EngineError, Limits, refresh_policies};
use crate::guard::{Guard, UnsafeDatabase, shipped_protection};
use crate::housekeeping::delete_old_keys;
use crate::http::{AppState, HttpSettings, SubscriptionPlaces, listen, serve, services};
use crate::supervise::Supervisor;
use crate::systems;

/// The settings of a gateway.
pub struct ServerConfig {
    /// Address that the endpoint listens on; port 0 for any.
    pub listen: SocketAddr,
    /// The database.
    pub database: DatabaseConfig,
    /// Settings of the verification of tokens.
    pub auth: AuthConfig,
    /// The systems to serve.
    pub systems: Vec<System>,
    /// Protection of the tables that the guard expects: a list like `migration/protection.json`.
    pub protection: Value,
    /// Limits of one request.
    pub limits: Limits,
    /// Settings of the endpoint.
    pub http: HttpSettings,
    /// Settings of subscriptions.
    pub feeds: FeedSettings,
}

impl ServerConfig {
    /// Returns the default settings of `praxis serve` for all systems: the endpoint listens on 127.0.0.1:8080, has no `GraphiQL` page, and
    /// shows the schema only to callers with a token.
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

/// The reasons why a gateway does not start.
#[derive(Debug, Error)]
pub enum ServerError {
    /// The pool has invalid settings.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// The database does not protect its rows.
    #[error(transparent)]
    Unsafe(#[from] UnsafeDatabase),
    /// The database did not answer.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The settings of authentication are invalid.
    #[error(transparent)]
    Auth(#[from] AuthConfigError),
    /// The engine cannot be made.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The address cannot be bound.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The error of the system.
        reason: std::io::Error,
    },
}

/// A gateway that is bound to an address, and not yet running.
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
    /// Checks the settings and the database, and binds the address.
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
        engine.load_policies(&roles).await?;
        let grace = config.http.request_timeout + Duration::from_secs(1);
        let feed = Arc::new(ChangeFeed::new(Arc::clone(&engine), pool.clone(), config.feeds));
        let time = config.http.request_timeout;
        let gateway = Gateway::new(Arc::clone(&feed), budget.clone(), time, config.http.server_timing);
        let supervisor = Supervisor::default();
        let (stop, stopping) = watch::channel(false);
        let subscription_places = SubscriptionPlaces::new(&feed, stopping);
        let state = Arc::new(AppState {
            gateway,
            feed,
            budget,
            turns,
            subscription_places,
            authenticator,
            pool,
            supervisor,
            settings: config.http,
        });
        Ok(Self { listener, address, engine, state, stop, grace, retention, guard, roles })
    }

    /// Returns the address that the gateway listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the executor that answers requests, for another service beside the gateway's own. It serves subscriptions while the server
    /// [runs](Self::run).
    pub fn gateway(&self) -> Gateway {
        self.state.gateway.clone()
    }

    /// Returns the authenticator, which turns tokens into callers.
    pub fn authenticator(&self) -> Arc<Authenticator> {
        Arc::clone(&self.state.authenticator)
    }

    /// Serves until `stop` completes, then finishes the requests in flight, except those that take too long.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) {
        let Self { listener, engine, state, stop: stopped, grace, retention, guard, roles, .. } = self;
        let (feed, old_changes) = (Arc::clone(&state.feed), Arc::clone(&state.feed));
        state.supervisor.supervise("listening", move || Arc::clone(&feed).listen());
        state
            .supervisor
            .supervise("deleting old changes", move || Arc::clone(&old_changes).delete_old_changes());
        let pool = state.pool.clone();
        state
            .supervisor
            .supervise("deleting old idempotency keys", move || delete_old_keys(pool.clone(), retention));
        state.supervisor.supervise("checking the database", move || guard.clone().watch());
        let load = move || refresh_policies(Arc::clone(&engine), roles.clone());
        state.supervisor.supervise("reading policies", load);
        let mut stopping = stopped.subscribe();
        let stop = async move {
            stop.await;
            stopped.send_replace(true);
        };
        let serving = async {
            serve(listener, services(&state), &state.settings, stop).await;
            state.subscription_places.all_closed().await;
        };
        let timed_out = async {
            // An error means that the server has ended by itself.
            let _ = stopping.wait_for(|stopped| *stopped).await;
            tokio::time::sleep(grace).await;
        };
        tokio::select! {
            () = serving => {}
            () = timed_out => tracing::warn!("requests in flight took too long and were cancelled"),
        }
        state.supervisor.stop();
        state.pool.close();
    }
}
