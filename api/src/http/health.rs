//! Whether the process lives, and whether it can answer.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::AppState;
use crate::database::{DatabaseError, Mode};
use crate::supervise::Supervisor;

/// `GET /health/live`: the process answers at all.
pub(super) async fn live() -> Json<Value> {
    Json(json!({ "status": "live" }))
}

/// `GET /health/ready`: the database answers and is safe to be served, every background task runs, and the server is not
/// shutting down. `database` tells whether mutations are carried out.
pub(super) async fn ready(State(state): State<Arc<AppState>>) -> (StatusCode, Json<Value>) {
    let refuse = |reason: &str| {
        (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "not ready", "reason": reason })))
    };
    if let Some(reason) = refusal(state.watching.is_stopping(), &state.supervisor) {
        return refuse(&reason);
    }
    match state.pool.gate().pass().await {
        Ok(()) => {}
        Err(DatabaseError::InDoubt) => return refuse("the schema has changed, and has not been looked at"),
        Err(_) => {
            return refuse("the database does not protect its data; see the log, or run `praxis doctor`");
        }
    }
    match state.pool.mode().await {
        // Who reads is served by a standby as well; who writes has to be led elsewhere.
        Ok(mode) => (StatusCode::OK, Json(json!({ "status": "ready", "database": name(mode) }))),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            refuse("the database does not answer")
        }
    }
}

/// Why nobody should be sent here, whatever the database says.
fn refusal(is_stopping: bool, supervisor: &Supervisor) -> Option<String> {
    if is_stopping {
        return Some("shutting down".into());
    }
    supervisor.down().map(|task| format!("a background task has ended and is started again: {task}"))
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
    async fn nobody_is_sent_where_a_task_is_down_or_the_end_has_begun() {
        let supervisor = Supervisor::default();
        supervisor.keep("steady", std::future::pending::<()>);
        assert_eq!(refusal(false, &supervisor), None);
        assert_eq!(refusal(true, &supervisor).as_deref(), Some("shutting down"));
        // One that always ends is never up again.
        supervisor.keep("frail", || async { panic!("as it always does") });
        while supervisor.down().is_none() {
            tokio::task::yield_now().await;
        }
        let reason = refusal(false, &supervisor);
        assert_eq!(reason.as_deref(), Some("a background task has ended and is started again: frail"));
    }
}
