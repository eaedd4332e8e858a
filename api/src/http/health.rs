//! Whether the process lives, and whether it can answer.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::AppState;

/// `GET /health/live`: the process answers at all.
pub(super) async fn live() -> Json<Value> {
    Json(json!({ "status": "live" }))
}

/// `GET /health/ready`: the database answers and is safe to be served, and the server is not shutting down.
pub(super) async fn ready(State(state): State<Arc<AppState>>) -> (StatusCode, Json<Value>) {
    let refuse = |reason: &str| {
        (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "not ready", "reason": reason })))
    };
    if state.watching.is_stopping() {
        return refuse("shutting down");
    }
    if state.pool.gate().is_shut() {
        return refuse("the database does not protect its data; see the log, or run `praxis doctor`");
    }
    match state.pool.ping().await {
        Ok(()) => (StatusCode::OK, Json(json!({ "status": "ready" }))),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            refuse("the database does not answer")
        }
    }
}
