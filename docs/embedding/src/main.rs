//! Serves Praxis with the services of async-graphql-axum, beside its own endpoint.

use std::env;
use std::error::Error;
use std::sync::Arc;

use async_graphql_axum::{GraphQL, GraphQLSubscription};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use praxis::auth::{AuthConfig, Authenticator};
use praxis::database::DatabaseConfig;
use praxis::feed::Gateway;
use praxis::http::authorization;
use praxis::server::{Server, ServerConfig};
use tokio::net::TcpListener;
use tower::ServiceExt as _;

#[derive(Clone)]
struct Praxis {
    gateway: Gateway,
    authenticator: Arc<Authenticator>,
}

impl Praxis {
    /// Returns the gateway for the caller of a request with these headers.
    async fn called_by(&self, headers: &HeaderMap) -> Result<Gateway, StatusCode> {
        let caller = self.authenticator.authenticate(authorization(headers)).await;
        caller.map(|caller| self.gateway.called_by(caller)).map_err(|_| StatusCode::UNAUTHORIZED)
    }
}

async fn graphql(State(praxis): State<Praxis>, request: Request) -> Result<Response, StatusCode> {
    let gateway = praxis.called_by(request.headers()).await?;
    let Ok(response) = GraphQL::new(gateway).oneshot(request).await;
    Ok(response)
}

async fn subscriptions(State(praxis): State<Praxis>, request: Request) -> Result<Response, StatusCode> {
    let gateway = praxis.called_by(request.headers()).await?;
    let Ok(response) = GraphQLSubscription::new(gateway).oneshot(request).await;
    Ok(response)
}

/// Serves Praxis on the listener, beside its own endpoint, until one of them ends.
async fn serve(config: ServerConfig, listener: TcpListener) -> Result<(), Box<dyn Error>> {
    // Checks the database, and binds the address of Praxis' own endpoint.
    let server = Server::start(config).await?;
    let praxis = Praxis { gateway: server.gateway(), authenticator: server.authenticator() };
    let router = Router::new()
        // By GET, the service would carry out mutations.
        .route("/graphql", post(graphql))
        .route("/graphql/ws", get(subscriptions))
        .with_state(praxis);
    tokio::select! {
        // Subscriptions receive changes while this runs.
        () = server.run(std::future::pending()) => Ok(()),
        ended = async { axum::serve(listener, router).await } => Ok(ended?),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let database = DatabaseConfig::new(env::var("DATABASE_URL")?);
    let auth = AuthConfig::with_secret(env::var("PRAXIS_JWT_SECRET")?);
    let own = env::var("PRAXIS_LISTEN").unwrap_or("127.0.0.1:8080".into());
    let config = ServerConfig { listen: own.parse()?, ..ServerConfig::new(database, auth) };
    let address = env::args().nth(1).unwrap_or("127.0.0.1:8081".into());
    serve(config, TcpListener::bind(address).await?).await
}
