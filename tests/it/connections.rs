//! Timeouts of connections that carry more than one request: which one applies, and from when.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{App, Socket, somebody};

/// The longest time for an answer.
const WITHIN: Duration = Duration::from_secs(20);
/// The timeout for headers; the requests go on for several times as long.
const HEADERS: Duration = Duration::from_millis(300);
const ROUNDS: usize = 12;
const PAUSE: Duration = Duration::from_millis(100);

/// Returns the statuses of this many answers of one connection, as they come; `None` if it ends before.
async fn statuses(stream: &mut TcpStream, count: usize) -> Option<Vec<u16>> {
    let mut statuses = Vec::new();
    let mut text = Vec::new();
    while statuses.len() < count {
        let whole = text.windows(4).position(|end| end == b"\r\n\r\n").and_then(|end| {
            let head = String::from_utf8_lossy(&text[..end]).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let end = end + 4 + length.map_or(0, |length| length.parse().unwrap());
            (text.len() >= end).then(|| (head[9..12].parse().unwrap(), end))
        });
        if let Some((status, end)) = whole {
            statuses.push(status);
            text.drain(..end);
            continue;
        }
        let read = tokio::time::timeout(WITHIN, stream.read_buf(&mut text)).await.expect("an answer in time");
        if !read.is_ok_and(|count| count > 0) {
            return None;
        }
    }
    Some(statuses)
}

fn post(headers: &str, body: &str) -> String {
    format!("POST /graphql HTTP/1.1\r\nHost: a\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

/// Returns requests of every kind, most of which are answered at once, with their statuses.
fn requests() -> Vec<(String, u16)> {
    let json = "Content-Type: application/json\r\n";
    let bearer = format!("{json}Authorization: Bearer {}\r\n", somebody());
    let ask = |query: &str| post(&bearer, &json!({ "query": query }).to_string());
    let many = format!("{{ {} }}", "a: __typename ".repeat(2_000));
    let get = |target: &str, headers: &str| format!("GET {target} HTTP/1.1\r\nHost: a\r\n{headers}\r\n");
    vec![
        (ask("{ __typename }"), 200),
        (ask("{ nothing }"), 400),
        (ask("{"), 400),
        (ask(&many), 400),
        (ask("{ __schema { queryType { name } } }"), 200),
        (ask("{ substances(first: 1) { nodes { substanceName } } }"), 200),
        (ask("{ protocols(first: 1) { nodes { recordId } } }"), 200),
        (ask("subscription { protocolsChanged { nodeId } }"), 400),
        (post(&bearer, "[]"), 400),
        (post(&bearer, "no JSON"), 400),
        (post("Content-Type: text/plain\r\n", ""), 415),
        (post(&format!("{json}Authorization: Bearer x\r\n"), ""), 401),
        (get("/graphql?query=%7B__typename%7D", ""), 200),
        (get("/graphql?query=mutation%7B__typename%7D", ""), 405),
        (get("/graphql", "Accept: image/png\r\n"), 406),
        (get("/graphql/ws", ""), 400),
        (get("/health/live", ""), 200),
        (get("/health/ready", ""), 200),
        (get("/nothing", ""), 404),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_in_use_is_not_cut_whatever_is_asked() {
    let app = App::shared_with(|config| config.http.header_timeout = HEADERS).await;
    let used = requests().into_iter().map(async |(request, status)| {
        let mut stream = TcpStream::connect(app.address).await.unwrap();
        for round in 0..ROUNDS {
            // One request at a time, or two at once.
            let count = 1 + round % 2;
            stream.write_all(request.repeat(count).as_bytes()).await.unwrap();
            let told = statuses(&mut stream, count).await;
            assert_eq!(told, Some(vec![status; count]), "round {round} of {request:.200}");
            tokio::time::sleep(PAUSE).await;
        }
    });
    futures_util::future::join_all(used).await;
}

#[tokio::test]
async fn a_connection_is_idle_since_its_last_answer() {
    let app = App::shared_with(|config| config.http.idle_timeout = Duration::from_secs(3)).await;
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    let live = b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n";
    for _ in 0..6 {
        stream.write_all(live).await.unwrap();
        assert_eq!(statuses(&mut stream, 1).await, Some(vec![200]));
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let end = tokio::time::timeout(WITHIN, stream.read(&mut [0; 1])).await.expect("an end in time");
    assert!(matches!(end, Ok(0)), "{end:?}");
}

#[tokio::test]
async fn a_header_that_begins_late_has_its_own_time() {
    let app = App::shared_with(|config| config.http.idle_timeout = Duration::from_secs(3)).await;
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_secs(2)).await;
        stream.write_all(b"GET /health/live HT").await.unwrap();
        tokio::time::sleep(Duration::from_secs(2)).await;
        stream.write_all(b"TP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        assert_eq!(statuses(&mut stream, 1).await, Some(vec![200]));
    }
}

#[tokio::test]
async fn the_header_of_any_request_of_a_connection_has_an_end() {
    let app = App::shared_with(|config| config.http.header_timeout = HEADERS).await;
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    for _ in 0..3 {
        stream.write_all(b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        assert_eq!(statuses(&mut stream, 1).await, Some(vec![200]));
        tokio::time::sleep(HEADERS * 2).await;
    }
    stream.write_all(b"GET /health/live").await.unwrap();
    let end = tokio::time::timeout(WITHIN, stream.read(&mut [0; 1])).await.expect("an end in time");
    assert!(matches!(end, Ok(0)), "{end:?}");
}

#[tokio::test]
async fn the_time_for_headers_is_none_of_a_socket() {
    let app = App::shared_with(|config| {
        config.http.header_timeout = HEADERS;
        config.http.idle_timeout = HEADERS;
        config.feeds.init_within = Duration::from_secs(3);
    })
    .await;
    let mut silent = Socket::silent(&app).await;
    let mut late = Socket::silent(&app).await;
    tokio::time::sleep(HEADERS * 4).await;
    late.send(&json!({ "type": "ping" })).await;
    assert_eq!(late.next().await["type"], "pong");
    tokio::time::sleep(HEADERS * 2).await;
    late.send(&json!({ "type": "connection_init", "payload": { "token": somebody() } })).await;
    assert_eq!(late.next().await["type"], "connection_ack");
    assert_eq!(silent.closed().await.0, 4408);
    late.begin("1", "{ __typename }", &json!({})).await;
    assert_eq!(late.data("1").await["__typename"], "Query");
}
