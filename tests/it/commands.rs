//! The command line, through the real binary.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use praxis::database::embedded;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::json;

use crate::binary::{Served, over, praxis, secret};
use crate::fixture::clinician;
use crate::harness::{App, clone_database, connect, database_url, empty_database, eventually, http_client};

/// What a command that has ended said.
pub(crate) struct Said {
    status: ExitStatus,
    out: String,
    err: String,
}

impl Said {
    #[track_caller]
    pub(crate) fn good(self) -> String {
        assert!(self.status.success(), "{}{}", self.out, self.err);
        self.out
    }

    /// Everything that a command said before it failed. It must not have panicked.
    #[track_caller]
    pub(crate) fn bad(self) -> String {
        let text = self.out + &self.err;
        assert!(matches!(self.status.code(), Some(1 | 2)), "{:?}: {text}", self.status);
        text
    }
}

pub(crate) async fn run(arguments: &[&str]) -> Said {
    let mut command = praxis();
    command.args(arguments).stdin(Stdio::null());
    said(command).await
}

async fn said(mut command: Command) -> Said {
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    Said {
        status: output.status,
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// `praxis serve` over a database, with good settings and then these.
async fn serve(url: &str, more: &[&str]) -> Said {
    run(&[&["serve"], &over(url)[..], more].concat()).await
}

async fn migrate(url: &str, direction: &[&str]) -> Said {
    run(&[&["migrate", "--database-url", url], direction].concat()).await
}

async fn doctor(url: &str) -> Said {
    run(&["doctor", "--jwt-secret", secret(), "--database-url", url]).await
}

#[tokio::test]
async fn the_committed_schema_is_what_the_code_makes() {
    let made = run(&["schema"]).await.good();
    let committed =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../schema.graphql")).unwrap();
    let (now, before): (HashSet<&str>, HashSet<&str>) = (made.lines().collect(), committed.lines().collect());
    let lost: Vec<&str> = committed.lines().filter(|line| !now.contains(line)).collect();
    let new: Vec<&str> = made.lines().filter(|line| !before.contains(line)).collect();
    let show = |sign: &str, lines: &[&str]| {
        lines.iter().take(10).flat_map(|line| [sign, *line, "\n"]).collect::<String>()
    };
    assert!(
        made == committed,
        "schema.graphql is not what the code makes:\n{}{}…\nLook at it and run:\n  cargo run -q -p praxis -- schema > schema.graphql",
        show("- ", &lost),
        show("+ ", &new),
    );
}

#[tokio::test]
async fn the_schema_of_an_unknown_system_is_refused() {
    assert!(run(&["schema", "--systems", "nothing"]).await.bad().contains("no system `nothing`"));
}

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

#[tokio::test]
async fn the_owners_commands_tell_the_gateways_role_what_to_do() {
    let name = clone_database().await;
    let url = database_url("praxis_gateway", &name);
    let user = "clinician.north@praxis.example";
    for command in [
        &["token", "--user", user, "--jwt-secret", secret()][..],
        &["seed", "demo"],
        &["refresh"],
        &["refresh", "outcomes"],
        &["migrate", "up"],
        &["migrate", "down"],
    ] {
        let said = run(&[command, &["--database-url", &url]].concat()).await.bad();
        assert!(said.contains("owner of the tables"), "{command:?}: {said}");
    }
    run(&["migrate", "status", "--database-url", &url]).await.good();
    let url = database_url("postgres", &empty_database().await);
    for command in [&["token", "--user", user, "--jwt-secret", secret()][..], &["seed", "demo"], &["refresh"]]
    {
        let said = run(&[command, &["--database-url", &url]].concat()).await.bad();
        assert!(said.contains("praxis migrate up"), "{command:?}: {said}");
    }
}

#[tokio::test]
async fn migrate_goes_up_and_down_and_tells_where_it_is() {
    let url = database_url("postgres", &empty_database().await);
    let count = migration::migrations().len();
    let states = async || {
        let said = migrate(&url, &["status"]).await.good();
        let state = |name: &str| said.lines().filter(|line| line.starts_with(name)).count();
        (state("applied"), state("pending"))
    };
    assert_eq!(states().await, (0, count));
    assert!(migrate(&url, &["up"]).await.good().contains(&format!("{count} migrations applied")));
    assert_eq!(states().await, (count, 0));
    assert!(migrate(&url, &["up"]).await.good().contains("0 migrations applied"));

    let last = migration::migrations()[count - 1].name;
    assert_eq!(migrate(&url, &["down"]).await.good(), format!("took back {last}\n"));
    assert_eq!(states().await, (count - 1, 1));
    let all = count.to_string();
    assert_eq!(migrate(&url, &["down", "--steps", &all]).await.good().lines().count(), count - 1);
    assert_eq!(states().await, (0, count));
    assert!(migrate(&url, &["up"]).await.good().contains(&format!("{count} migrations applied")));
}

/// Whatever the migrations make: tables, columns, indexes, constraints, policies, functions, triggers, and what is said of them.
async fn made(name: &str) -> Vec<String> {
    const MADE: &str = "
      WITH here AS (SELECT oid, nspname FROM pg_namespace WHERE nspname IN ('public', 'praxis', 'therapyflow', 'auth'))
      SELECT 'class ' || oid::regclass || ' ' || relkind::text || ' ' || relrowsecurity::text || relforcerowsecurity::text || coalesce(relacl::text, '')
        || coalesce(obj_description(oid, 'pg_class'), '') FROM pg_class WHERE relnamespace IN (SELECT oid FROM here)
      UNION ALL SELECT 'index ' || pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
        WHERE relnamespace IN (SELECT oid FROM here)
      UNION ALL SELECT 'column ' || attrelid::regclass || '.' || attname || ' ' || format_type(atttypid, atttypmod) || attnotnull::text
        || coalesce(attacl::text, '') FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace IN (SELECT oid FROM here) AND attnum > 0 AND NOT attisdropped AND relkind IN ('r', 'v')
      UNION ALL SELECT 'constraint ' || conname || ' ' || pg_get_constraintdef(oid) || coalesce(obj_description(oid, 'pg_constraint'), '')
        FROM pg_constraint WHERE connamespace IN (SELECT oid FROM here)
      UNION ALL SELECT 'policy ' || polname || ' ' || polrelid::regclass || coalesce(pg_get_expr(polqual, polrelid), '')
        || coalesce(pg_get_expr(polwithcheck, polrelid), '') FROM pg_policy
      UNION ALL SELECT 'function ' || pg_get_functiondef(oid) || coalesce(proacl::text, '') FROM pg_proc
        WHERE pronamespace IN (SELECT oid FROM here) AND prokind = 'f' AND probin IS NULL
      UNION ALL SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal";
    let owner = connect(&database_url("postgres", name)).await;
    let rows = owner.query(MADE, &[]).await.unwrap();
    let mut all: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    all.sort();
    all
}

#[tokio::test]
async fn migrate_makes_the_chosen_systems_and_others_when_they_are_chosen_later() {
    let (name, whole) = (empty_database().await, empty_database().await);
    let url = database_url("postgres", &name);
    migrate(&database_url("postgres", &whole), &["up"]).await.good();
    let whole = made(&whole).await;

    let said = migrate(&url, &["up", "--systems", "nothing"]).await.bad();
    assert!(said.contains("there is no system `nothing`; there are: ppn, therapyflow"), "{said}");
    migrate(&url, &["up", "--systems", "ppn"]).await.good();
    let portal = made(&name).await;
    let foreign: Vec<&String> = portal.iter().filter(|it| it.contains("therapyflow")).collect();
    assert!(foreign.is_empty(), "{foreign:#?}");
    let own: Vec<&String> = whole.iter().filter(|it| !it.contains("therapyflow")).collect();
    assert_eq!(portal.iter().filter(|it| !own.contains(it)).collect::<Vec<_>>(), Vec::<&String>::new());

    // It is good for what serves the portal, and not for what serves both.
    let gateway = database_url("praxis_gateway", &name);
    let good =
        run(&["doctor", "--systems", "ppn", "--jwt-secret", secret(), "--database-url", &gateway]).await;
    assert!(good.good().contains("Nothing is wrong."));
    run(&["seed", "demo", "--database-url", &url]).await.good();
    run(&["seed", "demo", "--reset", "--database-url", &url]).await.good();
    let arguments = over(&gateway);
    let server = Served::start(&[&arguments[..], &["--systems", "ppn"]].concat()).await;
    let sites = server.ask(None, "{ medications { totalCount } }").await;
    assert_eq!(sites.data()["medications"]["totalCount"], 0, "no token, no rows");
    drop(server);
    let absent = "the database has no tables of therapyflow";
    let remedy = "leave them out with `--systems ppn`, or run `praxis migrate up --systems therapyflow`";
    let said = serve(&gateway, &[]).await.bad();
    assert!(said.contains(&format!("{absent}; {remedy}")), "{said}");
    let said = doctor(&gateway).await.bad();
    assert!(said.contains(&format!("problem  {absent}\n         → {remedy}")), "{said}");
    assert!(said.contains("1 problem found"), "{said}");

    // All the way back, and there again: what is missing is made later.
    let steps = migration::migrations().len().to_string();
    migrate(&url, &["down", "--steps", &steps]).await.good();
    migrate(&url, &["up", "--systems", "ppn"]).await.good();
    migrate(&url, &["up"]).await.good();
    let later = made(&name).await;
    let missing: Vec<&String> = whole.iter().filter(|it| !later.contains(it)).collect();
    assert_eq!((later.len(), missing), (whole.len(), Vec::new()));
    // What is there stays whole, whatever is chosen, and goes back whole.
    assert!(migrate(&url, &["up", "--systems", "ppn"]).await.good().contains("0 migrations applied"));
    migrate(&url, &["down", "--steps", &steps]).await.good();
    migrate(&url, &["up"]).await.good();
    assert_eq!(made(&name).await, whole);
}

#[tokio::test]
async fn whatever_systems_are_chosen_in_whatever_order_the_database_has_these_and_no_others() {
    let steps = migration::migrations().len().to_string();
    let mut known: Vec<(&str, Vec<String>)> = Vec::new();
    for order in [
        &["ppn"][..],
        &["therapyflow"],
        &["ppn,therapyflow"],
        &["ppn", "therapyflow"],
        &["therapyflow", "ppn"],
        &["therapyflow", "ppn,therapyflow"],
        &["ppn", "ppn,therapyflow", "therapyflow", "ppn"],
    ] {
        let name = empty_database().await;
        let url = database_url("postgres", &name);
        // Also once they were there and taken back.
        for _ in 0..2 {
            for systems in order {
                migrate(&url, &["up", "--systems", systems]).await.good();
            }
            let made = made(&name).await;
            let all = order.concat();
            let all = match (all.contains("ppn"), all.contains("therapyflow")) {
                (true, true) => "ppn,therapyflow",
                (true, false) => "ppn",
                (false, _) => "therapyflow",
            };
            match known.iter().find(|(systems, _)| *systems == all) {
                Some((_, same)) => {
                    let other: Vec<&String> = made.iter().filter(|it| !same.contains(it)).collect();
                    assert_eq!((made.len(), other), (same.len(), Vec::new()), "{order:?}");
                }
                None => known.push((all, made)),
            }
            let gateway = database_url("praxis_gateway", &name);
            let doctor =
                run(&["doctor", "--systems", all, "--jwt-secret", secret(), "--database-url", &gateway])
                    .await;
            assert!(doctor.good().contains("Nothing is wrong."), "{order:?}");
            run(&["lint", "--database-url", &url]).await.good();
            migrate(&url, &["down", "--steps", &steps]).await.good();
        }
    }
    let of = |wanted: &str| &known.iter().find(|(systems, _)| *systems == wanted).unwrap().1;
    let foreign: Vec<&String> = of("ppn").iter().filter(|it| it.contains("therapyflow")).collect();
    assert!(foreign.is_empty(), "{foreign:#?}");
    // Of schema public TherapyFlow has nothing, and of the others what the portal has as well.
    let is_of_public = |it: &&String| {
        ["public.", " ON public.", "log_clinical", "ref_", "session_events"]
            .iter()
            .any(|name| it.contains(name))
            && !it.contains("was_there_before")
    };
    let foreign: Vec<&String> = of("therapyflow").iter().filter(is_of_public).collect();
    assert!(foreign.is_empty(), "{foreign:#?}");
    let other: Vec<&String> =
        of("therapyflow").iter().filter(|it| !of("ppn,therapyflow").contains(it)).collect();
    assert!(other.is_empty(), "{other:#?}");

    // It is served.
    let name = empty_database().await;
    migrate(&database_url("postgres", &name), &["up", "--systems", "therapyflow"]).await.good();
    let gateway = database_url("praxis_gateway", &name);
    let arguments = over(&gateway);
    for seed in [&["seed", "demo"][..], &["seed", "demo", "--reset"]] {
        run(&[seed, &["--database-url", &database_url("postgres", &name)]].concat()).await.good();
    }
    let server = Served::start(&[&arguments[..], &["--systems", "therapyflow"]].concat()).await;
    let patients = server.ask(None, "{ therapyflow { patients { totalCount } } }").await;
    assert_eq!(patients.data()["therapyflow"]["patients"]["totalCount"], 0, "no token, no rows");
}

#[tokio::test]
async fn each_command_is_about_the_chosen_systems() {
    let name = empty_database().await;
    let (url, gateway) = (database_url("postgres", &name), database_url("praxis_gateway", &name));
    let chosen = async |systems: Option<&str>, arguments: &[&str]| {
        let mut command = praxis();
        // By the environment; the flag says the same.
        command.envs(systems.map(|systems| ("PRAXIS_SYSTEMS", systems)));
        command.args(arguments).stdin(Stdio::null());
        said(command).await
    };
    let status = async |systems| {
        let said = chosen(systems, &["migrate", "--database-url", &url, "status"]).await.good();
        let count = |what: &str| said.lines().filter(|line| line.starts_with(what)).count();
        (count("applied"), count("pending"), said.contains("no tables of therapyflow"))
    };
    let all = migration::migrations().len();
    let of = |systems: migration::Systems| {
        migration::migrations().iter().filter(|it| systems.have(it.name)).count()
    };
    let portal = of(migration::Systems { portal: true, therapyflow: false });
    let therapyflow = of(migration::Systems { portal: false, therapyflow: true });
    let shared = portal + therapyflow - all;
    // Where nothing is there, all of what is chosen is pending.
    assert_eq!(status(None).await, (0, all, false));
    assert_eq!(status(Some("ppn")).await, (0, portal, false));
    assert_eq!(status(Some("therapyflow")).await, (0, therapyflow, false));
    chosen(Some("ppn"), &["migrate", "up", "--database-url", &url]).await.good();
    // What nobody has chosen is not pending, unless it is asked for.
    for systems in [None, Some("")] {
        assert_eq!(status(systems).await, (portal, 0, true), "{systems:?}");
    }
    assert_eq!(status(Some("ppn")).await, (portal, 0, false));
    assert_eq!(status(Some("therapyflow")).await, (shared, therapyflow - shared, true));
    assert_eq!(status(Some("therapyflow,ppn")).await, (portal, all - portal, true));
    let doctor = ["doctor", "--jwt-secret", secret(), "--database-url", &gateway];
    assert!(chosen(Some("ppn"), &doctor).await.good().contains("Nothing is wrong."));
    for systems in [None, Some(""), Some("ppn,therapyflow")] {
        let said = chosen(systems, &doctor).await.bad();
        assert!(said.contains("no tables of therapyflow") && said.contains("1 problem found"), "{said}");
    }
    let said = chosen(Some("therapyflow"), &doctor).await.bad();
    assert!(said.contains("→ run `praxis migrate up --systems therapyflow`\n"), "{said}");
    // An older program has made it: the remedy is about what is chosen.
    let last = "DELETE FROM praxis.seaql_migrations WHERE version = (SELECT max(version) FROM praxis.seaql_migrations)";
    connect(&url).await.execute(last, &[]).await.unwrap();
    let said = chosen(Some("ppn"), &doctor).await.bad();
    assert!(said.contains("is pending\n         → run `praxis migrate up --systems ppn`\n"), "{said}");

    let name = empty_database().await;
    let url = database_url("postgres", &name);
    migrate(&url, &["up"]).await.good();
    let seed = ["seed", "demo", "--database-url", &url];
    let said = chosen(Some("therapyflow"), &seed).await.good();
    assert!(said.contains("patients") && !said.contains("protocols"), "{said}");
    let said = chosen(Some("therapyflow"), &[&seed[..], &["--reset"]].concat()).await.good();
    assert!(said.contains("patients") && !said.contains("protocols"), "{said}");
    let said = chosen(Some(""), &seed).await.good();
    assert!(said.contains("protocols") && !said.contains("patients"), "{said}");
    let schema = async |systems| chosen(systems, &["schema"]).await.good();
    assert_eq!(schema(Some("")).await, schema(None).await);
    assert!(!schema(Some("ppn")).await.contains("therapyflow"));
}

#[tokio::test]
async fn migrate_wants_to_know_which_database() {
    assert!(run(&["migrate", "status"]).await.bad().contains("DATABASE_URL"));
}

#[tokio::test]
async fn the_doctor_finds_nothing_wrong_with_a_good_database() {
    let name = clone_database().await;
    let gateway = database_url("praxis_gateway", &name);
    let owner = database_url("postgres", &name);
    let said =
        run(&["doctor", "--jwt-secret", secret(), "--database-url", &gateway, "--migration-url", &owner])
            .await;
    assert!(said.good().contains("Nothing is wrong."));
}

#[tokio::test]
async fn the_doctor_needs_no_more_than_the_gateway() {
    let said = doctor(&database_url("praxis_gateway", &clone_database().await)).await;
    assert!(said.good().contains("Nothing is wrong."));
}

#[tokio::test]
async fn the_doctor_finds_missing_migrations() {
    let said = doctor(&database_url("postgres", &empty_database().await)).await.bad();
    let last = migration::migrations().last().unwrap().name;
    assert!(said.contains(&format!("the migration {last} is pending")), "{said}");
    assert!(said.contains("praxis migrate up") && said.contains("problems found"), "{said}");
}

#[tokio::test]
async fn the_doctor_finds_a_superuser() {
    let said = doctor(&database_url("postgres", &clone_database().await)).await.bad();
    assert!(said.contains("problem  the role postgres: it is a superuser"), "{said}");
    assert!(said.contains("1 problem found") && !said.contains("DROP POLICY"), "{said}");
}

#[tokio::test]
async fn the_doctor_finds_a_table_whose_owner_is_past_the_policies() {
    let name = clone_database().await;
    let owner = connect(&database_url("postgres", &name)).await;
    owner.batch_execute("ALTER TABLE sites NO FORCE ROW LEVEL SECURITY").await.unwrap();
    let said = doctor(&database_url("praxis_gateway", &name)).await.bad();
    assert!(said.contains("public.sites: row-level security does not bind its owner"), "{said}");
    assert!(said.contains("FORCE ROW LEVEL SECURITY;") && said.contains("1 problem found"), "{said}");
}

#[tokio::test]
async fn the_doctor_finds_a_view_that_shows_what_its_owner_sees() {
    let name = clone_database().await;
    let owner = connect(&database_url("postgres", &name)).await;
    for change in ["SET (security_invoker = false)", "RESET (security_invoker)"] {
        owner.batch_execute(&format!("ALTER VIEW score_trends {change}")).await.unwrap();
        let said = doctor(&database_url("praxis_gateway", &name)).await.bad();
        assert!(said.contains("public.score_trends: it shows what its owner sees"), "{said}");
        assert!(
            said.contains("SET (security_invoker = true);") && said.contains("1 problem found"),
            "{said}"
        );
    }
    owner.batch_execute("ALTER VIEW score_trends SET (security_invoker = on)").await.unwrap();
    assert!(doctor(&database_url("praxis_gateway", &name)).await.good().contains("Nothing is wrong."));
}

#[tokio::test]
async fn the_rulebook_holds_in_a_database_with_data() {
    let url = database_url("postgres", &clone_database().await);
    assert_eq!(run(&["lint", "--database-url", &url]).await.good(), "Every rule holds.\n");
}

#[tokio::test]
async fn the_rulebook_holds_for_the_migrations_in_a_postgres_of_its_own() {
    assert_eq!(run(&["lint"]).await.good(), "Every rule holds.\n");
}

#[tokio::test]
async fn a_broken_rule_is_named_in_every_format() {
    let name = clone_database().await;
    let url = database_url("postgres", &name);
    let owner = connect(&url).await;
    owner.batch_execute("ALTER TABLE sites NO FORCE ROW LEVEL SECURITY").await.unwrap();
    let lint = async |format| {
        let said = run(&["lint", "--database-url", &url, "--format", format]).await;
        assert_eq!(said.status.code(), Some(1), "{}{}", said.out, said.err);
        said.out
    };
    let text = lint("text").await;
    assert!(text.contains("error    public.sites: ") && text.contains("[rls-forced]"), "{text}");
    assert!(
        text.contains("→ ALTER TABLE public.sites FORCE ROW LEVEL SECURITY;")
            && text.ends_with("1 finding\n")
    );
    let object: serde_json::Value = serde_json::from_str(&lint("json").await).unwrap();
    assert_eq!(
        object,
        json!({ "findings": [{
            "rule": "rls-forced",
            "severity": "error",
            "object": "public.sites",
            "message": "row-level security does not bind its owner",
            "source": "Praxis decision 8, grants and the owner",
            "remedy": "ALTER TABLE public.sites FORCE ROW LEVEL SECURITY;"
        }], "notes": [] })
    );
    assert!(lint("github").await.starts_with("::error title=rls-forced::public.sites: "));
}

#[tokio::test]
async fn any_postgres_and_any_folder_can_be_checked() {
    let name = empty_database().await;
    let url = database_url("postgres", &name);
    connect(&url).await.batch_execute("CREATE TABLE open (id int PRIMARY KEY)").await.unwrap();
    let folder = std::env::temp_dir().join(format!("praxis-lint-command-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("20260101000000_a.sql"), "SELECT 1;\nDROP TABLE open;").unwrap();
    let folder_name = folder.to_str().unwrap();
    let said =
        run(&["lint", "--database-url", &url, "--migrations", folder_name, "--format", "github"]).await;
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(said.status.code(), Some(1));
    assert!(said.out.contains("::error title=rls-enabled::public.open: "), "{}", said.out);
    let of_file = format!("::error file={folder_name}/20260101000000_a.sql,line=2,title=additive-only::");
    assert!(said.out.contains(&of_file), "{}", said.out);
}

#[tokio::test]
async fn rules_that_cannot_be_checked_are_no_findings() {
    for arguments in [
        ["--database-url", "postgres://nobody@%2Fnowhere/nothing"],
        ["--config", "/nowhere.toml"],
        ["--migrations", "/nowhere"],
    ] {
        let said = run(&[&["lint"][..], &arguments].concat()).await;
        assert_eq!(said.status.code(), Some(2), "{}", said.err);
        assert!(said.err.contains("error: ") && said.out.is_empty(), "{}{}", said.out, said.err);
    }
}

#[tokio::test]
async fn a_token_is_made_for_users_that_exist() {
    let name = clone_database().await;
    let url = database_url("postgres", &name);
    let owner = connect(&url).await;
    owner.batch_execute(NEW_USER).await.unwrap();
    let make = async |email: &str| {
        run(&["token", "--user", email, "--jwt-secret", secret(), "--database-url", &url]).await
    };
    let token = make("new@praxis.example").await.good();
    let app = App::over(&name, |_| {}).await;
    let answer = app.bearer(token.trim()).ask("{ medications { totalCount } }").await;
    assert_eq!(answer.data()["medications"]["totalCount"], 24);
    let said = make("nobody@praxis.example").await.bad();
    assert!(said.contains("no user with the address nobody@praxis.example"), "{said}");
}

/// Every row of every table but for when it was written, as text.
async fn everything(name: &str) -> Vec<String> {
    let owner = connect(&database_url("postgres", name)).await;
    let tables = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
      WHERE schemaname IN ('public', 'therapyflow', 'auth') OR tablename IN ('directory_vocabulary', 'idempotency_keys')";
    let mut all = Vec::new();
    for table in owner.query(tables, &[]).await.unwrap() {
        let table: String = table.get(0);
        let sql = format!(
            "SELECT '{table} ' || (to_jsonb(it) - '{{created_at,updated_at,computed_at,refreshed_at,id}}'::text[])::text FROM {table} it"
        );
        all.extend(owner.query(&sql, &[]).await.unwrap().iter().map(|row| row.get::<_, String>(0)));
    }
    all.sort();
    all
}

#[tokio::test]
async fn the_demo_is_made_anew_whatever_was_done_to_it() {
    let app = App::start().await;
    let owner = app.owner().await;
    let fresh = everything(&app.database).await;
    let admin = app.user("network@praxis.example").await;
    let clinician = app.clinician_north().await;
    for (actor, mutation) in [
        (
            &admin,
            "mutation { createMedication(input: { medicationName: \"Testazine\" }) { medication { id } } }",
        ),
        (
            &admin,
            "mutation { updateEventType(eventTypeId: 1, patch: { eventName: \"Nothing\" }) { eventType { id } } }",
        ),
        (&clinician, "mutation { updateProtocol(recordId: 1, patch: { dosageMg: 1 }) { protocol { id } } }"),
        (
            &clinician,
            "mutation { logSessionEvent(protocolId: 1, eventType: \"Breakthrough\") { sessionEvent { eventId } } }",
        ),
    ] {
        actor.ask(mutation).await.data();
    }
    owner
        .batch_execute("DELETE FROM therapyflow.wearable_data; DELETE FROM supervision_circles")
        .await
        .unwrap();
    assert_ne!(everything(&app.database).await, fresh);
    let url = app.database_url("postgres");
    let said = run(&["seed", "demo", "--reset", "--database-url", &url]).await.good();
    assert!(said.contains("Deleted what was there. Loaded the demo data: "), "{said}");
    let anew = everything(&app.database).await;
    let differs = fresh.iter().filter(|row| !anew.contains(row)).take(5).collect::<Vec<_>>();
    assert_eq!((anew.len(), differs), (fresh.len(), Vec::<&String>::new()));
    // A gateway that runs meanwhile goes on, with reference rows as they are now.
    eventually("the old name is back", async || {
        let answer = clinician.ask("{ eventType(eventTypeId: 1) { eventName } }").await;
        answer.body["data"]["eventType"]["eventName"] == "Distress"
    })
    .await;
    let log =
        "mutation { logSessionEvent(protocolId: 1, eventType: \"Distress\") { sessionEvent { eventId } } }";
    clinician.ask(log).await.data();
    assert!(
        run(&["doctor", "--jwt-secret", secret(), "--database-url", &app.database_url("praxis_gateway")])
            .await
            .good()
            .contains("Nothing is wrong.")
    );
}

#[tokio::test]
async fn a_database_that_is_not_only_the_demo_is_not_made_anew() {
    let reset = async |url: &str| run(&["seed", "demo", "--reset", "--database-url", url]).await.bad();
    // One without the demo.
    let empty = empty_database().await;
    let url = database_url("postgres", &empty);
    assert!(reset(&url).await.contains("praxis migrate up"));
    migrate(&url, &["up"]).await.good();
    let said = reset(&url).await;
    assert!(said.contains("this is no demo database: its demo users are not there"), "{said}");
    // One with somebody real in it.
    let name = clone_database().await;
    let url = database_url("postgres", &name);
    let owner = connect(&url).await;
    owner.batch_execute(NEW_USER).await.unwrap();
    let before = everything(&name).await;
    let said = reset(&url).await;
    assert!(said.contains("accounts that are not the demo's (1); nothing was deleted"), "{said}");
    assert_eq!(everything(&name).await, before);
    // One with a table of the portal's own.
    owner
        .batch_execute(
            "DELETE FROM auth.users WHERE email = 'new@praxis.example';
             DELETE FROM praxis.baseline WHERE object = 'table public.sites'",
        )
        .await
        .unwrap();
    let said = reset(&url).await;
    assert!(said.contains("tables that were there before Praxis"), "{said}");
    // And nobody but the owner.
    let said = reset(&database_url("praxis_gateway", &name)).await;
    assert!(said.contains("owner of the tables"), "{said}");
}

#[tokio::test]
async fn refreshed_outcomes_are_seen_by_the_clinicians_of_the_site() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (clinician, site) = clinician(&app, &owner, "outcomes").await;
    let other = app.clinician_south().await;
    let url = app.database_url("postgres");
    let refresh =
        async |more: &[&str]| run(&[&["refresh", "outcomes", "--database-url", &url], more].concat()).await;
    // The demo data has its summary already.
    assert_eq!(refresh(&[]).await.good(), "The outcomes are up to date already.\n");

    owner
        .batch_execute(&format!(
            "INSERT INTO log_clinical_records
               (site_id, substance_id, session_date, session_type, session_status, indication_id, safety_event_id)
             SELECT {site}, 1, day::date, 'dosing', 'completed', 1, safety_event
             FROM (VALUES ('2026-03-10', 1), ('2026-03-11', NULL), ('2026-04-01', NULL)) AS row(day, safety_event);
             INSERT INTO assessment_responses (protocol_id, assessment_id, score, completed_at)
             SELECT record_id, 1, score, session_date + days
             FROM log_clinical_records, (VALUES (20, -1), (4, 30)) AS measured(score, days)
             WHERE site_id = {site} AND session_date = '2026-03-10'"
        ))
        .await
        .unwrap();
    let query = format!(
        r#"{{ outcomesSummaries(filter: {{ siteId: {{ eq: "{site}" }} }}, orderBy: [{{ month: ASC }}]) {{
          nodes {{ month totalProtocols responseRate remissionRate adverseEventRate }} }} }}"#
    );
    let march = json!({
        "month": "2026-03-01", "totalProtocols": 2,
        "responseRate": 100.0, "remissionRate": 100.0, "adverseEventRate": 50.0
    });
    let april = json!({
        "month": "2026-04-01", "totalProtocols": 1,
        "responseRate": null, "remissionRate": null, "adverseEventRate": 0.0
    });
    let said = refresh(&["--month", "2026-03", "--month", "2026-02"]).await.good();
    assert_eq!(said, "Refreshed the outcomes: 1 written, 0 removed.\n");
    assert_eq!(clinician.ask(&query).await.nodes("outcomesSummaries"), &vec![march.clone()]);
    assert_eq!(refresh(&[]).await.good(), "Refreshed the outcomes: 1 written, 0 removed.\n");
    assert_eq!(refresh(&[]).await.good(), "The outcomes are up to date already.\n");
    let compared = "{ networkBenchmarks(orderBy: [{ month: ASC }]) { nodes { month totalProtocols } } }";
    assert_eq!(
        clinician.ask(compared).await.nodes("networkBenchmarks"),
        &vec![
            json!({ "month": "2026-03-01", "totalProtocols": 2 }),
            json!({ "month": "2026-04-01", "totalProtocols": 1 })
        ],
        "and the comparison that is made of them"
    );
    assert_eq!(clinician.ask(&query).await.nodes("outcomesSummaries"), &vec![march, april]);
    assert!(other.ask(&query).await.nodes("outcomesSummaries").is_empty());
}

