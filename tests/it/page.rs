//! The GraphiQL page and its files.

use praxis::http::{PageConfig, PagePersona, PageTab};
use praxis::server::ServerConfig;
use reqwest::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use reqwest::{Response, StatusCode};
use serde_json::Value;

use crate::harness::{Answer, App, raw};

/// The Accept header of a browser that opens the address.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";
const NASTY: &str = "</script><script>alert(1)</script><!-- & \u{2028} \"";

fn with_page(config: &mut ServerConfig) {
    config.http.page = Some(PageConfig {
        endpoint: "/graphql",
        subscription_endpoint: "/graphql/ws",
        title: "Praxis",
        personas: vec![PagePersona {
            email: "somebody@praxis.example".into(),
            name: NASTY.into(),
            title: "Clinician".into(),
            description: "Sees one site.".into(),
            token: "a.b.c".into(),
        }],
        tabs: vec![PageTab {
            title: "Types",
            query: "{ __typename }",
            variables: "{ \"a\": 1 }".into(),
            persona: "somebody@praxis.example",
            keeps: [("a", "b.0.c")].into(),
        }],
    });
}

async fn open(app: &App, accept: &str) -> Response {
    app.http().get(app.url("/graphql")).header(ACCEPT, accept).send().await.unwrap()
}

async fn page(app: &App) -> String {
    let answer = open(app, BROWSER).await;
    assert_eq!(answer.status(), StatusCode::OK);
    answer.text().await.unwrap()
}

#[tokio::test]
async fn a_browser_gets_the_page() {
    let app = App::shared_with(with_page).await;
    let answer = open(&app, BROWSER).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
    assert!(answer.text().await.unwrap().contains("<div id=\"root\">"));
}

#[tokio::test]
async fn a_program_at_the_same_address_gets_graphql() {
    let app = App::shared_with(with_page).await;
    for accept in ["*/*", "application/json", "application/graphql-response+json, text/html;q=0.5"] {
        let url = app.url("/graphql?query=%7B__typename%7D");
        let answer = app.http().get(url).header(ACCEPT, accept).send().await.unwrap();
        assert_eq!(Answer::read(answer).await.data()["__typename"], "Query");
    }
}

#[tokio::test]
async fn the_page_may_load_nothing_from_elsewhere_and_be_framed_nowhere() {
    let app = App::shared_with(with_page).await;
    let answer = open(&app, BROWSER).await;
    let policy = answer.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    let directive = |name: &str| {
        policy.split(';').find_map(|part| part.trim().strip_prefix(name)).map(|value| value.trim().to_owned())
    };
    assert_eq!(directive("default-src ").as_deref(), Some("'none'"));
    assert_eq!(directive("script-src ").as_deref(), Some("'self'"));
    assert_eq!(directive("connect-src ").as_deref(), Some("'self'"));
    assert_eq!(directive("frame-ancestors ").as_deref(), Some("'none'"));
    assert_eq!(answer.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert_eq!(answer.headers()[REFERRER_POLICY], "no-referrer");
    let html = answer.text().await.unwrap();
    assert!(!html.contains("http://") && !html.contains("https://"), "{html}");
}

#[tokio::test]
async fn no_cache_keeps_the_page_for_it_carries_tokens() {
    let app = App::shared_with(with_page).await;
    assert_eq!(open(&app, BROWSER).await.headers()[CACHE_CONTROL], "no-store");
}

#[tokio::test]
async fn the_page_knows_personas_and_tabs_and_no_name_can_end_the_script() {
    let app = App::shared_with(with_page).await;
    let html = page(&app).await;
    assert!(!html.contains("alert(1)</script>"));
    let (_, rest) = html.split_once("<script type=\"application/json\" id=\"praxis-config\">").unwrap();
    let (json, _) = rest.split_once("</script>").unwrap();
    assert!(!json.contains('<'));
    let config: Value = serde_json::from_str(json).unwrap();
    assert_eq!(config["endpoint"], "/graphql");
    assert_eq!(config["personas"][0]["name"], NASTY);
    assert_eq!(config["personas"][0]["token"], "a.b.c");
    assert_eq!(config["tabs"][0]["query"], "{ __typename }");
    assert_eq!(config["tabs"][0]["variables"], "{ \"a\": 1 }");
    assert_eq!(config["tabs"][0]["persona"], "somebody@praxis.example");
    assert_eq!(config["tabs"][0]["keeps"]["a"], "b.0.c");
}

#[tokio::test]
async fn the_files_of_the_page_are_served_with_their_types_and_kept_for_good() {
    let app = App::shared_with(with_page).await;
    let html = page(&app).await;
    let files: Vec<&str> = html.split(['"']).filter(|text| text.starts_with("/graphiql/")).collect();
    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        let answer = app.http().get(app.url(file)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{file}");
        let expected = match file.rsplit_once('.').unwrap().1 {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            other => panic!("{other}"),
        };
        assert_eq!(answer.headers()[CONTENT_TYPE], expected, "{file}");
        assert_eq!(answer.headers()[CACHE_CONTROL], "public, max-age=31536000, immutable");
        assert_eq!(answer.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert!(!answer.bytes().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn there_are_no_other_files() {
    let app = App::shared_with(with_page).await;
    for path in [
        "/graphiql/nothing.js",
        "/graphiql/index.html",
        "/graphiql/",
        "/graphiql",
        "/graphiql/..%2f..%2fCargo.toml",
        "/graphiql/../../Cargo.toml",
        "/graphiql/..%5c..%5cCargo.toml",
        "/graphiql/%2e%2e%2f%2e%2e%2fCargo.toml",
        "/graphiql//etc/passwd",
        "/graphiql/%2fetc%2fpasswd",
        "/graphiql/%00",
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        let answer = raw(app.address, &request).await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
    }
}

#[tokio::test]
async fn without_the_page_there_is_graphql_only() {
    let app = App::start().await;
    let answer = Answer::read(open(&app, BROWSER).await).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.error()["message"].as_str().unwrap().contains("query"));
    assert_eq!(open(&app, "text/html").await.status(), StatusCode::NOT_ACCEPTABLE);
}
