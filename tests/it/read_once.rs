//! Each document is read and validated once, whatever brings it and whatever is wrong with it.

use serde_json::json;

use crate::harness::{Actor, App, Socket};

/// Types that a client accepts over HTTP, each of which leads to an answer of its own.
const ACCEPTED: [&str; 3] =
    ["application/json", "text/event-stream", "application/json;q=0.5, text/event-stream;q=0.4"];
/// Documents that do not parse, do not fit the schema, or lack the operation, and valid ones of two kinds.
const DOCUMENTS: [&str; 5] = [
    "{",
    "{ nothing }",
    "subscription { nothing }",
    "{ __typename }",
    "subscription { supervisionChanged { operation } }",
];

/// Sends a document by POST and by GET, and waits until the answer begins.
async fn send(actor: &Actor<'_>, app: &App, accepted: &str, document: &str, by_get: bool) {
    let request = if by_get {
        app.http().get(app.url("/graphql")).query(&[("query", document)])
    } else {
        app.http().post(app.url("/graphql")).json(&json!({ "query": document }))
    };
    let token = actor.token.as_deref().unwrap();
    let mut response = request.header("accept", accepted).bearer_auth(token).send().await.unwrap();
    // An event stream of a subscription has no end. Every answer of one that is invalid is read to its end.
    while !(document.contains("supervisionChanged") && accepted.contains("stream"))
        && response.chunk().await.unwrap().is_some()
    {}
}

#[tokio::test]
async fn a_document_is_read_once_by_every_transport() {
    let app = App::start().await;
    let clinician = app.clinician_north().await;
    let mut socket = Socket::of(&app, &clinician).await;
    // Another text each time, so that no kept document answers.
    let mut number = 0;
    let mut another = |document: &str| {
        number += 1;
        format!("{document} # {number}")
    };
    for document in DOCUMENTS {
        for (accepted, by_get) in ACCEPTED.iter().flat_map(|accepted| [(*accepted, false), (*accepted, true)])
        {
            let (text, before) = (another(document), app.documents_read());
            send(&clinician, &app, accepted, &text, by_get).await;
            assert_eq!(app.documents_read() - before, 1, "{document} as {accepted}, by GET: {by_get}");
        }
        let (text, before) = (another(document), app.documents_read());
        if document.contains("supervisionChanged") {
            socket.subscribe(&text, &text, &json!({})).await;
        } else {
            socket.begin(&text, &text, &json!({})).await;
            let answer = socket.next().await;
            assert_eq!(answer["id"], text);
            if answer["type"] == "next" {
                assert_eq!(socket.next().await["type"], "complete");
            }
        }
        assert_eq!(app.documents_read() - before, 1, "{document} over a WebSocket");
        // A valid document is kept, and is not read again.
        let before = app.documents_read();
        send(&clinician, &app, ACCEPTED[0], &text, false).await;
        let is_valid = document.contains("__typename") || document.contains("supervisionChanged");
        assert_eq!(app.documents_read() - before, u64::from(!is_valid), "{document} again");
    }
}
