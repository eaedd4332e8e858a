//! GraphQL over HTTP, as its specification says; the numbers in comments are those of the audits of `graphql-http`.

use praxis::server::ServerConfig;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ORIGIN, VARY,
};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Answer, App, raw};

const GRAPHQL: &str = "application/graphql-response+json";
const JSON: &str = "application/json";

/// Returns a POST of a body, which need not be a request.
fn post(app: &App, accept: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
    app.http()
        .post(app.url("/graphql"))
        .header(ACCEPT, accept)
        .header(CONTENT_TYPE, "application/json")
        .body(body)
}

async fn send(request: RequestBuilder) -> Answer {
    Answer::read(request.send().await.unwrap()).await
}

async fn ask(app: &App, accept: &str, body: Value) -> Answer {
    send(post(app, accept, body.to_string())).await
}

/// Sends a GET with these parameters.
async fn get(app: &App, accept: &str, parameters: &[(&str, &str)]) -> Answer {
    let query: Vec<String> =
        parameters.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let url = app.url(&format!("/graphql?{}", query.join("&")));
    send(app.http().get(url).header(ACCEPT, accept)).await
}

fn encode(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut encoded, byte| {
        match byte {
            b' ' => encoded.push('+'),
            byte if byte.is_ascii_alphanumeric() => encoded.push(byte.into()),
            byte => write!(encoded, "%{byte:02X}").unwrap(),
        }
        encoded
    })
}

#[track_caller]
fn assert_media(answer: &Answer, media: &str) {
    assert_eq!(answer.headers[CONTENT_TYPE], format!("{media}; charset=utf-8"));
}

/// Asserts that a request was refused before it ran: errors and no `data`.
#[track_caller]
fn assert_refused(answer: &Answer, status: StatusCode) {
    assert_eq!(answer.status, status, "{:#}", answer.body);
    assert!(answer.body.get("data").is_none(), "{:#}", answer.body);
    let errors = answer.body["errors"].as_array().unwrap();
    assert!(!errors.is_empty() && errors.iter().all(|error| error["message"].is_string()));
}

#[tokio::test]
async fn the_client_chooses_the_media_type() {
    let app = App::shared().await;
    for (accept, media) in [
        (GRAPHQL, GRAPHQL), // 22EB
        (JSON, JSON),       // 4655
        ("application/graphql-response+json, application/json;q=0.9", GRAPHQL),
        ("application/graphql-response+json;q=0.5, application/json;q=0.9", JSON),
        ("application/json, application/graphql-response+json", GRAPHQL),
        ("application/json; charset=utf-8", JSON),
        ("*/*", GRAPHQL),
        ("application/*;q=0.3, application/json", JSON),
        ("text/html, */*;q=0.1", GRAPHQL),
    ] {
        let answer = ask(&app, accept, json!({ "query": "{ __typename }" })).await;
        assert_media(&answer, media);
        assert_eq!(answer.data(), &json!({ "__typename": "Query" }), "{accept}");
    }
}

