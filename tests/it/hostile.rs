//! Hostile clients beside honest ones: the honest ones get answers, and the gateway's memory stays within its bound.

#[path = "../../bench/src/hostile.rs"]
mod kinds;

use std::io::ErrorKind;
use std::time::Duration;

use praxis::server::ServerConfig;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Error;

use self::kinds::{KINDS, Kind, Target, unleash};
use crate::binary::{Served, over};
use crate::harness::{Actor, Answer, App, Socket, eventually, http_client, raw, somebody, somebody_else};

const PROTOCOLS: &str = "{ protocols(first: 2) { nodes { recordId substance { substanceName } } } }";
const PROTOCOL: (&str, &str) = ("sec-websocket-protocol", "graphql-transport-ws");
/// Number of clients of each kind.
const CLIENTS: usize = 16;
/// Requests of each honest caller that are answered meanwhile.
const ASKED: usize = 3;
/// The memory that the gateway may hold for clients, and the most that its process may use in all, in MB.
const HELD: u64 = 64;
const TAKEN: u64 = 600;

/// Returns true if a connection ends without another byte.
async fn is_cut(stream: &mut TcpStream) -> bool {
    match tokio::time::timeout(Duration::from_secs(20), stream.read(&mut [0; 64])).await {
        Ok(Ok(0)) => true,
        Ok(Err(error)) => error.kind() == ErrorKind::ConnectionReset,
        Ok(Ok(_)) | Err(_) => false,
    }
}

async fn connect(app: &App) -> TcpStream {
    TcpStream::connect(app.address).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn honest_callers_are_answered_beside_every_kind_of_hostile_client() {
    let app = App::start().await;
    let url = app.database_url("praxis_gateway");
    let held = HELD.to_string();
    let arguments = over(&url);
    let bounds =
        ["--memory", &held, "--pool-size", "8", "--max-connections", "300", "--pool-timeout", "15000"];
    let served = Served::start(&[&arguments[..], &bounds].concat()).await;
    let north = app.clinician_north().await.token.unwrap();
    let http = http_client();
    let ask = async |token: &str| {
        let request = http.post(format!("http://{}/graphql", served.address)).bearer_auth(token);
        Answer::read(request.json(&json!({ "query": PROTOCOLS })).send().await.unwrap()).await
    };
    let expected = served.ask(Some(&north), PROTOCOLS).await.data().clone();
    let target =
        Target { address: served.address.clone(), token: app.clinician_south().await.token.unwrap() };
    let mut attacks: Vec<JoinSet<()>> = Vec::new();
    for kind in KINDS {
        attacks.push(unleash(kind, CLIENTS, &target));
        for _ in 0..ASKED {
            assert_eq!(ask(&north).await.data(), &expected, "beside {kind:?}");
            ask(&somebody_else()).await.data();
        }
        let taken = served.peak_memory();
        assert!(taken < TAKEN, "{taken} MB beside {kind:?}");
    }
}

#[tokio::test]
async fn what_hostile_clients_ask_is_refused_for_what_it_takes_and_not_for_how_it_is_written() {
    let app = App::start().await;
    let north = app.clinician_north().await;
    for (query, variables) in KINDS.into_iter().filter_map(Kind::question) {
        let answer = north.ask_with(&query, &variables).await;
        let code = &answer.body["errors"][0]["extensions"]["code"];
        assert!(
            [json!(null), json!("LIMIT_EXCEEDED"), json!("TIMEOUT")].contains(code),
            "{code}: {query:.60}"
        );
    }
}

#[tokio::test]
async fn a_limit_of_open_files_stops_nobody() {
    let app = App::start().await;
    let url = app.database_url("praxis_gateway");
    let served = Served::start_with_files(200, &over(&url)).await;
    let mut idle = Vec::new();
    for _ in 0..400 {
        idle.push(TcpStream::connect(&served.address).await.unwrap());
        if idle.len() % 100 == 0 {
            served.ask(None, PROTOCOLS).await.data();
        }
    }
    // The first idle connection was closed.
    assert!(is_cut(&mut idle[0]).await);
}

#[tokio::test]
async fn who_does_not_take_an_answer_is_cut_off() {
    let app = App::with(|config| config.http.write_timeout = Duration::from_millis(500)).await;
    let mut stream = connect(&app).await;
    let target = Target { address: String::new(), token: app.clinician_north().await.token.unwrap() };
    // More than the system buffers for a connection.
    stream.write_all(&target.large().repeat(40)).await.unwrap();
    // Nothing is read until the connection is closed, which the next write shows.
    eventually("the connection is cut", async || stream.write_all(b"x").await.is_err()).await;
}

#[tokio::test]
async fn headers_have_an_end_and_idle_connections_too() {
    let app = App::with(|config| {
        config.http.header_timeout = Duration::from_millis(500);
        config.http.idle_timeout = Duration::from_secs(3);
    })
    .await;
    let mut slow = connect(&app).await;
    let trickle = async {
        // A byte from time to time does not keep a connection open.
        while slow.write_all(b"G").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), trickle).await.expect("an end in time");
    let mut idle = connect(&app).await;
    assert!(is_cut(&mut idle).await);
}

