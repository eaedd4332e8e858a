//! Serves the GraphiQL page. All its files are in the binary: it works without the internet.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// Files of the built page, by name.
static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/graphiql_assets.rs"));

/// The page loads nothing from other servers, and has no inline script. The editor sets styles on elements, hence `'unsafe-inline'`
/// for those.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

/// The configuration of the page.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PageConfig {
    /// Path of the endpoint for queries and mutations.
    pub endpoint: &'static str,
    /// Path of the endpoint for subscriptions.
    pub subscription_endpoint: &'static str,
    /// Name of the product.
    pub title: &'static str,
    /// Demo users to choose from; empty for a real database.
    pub personas: Vec<PagePersona>,
    /// Ready-made queries.
    pub tabs: Vec<PageTab>,
}

/// A demo user with a token.
#[derive(Clone, Debug, Serialize)]
pub struct PagePersona {
    /// Address, which names the user.
    pub email: String,
    /// Name.
    pub name: String,
    /// Role in a few words.
    pub title: String,
    /// A sentence on what the user can see.
    pub description: String,
    /// Development token.
    pub token: String,
}

/// A ready-made query.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PageTab {
    /// Title of the tab.
    pub title: &'static str,
    /// The document.
    pub query: &'static str,
    /// Variables as JSON text.
    pub variables: String,
    /// Address of the demo user who sends the query.
    pub persona: &'static str,
    /// Paths of values in the data of an answer that later operations need, by variable.
    pub keeps: BTreeMap<&'static str, &'static str>,
}

/// Returns the page with its configuration in it.
pub(super) fn page(config: &PageConfig) -> Response {
    let Some(template) = file("index.html").and_then(|bytes| std::str::from_utf8(bytes).ok()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    // `<` could end the script element that holds the JSON.
    let json = serde_json::to_string(config).unwrap_or_else(|_| "{}".into()).replace('<', "\\u003c");
    let config = format!("<script type=\"application/json\" id=\"praxis-config\">{json}</script>");
    let html = template.replacen("<!--praxis-config-->", &config, 1);
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        // It carries tokens.
        (header::CACHE_CONTROL, "no-store"),
        (header::VARY, "accept"),
    ];
    (headers, html).into_response()
}

/// `GET /graphiql/{file}`
pub(super) async fn asset(Path(name): Path<String>) -> Response {
    let Some(bytes) = file(&name).filter(|_| name != "index.html") else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let (content_type, caching) = match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("js") => ("text/javascript; charset=utf-8", IMMUTABLE),
        Some("css") => ("text/css; charset=utf-8", IMMUTABLE),
        Some("svg") => ("image/svg+xml", IMMUTABLE),
        Some("ttf") => ("font/ttf", IMMUTABLE),
        Some("woff2") => ("font/woff2", IMMUTABLE),
        _ => ("text/plain; charset=utf-8", "no-cache"),
    };
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// The `Cache-Control` of files whose names hold a hash of their content.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

fn file(name: &str) -> Option<&'static [u8]> {
    FILES.iter().find(|(known, _)| *known == name).map(|(_, bytes)| *bytes)
}
