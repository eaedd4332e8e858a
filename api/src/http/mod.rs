//! Defines the HTTP router, its settings, and the headers of every answer.

mod accept;
mod body;
mod connections;
mod counted;
mod events;
mod graphiql;
mod graphql;
mod health;
mod observe;
mod operations;
mod origin;
mod peer;
mod request;
mod seats;
mod socket;
mod stream;
mod subscription_places;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::HeaderName;
use axum::routing::get;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::cors::{AllowOrigin, CorsLayer};

pub use connections::{SPARE_SOCKETS, listen, serve};
pub use graphiql::{PageConfig, PagePersona, PageTab};
pub use graphql::authorization;
pub use subscription_places::SubscriptionPlaces;

use self::connections::Services;
use crate::auth::Authenticator;
use crate::budget::Budget;
use crate::database::{Pool, Turns};
use crate::feed::{ChangeFeed, Gateway, SERVER_TIMING};
use crate::graph::REPLAYED;
use crate::supervise::Supervisor;

/// Length in bytes from which answers are compressed: shorter ones fit into a packet.
const COMPRESS_FROM: u64 = 1_400;

/// The state that all handlers share.
pub struct AppState {
    /// Answers GraphQL.
    pub gateway: Gateway,
    /// Serves subscriptions.
    pub feed: Arc<ChangeFeed>,
    /// Limits the memory of requests and answers.
    pub budget: Budget,
    /// Limits the requests of each caller that are executed at the same time.
    pub turns: Turns,
    /// Counts the connections with subscriptions.
    pub subscription_places: SubscriptionPlaces,
    /// Checks tokens.
    pub authenticator: Arc<Authenticator>,
    /// Answers the readiness check.
    pub pool: Pool,
    /// Runs the background tasks.
    pub supervisor: Supervisor,
    /// Settings of the endpoint.
    pub settings: HttpSettings,
}

/// Settings of the endpoint.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Longest body of a request, in bytes.
    pub body_limit: usize,
    /// Time after which a request fails with `TIMEOUT`.
    pub request_timeout: Duration,
    /// Time after which a client that reads nothing of its answer loses the connection.
    pub write_timeout: Duration,
    /// Time within which the headers of a request have to be complete.
    pub header_timeout: Duration,
    /// Time within which the next 16 KB of a body, or its end, have to arrive.
    pub body_timeout: Duration,
    /// Time after which a connection without a request is closed.
    pub idle_timeout: Duration,
    /// Largest number of connections. If all are busy, a few more get health checks answered, and everything else refused.
    pub connections: usize,
    /// Largest number of connections from one IPv4 address, or one IPv6 network of 64 bits.
    pub connections_per_address: usize,
    /// Header in which a proxy names the client's address; `None` to use the address of the connection.
    pub client_address_header: Option<HeaderName>,
    /// Bytes of memory that requests, their rows and their answers may take together.
    pub memory: usize,
    /// True if answers have a `Server-Timing` header with their cost.
    pub server_timing: bool,
    /// Origins whose pages may call the endpoint; `*` for any.
    pub allowed_origins: Vec<String>,
    /// The GraphiQL page; `None` to serve none.
    pub page: Option<PageConfig>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            body_limit: 1024 * 1024,
            request_timeout: Duration::from_secs(15),
            write_timeout: Duration::from_secs(30),
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_mins(1),
            connections: 10_000,
            connections_per_address: 10_000,
            client_address_header: None,
            memory: 512 * 1024 * 1024,
            server_timing: false,
            allowed_origins: Vec::new(),
            page: None,
        }
    }
}

/// Returns the whole service, and that of the lobby.
pub fn services(state: &Arc<AppState>) -> Services {
    let lobby = health().fallback(graphql::no_seat).with_state(Arc::clone(state));
    Services {
        seated: router(Arc::clone(state)),
        lobby: lobby.layer(axum::middleware::from_fn(observe::request)),
    }
}

fn health() -> Router<Arc<AppState>> {
    Router::new().route("/health/live", get(health::live)).route("/health/ready", get(health::ready))
}

fn router(state: Arc<AppState>) -> Router {
    let cors = cors(&state.settings.allowed_origins);
    let compress = SizeAbove::new(COMPRESS_FROM)
        .and(NotForContentType::const_new("font/"))
        // Each event goes out when it happens.
        .and(NotForContentType::SSE);
    health()
        .route("/graphql", get(graphql::get).post(graphql::post))
        .route("/graphql/ws", get(socket::open))
        .route("/graphiql/{file}", get(graphiql::asset))
        .method_not_allowed_fallback(graphql::method_not_allowed)
        .fallback(observe::not_found)
        .with_state(state)
        .layer(CompressionLayer::new().compress_when(compress))
        .layer(cors)
        .layer(axum::middleware::from_fn(observe::request))
}

/// Lets pages of these origins send a token and read the answer.
fn cors(origins: &[String]) -> CorsLayer {
    use axum::http::{Method, header};
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins.iter().filter_map(|origin| origin.parse().ok()))
    };
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::ACCEPT,
            HeaderName::from_static(request::IDEMPOTENCY_KEY),
        ])
        .expose_headers([SERVER_TIMING, HeaderName::from_static("x-request-id"), REPLAYED])
        .max_age(Duration::from_hours(1))
}

#[cfg(test)]
mod tests {
    use crate::sources;

    /// Checks that JSON is parsed only where a client or Postgres has written it. The gateway keeps the values of its own JSON.
    #[test]
    fn only_json_of_others_is_parsed() {
        let parsers = [
            ("feed/change.rs", 1, "notifications, written by triggers"),
            ("feed/history.rs", 3, "keys of stored changes, written by triggers"),
            ("http/request.rs", 4, "requests"),
            ("http/socket/message.rs", 4, "messages of clients"),
        ];
        let files = ["feed", "http"].map(sources::below);
        let reads_json = |line: &str| line.contains("serde_json::from_") || line.contains("from_json(");
        let found = sources::counted(files.iter().flatten(), reads_json);
        let known: Vec<_> = parsers.iter().map(|(file, count, _)| ((*file).to_owned(), *count)).collect();
        assert_eq!(found, known);
    }
}
