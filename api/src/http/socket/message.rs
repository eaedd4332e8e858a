//! Messages of the protocol.

use std::borrow::Cow;

use async_graphql::http::ClientMessage;
use bytes::Bytes;
use serde::Deserialize;
use serde::de::Error as _;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::graph::{Error, RequestContext, fields_once};
use crate::http::request::read_json;

/// What a client says.
pub(super) enum Said {
    Message(ClientMessage),
    /// The request of an operation that cannot be read; others go on.
    Unreadable(String, Error),
}

/// Reads what a client sends. `context`: what surrounds its requests. The error: it is no message.
pub(super) fn read(text: &str, context: impl FnOnce() -> RequestContext) -> Result<Said, serde_json::Error> {
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
    // An operation is told from others by its id.
    let id = || id.filter(|id| !id.is_empty()).ok_or_else(|| serde_json::Error::custom("there is no id"));
    let payload = payload.map_or("null", RawValue::get);
    Ok(Said::Message(match kind.as_ref() {
        "connection_init" => {
            let payload: Option<&RawValue> = serde_json::from_str(payload)?;
            // Of two tokens, whoever stands before the gateway might have looked at the other.
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
                Ok(given) => ClientMessage::Start { id, payload: given.within(context()) },
                Err(error) => return Ok(Said::Unreadable(id, error)),
            }
        }
        "complete" => ClientMessage::Stop { id: id()? },
        _ => return Err(serde_json::Error::custom("there is no such type of message")),
    }))
}

/// The id in a message that is not read as a whole.
pub(super) fn id(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        id: String,
    }
    serde_json::from_str::<Named>(text).ok().map(|named| named.id).filter(|id| !id.is_empty())
}

/// The `Authorization` header that the payload of `connection_init` stands for.
pub(super) fn authorization(payload: Option<&Value>) -> Option<String> {
    let payload = payload?.as_object()?;
    // Like a header's, its name may be written in any case.
    let text = |name: &str| {
        let (_, value) = payload.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        value.as_str().filter(|text| !text.is_empty())
    };
    let header = text("authorization").map(str::to_owned);
    header.or_else(|| text("token").map(|token| format!("Bearer {token}")))
}

/// The beginning of the responses of an operation; the response and `}` follow.
pub(super) fn next_prefix(id: &str) -> String {
    format!(r#"{{"id":{},"type":"next","payload":"#, json!(id))
}

/// The end of an operation that has failed. `errors`: a JSON list.
pub(super) fn error(id: &str, errors: &Bytes) -> String {
    let errors = String::from_utf8_lossy(errors);
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
            Ok(Said::Message(ClientMessage::ConnectionInit { payload: None }))
        ));
        let ping = read(r#"{"type":"ping","payload":{"a":1}}"#);
        assert!(matches!(ping, Ok(Said::Message(ClientMessage::Ping { .. }))));
        let subscribe = read(r#"{"id":"1","type":"subscribe","payload":{"query":"{a}","variables":null}}"#);
        let Ok(Said::Message(ClientMessage::Start { id, payload })) = subscribe else {
            panic!("no operation")
        };
        assert_eq!((&*id, &*payload.query), ("1", "{a}"));
        for unreadable in
            [r#"{"type":"subscribe","id":"1"}"#, r#"{"type":"subscribe","id":"1","payload":{}}"#]
        {
            assert!(matches!(read(unreadable), Ok(Said::Unreadable(id, _)) if id == "1"), "{unreadable}");
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
        assert_eq!(read(json!({"other": "a"})), None);
    }
}