#[tokio::test]
async fn one_command_refreshes_everything_and_keeps_the_minimum() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (clinician, site) = clinician(&app, &owner, "summaries").await;
    let url = app.database_url("postgres");
    let refresh = async |more: &[&str]| run(&[&["refresh", "--database-url", &url], more].concat()).await;
    assert_eq!(
        refresh(&[]).await.good(),
        "The outcomes are up to date already.\n\
         The benchmarks are up to date already.\n\
         The activities are up to date already.\n"
    );

    // Four sites that give mescaline, with three sessions each.
    owner
        .batch_execute(&format!(
            "INSERT INTO log_clinical_records (site_id, substance_id, session_date, session_type, session_status)
             SELECT site_id, (SELECT substance_id FROM ref_substances WHERE substance_name = 'Mescaline'),
               '2025-03-10', 'dosing', 'completed'
             FROM generate_series({site} - 3, {site}) AS site_id, generate_series(1, 3);
             INSERT INTO session_events (protocol_id, event_type_id, event_timestamp)
             SELECT record_id, 1, '2025-03-10T10:00Z' FROM log_clinical_records
             WHERE site_id = {site}"
        ))
        .await
        .unwrap();
    assert_eq!(
        refresh(&[]).await.good(),
        "Refreshed the outcomes: 4 written, 0 removed.\n\
         Refreshed the benchmarks: 4 written, 0 removed.\n\
         Refreshed the activities: 1 written, 0 removed.\n"
    );
    let query = "{ networkBenchmarks { nodes { adverseEventMedian adverseEventSuppression } }
                   sessionActivities { nodes { eventCount protocolCount } } }";
    let answer = clinician.ask(query).await;
    assert_eq!(
        answer.nodes("networkBenchmarks"),
        &vec![json!({ "adverseEventMedian": null, "adverseEventSuppression": "TOO_FEW_SITES" })]
    );
    assert_eq!(answer.nodes("sessionActivities"), &vec![json!({ "eventCount": 3, "protocolCount": 3 })]);

    // A smaller minimum shows it, and stays when it is not given any more.
    refresh(&["--minimum-cohort", "3"]).await.good();
    let shown = vec![json!({ "adverseEventMedian": 0.0, "adverseEventSuppression": null })];
    assert_eq!(clinician.ask(query).await.nodes("networkBenchmarks"), &shown);
    owner.batch_execute("INSERT INTO praxis.benchmark_changes DEFAULT VALUES").await.unwrap();
    assert!(refresh(&[]).await.good().contains("The benchmarks are up to date already."));
    assert_eq!(clinician.ask(query).await.nodes("networkBenchmarks"), &shown);
    // The other command and the variable do the same.
    run(&["refresh", "outcomes", "--minimum-cohort", "4", "--database-url", &url]).await.good();
    assert_ne!(clinician.ask(query).await.nodes("networkBenchmarks"), &shown);
    let mut command = praxis();
    command.args(["refresh", "--database-url", &url]).env("PRAXIS_MINIMUM_COHORT", "3");
    assert!(tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap().status.success());
    assert_eq!(clinician.ask(query).await.nodes("networkBenchmarks"), &shown);
    for few in ["2", "0", "-1", "five"] {
        assert!(refresh(&[&format!("--minimum-cohort={few}")]).await.bad().contains("--minimum-cohort"));
    }
}

