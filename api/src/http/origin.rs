//! Checks the origin of a `WebSocket`: browsers open one without a CORS preflight, and only send the page's origin.

use axum::http::{HeaderMap, header};

/// Returns true if a request's origin may open a connection: the server's own, or an allowed one. A client that is no browser names
/// none.
pub(super) fn is_allowed(headers: &HeaderMap, allowed: &[String]) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let is_own = origin
        .split_once("://")
        .is_some_and(|(_, authority)| host.is_some_and(|host| host.eq_ignore_ascii_case(authority)));
    is_own || allowed.iter().any(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_the_server_itself_and_of_allowed_origins() {
        let allowed = ["https://portal.example".to_owned()];
        let asks = |origin: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "praxis.example:8080".parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            is_allowed(&headers, &allowed)
        };
        assert!(
            asks(None) && asks(Some("http://praxis.example:8080")) && asks(Some("https://portal.example"))
        );
        assert!(
            !asks(Some("https://elsewhere.example"))
                && !asks(Some("http://praxis.example"))
                && !asks(Some("null"))
        );
    }
}
