//! More connections than the gateway has places or files: it answers honest requests beside idle connections, and answers health
//! checks even if all places are taken.

use std::time::Duration;

use reqwest::StatusCode;
use rustix::process::Signal;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::binary::{Served, over};
use crate::harness::{Answer, App, eventually, http_client, somebody};

const PROTOCOLS: &str = "{ protocols(first: 2) { nodes { recordId } } }";
/// The longest wait for a connection to end.
const WITHIN: Duration = Duration::from_secs(20);

/// Returns requests that a client may leave unfinished.
fn unfinished(token: &str) -> Vec<String> {
    let post = |headers: &str, body: &str| {
        format!("POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n{headers}\r\n{body}")
    };
    let bearer = format!("Authorization: Bearer {token}\r\n");
    vec![
        String::new(),
        "POST /graphql HTTP/1.1\r\nHost: a\r\n".to_owned(),
        post("Content-Length: 1000000\r\n", "{\"query"),
        post(&format!("{bearer}Content-Length: 1000000\r\n"), "{\"query"),
        post("Transfer-Encoding: chunked\r\n", "10\r\n{\"query"),
        post("Content-Length: 1000000\r\nExpect: 100-continue\r\n", ""),
        "GET /health/ready HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n".to_owned(),
        "POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc".to_owned(),
    ]
}

/// Opens this many connections at once that send this text, as far as they can.
async fn crowd(address: &str, count: usize, said: &str) -> Vec<TcpStream> {
    let mut coming = JoinSet::new();
    for _ in 0..count {
        let (address, said) = (address.to_owned(), said.to_owned());
        coming.spawn(async move {
            let mut stream = TcpStream::connect(&address).await.ok()?;
            // The gateway may have closed it already.
            let _ = stream.write_all(said.as_bytes()).await;
            Some(stream)
        });
    }
    coming.join_all().await.into_iter().flatten().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_from_one_address_uses_up_neither_files_nor_places() {
    let app = App::start().await;
    let url = app.database_url("praxis_gateway");
    let mut served = Served::start_with_files(200, &over(&url)).await;
    for said in unfinished(&somebody()) {
        let mut all = Vec::new();
        for _ in 0..3 {
            all.extend(crowd(&served.address, 400, &said).await);
            served.ask(None, PROTOCOLS).await.data();
            let ready = http_client().get(format!("http://{}/health/ready", served.address)).send().await;
            assert_eq!(ready.unwrap().status(), 200, "beside {said:?}");
        }
    }
    served.signal(Signal::TERM);
    let log = served.said().await;
    assert!(!log.contains("open files"), "{log}");
}

#[tokio::test]
async fn who_does_not_end_a_request_makes_room_for_who_does() {
    let app = App::with(|config| config.http.connections = 8).await;
    for said in unfinished(&somebody()) {
        let _crowd = crowd(&app.address.to_string(), 30, &said).await;
        for _ in 0..3 {
            let asked = http_client().post(app.url("/graphql")).json(&json!({ "query": PROTOCOLS })).send();
            assert_eq!(asked.await.unwrap().status(), 200, "beside {said:?}");
        }
    }
}

#[tokio::test]
async fn where_everybody_works_readiness_is_told_and_others_are_to_come_again() {
    let app = App::with(|config| {
        config.http.connections = 3;
        config.database.statement_timeout = Duration::from_mins(2);
        config.http.request_timeout = Duration::from_mins(2);
    })
    .await;
    app.slow_down(60).await;
    let mut working = JoinSet::new();
    for number in 1..=3 {
        let body = json!({ "query": "{ sites { nodes { id } } }" });
        let asked = http_client().post(app.url("/graphql")).bearer_auth(somebody()).json(&body).send();
        working.spawn(asked);
        eventually("it works", async || app.running().await == number).await;
    }
    // Clients that keep their connection leave no place for others.
    let client = http_client();
    for _ in 0..40 {
        for which in ["live", "ready"] {
            let health = client.get(app.url(&format!("/health/{which}"))).send().await.unwrap();
            assert_eq!(health.status(), 200);
        }
        let refused = http_client().post(app.url("/graphql")).json(&json!({ "query": PROTOCOLS })).send();
        let refused = Answer::read(refused.await.unwrap()).await;
        assert_eq!((refused.status, refused.code()), (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE"));
        assert_eq!(refused.headers["retry-after"], "1");
    }
    let _crowd = crowd(&app.address.to_string(), 200, "").await;
    assert_eq!(http_client().get(app.url("/health/ready")).send().await.unwrap().status(), 200);
    working.abort_all();
    eventually("there is a place again", async || {
        let asked = http_client().post(app.url("/graphql")).json(&json!({ "query": PROTOCOLS })).send();
        asked.await.is_ok_and(|answer| answer.status() == 200)
    })
    .await;
}

/// Opens a connection and sends the headers of a request with a body of this length.
async fn posting(app: &App, length: usize) -> TcpStream {
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// Returns the status of an answer.
async fn status(stream: &mut TcpStream) -> String {
    let mut head = [0; 12];
    let read = tokio::time::timeout(WITHIN, stream.read_exact(&mut head)).await;
    read.expect("an answer in time").unwrap();
    String::from_utf8_lossy(&head[9..]).into_owned()
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_is_not_waited_for() {
    let app = App::with(|config| {
        config.http.body_timeout = Duration::from_secs(1);
        config.http.request_timeout = Duration::from_mins(2);
    })
    .await;
    // One client sends nothing, another a byte from time to time.
    let mut silent = posting(&app, 1_000_000).await;
    let mut trickling = posting(&app, 1_000_000).await;
    let (mut reads, mut writes) = trickling.split();
    let trickle = async {
        while writes.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let told = async {
        let mut head = [0; 12];
        reads.read_exact(&mut head).await.unwrap();
        assert_eq!(&head[9..], b"408");
    };
    tokio::select! {
        told = tokio::time::timeout(WITHIN, told) => told.expect("an answer in time"),
        () = trickle => panic!("it ends without a word"),
    }
    assert_eq!(status(&mut silent).await, "408");
}

#[tokio::test]
async fn a_body_that_comes_steadily_is_waited_for() {
    let app = App::with(|config| config.http.body_timeout = Duration::from_secs(3)).await;
    let query = json!({ "query": "{ __typename }" }).to_string();
    let pieces = 5;
    let piece = " ".repeat(20_000);
    let mut steady = posting(&app, pieces * piece.len() + query.len()).await;
    // Longer in total than the timeout for a piece, but no single piece is.
    for _ in 0..pieces {
        tokio::time::sleep(Duration::from_secs(1)).await;
        steady.write_all(piece.as_bytes()).await.unwrap();
    }
    steady.write_all(query.as_bytes()).await.unwrap();
    assert_eq!(status(&mut steady).await, "200");
}
