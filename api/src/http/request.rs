//! Reads requests from bodies, URLs and the payloads of messages, with the same errors for each.

mod members;

use std::borrow::Cow;

use async_graphql::{Extensions, Request};
use axum::http::HeaderMap;
use percent_encoding::percent_decode_str;
use serde_json::error::Category;
use serde_json::value::RawValue;

use self::members::{Member, Members};
use crate::feed::NO_BATCHES;
use crate::graph::{Code, Error, NOT_UNICODE, RequestContext, Variables, fields_once, json_object};

/// The header with which a mutation can be sent again without running twice.
pub(super) const IDEMPOTENCY_KEY: &str = "idempotency-key";

const NOT_ENCODED: &str = "is not URL-encoded";

/// A request as the client sent it. The variables stay text, because numbers lose digits if they are read without their types.
#[derive(Debug)]
pub(super) struct SentRequest {
    query: String,
    operation_name: Option<String>,
    variables: Variables,
    extensions: Extensions,
}

impl SentRequest {
    /// Returns the request, and its context with the variables.
    pub(super) fn with(self, context: RequestContext) -> (Request, RequestContext) {
        let Self { query, operation_name, variables, extensions } = self;
        let mut request = Request::new(query);
        request.operation_name = operation_name;
        request.extensions = extensions;
        (request, RequestContext { variables, ..context })
    }

    /// Reads the members of a request. `text` reads a string, `json` an object; both return `None` for a member that is omitted.
    fn of<T>(
        sent: Members<T>,
        text: impl Fn(Member, T) -> Result<Option<String>, Error>,
        json: impl Fn(Member, T) -> Result<Option<Box<RawValue>>, Error>,
    ) -> Result<Self, Error> {
        let [query, operation_name, variables, extensions] = sent.once()?;
        let text = |member, given: Option<T>| given.map_or(Ok(None), |given| text(member, given));
        let json = |member: Member, given: Option<T>| {
            let given = given.map_or(Ok(None), |given| json(member, given))?;
            given.map_or(Ok(None), |given| json_object(given).map_err(|flaw| member.wrong(flaw)))
        };
        let query = text(Member::Query, query)?.ok_or_else(|| Member::Query.wrong("is missing"))?;
        let operation_name = text(Member::OperationName, operation_name)?;
        let variables = Variables::sent(json(Member::Variables, variables)?);
        let extensions = match json(Member::Extensions, extensions)? {
            Some(given) => {
                fields_once(&given).map_err(|flaw| Member::Extensions.wrong(flaw))?;
                // Only numbers of the object can still be invalid.
                serde_json::from_str(given.get())
                    .map_err(|_| Member::Extensions.wrong("has a number that is out of range"))?
            }
            None => Extensions::default(),
        };
        Ok(Self { query, operation_name, variables, extensions })
    }
}

/// Returns the `Idempotency-Key` of a request: a string in quotes (IETF draft), or without them, as most clients send it.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Error> {
    let mut given = headers.get_all(IDEMPOTENCY_KEY).iter();
    match (given.next(), given.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            let text = value.to_str().unwrap_or_default().trim();
            let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
            Ok(Some(quoted.unwrap_or(text).to_owned()))
        }
        (Some(_), Some(_)) => Err(refused("A request has one Idempotency-Key.")),
    }
}

/// Reads a request from a body.
pub(super) fn read_body(body: &[u8]) -> Result<SentRequest, Error> {
    read_json(std::str::from_utf8(body).map_err(|_| refused("The request is not JSON: it is not UTF-8."))?)
}

/// Reads a request from JSON.
pub(super) fn read_json(text: &str) -> Result<SentRequest, Error> {
    if text.trim_ascii_start().starts_with('[') {
        return Err(refused(NO_BATCHES));
    }
    let sent: Members<&RawValue> = serde_json::from_str(text).map_err(|error| match error.classify() {
        Category::Data => refused("The request is not a JSON object with a `query`."),
        Category::Io | Category::Syntax | Category::Eof => {
            refused(format!("The request is not JSON: {error}."))
        }
    })?;
    let text = |member: Member, json: &RawValue| match json.get() {
        "null" => Ok(None),
        json if !json.starts_with('"') => Err(member.wrong("is not a string")),
        // It is JSON: only halves of surrogate pairs can still be invalid.
        json => serde_json::from_str(json).map(Some).map_err(|_| member.wrong(NOT_UNICODE)),
    };
    SentRequest::of(sent, text, |_, json| Ok(Some(json.to_owned())))
}

/// Reads a request from the query of a URL.
pub(super) fn read_url(query: &str) -> Result<SentRequest, Error> {
    let mut sent = Members::default();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        // A name that cannot be read is none of a request's.
        let member = decode(name).map_or(Member::Other, |name| Member::named(&name));
        sent.put(member, value);
    }
    let text = |member: Member, value| decode(value).map_err(|why| member.wrong(why));
    let json = |member: Member, value| match text(member, value)? {
        empty if empty.is_empty() => Ok(None),
        text => serde_json::from_str(&text)
            .map(Some)
            .map_err(|error| member.wrong(format_args!("is not JSON: {error}"))),
    };
    SentRequest::of(sent, |member, value| Ok(Some(text(member, value)?.into_owned())), json)
}

fn refused(message: impl Into<String>) -> Error {
    Error::new(Code::BadUserInput, message)
}

/// Decodes `application/x-www-form-urlencoded` text, or returns its fault. The library would keep an incomplete escape such as
/// `%7`, and change the meaning of the request.
fn decode(text: &str) -> Result<Cow<'_, str>, &'static str> {
    let is_encoded = |rest: &str| {
        let digits = rest.as_bytes().first_chunk::<2>();
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    if !text.split('%').skip(1).all(is_encoded) {
        return Err(NOT_ENCODED);
    }
    if !text.contains('+') {
        return percent_decode_str(text).decode_utf8().map_err(|_| NOT_UNICODE);
    }
    let text = text.replace('+', " ");
    let decoded = percent_decode_str(&text).decode_utf8().map_err(|_| NOT_UNICODE)?;
    Ok(Cow::Owned(decoded.into_owned()))
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
    fn repeated_members_are_refused() {
        for (body, said) in [
            (r#"{"query":"{a}","query":"{b}"}"#, "`query` is given more than once."),
            (r#"{"query":"{a}","variables":{},"variables":{}}"#, "`variables` is given more than once."),
            (
                r#"{"query":"{a}","extensions":{"a":1,"b":2,"\u0061":1}}"#,
                "`extensions` gives `a` more than once.",
            ),
        ] {
            assert_eq!(read_body(body.as_bytes()).unwrap_err().message, said);
        }
        // What is in a member of the extensions is its reader's.
        assert!(read_body(br#"{"query":"{a}","extensions":{"a":{"b":1,"b":2}}}"#).is_ok());
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
