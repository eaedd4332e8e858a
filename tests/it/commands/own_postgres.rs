//! A gateway with an embedded Postgres.

use std::path::PathBuf;
use std::process::Command;

use praxis::database::embedded;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use super::{Folder, NEW_USER, run};
use crate::binary::Served;
use crate::harness::{connect, eventually, http_client};

#[tokio::test]
async fn a_gateway_with_its_own_postgres_keeps_its_data_whatever_ends_it() {
    let folder = Folder::new();
    let arguments = ["--listen", "127.0.0.1:0", "--data-dir", folder.path()];
    let token = async || run(&["token", "--user", "new@praxis.example", "--data-dir", folder.path()]).await;

    let mut first = Served::start(&arguments).await;
    first.ask(None, "{ __typename }").await.data();
    let url = embedded::attach(&folder.0).unwrap().superuser_url();
    assert!(token().await.bad().contains("no user with the address"));
    connect(&url).await.batch_execute(NEW_USER).await.unwrap();
    let made = token().await.good();
    let medications = "{ medications { totalCount } }";
    assert_eq!(first.ask(Some(made.trim()), medications).await.data()["medications"]["totalCount"], 24);

    // A second gateway must not touch the folder.
    let said = run(&[&["serve"], &arguments[..]].concat()).await.bad();
    assert!(said.contains("in use by a running gateway"), "{said}");
    first.ask(None, "{ __typename }").await.data();

    // A killed gateway cannot stop its Postgres; the next one finds it, and the data.
    first.signal(Signal::KILL);
    assert!(!first.ended().await.success());
    let mut second = Served::start(&arguments).await;
    assert_eq!(second.ask(Some(made.trim()), medications).await.data()["medications"]["totalCount"], 24);
    token().await.good();

    second.signal(Signal::INT);
    assert!(second.ended().await.success());
    assert!(!embedded::attach(&folder.0).unwrap().is_running());
    let postmaster = format!("{}/", std::fs::canonicalize(&folder.0).unwrap().display());
    eventually("no process is left", async || !processes().iter().any(|line| line.contains(&postmaster)))
        .await;
}

#[tokio::test]
async fn a_postgres_of_its_own_that_dies_is_started_again_or_ends_the_gateway_with_the_reason() {
    let folder = Folder::new();
    let arguments = ["--listen", "127.0.0.1:0", "--no-demo", "--data-dir", folder.path()];
    let mut served = Served::start(&arguments).await;
    let url = embedded::attach(&folder.0).unwrap().superuser_url();
    let row = connect(&url).await.query_one("SHOW data_directory", &[]).await.unwrap();
    let data = PathBuf::from(row.get::<_, String>(0));
    let postmaster = || {
        let file = std::fs::read_to_string(data.join("postmaster.pid")).unwrap();
        Pid::from_raw(file.lines().next().unwrap().parse().unwrap()).unwrap()
    };
    let answers = async || {
        let url = format!("http://{}/health/ready", served.address);
        let ready = http_client().get(url).send().await.unwrap().status().is_success();
        ready && served.ask(None, "{ eventTypes { totalCount } }").await.body.get("errors").is_none()
    };
    eventually("it answers", answers).await;
    let first = postmaster();
    kill_process(first, Signal::KILL).unwrap();
    eventually("it is gone", async || test_kill_process(first).is_err()).await;
    eventually("it answers again", answers).await;

    // A folder in which Postgres can no longer start.
    let second = postmaster();
    std::fs::rename(data.join("global"), data.join("elsewhere")).unwrap();
    // It may have ended by itself.
    let _ = kill_process(second, Signal::KILL);
    assert!(!served.ended().await.success());
    let said = served.said().await;
    // The first start may not have been completed.
    let why = ["Postgres did not start", "creating the database failed"];
    assert!(said.contains("starting it again") && why.iter().any(|why| said.contains(why)), "{said}");
}

/// Returns the command lines of all processes.
fn processes() -> Vec<String> {
    let output = Command::new("ps").args(["-eo", "args"]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}