#[tokio::test]
async fn without_accept_the_answer_is_of_the_specifications_own_type() {
    let app = App::shared().await;
    let body = r#"{"query":"{ __typename }"}"#;
    let request = format!(
        "POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    let answer = raw(app.address, &request).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(
        answer.contains("content-type: application/graphql-response+json; charset=utf-8\r\n"),
        "{answer}"
    );
    assert!(answer.ends_with(r#"{"data":{"__typename":"Query"}}"#), "{answer}");
}

#[tokio::test]
async fn what_the_client_does_not_accept_is_not_sent() {
    let app = App::shared().await;
    for accept in ["text/html", "application/xml", "application/json;q=0", "application/json; charset=latin1"]
    {
        let answer = ask(&app, accept, json!({ "query": "{ __typename }" })).await;
        assert_refused(&answer, StatusCode::NOT_ACCEPTABLE);
    }
    let answer = get(&app, "image/png", &[("query", "{ __typename }")]).await;
    assert_refused(&answer, StatusCode::NOT_ACCEPTABLE);
}

#[tokio::test]
async fn a_request_that_cannot_be_run_is_a_client_error_of_the_specifications_type() {
    let app = App::shared().await;
    for wrong in not_executable() {
        let answer = ask(&app, GRAPHQL, wrong).await;
        assert_media(&answer, GRAPHQL);
        assert_refused(&answer, StatusCode::BAD_REQUEST); // 865D, 556A, D586, 51FE, 74FF, 5E5B, 86EE
    }
}

#[tokio::test]
async fn a_request_that_cannot_be_run_is_a_well_formed_answer_of_json() {
    let app = App::shared().await;
    for wrong in not_executable() {
        let answer = ask(&app, JSON, wrong).await;
        assert_media(&answer, JSON);
        assert_refused(&answer, StatusCode::OK); // 572B, FDE2, 7B9B
    }
}

/// Returns requests that do not parse, do not fit the schema, name no operation, or lack a variable.
fn not_executable() -> Vec<Value> {
    vec![
        json!({ "query": "{" }),
        json!({ "query": "" }),
        json!({ "query": "{ nothing }" }),
        json!({ "query": "query A { __typename } query B { __typename }" }),
        json!({ "query": "query A { __typename }", "operationName": "B" }),
        json!({ "query": "query($id: ID!) { node(id: $id) { id } }" }),
        json!({ "query": "query($id: ID!) { node(id: $id) { id } }", "variables": { "id": {} } }),
        json!({ "query": "fragment F on Query { __typename }" }),
    ]
}

#[tokio::test]
async fn a_mistake_in_the_document_names_its_place() {
    let app = App::shared().await;
    let answer = ask(&app, GRAPHQL, json!({ "query": "{\n  __typename\n  nothing\n}" })).await;
    assert_eq!(answer.error()["locations"], json!([{ "line": 3, "column": 3 }]));
    assert_eq!(answer.code(), "GRAPHQL_INVALID");
}

#[tokio::test]
async fn an_operation_is_chosen_by_its_name() {
    let app = App::shared().await;
    let query = "query A { a: __typename } query B { b: __typename }";
    for accept in [GRAPHQL, JSON] {
        // 8161, B8B3
        let answer = ask(&app, accept, json!({ "query": query, "operationName": "B" })).await;
        assert_eq!(answer.data(), &json!({ "b": "Query" }));
    }
}

#[tokio::test]
async fn null_stands_for_a_parameter_that_is_left_out() {
    let app = App::shared().await;
    let request =
        json!({ "query": "{ __typename }", "variables": null, "operationName": null, "extensions": null });
    for accept in [GRAPHQL, JSON] {
        ask(&app, accept, request.clone()).await.data(); // 94B0, 0220, 94B1, 0221, 94B2, 0222
    }
}

#[tokio::test]
async fn variables_and_extensions_are_maps() {
    let app = App::shared().await;
    let request = json!({
        "query": "query($name: String!) { __type(name: $name) { name } }",
        "variables": { "name": "Query" },
        "extensions": { "anything": [1, null] },
    });
    for accept in [GRAPHQL, JSON] {
        let answer = ask(&app, accept, request.clone()).await; // 2EA1, 28B9, 428F, 1B7A
        assert_eq!(answer.data()["__type"]["name"], "Query");
    }
}

#[tokio::test]
async fn a_parameter_of_the_wrong_type_is_a_client_error() {
    let app = App::shared().await;
    let query = "{ __typename }";
    let mut wrong = vec![json!({}), json!({ "query": null }), json!("{ __typename }"), json!(1), json!(null)];
    for value in [json!({}), json!(1), json!(true), json!([])] {
        wrong.push(json!({ "query": value })); // LKJ0–3
    }
    for value in [json!({}), json!(1), json!(true), json!([])] {
        wrong.push(json!({ "query": query, "operationName": value })); // 6C00–3
    }
    for value in [json!("{}"), json!(1), json!(true), json!([])] {
        wrong.push(json!({ "query": query, "variables": value })); // 4760–3
        wrong.push(json!({ "query": query, "extensions": value })); // 58B0–3
    }
    for body in wrong {
        for accept in [GRAPHQL, JSON] {
            assert_refused(&ask(&app, accept, body.clone()).await, StatusCode::BAD_REQUEST);
        }
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_is_a_client_error() {
    let app = App::shared().await;
    for body in ["", "{", "query", "{\"query\":\"{ __typename }\"} and more"] {
        let answer = send(post(&app, GRAPHQL, body)).await; // A5BF, B6DC, BCF8
        assert_refused(&answer, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn a_batch_is_refused_and_says_so() {
    let app = App::shared().await;
    let answer = ask(&app, GRAPHQL, json!([{ "query": "{ __typename }" }])).await;
    assert_refused(&answer, StatusCode::BAD_REQUEST);
    assert!(answer.error()["message"].as_str().unwrap().contains("batch"));
}

#[tokio::test]
async fn bodies_are_utf8_in_both_directions() {
    let app = App::shared().await;
    let query = "{ __typename } # äöü 🍄";
    for content_type in
        ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=\"UTF-8\""]
    {
        // BF61, 78D5
        let request = app
            .http()
            .post(app.url("/graphql"))
            .header(CONTENT_TYPE, content_type)
            .body(json!({ "query": query }).to_string());
        send(request).await.data();
    }
    let answer = ask(&app, GRAPHQL, json!({ "query": "{ ä }" })).await; // 82A3
    assert_media(&answer, GRAPHQL);
    assert!(answer.body.to_string().contains('ä'), "{:#}", answer.body);
    let latin1 = send(post(&app, GRAPHQL, b"{\"query\":\"{ __typename } # \xe4\"}".to_vec())).await;
    assert_refused(&latin1, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn other_content_types_are_not_read() {
    let app = App::shared().await;
    let body = json!({ "query": "{ __typename }" }).to_string();
    for content_type in [
        Some("text/plain"),
        Some("application/graphql"),
        Some("application/x-www-form-urlencoded"),
        Some("multipart/form-data; boundary=a"),
        Some("application/json; charset=latin1"),
        Some("application/jsonp"),
        None, // 9ABE
    ] {
        let mut request = app.http().post(app.url("/graphql")).body(body.clone());
        if let Some(content_type) = content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }
        assert_refused(&send(request).await, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
}

#[tokio::test]
async fn bodies_are_not_decompressed_whatever_they_are() {
    let app = App::shared().await;
    let body = json!({ "query": "{ __typename }" }).to_string();
    for encoding in ["gzip", "br", "deflate", "zstd", "x-gzip", "nonsense", "identity, gzip"] {
        let answer = send(post(&app, GRAPHQL, body.clone()).header("content-encoding", encoding)).await;
        assert_refused(&answer, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        assert_eq!(answer.headers["accept-encoding"], "identity", "{encoding}");
    }
    for encoding in ["Identity", ""] {
        let plain = post(&app, GRAPHQL, body.clone()).header("content-encoding", encoding);
        assert_eq!(send(plain).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_long_name_of_an_operation_is_not_repeated_whole() {
    let app = App::shared().await;
    let name = "ö".repeat(100_000);
    for query in ["{ __typename }", "query A { __typename } query B { __typename }"] {
        let answer = ask(&app, GRAPHQL, json!({ "query": query, "operationName": name })).await;
        assert_refused(&answer, StatusCode::BAD_REQUEST);
        let message = answer.error()["message"].as_str().unwrap();
        assert!(message.starts_with("The document has no operation `öö") && message.len() < 2_000);
    }
}

#[tokio::test]
async fn a_query_may_come_in_the_url() {
    let app = App::shared().await;
    for accept in [GRAPHQL, JSON] {
        // 5A70, 6A70
        let answer = get(
            &app,
            accept,
            &[
                ("query", "query A { __typename } query B($name: String!) { __type(name: $name) { name } }"),
                ("operationName", "B"),
                ("variables", r#"{ "name": "Query" }"#),
                ("extensions", "{}"),
            ],
        )
        .await;
        assert_media(&answer, accept);
        assert_eq!(answer.data(), &json!({ "__type": { "name": "Query" } }));
    }
}

#[tokio::test]
async fn empty_parameters_of_the_url_count_as_left_out() {
    let app = App::shared().await;
    let parameters =
        [("query", "{ __typename }"), ("operationName", ""), ("variables", ""), ("extensions", "")];
    get(&app, GRAPHQL, &parameters).await.data();
    let parameters = [("query", "{ __typename }"), ("variables", "null"), ("extensions", "null")];
    get(&app, GRAPHQL, &parameters).await.data();
}

#[tokio::test]
async fn a_url_without_a_usable_query_is_a_client_error() {
    let app = App::shared().await;
    for parameters in [
        &[][..],
        &[("operationName", "A")],
        &[("query", "{ __typename }"), ("variables", "{")],
        &[("query", "{ __typename }"), ("variables", "[]")],
        &[("query", "{ __typename }"), ("variables", "1")],
        &[("query", "{ __typename }"), ("extensions", "\"a\"")],
        &[("query", "{ nothing }")],
    ] {
        assert_refused(&get(&app, GRAPHQL, parameters).await, StatusCode::BAD_REQUEST);
    }
    for query in ["query=%7", "query=%zz", "query=%ff", "query=%+7"] {
        let url = app.url(&format!("/graphql?{query}"));
        let answer = send(app.http().get(url).header(ACCEPT, GRAPHQL)).await;
        assert_refused(&answer, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn a_get_changes_nothing() {
    let app = App::start().await;
    for operation in ["mutation { x }", "mutation { __typename }", "subscription { x }"] {
        let answer = get(&app, GRAPHQL, &[("query", operation)]).await; // 9C48
        assert!(answer.status.is_client_error(), "{:#}", answer.body);
        assert!(answer.body.get("data").is_none());
    }
}

#[tokio::test]
async fn other_methods_are_told_which_ones_work() {
    let app = App::shared().await;
    for (path, methods) in [
        ("/graphql", vec!["GET", "POST"]),
        ("/graphql/ws", vec!["GET"]),
        ("/graphiql/praxis.js", vec!["GET"]),
        ("/health/live", vec!["GET"]),
        ("/health/ready", vec!["GET"]),
    ] {
        for method in [Method::PUT, Method::PATCH, Method::DELETE] {
            let answer = send(app.http().request(method, app.url(path))).await;
            assert_refused(&answer, StatusCode::METHOD_NOT_ALLOWED);
            assert_eq!(answer.code(), "BAD_USER_INPUT");
            let allowed: Vec<&str> = answer.headers[ALLOW].to_str().unwrap().split(',').collect();
            assert!(methods.iter().all(|method| allowed.contains(method)), "{path}: {allowed:?}");
        }
    }
}

#[tokio::test]
async fn a_body_that_is_too_long_is_not_read() {
    let app = App::shared_with(|config| config.http.body_limit = 100).await;
    let fits = format!("{:<100}", json!({ "query": "{ __typename }" }).to_string());
    send(post(&app, GRAPHQL, fits.clone())).await.data();
    let answer = send(post(&app, GRAPHQL, fits + " ")).await;
    assert_refused(&answer, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer.code(), "LIMIT_EXCEEDED");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let app =
        App::shared_with(|config| config.http.request_timeout = std::time::Duration::from_millis(300)).await;
    let request = "POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
                   Content-Length: 100\r\n\r\n{\"query\":";
    let answer = raw(app.address, request).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains(r#""code":"TIMEOUT""#), "{answer}");
}

#[tokio::test]
async fn an_id_of_the_request_comes_back() {
    let app = App::shared().await;
    for path in ["/graphql?query=%7B__typename%7D", "/health/live", "/nothing"] {
        let answer = app.http().get(app.url(path)).header("x-request-id", "Abc-123").send().await.unwrap();
        assert_eq!(answer.headers()["x-request-id"], "Abc-123");
    }
}

#[tokio::test]
async fn a_request_without_an_id_or_with_a_nasty_one_gets_a_new_one() {
    let app = App::shared().await;
    let long = "a".repeat(65);
    for id in [None, Some(""), Some("a b"), Some("<script>"), Some("a\tb"), Some("ä"), Some(long.as_str())] {
        let mut request = app.http().get(app.url("/health/live"));
        if let Some(id) = id {
            request = request.header("x-request-id", id.as_bytes());
        }
        let answer = request.send().await.unwrap();
        let given = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
        assert!(uuid::Uuid::parse_str(&given).is_ok(), "{id:?} → {given}");
    }
}

fn friendly(config: &mut ServerConfig) {
    config.http.allowed_origins = vec!["https://friend.example".into(), "http://localhost:5173".into()];
}

async fn from_origin(app: &App, origin: &str) -> Option<String> {
    let request = post(app, GRAPHQL, json!({ "query": "{ __typename }" }).to_string()).header(ORIGIN, origin);
    let answer = send(request).await;
    answer.data();
    answer.headers.get("access-control-allow-origin").map(|origin| origin.to_str().unwrap().to_owned())
}

#[tokio::test]
async fn only_pages_of_allowed_origins_may_read_the_answer() {
    let app = App::shared_with(friendly).await;
    for origin in ["https://friend.example", "http://localhost:5173"] {
        assert_eq!(from_origin(&app, origin).await.as_deref(), Some(origin));
    }
    for origin in
        ["https://foe.example", "https://friend.example.foe.example", "http://friend.example", "null"]
    {
        assert_eq!(from_origin(&app, origin).await, None);
    }
}

#[tokio::test]
async fn by_default_no_other_origin_may_read_the_answer() {
    let app = App::shared().await;
    assert_eq!(from_origin(&app, "https://friend.example").await, None);
}

#[tokio::test]
async fn every_origin_may_read_the_answer_where_the_settings_say_so() {
    let app = App::shared_with(|config| config.http.allowed_origins = vec!["*".into()]).await;
    assert_eq!(from_origin(&app, "https://anybody.example").await.as_deref(), Some("*"));
}

#[tokio::test]
async fn a_browser_may_ask_beforehand() {
    let app = App::shared_with(friendly).await;
    let preflight = |origin: &'static str| {
        app.http()
            .request(Method::OPTIONS, app.url("/graphql"))
            .header(ORIGIN, origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,content-type")
            .send()
    };
    let answer = preflight("https://friend.example").await.unwrap();
    assert!(answer.status().is_success());
    assert_eq!(answer.headers()["access-control-allow-origin"], "https://friend.example");
    assert!(answer.headers()["access-control-allow-methods"].to_str().unwrap().contains("POST"));
    let headers = answer.headers()["access-control-allow-headers"].to_str().unwrap().to_ascii_lowercase();
    assert!(headers.contains("authorization") && headers.contains("content-type"), "{headers}");
    let answer = preflight("https://foe.example").await.unwrap();
    assert_eq!(answer.headers().get("access-control-allow-origin"), None);
}

#[tokio::test]
async fn answers_are_compressed_only_where_asked_for_and_worth_it() {
    let app = App::shared().await;
    let long = json!({ "query": "{ __schema { types { name description } } }" }).to_string();
    let short = json!({ "query": "{ __typename }" }).to_string();
    let encoding = async |body: &str, accepted: Option<&str>| {
        let mut request = post(&app, GRAPHQL, body.to_owned());
        if let Some(accepted) = accepted {
            request = request.header(ACCEPT_ENCODING, accepted);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.headers().get(CONTENT_ENCODING).map(|encoding| encoding.to_str().unwrap().to_owned())
    };
    assert_eq!(encoding(&long, Some("gzip")).await.as_deref(), Some("gzip"));
    assert_eq!(encoding(&long, Some("gzip;q=0")).await, None);
    assert_eq!(encoding(&long, Some("identity")).await, None);
    assert_eq!(encoding(&long, None).await, None);
    assert_eq!(encoding(&short, Some("gzip")).await, None);
}

#[tokio::test]
async fn no_cache_keeps_an_answer() {
    let app = App::shared().await;
    let answers = [
        ask(&app, GRAPHQL, json!({ "query": "{ __typename }" })).await,
        ask(&app, GRAPHQL, json!({ "query": "{ nothing }" })).await,
        get(&app, JSON, &[("query", "{ __typename }")]).await,
        app.bearer("garbage").ask("{ __typename }").await,
    ];
    for answer in answers {
        assert_eq!(answer.headers[CACHE_CONTROL], "no-store");
        let vary: Vec<_> =
            answer.headers.get_all(VARY).iter().map(|vary| vary.to_str().unwrap().to_lowercase()).collect();
        let vary = vary.join(",");
        assert!(["accept", "authorization", "origin"].iter().all(|name| vary.contains(name)), "{vary}");
    }
}

#[tokio::test]
async fn elsewhere_there_is_nothing() {
    let app = App::shared().await;
    for path in ["/", "/nothing", "/graphql/", "/graphql/nothing", "/health"] {
        let answer = app.http().get(app.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
}
