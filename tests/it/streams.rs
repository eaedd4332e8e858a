//! GraphQL over server-sent events.

use std::time::Duration;

use serde_json::{Value, json};

use crate::fixture::{clinician, protocol};
use crate::harness::{Actor, App};

const LOGGED: &str =
    "subscription($of: BigInt!) { sessionEventLogged(protocolId: $of) { sessionEvent { notes } } }";

/// An event: its name, id and data.
#[derive(Debug, PartialEq)]
struct Event {
    name: String,
    id: String,
    data: String,
}

/// An event stream.
struct Stream {
    response: reqwest::Response,
    text: String,
}

impl Stream {
    async fn open(app: &App, actor: &Actor<'_>, query: &str, variables: &Value, after: Option<&str>) -> Self {
        let body = json!({ "query": query, "variables": variables });
        let mut request =
            app.http().post(app.url("/graphql")).header("accept", "text/event-stream").json(&body);
        if let Some(token) = &actor.token {
            request = request.bearer_auth(token);
        }
        if let Some(after) = after {
            request = request.header("last-event-id", after);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
        assert_eq!(response.headers().get("content-encoding"), None);
        Self { response, text: String::new() }
    }

    /// The next event; `None` at the end.
    async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some(end) = self.text.find("\n\n") {
                let event: String = self.text.drain(..end + 2).collect();
                let field = |name: &str| {
                    let line = event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                    line.unwrap_or_default().to_owned()
                };
                let read = Event { name: field("event"), id: field("id"), data: field("data") };
                if !read.name.is_empty() {
                    return Some(read);
                }
            }
            let chunk = tokio::time::timeout(Duration::from_secs(20), self.response.chunk()).await.unwrap();
            self.text.push_str(std::str::from_utf8(&chunk.unwrap()?).unwrap());
        }
    }

    async fn note(&mut self) -> (String, String) {
        let event = self.next().await.unwrap();
        let data: Value = serde_json::from_str(&event.data).unwrap();
        let note = &data["data"]["sessionEventLogged"]["sessionEvent"]["notes"];
        (note.as_str().unwrap_or_else(|| panic!("{event:?}")).to_owned(), event.id)
    }
}

async fn log(app: &App, protocol: i64, note: &str) {
    let sql = "INSERT INTO session_events (protocol_id, event_type_id, event_timestamp, notes) VALUES ($1, 1, now(), $2)";
    app.owner().await.execute(sql, &[&protocol, &note]).await.unwrap();
}

#[tokio::test]
async fn a_subscription_is_a_stream_that_can_be_taken_up_again() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "stream").await;
    let record = protocol(&owner, site).await;
    let variables = json!({ "of": record.to_string() });
    let mut stream = Stream::open(&app, &actor, LOGGED, &variables, None).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    log(&app, record, "one").await;
    let (note, id) = stream.note().await;
    assert_eq!(note, "one");
    drop(stream);
    log(&app, record, "two").await;
    let mut stream = Stream::open(&app, &actor, LOGGED, &variables, Some(&id)).await;
    assert_eq!(stream.note().await.0, "two");
    log(&app, record, "three").await;
    assert_eq!(stream.note().await.0, "three");
}

#[tokio::test]
async fn a_query_is_a_stream_of_one() {
    let app = App::start().await;
    let mut stream = Stream::open(&app, &app.anonymous(), "{ __typename }", &json!({}), None).await;
    let data = r#"{"data":{"__typename":"Query"}}"#.to_owned();
    assert_eq!(stream.next().await, Some(Event { name: "next".into(), id: String::new(), data }));
    assert_eq!(stream.next().await.unwrap().name, "complete");
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn what_is_not_valid_is_said_in_the_stream() {
    let app = App::start().await;
    let mut stream = Stream::open(&app, &app.anonymous(), "{ nothing }", &json!({}), None).await;
    let event = stream.next().await.unwrap();
    let data: Value = serde_json::from_str(&event.data).unwrap();
    assert_eq!(data["errors"][0]["extensions"]["code"], "GRAPHQL_INVALID");
    assert_eq!(stream.next().await.unwrap().name, "complete");
}

#[tokio::test]
async fn a_stream_ends_with_the_server_and_counts_as_a_connection() {
    let app = App::with(|config| config.feeds.connections = 1).await;
    let watch = "subscription { eventTypesChanged { nodeId } }";
    let mut stream = Stream::open(&app, &app.anonymous(), watch, &json!({}), None).await;
    let body = json!({ "query": watch });
    let second = app.http().post(app.url("/graphql")).header("accept", "text/event-stream").json(&body);
    assert_eq!(second.send().await.unwrap().status(), 503);
    let begun = std::time::Instant::now();
    let (end, ()) = tokio::join!(stream.next(), app.stop());
    assert_eq!(end, None);
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn an_ordinary_request_for_a_subscription_is_told_where_it_belongs() {
    let app = App::start().await;
    let answer = app.anonymous().ask("subscription { eventTypesChanged { nodeId } }").await;
    assert_eq!(answer.code(), "BAD_USER_INPUT");
    assert!(answer.error()["message"].as_str().unwrap().contains("/graphql/ws"));
}