#[tokio::test]
async fn connections_are_bounded_and_idle_ones_make_room() {
    let app = App::with(|config| config.http.connections = 10).await;
    let mut idle = Vec::new();
    for _ in 0..30 {
        idle.push(connect(&app).await);
    }
    for _ in 0..5 {
        let body = json!({ "query": PROTOCOLS });
        let answer = http_client().post(app.url("/graphql")).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }
    assert!(is_cut(&mut idle[0]).await);
}

#[tokio::test]
async fn requests_sent_at_once_are_answered_one_after_the_other() {
    let app = App::start().await;
    let body = json!({ "query": PROTOCOLS }).to_string();
    let request = |more: &str| {
        format!(
            "POST /graphql HTTP/1.1\r\nHost: a\r\n{more}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let answers = raw(app.address, &(request("").repeat(20) + &request("Connection: close\r\n"))).await;
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 21);
}

/// Sends a request with an unfinished body.
async fn half_a_body(app: &App, token: &str, bytes: usize) -> TcpStream {
    let mut stream = connect(app).await;
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        bytes * 2
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![b' '; bytes]).await.unwrap();
    stream
}

#[tokio::test]
async fn bodies_take_the_memory_of_their_caller_and_of_nobody_else() {
    let app = App::with(|config| config.http.memory = 80 * 1024 * 1024).await;
    let greedy = somebody();
    let variables = json!({ "x": "x".repeat(60_000) });
    // Nearly half of the caller's twenty megabytes, twice: a byte of a body counts a hundredfold.
    let _held = [half_a_body(&app, &greedy, 90_000).await, half_a_body(&app, &greedy, 90_000).await];
    let ask = async |token: &str, variables: &Value| {
        let body = json!({ "query": PROTOCOLS, "variables": variables });
        http_client().post(app.url("/graphql")).bearer_auth(token).json(&body).send().await.unwrap()
    };
    eventually("the caller's share is used up", async || {
        let refused = ask(&greedy, &variables).await;
        let is_refused = refused.status() == 503;
        assert!(!is_refused || refused.headers()["retry-after"] == "1");
        is_refused
    })
    .await;
    assert_eq!(ask(&somebody_else(), &variables).await.status(), 200);
    // A body that exceeds every share is too large.
    let huge = ask(&somebody_else(), &json!({ "x": "x".repeat(300_000) })).await;
    assert_eq!(huge.status(), 413);
    let error: Value = huge.json().await.unwrap();
    assert_eq!(error["errors"][0]["extensions"]["code"], "LIMIT_EXCEEDED");
}

#[tokio::test]
async fn an_answer_that_takes_more_than_a_share_is_refused() {
    let app = App::with(|config| config.http.memory = 2 * 1024 * 1024).await;
    let north = app.clinician_north().await;
    let schema =
        "{ __schema { types { name description fields { name description args { name description } } } } }";
    assert_eq!(north.ask(schema).await.code(), "LIMIT_EXCEEDED");
    north.ask(PROTOCOLS).await.data();
}

async fn open(app: &App, actor: Option<&Actor<'_>>) -> Result<Socket, Error> {
    let bearer = actor.and_then(|actor| actor.token.as_ref()).map(|token| format!("Bearer {token}"));
    let mut headers = vec![PROTOCOL];
    headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
    Ok(Socket::open(app, &headers).await?.0)
}

