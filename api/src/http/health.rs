//! Answers the health checks: liveness and readiness.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::AppState;
use crate::database::{DatabaseError, Mode};
use crate::graph::RETRY_AFTER_SECONDS;
use crate::supervise::Supervisor;

/// `GET /health/live`: the process answers at all.
pub(super) async fn live() -> Json<Value> {
    Json(json!({ "status": "live" }))
}

/// `GET /health/ready`: the database answers and is safe to be served, every background task runs, and the server is not
/// shutting down. `database` says whether the database accepts mutations.
pub(super) async fn ready(State(state): State<Arc<AppState>>) -> Readiness {
    if let Some(refused) = refusal(state.subscription_places.is_stopping(), &state.supervisor) {
        return refused;
    }
    match state.pool.gate().pass().await {
        Ok(()) => {}
        Err(DatabaseError::Unverified) => {
            return passing("the schema may have changed, and the database has not been checked since");
        }
        Err(_) => {
            return lasting("the database does not protect its data; see the log, or run `praxis doctor`");
        }
    }
    match state.pool.mode().await {
        // A standby can serve queries; a load balancer has to send mutations elsewhere.
        Ok(mode) => {
            let response = json!({ "status": "ready", "database": name(mode) });
            (StatusCode::OK, HeaderMap::new(), Json(response))
        }
        Err(error) => {
            tracing::warn!(%error, "not ready");
            passing("the database does not answer")
        }
    }
}

/// Holds the answer to a readiness check.
type Readiness = (StatusCode, HeaderMap, Json<Value>);

/// Returns the refusal of a gateway that will not be ready unless somebody acts.
fn lasting(reason: &str) -> Readiness {
    let response = json!({ "status": "not ready", "reason": reason });
    (StatusCode::SERVICE_UNAVAILABLE, HeaderMap::new(), Json(response))
}

/// Returns the refusal of a gateway that may be ready in a moment, with `Retry-After`.
fn passing(reason: &str) -> Readiness {
    let mut refused = lasting(reason);
    refused.1.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_SECONDS));
    refused
}

/// Returns the refusal that the gateway itself has a reason for, whatever the database says.
fn refusal(is_stopping: bool, supervisor: &Supervisor) -> Option<Readiness> {
    if is_stopping {
        return Some(lasting("shutting down"));
    }
    supervisor
        .down()
        .map(|task| passing(&format!("a background task has ended and is started again: {task}")))
}

fn name(mode: Mode) -> &'static str {
    match mode {
        Mode::Primary => "primary",
        Mode::Standby => "standby",
        Mode::ReadOnly => "read only",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_gateway_with_a_failed_task_or_shutting_down_is_not_ready() {
        let supervisor = Supervisor::default();
        supervisor.supervise("steady", std::future::pending::<()>);
        let response = |is_stopping| {
            refusal(is_stopping, &supervisor).map(|(status, headers, Json(response))| {
                assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
                (response["reason"].as_str().unwrap().to_owned(), headers.contains_key(header::RETRY_AFTER))
            })
        };
        assert_eq!(response(false), None);
        // This process will not be ready again.
        assert_eq!(response(true), Some(("shutting down".into(), false)));
        // One that always ends is never up again.
        supervisor.supervise("frail", || async { panic!("as it always does") });
        while supervisor.down().is_none() {
            tokio::task::yield_now().await;
        }
        let reason = "a background task has ended and is started again: frail";
        assert_eq!(response(false), Some((reason.into(), true)));
    }
}
