//! Commands for some of the systems.

use std::process::Stdio;

use super::{doctor, migrate, run, said, serve};
use crate::binary::{Served, over, praxis, secret};
use crate::harness::{connect, database_url, empty_database, schemas};

/// Returns every object that the migrations create: tables, columns, indexes, constraints, policies, functions, triggers, and
/// comments.
async fn made(name: &str) -> Vec<String> {
    const MADE: &str = "
      WITH here AS (SELECT oid, nspname FROM pg_namespace WHERE nspname = ANY ($1) OR nspname IN ('public', 'praxis', 'auth'))
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
    let rows = owner.query(MADE, &[&schemas()]).await.unwrap();
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

    // The database suffices for a gateway of the portal, and not for one of both systems.
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

    // All migrations are reverted and applied again: missing parts are created later.
    let steps = migration::migrations().len().to_string();
    migrate(&url, &["down", "--steps", &steps]).await.good();
    migrate(&url, &["up", "--systems", "ppn"]).await.good();
    migrate(&url, &["up"]).await.good();
    let later = made(&name).await;
    let missing: Vec<&String> = whole.iter().filter(|it| !later.contains(it)).collect();
    assert_eq!((later.len(), missing), (whole.len(), Vec::new()));
    // Existing objects stay complete, whatever is chosen, and are reverted completely.
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
        // Also after they were created and reverted.
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
    // TherapyFlow has no objects in schema public, and of other schemas only what the portal has too.
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

    // A gateway can serve it.
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
        // The environment variable has the same effect as the option.
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
    let portal = of(migration::Systems::named(["ppn"]));
    let therapyflow = of(migration::Systems::named(["therapyflow"]));
    let shared = portal + therapyflow - all;
    // In an empty database all migrations of the chosen systems are pending.
    assert_eq!(status(None).await, (0, all, false));
    assert_eq!(status(Some("ppn")).await, (0, portal, false));
    assert_eq!(status(Some("therapyflow")).await, (0, therapyflow, false));
    chosen(Some("ppn"), &["migrate", "up", "--database-url", &url]).await.good();
    // Migrations of a system that nobody has chosen are not pending, unless it is chosen here.
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
    // An older version created the database: the remedy covers only the chosen systems.
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
