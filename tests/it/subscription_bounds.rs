//! Limits on subscriptions: how many one caller and all callers may have, how much may wait for them, and which need a token.

use praxis::feed::Bound;
use serde_json::json;

use crate::binary::{Served, over};
use crate::fixture::{clinician, person, protocol, signed_in};
use crate::harness::{App, Socket, clone_database, database_url, eventually, http_client, somebody};

const ANY: &str = "subscription { sessionEventsChanged { operation sessionEvent { notes } } }";

/// Returns a subscription that differs from all others by a number.
fn number(number: usize) -> String {
    format!(
        "subscription {{ sessionEventsChanged(filter: {{ notes: {{ eq: \"{number}\" }} }}) {{ operation }} }}"
    )
}

/// Starts a subscription, and returns the error if it is refused.
async fn refused(socket: &mut Socket, id: &str, query: &str) -> Option<String> {
    socket.subscribe(id, query, &json!({})).await;
    // This operation is answered after it.
    let then = format!("{id} then");
    socket.begin(&then, "{ __typename }", &json!({})).await;
    let mut refused = None;
    loop {
        let message = socket.next().await;
        match (message["id"].as_str(), message["type"].as_str()) {
            (Some(of), Some("error")) if of == id => {
                assert_eq!(message["payload"][0]["extensions"]["code"], "LIMIT_EXCEEDED", "{message}");
                refused = Some(message["payload"][0]["message"].as_str().unwrap().to_owned());
            }
            (Some(of), Some("complete")) if of == then => return refused,
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_caller_has_so_many_subscriptions_whatever_its_tokens_say_and_no_more() {
    let app = App::with(|config| config.feeds.subscriptions = Bound { each: 3, all: 5 }).await;
    let owner = app.owner().await;
    let (one, other, third) =
        (person(&owner, "one").await, person(&owner, "other").await, person(&owner, "third").await);
    let mut first = Socket::of(&app, &signed_in(&app, &one)).await;
    let mut second = Socket::of(&app, &signed_in(&app, &one)).await;
    assert_eq!(refused(&mut first, "1", ANY).await, None);
    assert_eq!(refused(&mut first, "2", ANY).await, None);
    assert_eq!(refused(&mut second, "1", ANY).await, None);
    let own = "A caller has at most 3 subscriptions at a time.";
    assert_eq!(refused(&mut second, "2", ANY).await.as_deref(), Some(own));
    // Other callers have places of their own, as long as there are any.
    let mut theirs = Socket::of(&app, &signed_in(&app, &other)).await;
    assert_eq!(refused(&mut theirs, "1", ANY).await, None);
    assert_eq!(refused(&mut theirs, "2", ANY).await, None);
    let mut late = Socket::of(&app, &signed_in(&app, &third)).await;
    let all = "The server has at most 5 subscriptions at a time. Try again later.";
    assert_eq!(refused(&mut late, "1", ANY).await.as_deref(), Some(all));
    // A subscription that ends frees its place.
    first.send(&json!({ "id": "1", "type": "complete" })).await;
    drop(theirs);
    let mut attempt = 0;
    eventually("there is a place again", async || {
        attempt += 1;
        refused(&mut late, &format!("again {attempt}"), ANY).await.is_none()
    })
    .await;
    eventually("of one's own too", async || {
        attempt += 1;
        refused(&mut second, &format!("again {attempt}"), ANY).await.is_none()
    })
    .await;
}

#[tokio::test]
async fn different_subscriptions_are_counted_by_themselves_and_equal_ones_are_one() {
    let app = App::with(|config| config.feeds.groups = Bound { each: 2, all: 3 }).await;
    let owner = app.owner().await;
    let (one, other) = (person(&owner, "one").await, person(&owner, "other").await);
    let mut first = Socket::of(&app, &signed_in(&app, &one)).await;
    for (id, query) in [("1", number(1)), ("2", number(2)), ("3", number(1)), ("4", number(2))] {
        assert_eq!(refused(&mut first, id, &query).await, None);
    }
    let own = "A caller has at most 2 different subscriptions at a time.";
    assert_eq!(refused(&mut first, "5", &number(3)).await.as_deref(), Some(own));
    let mut second = Socket::of(&app, &signed_in(&app, &other)).await;
    assert_eq!(refused(&mut second, "1", &number(1)).await, None);
    let all = "The server has at most 3 different subscriptions at a time. Try again later.";
    assert_eq!(refused(&mut second, "2", &number(2)).await.as_deref(), Some(all));
    // A group ends with its last subscriber.
    first.send(&json!({ "id": "1", "type": "complete" })).await;
    assert_eq!(refused(&mut first, "6", &number(3)).await.as_deref(), Some(own));
    first.send(&json!({ "id": "3", "type": "complete" })).await;
    let mut attempt = 6;
    eventually("another one may take its place", async || {
        attempt += 1;
        refused(&mut first, &attempt.to_string(), &number(3)).await.is_none()
    })
    .await;
}

#[tokio::test]
async fn who_falls_behind_by_too_many_bytes_begins_anew_and_nobody_else_does() {
    let app = App::with(|config| config.feeds.waiting_bytes = 1_000_000).await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "behind").await;
    let record = protocol(&owner, site).await;
    let mut all = Socket::of(&app, &actor).await;
    all.subscribe("1", ANY, &json!({})).await;
    let (calm, elsewhere) = clinician(&app, &owner, "calm").await;
    let apart = protocol(&owner, elsewhere).await;
    let mut one = Socket::of(&app, &calm).await;
    let few = "subscription($of: BigInt!) { sessionEventLogged(protocolId: $of) { sessionEvent { notes } } }";
    one.subscribe("1", few, &json!({ "of": apart.to_string() })).await;
    let many = "INSERT INTO session_events (protocol_id, event_type_id, event_timestamp, notes)
        SELECT $1, 1, now(), n::text FROM generate_series(1, 3000) AS n";
    owner.execute(many, &[&record]).await.unwrap();
    let error = loop {
        let message = all.next().await;
        if message["type"] == "error" {
            break message;
        }
    };
    assert_eq!(error["payload"][0]["extensions"]["code"], "GONE");
    let log = "INSERT INTO session_events (protocol_id, event_type_id, event_timestamp, notes) VALUES ($1, 1, now(), 'on')";
    owner.execute(log, &[&apart]).await.unwrap();
    assert_eq!(one.data("1").await["sessionEventLogged"]["sessionEvent"]["notes"], "on");
    // The memory is free again, and the connection goes on.
    all.subscribe("2", ANY, &json!({})).await;
    owner.execute(log, &[&record]).await.unwrap();
    assert_eq!(all.data("2").await["sessionEventsChanged"]["sessionEvent"]["notes"], "on");
}

#[tokio::test]
async fn a_database_of_ones_own_shows_callers_without_a_token_neither_page_nor_schema_nor_changes() {
    let url = database_url("praxis_gateway", &clone_database().await);
    let own = over(&url);
    let open = ["--graphiql", "true", "--anonymous-introspection", "true", "--max-anonymous-watchers", "9"];
    for (settings, is_open) in [(own.to_vec(), false), ([&own[..], &open[..]].concat(), true)] {
        let server = Served::start(&settings).await;
        let url = format!("http://{}/graphql", server.address);
        let page = http_client().get(&url).header("accept", "text/html").send().await.unwrap();
        assert_eq!(page.status().is_success(), is_open, "{}", page.status());
        let introspection = "{ __schema { queryType { name } } }";
        let answer = server.ask(None, introspection).await;
        if is_open {
            assert_eq!(answer.data()["__schema"]["queryType"]["name"], "Query");
        } else {
            assert_eq!(answer.code(), "UNAUTHENTICATED");
        }
        server.ask(Some(&somebody()), introspection).await.data();
        let stream = http_client().post(&url).header("accept", "text/event-stream");
        let stream = stream.json(&json!({ "query": ANY })).send().await.unwrap();
        assert_eq!(stream.status().is_success(), is_open, "{}", stream.status());
    }
}
