//! Reads and writes the messages of the protocol.

use std::borrow::Cow;

use async_graphql::http::ClientMessage;
use serde::Deserialize;
use serde::de::Error as _;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::graph::{Error, Errors, RequestContext, fields_once};
use crate::http::graphql::NO_TOKEN;
use crate::http::request::read_json;

/// A message of a client.
pub(super) enum ReceivedMessage {
    Message(ClientMessage),
    /// An operation whose request cannot be read; other operations continue.
    Unreadable(String, Error),
}

/// Reads a message of a client. `context`: makes the context of its request. It fails if the text is no message.
pub(super) fn read(
    text: &str,
    context: impl FnOnce() -> RequestContext,
) -> Result<ReceivedMessage, serde_json::Error> {
    #[derive(Deserialize)]
    struct Message<'a> {
        #[serde(rename = "type", borrow)]
        kind: Cow<'a, str>,
        #[serde(default)]
        id: Option<String>,
        #[serde(default, borrow)]
        payload: Option<&'a RawValue>,
    }
    let Message { kind, id, payload } = serde_json::from_str(text)?;
    // An operation is identified by its id.
    let id = || id.filter(|id| !id.is_empty()).ok_or_else(|| serde_json::Error::custom("there is no id"));
    let payload = payload.map_or("null", RawValue::get);
    Ok(ReceivedMessage::Message(match kind.as_ref() {
        "connection_init" => {
            let payload: Option<&RawValue> = serde_json::from_str(payload)?;
            // Two tokens are refused: a proxy before the gateway may have checked the other one.
            payload.map_or(Ok(()), fields_once).map_err(serde_json::Error::custom)?;
            let payload: Option<Map<String, Value>> =
                payload.map(|payload| serde_json::from_str(payload.get())).transpose()?;
            ClientMessage::ConnectionInit { payload: payload.map(Value::Object) }
        }
        "ping" => ClientMessage::Ping { payload: None },
        "pong" => ClientMessage::Pong { payload: None },
        "subscribe" => {
            let id = id()?;
            match read_json(payload) {
                Ok(given) => {
                    let (request, context) = given.with(context());
                    ClientMessage::Start { id, payload: request.data(context) }
                }
                Err(error) => return Ok(ReceivedMessage::Unreadable(id, error)),
            }
        }
        "complete" => ClientMessage::Stop { id: id()? },
        _ => return Err(serde_json::Error::custom("there is no such type of message")),
    }))
}

/// Returns the id of a message, without reading the rest of it.
pub(super) fn id(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        id: String,
    }
    serde_json::from_str::<Named>(text).ok().map(|named| named.id).filter(|id| !id.is_empty())
}

/// Returns the `Authorization` header that the payload of `connection_init` represents.
pub(super) fn authorization(payload: Option<&Value>) -> Option<String> {
    let payload = payload?.as_object()?;
    let header = |value: &Value| value.as_str().map(str::to_owned);
    let token = |value: &Value| value.as_str().map(|token| format!("Bearer {token}"));
    let mut given: Vec<_> = named(payload, "authorization").map(header).collect();
    for headers in named(payload, "headers") {
        match headers.as_object() {
            Some(headers) => given.extend(named(headers, "authorization").map(header)),
            None => given.push(None),
        }
    }
    given.extend(named(payload, "token").map(token));
    given.dedup();
    match given.as_slice() {
        [] => None,
        [Some(header)] => Some(header.clone()),
        // Other JSON than a string is no token; of two different tokens, a proxy may have checked the other one.
        [None] | [_, _, ..] => Some(NO_TOKEN.to_owned()),
    }
}

/// Returns the members of this name, in upper or lower case like a header's, without those that are null.
fn named<'a>(object: &'a Map<String, Value>, name: &'static str) -> impl Iterator<Item = &'a Value> {
    let members = object.iter().filter(|(known, value)| known.eq_ignore_ascii_case(name) && !value.is_null());
    members.map(|(_, value)| value)
}

