//! Database URLs on the command line: every command accepts every form of URL, names the invalid option, and reports a server
//! that takes no writes if it writes.

use std::collections::BTreeSet;

use clap::CommandFactory as _;
use praxis::cli::Praxis;
use praxis::database::Access::{self, Reads, Writes};

use super::{Said, run};
use crate::binary::{Served, over, secret};
use crate::harness::{Postgres, clone_database, connect, database_url, eventually, socket_folder};

const GATEWAY: &str = "praxis_gateway";
const OWNER: &str = "postgres";

/// Each command that takes a database URL, except `serve`: its required options, the user of the URL, and its access.
const COMMANDS: [(&str, &[&str], &str, Access); 10] = [
    ("doctor", &["--jwt-secret", "SECRET"], GATEWAY, Reads),
    ("lint", &[], OWNER, Reads),
    ("migrate down", &["--steps", "0"], OWNER, Writes),
    ("migrate status", &[], OWNER, Reads),
    ("migrate up", &[], OWNER, Writes),
    ("refresh", &[], OWNER, Writes),
    ("refresh outcomes", &["--month", "2026-01"], OWNER, Writes),
    ("seed demo", &[], OWNER, Writes),
    ("seed demo", &["--reset"], OWNER, Writes),
    ("token", &["--jwt-secret", "SECRET", "--user", "clinician.north@praxis.example"], OWNER, Reads),
];

/// Runs a command on the database at a URL.
async fn command(name: &str, more: &[&str], url: &str) -> Said {
    let more = more.iter().map(|it| if *it == "SECRET" { secret() } else { it });
    let arguments: Vec<&str> = name.split(' ').chain(more).chain(["--database-url", url]).collect();
    run(&arguments).await
}

/// Collects the names of the commands that take a database URL.
fn names(command: &clap::Command, above: &str, found: &mut BTreeSet<String>) {
    for below in command.get_subcommands() {
        let name = format!("{above}{}", below.get_name());
        if below.get_arguments().any(|it| it.get_long() == Some("database-url"))
            && !below.is_subcommand_required_set()
        {
            found.insert(name.clone());
        }
        names(below, &format!("{name} "), found);
    }
}

