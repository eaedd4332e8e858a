//! The answers of the engine: async-graphql's `Response`, with the outcome and the cost of the request.
//!
//! Data and errors are finished JSON, which nothing parses again. The `source` of an error is the outcome of its request.

use std::sync::Arc;

use async_graphql::indexmap::IndexMap;
use async_graphql::{Name, Response, ServerError, Value};
use async_graphql_value::RAW_VALUE_TOKEN;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, header};
use serde::Serialize;

use super::error::{Code, Error};
use crate::database::SessionCounts;

/// Name of the header that marks the answer to a mutation which was executed when it was sent before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// Seconds after which a request that failed for a passing reason may be sent again.
pub const RETRY_AFTER_SECONDS: &str = "1";
/// The text before and after the data in the body of a response.
pub(super) const BODY: (&[u8], &[u8]) = (b"{\"data\":", b"}");

/// The outcome of a request, which determines the status of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Executed without errors.
    Done,
    /// Executed without errors when it was sent before; the answer shows the written rows in their present state.
    Replayed,
    /// Executed, and failed as a whole: `data` is null.
    Failed(Code),
    /// Not executed: the request itself is wrong.
    Refused(Code),
    /// Not executed: this HTTP method does not allow the operation.
    WrongMethod,
    /// Not executed: its idempotency key belongs to another request.
    KeyReused,
}

impl Outcome {
    /// Returns the outcome of a response's request.
    pub fn of(response: &Response) -> Self {
        let Some(error) = response.errors.first() else { return Self::Done };
        // Errors without a source are not the engine's.
        error.source().copied().unwrap_or(Self::Refused(Code::BadUserInput))
    }

    /// Returns true if the request was executed.
    pub fn is_executed(self) -> bool {
        matches!(self, Self::Done | Self::Replayed | Self::Failed(_))
    }
}

/// The answer to a request, with its outcome and cost.
#[derive(Debug)]
pub struct Answer {
    /// The response; its data, if there is any, is the whole body in `Value::Binary`.
    pub response: Response,
    /// The name of the executed operation, if it has one.
    pub operation: Option<String>,
    /// The outcome of the request.
    pub outcome: Outcome,
    /// The statements and round trips of the request.
    pub counts: SessionCounts,
    /// The cost that the planner has estimated, which bounds the objects of the answer; 0 if the request was not planned.
    pub cost: u64,
}

impl Answer {
    /// Returns the answer to a request that was executed. `body`: the whole body of the response.
    pub(super) fn new(body: Vec<u8>, counts: SessionCounts) -> Self {
        let response = Response::new(Value::Binary(body.into()));
        Self { response, operation: None, outcome: Outcome::Done, counts, cost: 0 }
    }

    /// Returns the answer to a mutation that was executed when it was sent before.
    pub(super) fn replayed(body: Vec<u8>, counts: SessionCounts) -> Self {
        let mut answer = Self { outcome: Outcome::Replayed, ..Self::new(body, counts) };
        answer.response.http_headers.insert(REPLAYED, HeaderValue::from_static("true"));
        answer
    }

    /// Returns the answer to a request that was executed and failed; it has no data.
    pub fn failed(error: Error, counts: SessionCounts) -> Self {
        let outcome = Outcome::Failed(error.code);
        Self { counts, ..Self::of(vec![error], outcome) }
    }

    /// Returns the answer to a request whose document has errors or could not be read.
    pub(super) fn not_read(mut errors: Vec<Error>) -> Self {
        match errors.pop_if(|error| error.code == Code::Internal) {
            Some(error) => Self::failed(error, SessionCounts::default()),
            None => Self::refused(errors),
        }
    }

    /// Returns the answer to a request that cannot be planned, because it exceeds a limit or has an invalid argument.
    pub(super) fn not_planned(error: Error) -> Self {
        match error.code {
            Code::LimitExceeded => Self::refused(vec![error]),
            _ => Self::failed(error, SessionCounts::default()),
        }
    }

    /// Returns the answer to a request that was not executed.
    pub fn refused(errors: Vec<Error>) -> Self {
        let code = errors.first().map_or(Code::GraphqlInvalid, |error| error.code);
        Self::of(errors, Outcome::Refused(code))
    }

    /// Returns the answer to an operation that its HTTP method does not allow.
    pub(super) fn wrong_method(error: Error) -> Self {
        let mut answer = Self::of(vec![error], Outcome::WrongMethod);
        answer.response.http_headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
        answer
    }

    /// Returns the answer to a request whose idempotency key belongs to another one.
    pub(super) fn key_reused(error: Error) -> Self {
        Self::of(vec![error], Outcome::KeyReused)
    }

    fn of(errors: Vec<Error>, outcome: Outcome) -> Self {
        let passes = errors.iter().any(Error::passes);
        let source = Arc::new(outcome);
        let with_outcome = |error: Error| ServerError { source: Some(source.clone()), ..error.answered() };
        let mut response = Response::from_errors(errors.into_iter().map(with_outcome).collect());
        if passes {
            response.http_headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_SECONDS));
        }
        Self { response, operation: None, outcome, counts: SessionCounts::default(), cost: 0 }
    }
}

/// Returns the body of a response: the finished one, or a list of errors with `data: null` if the request was executed.
pub fn into_body(response: Response) -> Bytes {
    let is_executed = Outcome::of(&response).is_executed();
    match response.data {
        Value::Binary(body) if response.errors.is_empty() => body,
        _ => errors_body(&response.errors, is_executed),
    }
}