#[tokio::test]
async fn whoever_asks_for_readiness_opens_no_connections() {
    let app = App::with(|config| config.database.pool_size = 1).await;
    app.slow_down(60).await;
    let http = http_client();
    let [busy] = app.occupy().await;
    let owner = app.owner().await;
    let mut asking = JoinSet::new();
    for _ in 0..100 {
        let ready = http.get(app.url("/health/ready"));
        asking.spawn(async move { ready.send().await.unwrap().status() });
    }
    let mut most = 0;
    while !asking.is_empty() {
        let sql = "SELECT count(*) FROM pg_stat_activity
                    WHERE datname = current_database() AND usename = 'praxis_gateway'";
        most = most.max(owner.query_one(sql, &[]).await.unwrap().get::<_, i64>(0));
        while let Some(status) = asking.try_join_next() {
            assert_eq!(status.unwrap(), 200);
        }
    }
    // The busy one, the one aside, the one that listens, and one for checks; one more may be closing.
    assert!(most <= 5, "{most} connections");
    busy.abort();
}

#[tokio::test]
async fn places_are_counted_for_each_caller() {
    let app = App::with(|config| {
        config.feeds.connections = 12;
        config.feeds.connections_per_caller = Some(3);
    })
    .await;
    let north = app.clinician_north().await;
    let mut own = Vec::new();
    for _ in 0..3 {
        own.push(Socket::of(&app, &north).await);
    }
    // By the header, or later by a message.
    assert!(matches!(open(&app, Some(&north)).await, Err(Error::Http(answer)) if answer.status() == 503));
    let mut late = open(&app, None).await.unwrap();
    let token = north.token.clone().unwrap();
    late.send(&json!({ "type": "connection_init", "payload": { "token": token } })).await;
    assert_eq!(late.closed().await.0, 1013);
    Socket::of(&app, &app.clinician_south().await).await;
    drop(own.pop());
    eventually("the place is free again", async || open(&app, Some(&north)).await.is_ok()).await;
}

#[tokio::test]
async fn whoever_does_not_say_who_it_is_keeps_no_place() {
    let app = App::with(|config| config.feeds.connections = 10).await;
    let mut silent = Vec::new();
    for _ in 0..30 {
        silent.push(Socket::silent(&app).await);
    }
    Socket::of(&app, &app.clinician_north().await).await;
    assert_eq!(silent.remove(0).closed().await.0, 1013);
}

#[tokio::test]
async fn without_a_token_there_are_places_only_where_they_are_set() {
    let app = App::with(|config| config.feeds.anonymous_connections = 0).await;
    let mut socket = Socket::silent(&app).await;
    socket.send(&json!({ "type": "connection_init" })).await;
    assert_eq!(socket.closed().await.0, 4403);
    let stream = app.http().post(app.url("/graphql")).header("accept", "text/event-stream");
    let stream = Answer::read(stream.json(&json!({ "query": "{ __typename }" })).send().await.unwrap()).await;
    assert_eq!((stream.status.as_u16(), stream.code()), (401, "UNAUTHENTICATED"));
    assert_eq!(stream.error()["extensions"]["reason"], "token_missing");
    assert_eq!(stream.headers["www-authenticate"], "Bearer");

    let off: [fn(&mut ServerConfig); 2] =
        [|config| config.feeds.connections = 0, |config| config.feeds.connections_per_caller = Some(0)];
    for settings in off {
        let app = App::with(settings).await;
        let clinician = app.clinician_north().await;
        let token = clinician.token.unwrap();
        let stream = app.http().post(app.url("/graphql")).bearer_auth(&token);
        let stream = stream.header("accept", "text/event-stream").json(&json!({ "query": "{ __typename }" }));
        let stream = Answer::read(stream.send().await.unwrap()).await;
        assert_eq!((stream.status.as_u16(), stream.code()), (403, "FORBIDDEN"));
        let bearer = format!("Bearer {token}");
        let Err(Error::Http(refused)) = Socket::open(&app, &[PROTOCOL, ("authorization", &bearer)]).await
        else {
            panic!("the connection is not refused")
        };
        assert_eq!(refused.status(), 403);
    }

    let app = App::with(|config| config.feeds.anonymous_connections = 2).await;
    let _both = [Socket::of(&app, &app.anonymous()).await, Socket::of(&app, &app.anonymous()).await];
    let mut third = Socket::silent(&app).await;
    third.send(&json!({ "type": "connection_init" })).await;
    assert_eq!(third.closed().await.0, 1013);
    Socket::of(&app, &app.clinician_north().await).await;
}
