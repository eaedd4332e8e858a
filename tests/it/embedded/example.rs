use std::error::Error;
use std::sync::Arc;

use async_graphql_axum::{GraphQL, GraphQLSubscription};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use praxis::auth::Authenticator;
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
    /// The gateway for whoever sends a request with these headers.
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

/// Serves Praxis beside its own endpoint, until one of them ends.
pub(crate) async fn serve(config: ServerConfig, listener: TcpListener) -> Result<(), Box<dyn Error>> {
    let server = Server::start(config).await?;
    let praxis = Praxis { gateway: server.gateway(), authenticator: server.authenticator() };
    let router = Router::new()
        // By GET, the service would carry out mutations.
        .route("/graphql", post(graphql))
        .route("/graphql/ws", get(subscriptions))
        .with_state(praxis);
    tokio::select! {
        // Subscriptions hear of changes while this runs.
        () = server.run(std::future::pending()) => Ok(()),
        ended = async { axum::serve(listener, router).await } => Ok(ended?),
    }
}