#[test]
fn every_command_with_an_address_is_looked_at() {
    let mut found = BTreeSet::new();
    let mut praxis = Praxis::command();
    praxis.build();
    names(&praxis, "", &mut found);
    let listed = COMMANDS.iter().map(|(name, ..)| *name).chain(["serve"]).map(str::to_owned).collect();
    assert_eq!(found, listed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_takes_every_form() {
    let database = clone_database().await;
    let folder = socket_folder().display().to_string();
    let encoded = folder.replace('/', "%2F");
    let forms = |user: &str| {
        [
            format!("postgres://{user}@{encoded}:5432/{database}"),
            format!("postgres://{user}@/{database}?host={folder}"),
            format!("postgresql:///{database}?host={folder}&user={user}&port=5432"),
            format!("postgres://{user}@/{database}?host=/nowhere,{folder}&port=1,5432"),
            format!("postgres://{user}@%2Fnowhere:1,{encoded}:5432/{database}"),
            format!("postgres://{user}@%2Fnowhere,{encoded}/{database}?target_session_attrs=read-write"),
            format!("host=/nowhere,{folder} dbname={database} user='{user}'"),
            format!(
                "host={folder} dbname={database} user={user} target_session_attrs=primary connect_timeout=9"
            ),
            format!("host = '{folder}' dbname={database} user={user} options='-c geqo=off' sslmode=disable"),
        ]
    };
    for url in forms(GATEWAY) {
        let arguments = over(&url);
        Served::start(&arguments).await.ask(None, "{ __typename }").await.data();
    }
    for (name, more, user, _) in COMMANDS {
        for url in forms(user) {
            println!("{name} {more:?} at {url}");
            command(name, more, &url).await.good();
        }
    }
}

/// An invalid URL, and the expected message.
const WRONG: [(&str, &str); 8] = [
    ("postgres://me:hidden@db:port/x", ""),
    ("postgres://me:hidden@/x", "it names no host"),
    ("postgres://hidden/x", "it names no user"),
    ("postgres://me:hidden@db/x?sslcert=hidden", "sslcert is not supported"),
    ("postgres://me:hidden@db/x?sslmod=require", "there is no option sslmod"),
    ("postgres://me@a,b/x?port=1,2,3", "do not match in number"),
    ("host=db user=me target_session_attrs=hidden", "target_session_attrs"),
    ("hidden", "neither a URI nor keyword=value"),
];

#[tokio::test]
async fn the_option_is_named_whose_address_is_wrong() {
    let url = database_url(GATEWAY, &clone_database().await);
    for (wrong, reason) in WRONG {
        for option in ["--database-url", "--migration-url", "--listen-url"] {
            let good = if option == "--database-url" { None } else { Some(["--database-url", url.as_str()]) };
            let settings = ["--jwt-secret", secret(), option, wrong];
            for name in ["doctor", "serve"] {
                let arguments = [&[name][..], &settings, good.as_ref().map_or(&[], |it| &it[..])].concat();
                let said = run(&arguments).await.bad();
                let told = format!("{option} is not the address of a database: ");
                assert!(said.contains(&told) && said.contains(reason), "{name} {option} {wrong}: {said}");
                assert!(!said.contains("hidden"), "{said}");
            }
        }
        for (name, more, ..) in COMMANDS.iter().filter(|(name, ..)| *name != "doctor") {
            let said = command(name, more, wrong).await.bad();
            let told = "--database-url is not the address of a database: ";
            assert!(said.contains(told) && said.contains(reason), "{name} {wrong}: {said}");
            assert!(!said.contains("hidden"), "{said}");
        }
    }
}

#[tokio::test]
async fn the_option_is_named_whose_server_does_not_answer() {
    let url = database_url(GATEWAY, &clone_database().await);
    let nowhere = format!("postgres://{GATEWAY}@/x?host=/nowhere");
    for (name, option) in
        [("doctor", "--migration-url"), ("doctor", "--listen-url"), ("serve", "--migration-url")]
    {
        let said = run(&[name, "--jwt-secret", secret(), "--database-url", &url, option, &nowhere]).await;
        let said = said.bad();
        assert!(said.contains(option) && said.contains("cannot be reached"), "{name} {option}: {said}");
    }
}

#[tokio::test]
async fn what_writes_names_a_standby_and_what_reads_works_there() {
    let primary = Postgres::migrated("").await;
    run(&["seed", "demo", "--database-url", &primary.url(OWNER)]).await.good();
    let standby = primary.standby().await;
    let (p, s) = (primary.folder(), standby.folder());
    let there = connect(&standby.url(OWNER)).await;
    eventually("the demo has come", async || {
        there.query_one("SELECT count(*) FROM auth.users", &[]).await.unwrap().get::<_, i64>(0) > 0
    })
    .await;
    for (name, more, user, access) in COMMANDS {
        for hosts in [s.to_owned(), format!("/nowhere,{s}")] {
            let url = format!("postgres://{user}@/postgres?host={hosts}");
            let said = command(name, more, &url).await;
            match access {
                Reads => drop(said.good()),
                Writes => {
                    let said = said.bad();
                    let refused = "the database takes no writes: ";
                    let remedy = "the server is a standby; give the address of the primary";
                    assert!(said.contains(refused) && said.contains(remedy), "{name}: {said}");
                }
            }
        }
        // If the hosts include the primary, the command writes to it.
        command(name, more, &format!("postgres://{user}@/postgres?host={s},{p}")).await.good();
    }
    let gateway = standby.url(GATEWAY);
    let said = run(&[&["serve", "--migrate"][..], &over(&gateway)].concat()).await.bad();
    assert!(said.contains("the server is a standby; give the address of the primary"), "{said}");
}

#[tokio::test]
async fn what_writes_names_a_database_that_was_set_to_read_only() {
    let database = clone_database().await;
    let url = database_url(OWNER, &database);
    let set = format!("ALTER DATABASE {database} SET default_transaction_read_only = on");
    connect(&url).await.batch_execute(&set).await.unwrap();
    for (name, more, user, access) in COMMANDS {
        let said = command(name, more, &database_url(user, &database)).await;
        match access {
            Reads => drop(said.good()),
            Writes => {
                let said = said.bad();
                assert!(
                    said.contains("set to read only; see default_transaction_read_only"),
                    "{name}: {said}"
                );
            }
        }
    }
}
