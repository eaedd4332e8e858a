//! `praxis serve`: refusals at the start, and the shutdown.

use rustix::process::Signal;

use super::{Folder, run, serve};
use crate::binary::{Served, over, secret};
use crate::harness::{App, clone_database, connect, database_url, empty_database, eventually};

#[tokio::test]
async fn serve_refuses_an_unknown_system_before_it_starts_anything() {
    let folder = Folder::new();
    let said = run(&["serve", "--systems", "nothing", "--data-dir", folder.path()]).await.bad();
    assert!(said.contains("no system `nothing`") && said.contains("ppn"), "{said}");
    assert!(!folder.0.exists());
}

#[tokio::test]
async fn serve_refuses_a_short_secret_before_it_starts_anything() {
    let folder = Folder::new();
    let said = run(&["serve", "--jwt-secret", "short", "--data-dir", folder.path()]).await.bad();
    assert!(said.contains("5 bytes") && said.contains("32"), "{said}");
    assert!(!folder.0.exists());
}

#[tokio::test]
async fn serve_wants_to_know_how_tokens_of_a_real_database_are_signed() {
    let url = database_url("praxis_gateway", &clone_database().await);
    let said = run(&["serve", "--listen", "127.0.0.1:0", "--database-url", &url]).await.bad();
    assert!(said.contains("--jwt-secret") && said.contains("--jwks"), "{said}");
}

#[tokio::test]
async fn serve_refuses_a_superuser_and_says_what_to_grant() {
    let said = serve(&database_url("postgres", &clone_database().await), &[]).await.bad();
    assert!(said.contains("the role postgres: it is a superuser"), "{said}");
    assert!(said.contains("log in as praxis_gateway"), "{said}");
}

#[tokio::test]
async fn serve_refuses_pending_migrations_and_names_the_command() {
    let said = serve(&database_url("postgres", &empty_database().await), &[]).await.bad();
    assert!(said.contains("praxis migrate up") && said.contains("--migrate"), "{said}");
}

/// What reads the migrations at the start leaves no connection behind, least of all one of the tables' owner.
#[tokio::test]
async fn a_gateway_that_serves_has_no_connection_of_the_owner() {
    let database = clone_database().await;
    let (url, owners) = (database_url("praxis_gateway", &database), database_url("postgres", &database));
    let _served =
        Served::start(&[&over(&url)[..], &["--migration-url", &owners, "--pool-size", "2"]].concat()).await;
    let watching = connect(&owners).await;
    let sql = "SELECT count(*) FILTER (WHERE usename = 'postgres') = 0
            AND count(*) FILTER (WHERE usename = 'praxis_gateway') BETWEEN 1 AND 2 + 3
        FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    eventually("the gateway has its own connections only", async || {
        watching.query_one(sql, &[]).await.unwrap().get(0)
    })
    .await;
}

#[tokio::test]
async fn serve_refuses_a_port_in_use_and_names_it() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let url = database_url("praxis_gateway", &clone_database().await);
    let said =
        run(&["serve", "--jwt-secret", secret(), "--database-url", &url, "--listen", &address]).await.bad();
    assert!(said.contains(&format!("cannot listen on {address}")), "{said}");
}

#[tokio::test]
async fn serve_refuses_a_database_that_is_not_there_without_showing_its_password() {
    let said = serve("postgres://somebody:hidden@127.0.0.1:1/nowhere", &[]).await.bad();
    assert!(!said.contains("hidden"), "{said}");
    let said = serve("postgres://somebody:hidden@127.0.0.1:port/nowhere", &[]).await.bad();
    assert!(!said.contains("hidden"), "{said}");
}

#[tokio::test]
async fn serve_answers_over_a_database_that_somebody_else_runs_and_stops_when_told() {
    let url = database_url("praxis_gateway", &clone_database().await);
    let mut server = Served::start(&over(&url)).await;
    server.ask(None, "{ __typename }").await.data();
    server.signal(Signal::TERM);
    assert!(server.ended().await.success());
}

#[tokio::test]
async fn each_signal_to_end_lets_requests_in_flight_be_answered() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let app = App::start().await;
        app.slow_down(1).await;
        let url = app.database_url("praxis_gateway");
        let mut server = Served::start_hearing_hangups(&over(&url)).await;
        let (answer, ()) = tokio::join!(server.ask(None, "{ sites { totalCount } }"), async {
            eventually("the request is under way", async || app.running().await > 0).await;
            server.signal(signal);
        });
        answer.data();
        assert!(server.ended().await.success(), "{signal:?}");
    }
}

#[tokio::test]
async fn who_ignores_hangups_is_not_ended_by_one() {
    let url = database_url("praxis_gateway", &clone_database().await);
    let mut server = Served::start_ignoring_hangups(&over(&url)).await;
    server.signal(Signal::HUP);
    server.ask(None, "{ __typename }").await.data();
    server.signal(Signal::TERM);
    assert!(server.ended().await.success());
}
