//! GraphQL over server-sent events.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use praxis::auth::development::{DevelopmentClaims, issue};
use serde_json::{Value, json};

use crate::fixture::{clinician, protocol};
use crate::harness::{Actor, App, SECRET, eventually};

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

    /// Returns the next event; `None` at the end.
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

/// Returns the same token, which expires after this many seconds.
fn shorter(token: &str, seconds: u64) -> String {
    let claims = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    let text = |name: &str| claims[name].as_str().unwrap().to_owned();
    let named = DevelopmentClaims::new(text("sub"), text("email"));
    let claims = DevelopmentClaims { ttl: Duration::from_secs(seconds), ..named };
    issue(SECRET, &claims, chrono::Utc::now()).unwrap()
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
    eventually("it is under way", async || app.subscriptions_begun() == 1).await;
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
async fn a_stream_says_that_its_token_has_ended_and_answers_what_has_one_answer() {
    let app = App::with(|config| config.auth.leeway = Duration::ZERO).await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "ends").await;
    let record = protocol(&owner, site).await;
    let slow = "CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN PERFORM pg_sleep(5); RETURN NEW; END $$;
         CREATE TRIGGER linger BEFORE INSERT ON session_events FOR EACH ROW EXECUTE FUNCTION linger();";
    owner.batch_execute(slow).await.unwrap();
    // Long enough to begin with, and over before the mutation is.
    let token = shorter(actor.token.as_ref().unwrap(), 4);
    let actor = app.bearer(&token);
    let watch = "subscription { protocolsChanged { nodeId } }";
    let mut watching = Stream::open(&app, &actor, watch, &json!({}), None).await;
    let log = "mutation($of: BigInt!) { createSessionEvent(input: { protocolId: $of,
        eventTimestamp: \"2026-02-01T10:00:00Z\" }) { sessionEvent { eventId } } }";
    let mut writing = Stream::open(&app, &actor, log, &json!({ "of": record.to_string() }), None).await;
    let ended = watching.next().await.unwrap();
    let data: Value = serde_json::from_str(&ended.data).unwrap();
    assert_eq!(data["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{ended:?}");
    assert_eq!(watching.next().await.unwrap().name, "complete");
    assert_eq!(watching.next().await, None);
    let answer = writing.next().await.unwrap();
    let data: Value = serde_json::from_str(&answer.data).unwrap();
    assert!(data["data"]["createSessionEvent"]["sessionEvent"]["eventId"].is_string(), "{answer:?}");
    assert_eq!(writing.next().await.unwrap().name, "complete");
}

#[tokio::test]
async fn whoever_also_takes_event_streams_gets_one_for_a_subscription() {
    let app = App::start().await;
    let north = app.clinician_north().await.token.unwrap();
    let watch = "subscription { protocolsChanged { nodeId } }";
    let ask = async |accept: &str, query: &str| {
        let request = app.http().post(app.url("/graphql")).bearer_auth(&north).header("accept", accept);
        request.json(&json!({ "query": query })).send().await.unwrap()
    };
    let get = async |accept: &str| {
        let url = app.url("/graphql?query=subscription%7BprotocolsChanged%7BnodeId%7D%7D");
        app.http().get(url).bearer_auth(&north).header("accept", accept).send().await.unwrap()
    };
    let media = |response: &reqwest::Response| {
        response.headers()["content-type"].to_str().unwrap().split_once(';').unwrap().0.to_owned()
    };
    for both in ["application/json, text/event-stream", "*/*, text/event-stream;q=0.1"] {
        assert_eq!(media(&ask(both, watch).await), "text/event-stream", "{both}");
        assert_eq!(media(&get(both).await), "text/event-stream", "{both}");
        for other in ["{ __typename }", "{ nothing }", "subscription { nothing }"] {
            assert_ne!(media(&ask(both, other).await), "text/event-stream", "{both} {other}");
        }
    }
    for accept in ["*/*", "application/json"] {
        for response in [ask(accept, watch).await, get(accept).await] {
            let answer: Value = response.json().await.unwrap();
            let message = answer["errors"][0]["message"].as_str().unwrap();
            assert!(message.contains("/graphql/ws") && message.contains("text/event-stream"), "{message}");
        }
    }
}

#[tokio::test]
async fn an_ordinary_request_for_a_subscription_is_told_where_it_belongs() {
    let app = App::start().await;
    let answer = app.anonymous().ask("subscription { eventTypesChanged { nodeId } }").await;
    assert_eq!(answer.code(), "BAD_USER_INPUT");
    assert!(answer.error()["message"].as_str().unwrap().contains("/graphql/ws"));
}