/// Returns the text before each response of an operation; the response and `}` follow.
pub(super) fn next_prefix(id: &str) -> String {
    format!(r#"{{"id":{},"type":"next","payload":"#, json!(id))
}

/// Returns the message that ends an operation with errors.
pub(super) fn error(id: &str, errors: &Errors) -> String {
    let errors = String::from_utf8_lossy(&errors.json);
    format!(r#"{{"id":{},"type":"error","payload":{errors}}}"#, json!(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Caller;

    #[test]
    fn messages_are_those_of_the_protocol() {
        let read = |text: &str| read(text, || RequestContext::new(Caller::anonymous()));
        assert!(matches!(
            read(r#"{"type":"connection_init"}"#),
            Ok(ReceivedMessage::Message(ClientMessage::ConnectionInit { payload: None }))
        ));
        let ping = read(r#"{"type":"ping","payload":{"a":1}}"#);
        assert!(matches!(ping, Ok(ReceivedMessage::Message(ClientMessage::Ping { .. }))));
        let subscribe = read(r#"{"id":"1","type":"subscribe","payload":{"query":"{a}","variables":null}}"#);
        let Ok(ReceivedMessage::Message(ClientMessage::Start { id, payload })) = subscribe else {
            panic!("no operation")
        };
        assert_eq!((&*id, &*payload.query), ("1", "{a}"));
        for unreadable in
            [r#"{"type":"subscribe","id":"1"}"#, r#"{"type":"subscribe","id":"1","payload":{}}"#]
        {
            assert!(
                matches!(read(unreadable), Ok(ReceivedMessage::Unreadable(id, _)) if id == "1"),
                "{unreadable}"
            );
        }
        let empty = r#"{"id":"","type":"subscribe","payload":{"query":"{a}"}}"#;
        for wrong in [
            "",
            "[]",
            empty,
            r#"{"type":"other"}"#,
            r#"{"type":"start","id":"1","payload":{"query":"{a}"}}"#,
            r#"{"type":"connection_init","payload":1}"#,
            r#"{"type":"subscribe","payload":{"query":"{a}"}}"#,
            r#"{"type":"subscribe","id":1,"payload":{"query":"{a}"}}"#,
            r#"{"type":"subscribe","id":"\ud800","payload":{"query":"{a}"}}"#,
            r#"{"type":"complete"}"#,
            r#"{"type":"complete","id":""}"#,
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_client_says_who_it_is_in_either_way() {
        let read = |payload: Value| authorization(Some(&payload));
        assert_eq!(read(json!({"authorization": "Bearer a"})).as_deref(), Some("Bearer a"));
        assert_eq!(read(json!({"Authorization": "Bearer a"})).as_deref(), Some("Bearer a"));
        assert_eq!(read(json!({"token": "a"})).as_deref(), Some("Bearer a"));
        assert_eq!(read(json!({"headers": {"Authorization": "Bearer a"}})).as_deref(), Some("Bearer a"));
        assert_eq!(read(json!({"authorization": "Bearer a", "token": "a"})).as_deref(), Some("Bearer a"));
        for nothing in [json!({"other": "a"}), json!({"headers": {"x": "a"}}), json!({"token": null})] {
            assert_eq!(read(nothing), None);
        }
    }

    #[test]
    fn invalid_tokens_are_refused() {
        for wrong in [
            json!({"authorization": ""}),
            json!({"authorization": 1}),
            json!({"Authorization": {"token": "a"}}),
            json!({"headers": {"Authorization": ""}}),
            json!({"headers": {"authorization": ["Bearer a"]}}),
            json!({"token": ""}),
            json!({"token": false}),
            json!({"token": "a", "authorization": "Bearer b"}),
            json!({"authorization": "Bearer a", "Authorization": "Bearer b"}),
        ] {
            let said = authorization(Some(&wrong)).unwrap();
            assert!(said.strip_prefix("Bearer ").is_none_or(str::is_empty), "{wrong}");
        }
    }
}
