//! A request that is refused before its body was read is answered at once, and its connection closes; with `Expect: 100-continue`
//! the client need not send the body.

use std::time::Duration;

use tokio::time::Instant;

use crate::harness::{App, raw, somebody};

const LIMIT: usize = 200_000;
const JSON: &str = "Content-Type: application/json\r\n";
const EXPECT: &str = "Expect: 100-continue\r\n";
const PART: &str = "{\"query\":";

/// The head of a request, which declares a body that does not arrive completely.
struct Case {
    line: &'static str,
    headers: String,
    status: &'static str,
}

fn refused() -> Vec<Case> {
    let case = |line, headers: &str, status| Case { line, headers: headers.to_owned(), status };
    let long = |length: &str| format!("{JSON}Content-Length: {length}\r\n");
    let some = format!("{JSON}Content-Length: 1000\r\n");
    let post = "POST /graphql";
    vec![
        case(post, &long(&(LIMIT + 1).to_string()), "413"),
        case(post, &long(&(u64::MAX - 2).to_string()), "413"),
        case(post, &long(&u64::MAX.to_string()), "431"),
        case(post, &long("18446744073709551616"), "400"),
        case(post, &long("-1"), "400"),
        // Shorter than a body may be, but more memory than a caller may take.
        case(post, &long("150000"), "413"),
        case(post, "Content-Type: text/plain\r\nContent-Length: 1000\r\n", "415"),
        case(post, &format!("{some}Content-Encoding: gzip\r\n"), "415"),
        case(post, &format!("{some}Accept: image/png\r\n"), "406"),
        case(post, &format!("{some}Authorization: Bearer x\r\n"), "401"),
        case("PUT /graphql", &some, "405"),
        case("POST /graphql/ws", &some, "405"),
        case("POST /health/live", &some, "405"),
        case("POST /graphiql/main.js", &some, "405"),
        case("POST /nothing", &some, "404"),
        case("POST /nothing", &format!("{JSON}Transfer-Encoding: chunked\r\n"), "404"),
        case("GET /nothing", &some, "404"),
        case("GET /graphql?query=%7B", &some, "400"),
        // It is answered without its body.
        case("GET /health/live", &some, "200"),
    ]
}

/// Returns the text of an answer before its body, in lower case.
fn head_of(answer: &str) -> String {
    answer.split("\r\n\r\n").next().unwrap_or_default().to_lowercase()
}

fn assert_ends(answer: &str, status: &str, request: &str) {
    let head = head_of(answer);
    assert!(head.starts_with(&format!("http/1.1 {status} ")), "{request}: {answer}");
    assert!(head.contains("\r\nconnection: close"), "{request}: {answer}");
}

async fn app() -> App {
    App::with(|config| {
        config.http.body_limit = LIMIT;
        // A share is a quarter, and a byte of a body counts a hundredfold.
        config.http.memory = 40 * 1024 * 1024;
        config.http.body_timeout = Duration::from_mins(2);
        config.http.request_timeout = Duration::from_mins(2);
    })
    .await
}

#[tokio::test]
async fn what_is_refused_by_its_head_is_answered_before_its_body_comes() {
    let app = app().await;
    let begun = Instant::now();
    for Case { line, headers, status } in refused() {
        for (expects, sent) in [("", ""), ("", PART), (EXPECT, "")] {
            let request = format!("{line} HTTP/1.1\r\nHost: a\r\n{headers}{expects}\r\n{sent}");
            assert_ends(&raw(app.address, &request).await, status, &request);
        }
    }
    // No request waits for a body; closed connections linger for a second at most.
    assert!(begun.elapsed() < Duration::from_mins(2));
}

#[tokio::test]
async fn what_is_refused_while_its_body_comes_ends_its_connection() {
    let app = app().await;
    let chunked = format!("POST /graphql HTTP/1.1\r\nHost: a\r\n{JSON}Transfer-Encoding: chunked\r\n\r\n");
    let long = format!("{:x}\r\n{}\r\n", LIMIT + 1, " ".repeat(LIMIT + 1));
    let dear = format!("{:x}\r\n{}\r\n", 150_000, " ".repeat(150_000));
    for (sent, status) in [(&*long, "413"), (&dear, "413"), ("no number\r\n", "400")] {
        let answer = raw(app.address, &format!("{chunked}{sent}")).await;
        assert_ends(&answer, status, &format!("{chunked}{sent:.20}"));
    }
    let slow = App::with(|config| config.http.body_timeout = Duration::from_millis(300)).await;
    let request = format!("POST /graphql HTTP/1.1\r\nHost: a\r\n{JSON}Content-Length: 100\r\n\r\n{PART}");
    assert_ends(&raw(slow.address, &request).await, "408", &request);
}

#[tokio::test]
async fn who_may_send_a_body_is_told_so_and_keeps_the_connection() {
    let app = app().await;
    let body = "{\"query\":\"{ __typename }\"}";
    let post = |headers: &str| {
        let length = body.len();
        format!(
            "POST /graphql HTTP/1.1\r\nHost: a\r\n{JSON}{headers}Authorization: Bearer {}\r\nContent-Length: {length}\r\n\r\n{body}",
            somebody()
        )
    };
    let answer = raw(app.address, &(post(EXPECT) + &post("") + &post("Connection: close\r\n"))).await;
    assert!(answer.starts_with("HTTP/1.1 100 "), "{answer}");
    assert_eq!(answer.matches("HTTP/1.1 200 ").count(), 3, "{answer}");
    assert_eq!(answer.to_lowercase().matches("connection: close").count(), 1, "{answer}");
}
