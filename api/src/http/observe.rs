//! Gives each request an id, which is in the answer and on every line of the log.

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument as _;

use crate::random;

const HEADER: &str = "x-request-id";
/// Length of the longest id that is accepted from a client or proxy, and of the longest name that is logged.
const LONGEST: usize = 64;
/// The path that is logged if none matches.
const ELSEWHERE: &str = "(none)";

/// Runs a request within a span that carries its id.
pub(super) async fn request(request: Request, next: Next) -> Response {
    let id = request
        .headers()
        .get(HEADER)
        .filter(|id| is_plain(id.as_bytes()))
        .cloned()
        .or_else(|| HeaderValue::from_str(&random::id().to_string()).ok());
    let text = id.as_ref().and_then(|id| id.to_str().ok()).unwrap_or_default();
    // The route that matches, and not what the client has written.
    let path = request.extensions().get::<MatchedPath>().map_or(ELSEWHERE, MatchedPath::as_str);
    let method = shortened(request.method().as_str());
    let span = tracing::info_span!("request", id = text, method, path);
    let mut response = next.run(request).instrument(span).await;
    if let Some(id) = id {
        response.headers_mut().insert(HEADER, id);
    }
    response
}

/// Answers requests to paths that are not served.
pub(super) async fn not_found() -> (StatusCode, &'static str) {
    (StatusCode::NOT_FOUND, "There is nothing here. GraphQL and GraphiQL are at /graphql.\n")
}

/// Returns the beginning of a name that a client has chosen.
pub(super) fn shortened(name: &str) -> &str {
    &name[..name.floor_char_boundary(LONGEST)]
}

/// Returns true if an id has only letters, digits and dashes, which cannot forge a line of the log.
fn is_plain(id: &[u8]) -> bool {
    !id.is_empty()
        && id.len() <= LONGEST
        && id.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
}