#[tokio::test]
async fn outcomes_are_not_refreshed_by_mistake() {
    let name = clone_database().await;
    let refresh = async |url: &str, more: &[&str]| {
        run(&[&["refresh", "outcomes", "--database-url", url], more].concat()).await.bad()
    };
    for month in ["2026-13", "March", "2026-03-01", ""] {
        let said = refresh(&database_url("postgres", &name), &["--month", month]).await;
        assert!(said.contains("--month") && said.contains("such as 2026-02"), "{said}");
    }
    let said = refresh(&database_url("praxis_gateway", &name), &[]).await;
    assert!(said.contains("this role may not refresh summaries") && said.contains("GRANT"), "{said}");
    let said = refresh(&database_url("postgres", &empty_database().await), &[]).await;
    assert!(said.contains("praxis migrate up"), "{said}");
    let folder = Folder::new();
    run(&["refresh", "outcomes", "--data-dir", folder.path()]).await.bad();
    assert!(!folder.0.exists());
}

const NEW_USER: &str = "INSERT INTO auth.users (id, email)
    VALUES ('0b2f7b39-4d6c-4a55-8a3e-3f1f5a1f7f00', 'new@praxis.example')";

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

    // Another one must not touch the folder.
    let said = run(&[&["serve"], &arguments[..]].concat()).await.bad();
    assert!(said.contains("in use by a running gateway"), "{said}");
    first.ask(None, "{ __typename }").await.data();

    // Killed, it cannot stop its Postgres; the next one finds that, and the data.
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

    // One that cannot be started any more.
    let second = postmaster();
    std::fs::rename(data.join("global"), data.join("elsewhere")).unwrap();
    // It may have ended by itself.
    let _ = kill_process(second, Signal::KILL);
    assert!(!served.ended().await.success());
    let said = served.said().await;
    // The first start may not have come to its end.
    let why = ["Postgres did not start", "making the database failed"];
    assert!(said.contains("starting it again") && why.iter().any(|why| said.contains(why)), "{said}");
}

/// Command lines of all processes.
fn processes() -> Vec<String> {
    let output = Command::new("ps").args(["-eo", "args"]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

/// A folder that is not there yet, and is gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("praxis-commands-{}", uuid::Uuid::new_v4())))
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let elsewhere = std::fs::read_to_string(self.0.join("location")).unwrap_or_default();
        // Whatever is not there need not be removed.
        let _ = std::fs::remove_dir_all(&self.0);
        if Path::new(elsewhere.trim()).starts_with("/var/lib/praxis") {
            let _ = std::fs::remove_dir_all(elsewhere.trim());
        }
    }
}
