//! Malformed members of a request: every transport reports the same error.

use std::fmt::Write as _;
use std::time::Duration;

use reqwest::RequestBuilder;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use serde_json::{Value, json};

use crate::fixture::{clinician, protocol};
use crate::harness::{Answer, App, Socket};

const MEDIA: [&str; 3] = ["application/graphql-response+json", "application/json", "text/event-stream"];
const QUERY: &str = "\"{ __typename }\"";
/// Half a surrogate pair, as JSON escapes it and as bytes of a URL.
const HALVES: [(&str, &str); 3] =
    [("\\ud800", "%ED%A0%80"), ("\\udfff", "%ED%BF%BF"), ("\\ud83da", "%ED%A0%BDa")];

/// A malformed member, the other members of its request, and the expected error.
struct Case {
    /// The members as JSON, each as often as it is sent.
    members: Vec<(&'static str, String)>,
    /// The same as parameters of a URL, if a URL can express it.
    parameters: Option<String>,
    told: String,
}

impl Case {
    fn of(name: &'static str, json: &str, how: &str) -> Self {
        let mut members = vec![(name, json.to_owned())];
        if name != "query" {
            members.insert(0, ("query", QUERY.into()));
        }
        let is_json = matches!(name, "variables" | "extensions");
        let parameters =
            is_json.then(|| format!("query={}&{name}={}", encoded("{ __typename }"), encoded(json)));
        Self { members, parameters, told: format!("`{name}` {how}.") }
    }

    fn json(&self) -> String {
        let members: Vec<_> = self.members.iter().map(|(name, json)| format!("\"{name}\":{json}")).collect();
        format!("{{{}}}", members.join(","))
    }

    fn error(&self) -> Value {
        json!({ "message": self.told, "extensions": { "code": "BAD_USER_INPUT" } })
    }
}

/// Returns every member with every wrong JSON type, with invalid text, missing, and given twice.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for name in ["query", "operationName"] {
        for json in ["1", "-0.5", "true", "[]", "[\"{ __typename }\"]", "{}"] {
            cases.push(Case::of(name, json, "is not a string"));
        }
        for (escaped, bytes) in HALVES {
            let case = Case::of(
                name,
                &format!("\"{{ __typename }} # {escaped}\""),
                "holds text that is not Unicode",
            );
            let before =
                if name == "query" { String::new() } else { format!("query={}&", encoded("{ __typename }")) };
            cases.push(Case { parameters: Some(format!("{before}{name}={bytes}")), ..case });
        }
    }
    let missing = || Case::of("query", "null", "is missing");
    cases.push(Case { parameters: Some(String::new()), ..missing() });
    cases.push(Case { members: Vec::new(), parameters: Some("variables={}".into()), ..missing() });
    for name in ["variables", "extensions"] {
        for json in ["1", "-0.5", "true", "[]", "[1]", "\"\"", "\"{}\"", "\"null\""] {
            cases.push(Case::of(name, json, "is not a JSON object"));
        }
        for (half, _) in HALVES {
            for json in [
                format!("{{\"a\":\"{half}\"}}"),
                format!("{{\"{half}\":1}}"),
                format!("{{\"a\":[{{\"b\":\"\\u0061{half}\"}}]}}"),
            ] {
                cases.push(Case::of(name, &json, "holds text that is not Unicode"));
            }
        }
        for levels in [127, 5_000] {
            let json = format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
            // A URL has no room for more.
            let case = Case::of(name, &json, "nests more than 127 levels");
            cases.push(Case { parameters: case.parameters.filter(|_| levels < 1_000), ..case });
        }
    }
    cases.push(Case::of("extensions", "{\"a\":1e999}", "has a number that is out of range"));
    for (name, json) in
        [("query", QUERY), ("operationName", "\"A\""), ("variables", "{}"), ("extensions", "{}")]
    {
        let mut case = Case::of(name, json, "is given more than once");
        case.members.push((name, json.to_owned()));
        // The name may be encoded too.
        let (first, rest) = name.split_at(1);
        let first = first.as_bytes()[0];
        let twice = format!("{name}={}&%{first:02x}{rest}=", encoded(json.trim_matches('"')));
        cases.push(Case {
            parameters: Some(format!("query=a&{twice}").replace("query=a&query", "query")),
            ..case
        });
    }
    cases
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        write!(encoded, "%{byte:02X}").unwrap();
        encoded
    })
}

