//! Messages of the protocol.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::Error as _;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::http::request::Given;

/// What a client sends.
#[derive(Debug)]
pub(super) enum Client {
    /// It says who it is.
    ConnectionInit { payload: Option<Map<String, Value>> },
    /// It asks whether anybody is there.
    Ping,
    /// It is there.
    Pong,
    /// It begins an operation.
    Subscribe {
        /// What it calls the operation.
        id: String,
        payload: Given,
    },
    /// It ends an operation.
    Complete { id: String },
}

impl Client {
    pub(super) fn read(text: &str) -> Result<Self, serde_json::Error> {
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
        Ok(match kind.as_ref() {
            "connection_init" => Self::ConnectionInit { payload: serde_json::from_str(payload)? },
            "ping" => Self::Ping,
            "pong" => Self::Pong,
            "subscribe" => Self::Subscribe { id: id()?, payload: serde_json::from_str(payload)? },
            "complete" => Self::Complete { id: id()? },
            _ => return Err(serde_json::Error::custom("there is no such type of message")),
        })
    }
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
pub(super) fn authorization(payload: &Map<String, Value>) -> Option<String> {
    // Like a header's, its name may be written in any case.
    let text = |name: &str| {
        let (_, value) = payload.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        value.as_str().filter(|text| !text.is_empty())
    };
    let header = text("authorization").map(str::to_owned);
    header.or_else(|| text("token").map(|token| format!("Bearer {token}")))
}

/// `connection_ack`
pub(super) const ACKNOWLEDGED: &str = r#"{"type":"connection_ack"}"#;
/// `pong`
pub(super) const PONG: &str = r#"{"type":"pong"}"#;

/// The beginning of the responses of an operation; the response and `}` follow.
pub(super) fn next_prefix(id: &str) -> String {
    format!(r#"{{"id":{},"type":"next","payload":"#, json!(id))
}

/// The end of an operation that has failed. `errors`: a JSON list.
pub(super) fn error(id: &str, errors: &Bytes) -> String {
    let errors = String::from_utf8_lossy(errors);
    format!(r#"{{"id":{},"type":"error","payload":{errors}}}"#, json!(id))
}

/// The end of an operation.
pub(super) fn complete(id: &str) -> String {
    format!(r#"{{"id":{},"type":"complete"}}"#, json!(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_those_of_the_protocol() {
        assert!(matches!(
            Client::read(r#"{"type":"connection_init"}"#),
            Ok(Client::ConnectionInit { payload: None })
        ));
        assert!(matches!(Client::read(r#"{"type":"ping","payload":{"a":1}}"#), Ok(Client::Ping)));
        let subscribe =
            Client::read(r#"{"id":"1","type":"subscribe","payload":{"query":"{a}","variables":null}}"#);
        assert!(
            matches!(subscribe, Ok(Client::Subscribe { id, payload }) if id == "1" && format!("{payload:?}").contains("{a}"))
        );
        let empty = r#"{"id":"","type":"subscribe","payload":{"query":"{a}"}}"#;
        for wrong in [
            "",
            "[]",
            empty,
            r#"{"type":"other"}"#,
            r#"{"type":"subscribe","id":"1"}"#,
            r#"{"type":"complete"}"#,
            r#"{"type":"complete","id":""}"#,
        ] {
            assert!(Client::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_client_says_who_it_is_in_either_way() {
        let read = |payload: Value| authorization(payload.as_object().unwrap());
        assert_eq!(read(json!({"authorization": "Bearer a"})).as_deref(), Some("Bearer a"));
        assert_eq!(read(json!({"Authorization": "Bearer a"})).as_deref(), Some("Bearer a"));
        assert_eq!(read(json!({"token": "a"})).as_deref(), Some("Bearer a"));
        assert_eq!(read(json!({"other": "a"})), None);
    }
}