/// Writes a body of errors, with `data: null` if the request was executed.
fn errors_body(errors: &[ServerError], is_executed: bool) -> Bytes {
    #[derive(Serialize)]
    struct Body<'a> {
        errors: &'a [ServerError],
        #[serde(skip_serializing_if = "Option::is_none")]
        data: Option<()>,
    }
    json(&Body { errors, data: is_executed.then_some(()) })
}

/// The errors that end an operation, as values and as JSON. A service that writes its own body uses the values.
#[derive(Clone, Debug)]
pub struct Errors {
    /// The errors.
    pub list: Arc<[ServerError]>,
    /// The same errors as a JSON list.
    pub json: Bytes,
}

impl Errors {
    /// Makes the list of one error.
    pub fn one(error: Error) -> Self {
        Self::of(vec![error.answered()])
    }

    /// Makes a list of errors.
    pub fn of(errors: Vec<ServerError>) -> Self {
        Self { json: json(&errors), list: errors.into() }
    }
}

/// The finished body of a response, with its errors also as values.
#[derive(Clone, Debug)]
pub struct Body {
    /// The body as JSON.
    pub json: Bytes,
    /// The errors, if the operation has failed.
    errors: Option<Arc<[ServerError]>>,
}

impl Body {
    /// Makes a body of finished JSON with `data` and without errors.
    pub fn of_data(json: impl Into<Bytes>) -> Self {
        Self { json: json.into(), errors: None }
    }

    /// Makes the body of an operation that was executed and failed.
    pub fn failed(error: Error) -> Self {
        let mut response = Answer::failed(error, SessionCounts::default()).response;
        let errors = std::mem::take(&mut response.errors);
        let json = errors_body(&errors, true);
        Self { json, errors: Some(errors.into()) }
    }

    /// Returns the response, for a service that writes its body anew.
    pub fn response(&self) -> Response {
        match &self.errors {
            Some(errors) => Response::from_errors(errors.to_vec()),
            None => whole_data(&self.json),
        }
    }
}

fn json(value: &(impl Serialize + ?Sized)) -> Bytes {
    // Names are strings and numbers finite: nothing of it fails.
    serde_json::to_vec(value).unwrap_or_default().into()
}

/// Returns the response whose data is that of a finished body, for a service that writes the body anew.
pub fn whole_data(body: &[u8]) -> Response {
    let data = body.strip_prefix(BODY.0).and_then(|rest| rest.strip_suffix(BODY.1));
    match data.map(|data| String::from_utf8(data.to_vec())) {
        Some(Ok(data)) => Response::new(raw(data)),
        // Every finished body is written by this module's callers between the two parts of BODY.
        _ => Answer::failed(Error::internal(&"a body has no data"), SessionCounts::default()).response,
    }
}

/// Returns a value that is serialized as this JSON, unchanged.
pub(super) fn raw(json: String) -> Value {
    Value::Object(IndexMap::from_iter([(Name::new(RAW_VALUE_TOKEN), Value::String(json))]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(response: Response) -> String {
        String::from_utf8(into_body(response).to_vec()).unwrap()
    }

    fn error() -> Error {
        Error { reason: Some("A"), argument: Some("b".into()), ..Error::new(Code::Conflict, "c") }
    }

    #[test]
    fn errors_stand_beside_null_where_the_request_was_executed() {
        let errors =
            r#"{"errors":[{"message":"c","extensions":{"argument":"b","code":"CONFLICT","reason":"A"}}]"#;
        assert_eq!(text(Answer::refused(vec![error()]).response), format!("{errors}}}"));
        let failed = Answer::failed(error(), SessionCounts::default()).response;
        assert_eq!(Outcome::of(&failed), Outcome::Failed(Code::Conflict));
        assert_eq!(text(failed), format!("{errors},\"data\":null}}"));
    }

    #[test]
    fn data_is_written_as_it_is() {
        let body = r#"{"data":{ "a":1.000000000000000000001,"a":[]}}"#;
        let answer = Answer::new(body.into(), SessionCounts::default());
        assert_eq!(text(answer.response), body);
        assert_eq!(serde_json::to_string(&whole_data(body.as_bytes())).unwrap(), body);
    }

    #[test]
    fn a_body_has_its_errors_as_values_and_as_json() {
        let failed = || Answer::failed(error(), SessionCounts::default()).response;
        let body = Body::failed(error());
        assert_eq!(body.json, into_body(failed()));
        assert_eq!((&body.response().errors, &body.response().data), (&failed().errors, &Value::Null));
        assert_eq!(Outcome::of(&body.response()), Outcome::Failed(Code::Conflict));
        let errors = Errors::one(error());
        assert_eq!(errors.json, serde_json::to_vec(&*errors.list).unwrap());
    }

    #[test]
    fn json_in_the_database_is_never_taken_for_finished_json() {
        let held = format!(r#"{{"notes":{{"{RAW_VALUE_TOKEN}":"[1]"}}}}"#);
        let error = Error { present: Some(Box::new(raw(held.clone()))), ..error() };
        let body = text(Answer::refused(vec![error]).response);
        assert!(body.contains(&format!("\"present\":{held}")), "{body}");
    }
}
