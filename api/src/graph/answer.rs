//! Answers: async-graphql's `Response`, and what the gateway itself wants to know beside it.
//!
//! Data is JSON that is finished: nothing reads it again, nor the JSON of errors. Errors say in their `source` how far the request came.

use std::sync::Arc;

use async_graphql::indexmap::IndexMap;
use async_graphql::{Name, Response, ServerError, Value};
use async_graphql_value::RAW_VALUE_TOKEN;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, header};
use serde::Serialize;

use super::error::{Code, Error};
use crate::database::SessionCounts;

/// Marks the answer to a request that was carried out when it was sent before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// Seconds after which it is worth asking again for what passes.
pub const RETRY_AFTER_SECONDS: &str = "1";
/// What stands before the data of a body that is finished, and behind it.
pub(super) const BODY: (&[u8], &[u8]) = (b"{\"data\":", b"}");

/// How far a request came; HTTP makes a status of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Executed without errors.
    Done,
    /// Executed without errors when it was sent before; this is the answer that it had then.
    Replayed,
    /// Executed, and failed as a whole: `data` is null.
    Failed(Code),
    /// Not executed: the request itself is wrong.
    Refused(Code),
    /// Not executed: the operation may not come by this HTTP method.
    WrongMethod,
    /// Not executed: its idempotency key belongs to another request.
    KeyReused,
}

impl Outcome {
    /// How far the request of a response came.
    pub fn of(response: &Response) -> Self {
        let Some(error) = response.errors.first() else { return Self::Done };
        // Errors without a source are not the engine's.
        error.source().copied().unwrap_or(Self::Refused(Code::BadUserInput))
    }

    /// Whether the request was executed.
    pub fn is_executed(self) -> bool {
        matches!(self, Self::Done | Self::Replayed | Self::Failed(_))
    }
}

/// The answer to a request, and what it took.
#[derive(Debug)]
pub struct Answer {
    /// The answer; its data, where there is any, is the whole body in `Value::Binary`.
    pub response: Response,
    /// Name of the operation that was run, where it has one.
    pub operation: Option<String>,
    /// How far the request came.
    pub outcome: Outcome,
    /// What it cost the database.
    pub counts: SessionCounts,
    /// What the operation was declared to cost before it ran, 0 where it did not come to that: its answer has no more objects.
    pub cost: u64,
}

impl Answer {
    /// The answer to a request that was executed. `body`: the whole of it.
    pub(super) fn new(body: Vec<u8>, counts: SessionCounts) -> Self {
        let response = Response::new(Value::Binary(body.into()));
        Self { response, operation: None, outcome: Outcome::Done, counts, cost: 0 }
    }

    /// The answer to a request that was carried out before.
    pub(super) fn replayed(body: Vec<u8>, counts: SessionCounts) -> Self {
        let mut answer = Self { outcome: Outcome::Replayed, ..Self::new(body, counts) };
        answer.response.http_headers.insert(REPLAYED, HeaderValue::from_static("true"));
        answer
    }

    /// An answer to a request that was executed and failed: whole or not at all.
    pub fn failed(error: Error, counts: SessionCounts) -> Self {
        let outcome = Outcome::Failed(error.code);
        Self { counts, ..Self::of(vec![error], outcome) }
    }

    /// An answer to a request with mistakes in its document, or whose document could not be read.
    pub(super) fn not_read(mut errors: Vec<Error>) -> Self {
        match errors.pop_if(|error| error.code == Code::Internal) {
            Some(error) => Self::failed(error, SessionCounts::default()),
            None => Self::refused(errors),
        }
    }

    /// An answer to a request that asks for more than one may, or for what cannot be.
    pub(super) fn not_planned(error: Error) -> Self {
        match error.code {
            Code::LimitExceeded => Self::refused(vec![error]),
            _ => Self::failed(error, SessionCounts::default()),
        }
    }

    /// An answer to a request that was not executed.
    pub fn refused(errors: Vec<Error>) -> Self {
        let code = errors.first().map_or(Code::GraphqlInvalid, |error| error.code);
        Self::of(errors, Outcome::Refused(code))
    }

    /// An answer to an operation that may not come by its HTTP method.
    pub(super) fn wrong_method(error: Error) -> Self {
        let mut answer = Self::of(vec![error], Outcome::WrongMethod);
        answer.response.http_headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
        answer
    }

    /// An answer to a request whose idempotency key belongs to another one.
    pub(super) fn key_reused(error: Error) -> Self {
        Self::of(vec![error], Outcome::KeyReused)
    }

    fn of(errors: Vec<Error>, outcome: Outcome) -> Self {
        let passes = errors.iter().any(Error::passes);
        let source = Arc::new(outcome);
        let told = |error: Error| ServerError { source: Some(source.clone()), ..error.answered() };
        let mut response = Response::from_errors(errors.into_iter().map(told).collect());
        if passes {
            response.http_headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_SECONDS));
        }
        Self { response, operation: None, outcome, counts: SessionCounts::default(), cost: 0 }
    }
}

/// Returns the body of a response: the finished one as it is; or errors, beside `data: null` if the request was executed.
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

/// Errors that end an operation: as values, for a service that writes them itself, and as a JSON list.
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

/// The finished body of a response, beside its errors as values, which nobody has to read back from the JSON.
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

/// JSON that is written as it is.
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
    fn what_the_database_holds_is_never_taken_for_json_that_is_finished() {
        let held = format!(r#"{{"notes":{{"{RAW_VALUE_TOKEN}":"[1]"}}}}"#);
        let error = Error { present: Some(Box::new(raw(held.clone()))), ..error() };
        let body = text(Answer::refused(vec![error]).response);
        assert!(body.contains(&format!("\"present\":{held}")), "{body}");
    }
}