async fn refused(request: RequestBuilder, media: &str, case: &Case) {
    let answer = Answer::read(request.header(ACCEPT, media).send().await.unwrap()).await;
    assert_eq!(answer.body, json!({ "errors": [case.error()] }), "{media}: {}", case.json());
    assert_eq!(answer.status, 400, "{media}: {}", case.json());
    // A refused request gets no stream.
    let of = if media == "text/event-stream" { "application/json" } else { media };
    assert_eq!(answer.headers[CONTENT_TYPE], format!("{of}; charset=utf-8"), "{}", case.json());
}

#[tokio::test]
async fn a_wrong_member_is_told_alike_by_every_transport() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "malformed").await;
    let record = protocol(&owner, site).await;
    let mut socket = Socket::of(&app, &actor).await;
    let watch =
        "subscription($of: BigInt!) { sessionEventLogged(protocolId: $of) { sessionEvent { notes } } }";
    socket.subscribe("watch", watch, &json!({ "of": record.to_string() })).await;
    for case in cases() {
        for media in MEDIA {
            let body = app.http().post(app.url("/graphql")).header(CONTENT_TYPE, "application/json");
            refused(body.body(case.json()), media, &case).await;
            if let Some(parameters) = &case.parameters {
                refused(app.http().get(app.url(&format!("/graphql?{parameters}"))), media, &case).await;
            }
        }
        socket.send_text(&format!(r#"{{"id":"wrong","type":"subscribe","payload":{}}}"#, case.json())).await;
        let told = json!({ "id": "wrong", "type": "error", "payload": [case.error()] });
        assert_eq!(socket.next().await, told, "{}", case.json());
    }
    // The id is free again, and running operations continue.
    socket.begin("wrong", "{ __typename }", &json!({})).await;
    assert_eq!(socket.data("wrong").await, json!({ "__typename": "Query" }));
    assert_eq!(socket.next().await["type"], "complete");
    let log = "INSERT INTO session_events (protocol_id, event_type_id, event_timestamp, notes) VALUES ($1, 1, now(), 'on')";
    owner.execute(log, &[&record]).await.unwrap();
    assert_eq!(socket.data("watch").await["sessionEventLogged"]["sessionEvent"]["notes"], "on");
}

#[tokio::test]
async fn a_request_that_is_no_object_is_told_alike() {
    let app = App::start().await;
    let mut socket = Socket::of(&app, &app.anonymous()).await;
    for wrong in [
        "1",
        "null",
        "true",
        "\"{ __typename }\"",
        "[]",
        "[{\"query\":\"{ __typename }\"}]",
        "{\"\\ud800\":1}",
    ] {
        let body = app.http().post(app.url("/graphql")).header(CONTENT_TYPE, "application/json");
        let answer = Answer::read(body.body(wrong).send().await.unwrap()).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (400, "BAD_USER_INPUT"), "{wrong}");
        socket.send_text(&format!(r#"{{"id":"a","type":"subscribe","payload":{wrong}}}"#)).await;
        assert_eq!(socket.error("a").await, *answer.error(), "{wrong}");
    }
    socket.send_text(r#"{"id":"a","type":"subscribe"}"#).await;
    assert_eq!(socket.error("a").await["message"], "The request is not a JSON object with a `query`.");
}

#[tokio::test]
async fn what_is_no_message_ends_the_connection() {
    let app = App::start().await;
    let payload = json!({ "query": "{ __typename }" });
    let mut wrong = vec![
        "{\"id\":\"a\",\"type\":\"subscribe\",\"payload\":{\"query\":\"{ __typename }\"}".to_owned(),
        "{\"id\":\"a\",\"type\":\"subscribe\",\"payload\":{\"query\":\"\\x\"}}".to_owned(),
        "{\"id\":\"a\",\"id\":\"b\",\"type\":\"subscribe\",\"payload\":{}}".to_owned(),
    ];
    for json in ["1", "true", "null", "[]", "{}", "\"\"", "\"\\ud800\""] {
        wrong.push(format!("{{\"id\":{json},\"type\":\"subscribe\",\"payload\":{payload}}}"));
        wrong.push(format!("{{\"id\":{json},\"type\":\"complete\"}}"));
        wrong.push(format!("{{\"id\":\"a\",\"type\":{json},\"payload\":{payload}}}"));
    }
    for text in wrong {
        let mut socket = Socket::of(&app, &app.anonymous()).await;
        socket.send_text(&text).await;
        assert_eq!(socket.closed().await.0, 4400, "{text}");
    }
    // A client that has not authenticated gets no other error.
    let mut socket = Socket::silent(&app).await;
    socket.send(&json!({ "id": "a", "type": "subscribe", "payload": {} })).await;
    assert_eq!(tokio::time::timeout(Duration::from_secs(20), socket.closed()).await.unwrap().0, 4401);
}
