//! Requests as they are sent: bodies, URLs, and the payloads of messages.

use std::borrow::Cow;

use async_graphql::{Extensions, Request};
use axum::http::HeaderMap;
use serde::Deserialize;

use crate::feed::NO_BATCHES;
use crate::graph::{RequestContext, Variables};

/// Makes a mutation one that can be sent again.
pub(super) const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// A request as it is sent. Its variables stay text: read without their types, numbers would lose digits.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Given {
    query: String,
    #[serde(default, rename = "operationName")]
    operation_name: Option<String>,
    #[serde(default)]
    variables: Variables,
    #[serde(default)]
    extensions: Extensions,
}

impl Given {
    /// The request for the executor, with what surrounds it.
    pub(super) fn within(self, context: RequestContext) -> Request {
        let Self { query, operation_name, variables, extensions } = self;
        let mut request = Request::new(query).data(RequestContext { variables, ..context });
        request.operation_name = operation_name;
        request.extensions = extensions;
        request
    }
}

/// The `Idempotency-Key` of a request: a string in quotes (IETF draft), or bare as most clients send it.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, String> {
    let mut given = headers.get_all(IDEMPOTENCY_KEY).iter();
    match (given.next(), given.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            let text = value.to_str().unwrap_or_default().trim();
            let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
            Ok(Some(quoted.unwrap_or(text).to_owned()))
        }
        (Some(_), Some(_)) => Err("A request has one Idempotency-Key.".into()),
    }
}

/// A request in a body.
pub(super) fn read_body(body: &[u8]) -> Result<Given, String> {
    if body.trim_ascii_start().first() == Some(&b'[') {
        return Err(NO_BATCHES.into());
    }
    serde_json::from_slice(body).map_err(|error| format!("The body is not a GraphQL request: {error}."))
}

/// A request in the query of a URL.
pub(super) fn read_url(query: &str) -> Result<Given, String> {
    let mut request = Given::default();
    let mut has_query = false;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value =
            decode(value).ok_or_else(|| format!("The parameter `{name}` is not URL-encoded UTF-8."))?;
        let not_json = |error: serde_json::Error| format!("`{name}` is not a JSON object: {error}.");
        match name {
            "query" => {
                has_query = true;
                request.query = value.into_owned();
            }
            "operationName" => request.operation_name = Some(value.into_owned()),
            "variables" if !value.is_empty() => {
                request.variables = serde_json::from_str(&value).map_err(not_json)?;
            }
            "extensions" if !value.is_empty() => {
                request.extensions = serde_json::from_str(&value).map_err(not_json)?;
            }
            _ => {}
        }
    }
    if has_query { Ok(request) } else { Err("The URL has no parameter `query`.".into()) }
}

/// `application/x-www-form-urlencoded` text.
fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains(['%', '+']) {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let (hex, after) = rest.split_at_checked(2)?;
                let digit =
                    |at: usize| char::from(hex[at]).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                bytes.push(digit(0)? << 4 | digit(1)?);
                rest = after;
            }
            byte => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_holds_a_request() {
        let request =
            read_url("query=%7B+a%20%7D&operationName=A&variables=%7B%22x%22:1%7D&other=1").unwrap();
        assert_eq!(request.query, "{ a }");
        assert_eq!(request.operation_name.as_deref(), Some("A"));
        assert_eq!(request.variables.text(), Some("{\"x\":1}"));
        assert!(read_url("variables=1").is_err());
        assert!(read_url("query=%7").is_err());
        assert!(read_url("query=%ff").is_err());
        assert!(read_url("").is_err());
    }

    #[test]
    fn a_body_is_one_request() {
        assert!(read_body(b"{\"query\":\"{a}\",\"variables\":null}").is_ok());
        for wrong in
            [&b"[]"[..], b"{}", b"\"a\"", b"{\"query\":1}", b"{\"query\":\"a\",\"variables\":[]}", b"{"]
        {
            assert!(read_body(wrong).is_err());
        }
    }
}
