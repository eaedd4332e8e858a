//! A database that does not protect its rows is not served.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use praxis::database::Pool;
use praxis::graph::catalog::Catalog;
use praxis::graph::{Engine, Limits};
use praxis::guard::{Finding, Guard};
use praxis::systems;
use reqwest::StatusCode;
use serde_json::Value;
use tokio_postgres::Client;

use crate::binary::{over, praxis};
use crate::harness::{App, clone_database, connect, database_url, eventually, one_connection, somebody};

/// A database, its owner and its guard.
struct Guarded {
    owner: Client,
    guard: Guard,
    catalog: Catalog,
}

impl Guarded {
    async fn new() -> Self {
        Self::over(&clone_database().await).await
    }

    async fn over(database: &str) -> Self {
        let pool = Pool::new(&one_connection(database_url("praxis_gateway", database))).unwrap();
        let engine = Arc::new(Engine::new(&systems::ALL, Limits::default(), pool.clone()).unwrap());
        let roles = ["anon".to_owned(), "authenticated".to_owned()];
        Self {
            owner: connect(&database_url("postgres", database)).await,
            guard: Guard::new(&engine, &pool, &roles),
            catalog: Catalog::new(&systems::ALL).unwrap(),
        }
    }

    /// Names of the served tables, with what Postgres keeps them as.
    async fn relations(&self, kind: &str) -> Vec<String> {
        let tables = self.catalog.tables().iter().filter(|table| table.function.is_none());
        let names: Vec<&str> = tables.map(|table| table.sql_name.as_str()).collect();
        let sql = "SELECT format('%I.%I', nspname, relname) FROM unnest($1::text[]) AS name
                   JOIN pg_class AS c ON c.oid = name::regclass JOIN pg_namespace AS n ON n.oid = relnamespace
                   WHERE relkind = $2::text::\"char\" ORDER BY 1";
        let rows = self.owner.query(sql, &[&names, &kind]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    async fn run(&self, statements: &[String]) {
        self.owner.batch_execute(&statements.concat()).await.unwrap();
    }

    async fn unsafe_ones(&self) -> Vec<Finding> {
        let findings = self.guard.look().await.unwrap();
        findings.into_iter().filter(|finding| finding.is_unsafe).collect()
    }

    /// Breaks something, sees each object named with these words, and mends it with the statements that are given.
    #[track_caller]
    fn breaks(&self, statements: Vec<String>, expected: Vec<String>) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move {
            self.run(&statements).await;
            let found = self.unsafe_ones().await;
            let told: BTreeSet<String> = found.iter().map(ToString::to_string).collect();
            for line in &expected {
                assert!(told.contains(line), "{place}: {line}\nnot among {told:#?}");
            }
            assert_eq!(told.len(), expected.len(), "{place}: {told:#?}");
            let remedies: Vec<String> = found.into_iter().map(|finding| finding.remedy).collect();
            self.run(&remedies).await;
            assert_eq!(self.guard.look().await.unwrap(), [], "{place}: mended with {remedies:#?}");
        }
    }

    /// The same statement and words for each object.
    #[track_caller]
    fn breaks_each(&self, objects: &[String], statement: &str, words: &str) -> impl Future<Output = ()> {
        assert!(!objects.is_empty());
        let fill = |text: &str| objects.iter().map(|it| text.replace("{}", it)).collect::<Vec<_>>();
        self.breaks(fill(&format!("{statement};")), fill(&format!("{{}}: {words}")))
    }
}

#[tokio::test]
async fn what_is_shipped_is_what_the_migrations_make() {
    let guard = Guarded::new().await.guard;
    let made = [
        ("protection.json", guard.protection().await.unwrap() + "\n"),
        ("functions.json", guard.functions().await.unwrap() + "\n"),
    ];
    for (name, made) in made {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migration").join(name);
        if std::env::var_os("PRAXIS_WRITE_PROTECTION").is_some_and(|it| !it.is_empty()) {
            std::fs::write(&file, &made).unwrap();
        }
        let shipped = std::fs::read_to_string(file).unwrap();
        assert!(
            made == shipped,
            "migration/{name} is not what the migrations make. Run\n  \
             PRAXIS_WRITE_PROTECTION=1 cargo test -p praxis --test it what_is_shipped\nand look at what has changed"
        );
    }
}

#[tokio::test]
async fn a_good_database_has_nothing_to_be_told() {
    let guarded = Guarded::new().await;
    assert_eq!(guarded.guard.look().await.unwrap(), []);
}

#[tokio::test]
async fn row_level_security_holds_for_every_table_and_view() {
    let guarded = Guarded::new().await;
    let (tables, views) = (guarded.relations("r").await, guarded.relations("v").await);
    guarded
        .breaks_each(
            &tables,
            "ALTER TABLE {} DISABLE ROW LEVEL SECURITY",
            "row-level security is off: a grant shows every row",
        )
        .await;
    guarded
        .breaks_each(
            &tables,
            "ALTER TABLE {} NO FORCE ROW LEVEL SECURITY",
            "row-level security does not bind its owner",
        )
        .await;
    for change in ["SET (security_invoker = false)", "RESET (security_invoker)"] {
        guarded
            .breaks_each(&views, &format!("ALTER VIEW {{}} {change}"), "it shows what its owner sees")
            .await;
    }
}

#[tokio::test]
async fn every_policy_is_that_of_the_migrations() {
    let guarded = Guarded::new().await;
    let shipped: Vec<Value> = serde_json::from_str(migration::PROTECTION).unwrap();
    let policies: Vec<(String, String)> = shipped
        .iter()
        .flat_map(|table| {
            let object = table["object"].as_str().unwrap();
            let policies = table["policies"].as_object().unwrap();
            policies.keys().map(move |policy| (object.to_owned(), policy.clone()))
        })
        .collect();
    assert!(policies.len() > 80, "{}", policies.len());
    let each = |statement: &str| -> Vec<String> {
        let fill =
            |(object, policy): &(String, String)| statement.replace("{o}", object).replace("{p}", policy);
        policies.iter().map(fill).collect()
    };
    guarded.breaks(each("DROP POLICY {p} ON {o};"), each("{o}: its policy {p} is missing")).await;
    guarded
        .breaks(
            each("ALTER POLICY {p} ON {o} TO pg_monitor;"),
            each("{o}: its policy {p} is not that of the migrations"),
        )
        .await;
    let looks = |(object, policy): &&(String, String)| {
        let table = shipped.iter().find(|table| table["object"] == **object).unwrap();
        let statement = table["policies"][policy].as_str().unwrap();
        statement.contains(" USING (") && !statement.contains(" USING (true)")
    };
    let policies: Vec<_> = policies.iter().filter(looks).cloned().collect();
    let each = |statement: &str| -> Vec<String> {
        let fill =
            |(object, policy): &(String, String)| statement.replace("{o}", object).replace("{p}", policy);
        policies.iter().map(fill).collect()
    };
    guarded
        .breaks(
            each("ALTER POLICY {p} ON {o} USING (true);"),
            each("{o}: its policy {p} is not that of the migrations"),
        )
        .await;

    let tables = guarded.relations("r").await;
    for policy in
        ["FOR SELECT TO authenticated USING (true)", "FOR ALL USING (1 = 1)", "FOR INSERT WITH CHECK (true)"]
    {
        guarded
            .breaks_each(
                &tables,
                &format!("CREATE POLICY open ON {{}} {policy}"),
                "its policy open lets callers through without a look at the row",
            )
            .await;
    }
    // Whether a condition is true of every row nobody can say in general.
    for condition in [
        "site_id = site_id",
        "site_id > 0",
        "site_id IS NOT NULL",
        "coalesce(true, site_id = 1)",
        "site_id = 1",
    ] {
        for command in ["SELECT", "ALL"] {
            guarded
                .breaks(
                    vec![format!("CREATE POLICY wide ON sites FOR {command} USING ({condition});")],
                    vec!["public.sites: its policy wide is not of the migrations".to_owned()],
                )
                .await;
        }
    }
    // One that narrows is nobody's business, but on a reference table, of which answers are kept by role.
    guarded.run(&["CREATE POLICY narrow ON sites AS RESTRICTIVE USING (true);".to_owned()]).await;
    assert_eq!(guarded.guard.look().await.unwrap(), []);
    guarded
        .run(&["CREATE POLICY narrow ON ref_routes AS RESTRICTIVE USING (route_id > 1);".to_owned()])
        .await;
    let found = guarded.guard.look().await.unwrap();
    assert!(
        matches!(found.as_slice(), [it] if !it.is_unsafe && it.object == "public.ref_routes"),
        "{found:?}"
    );
    guarded.run(&found.into_iter().map(|it| it.remedy).collect::<Vec<_>>()).await;
    // A table that was there before has policies of its owner's.
    guarded
        .run(&[
            "DELETE FROM praxis.baseline WHERE object = 'table public.sites';".to_owned(),
            "CREATE POLICY own ON sites FOR SELECT USING (site_id = 1);".to_owned(),
        ])
        .await;
    let found = guarded.guard.look().await.unwrap();
    assert!(matches!(found.as_slice(), [it] if !it.is_unsafe && it.message.contains("own")), "{found:?}");
}

#[tokio::test]
async fn no_grant_is_wider_than_the_entity() {
    let guarded = Guarded::new().await;
    let relations = [guarded.relations("r").await, guarded.relations("v").await].concat();
    for privilege in ["TRUNCATE", "REFERENCES", "TRIGGER"] {
        guarded
            .breaks_each(
                &relations,
                &format!("GRANT {privilege} ON {{}} TO anon"),
                &format!("{privilege} is granted to anon, and row-level security does not hold for it"),
            )
            .await;
    }
    for privilege in ["SELECT", "INSERT", "UPDATE", "DELETE"] {
        guarded
            .breaks_each(
                &relations,
                &format!("GRANT {privilege} ON {{}} TO PUBLIC"),
                &format!("{privilege} is granted to PUBLIC, which is everybody"),
            )
            .await;
    }
    for privilege in ["INSERT", "UPDATE", "DELETE"] {
        guarded
            .breaks_each(
                &relations,
                &format!("GRANT {privilege} ON {{}} TO anon"),
                &format!("{privilege} is granted to anon, who is nobody"),
            )
            .await;
    }
    for privilege in ["INSERT", "UPDATE"] {
        guarded
            .breaks_each(
                &relations,
                &format!("GRANT {privilege} ON {{}} TO authenticated"),
                &format!(
                    "{privilege} is granted to authenticated, also for columns that callers do not write"
                ),
            )
            .await;
    }
    guarded
        .breaks_each(
            &relations,
            "GRANT SELECT ON {} TO authenticated WITH GRANT OPTION",
            "authenticated may grant SELECT to others",
        )
        .await;
    let columns: Vec<String> = guarded
        .catalog
        .tables()
        .iter()
        .filter(|table| table.function.is_none())
        .filter_map(|table| {
            let keyed = table.primary_key.iter().find(|id| !table.writes.update.contains(id))?;
            Some(format!("({}) ON {}", table.column(*keyed).sql_name, table.sql_name))
        })
        .collect();
    let grants: Vec<String> =
        columns.iter().map(|it| format!("GRANT UPDATE {it} TO authenticated;")).collect();
    guarded.run(&grants).await;
    assert_eq!(guarded.unsafe_ones().await.len(), grants.len());
}

#[tokio::test]
async fn every_column_is_there_with_its_type() {
    let guarded = Guarded::new().await;
    let tables = || guarded.catalog.tables().iter().filter(|table| table.function.is_none());
    let widest = tables().map(|table| table.columns.len()).max().unwrap();
    let named = |at: usize| {
        tables()
            .filter_map(move |table| Some((table.sql_name.as_str(), table.columns.get(at)?.name.as_str())))
    };
    for at in 0..widest {
        let rename = |from: &str, to: &str| {
            let rename = |(table, column)| {
                format!("ALTER TABLE {table} RENAME COLUMN \"{column}{from}\" TO \"{column}{to}\";")
            };
            named(at).map(rename).collect::<Vec<_>>()
        };
        guarded.run(&rename("", "_gone")).await;
        let found: BTreeSet<String> = guarded.unsafe_ones().await.iter().map(ToString::to_string).collect();
        for (table, column) in named(at) {
            let line = format!("{}.{column}: there is no such column", table.replace('"', ""));
            assert!(found.contains(&line), "{line}\nnot among {found:#?}");
        }
        guarded.run(&rename("_gone", "")).await;
    }
    assert_eq!(guarded.guard.look().await.unwrap(), []);

    // Of each table the first column that nothing else hangs on.
    let mut retyped = BTreeSet::new();
    for table in guarded.relations("r").await {
        let sql = "SELECT quote_ident(attname) FROM pg_attribute
                   WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum DESC";
        for row in guarded.owner.query(sql, &[&table]).await.unwrap() {
            let column: &str = row.get(0);
            let drop = format!(
                "ALTER TABLE {table} ALTER {column} DROP DEFAULT, ALTER {column} TYPE jsonb USING NULL"
            );
            if guarded.owner.batch_execute(&drop).await.is_ok() {
                retyped.insert(format!("{table}.{column}"));
                break;
            }
        }
    }
    assert!(retyped.len() >= 30, "{retyped:?}");
    let found: BTreeSet<String> = guarded
        .unsafe_ones()
        .await
        .into_iter()
        .filter(|finding| finding.message.starts_with("it is jsonb, and"))
        .map(|finding| finding.object)
        .collect();
    assert_eq!(found, retyped);
}

#[tokio::test]
async fn every_column_that_is_never_null_is_kept_so_and_every_key_is_there() {
    let guarded = Guarded::new().await;
    let tables = guarded.relations("r").await;
    let mut statements = Vec::new();
    let mut expected = Vec::new();
    for table in guarded.catalog.tables().iter().filter(|it| it.function.is_none()) {
        let object = table.sql_name.replace('"', "");
        if !tables.contains(&object) {
            continue;
        }
        for (at, column) in table.columns.iter().enumerate() {
            let is_key = table.primary_key.iter().any(|id| id.0 == at);
            if !column.nullable && !is_key {
                statements.push(format!("ALTER TABLE {object} ALTER {} DROP NOT NULL;", column.sql_name));
                expected.push(format!("{object}.{}: it may be NULL, and is not expected to be", column.name));
            }
        }
    }
    assert!(expected.len() > 50);
    guarded.breaks(statements, expected).await;

    let sql = "SELECT conrelid::regclass::text, quote_ident(conname), contype = 'f' FROM pg_constraint
               WHERE conrelid = ANY ($1::text[]::regclass[]) AND contype IN ('p', 'u', 'f') AND conislocal
               ORDER BY contype = 'f' DESC";
    let constraints = guarded.owner.query(sql, &[&tables]).await.unwrap();
    for row in &constraints {
        let (table, name): (&str, &str) = (row.get(0), row.get(1));
        // What hangs on a key goes with it, and is missed as well.
        guarded
            .owner
            .batch_execute(&format!("ALTER TABLE {table} DROP CONSTRAINT {name} CASCADE"))
            .await
            .unwrap();
    }
    let found = guarded.unsafe_ones().await;
    let keys = |words: &str| found.iter().filter(|finding| finding.message.starts_with(words)).count();
    assert_eq!(keys("it has no FOREIGN KEY"), constraints.iter().filter(|row| row.get(2)).count());
    let of_tables =
        guarded.catalog.tables().iter().filter(|it| tables.contains(&it.sql_name.replace('"', "")));
    assert!(keys("no unique index has") >= of_tables.count());
}

#[tokio::test]
async fn every_function_is_called_with_its_callers_rights_and_by_nobody_else() {
    let guarded = Guarded::new().await;
    let sql = "SELECT p.oid::regprocedure::text FROM unnest($1::text[]) AS name JOIN pg_namespace AS n ON true
               JOIN pg_proc AS p ON pronamespace = n.oid AND name = format('\"%s\".\"%s\"', nspname, proname) ORDER BY 1";
    let names: Vec<&str> = guarded.catalog.functions().iter().map(|it| it.sql_name.as_str()).collect();
    let rows = guarded.owner.query(sql, &[&names]).await.unwrap();
    let functions: Vec<String> = rows
        .iter()
        .map(|row| {
            let name: String = row.get(0);
            if name.contains('.') { name } else { format!("public.{name}") }
        })
        .collect();
    assert_eq!(functions.len(), names.len());
    guarded
        .breaks_each(&functions, "ALTER FUNCTION {} SECURITY DEFINER", "it runs with its owner's rights")
        .await;
    guarded.breaks_each(&functions, "GRANT EXECUTE ON FUNCTION {} TO PUBLIC", "everybody may call it").await;
    let reading: Vec<String> = guarded
        .catalog
        .functions()
        .iter()
        .filter(|it| !it.writes())
        .filter_map(|it| {
            functions.iter().find(|name| name.starts_with(&format!("{}.{}(", it.schema, it.name))).cloned()
        })
        .collect();
    guarded
        .breaks_each(&reading, "ALTER FUNCTION {} VOLATILE", "it may write, and is served as one that reads")
        .await;
    guarded
        .breaks(
            vec!["ALTER FUNCTION praxis.auth_sites() RESET search_path;".to_owned()],
            vec!["praxis.auth_sites(): it is not as the migrations make it".to_owned()],
        )
        .await;
    let rename = |function: &str, name: &str| format!("ALTER FUNCTION {function} RENAME TO {name};");
    for function in guarded.catalog.functions() {
        let signature =
            functions.iter().find(|it| it.starts_with(&format!("{}.{}(", function.schema, function.name)));
        let signature = signature.unwrap();
        let gone = signature.replacen(&format!("{}(", function.name), "gone(", 1);
        guarded.run(&[rename(signature, "gone")]).await;
        let found = guarded.unsafe_ones().await;
        let line = format!("{}.{}: there is no such function", function.schema, function.name);
        assert!(found.iter().any(|it| it.to_string() == line), "{line}: {found:?}");
        guarded.run(&[rename(&gone, &function.name)]).await;
    }
}

#[tokio::test]
async fn serve_refuses_and_says_what_to_do() {
    let name = clone_database().await;
    connect(&database_url("postgres", &name))
        .await
        .batch_execute("ALTER TABLE session_events NO FORCE ROW LEVEL SECURITY")
        .await
        .unwrap();
    let mut command = praxis();
    let url = database_url("praxis_gateway", &name);
    command.arg("serve").args(over(&url));
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("public.session_events: row-level security does not bind its owner"), "{said}");
    assert!(said.contains("→ ALTER TABLE public.session_events FORCE ROW LEVEL SECURITY;"), "{said}");
}

#[tokio::test]
async fn a_database_that_becomes_unsafe_is_not_served_until_it_is_mended() {
    let app = App::start().await;
    let owner = app.owner().await;
    let ready = async || app.http().get(app.url("/health/ready")).send().await.unwrap().status();
    let asker = app.bearer(&somebody());
    let ask = async || asker.ask("{ refSubstances: substances(first: 1) { nodes { id } } }").await;
    assert_eq!(ready().await, StatusCode::OK);
    ask().await.data();
    // The event trigger is heard as soon as the gateway listens.
    eventually("noticed", async || {
        owner.batch_execute("ALTER TABLE session_events DISABLE ROW LEVEL SECURITY").await.unwrap();
        ready().await == StatusCode::SERVICE_UNAVAILABLE
    })
    .await;
    let answer = ask().await;
    assert_eq!(answer.code(), "UNAVAILABLE");
    assert_eq!(answer.body["errors"][0]["extensions"]["reason"], "UNSAFE_DATABASE");
    assert!(!answer.body.to_string().contains("session_events"), "{}", answer.body);

    owner.batch_execute("ALTER TABLE session_events ENABLE ROW LEVEL SECURITY").await.unwrap();
    eventually("healed", async || ready().await == StatusCode::OK).await;
    ask().await.data();
}

#[tokio::test]
async fn a_table_that_was_there_before_keeps_its_owners_grants() {
    let guarded = Guarded::new().await;
    let was_there =
        "DELETE FROM praxis.baseline WHERE object = 'table public.sites'; GRANT ALL ON sites TO anon";
    guarded.owner.batch_execute(was_there).await.unwrap();
    let found = guarded.guard.look().await.unwrap();
    assert!(!found.is_empty());
    assert!(found.iter().all(|finding| !finding.is_unsafe && finding.object == "public.sites"), "{found:?}");
    guarded.owner.batch_execute("ALTER TABLE sites DISABLE ROW LEVEL SECURITY").await.unwrap();
    assert_eq!(guarded.unsafe_ones().await.len(), 1);
}

/// The functions that the migrations make: their names with arguments, and who may call them.
fn made() -> Vec<(String, Vec<String>)> {
    let made: Vec<Value> = serde_json::from_str(migration::FUNCTIONS).unwrap();
    let callers = |it: &Value| {
        it["callers"].as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect()
    };
    made.iter().map(|it| (it["object"].as_str().unwrap().to_owned(), callers(it))).collect()
}

#[tokio::test]
async fn every_function_is_that_of_the_migrations() {
    let guarded = Guarded::new().await;
    let made = made();
    assert!(made.len() > 50, "{}", made.len());
    let names: Vec<String> = made.iter().map(|(name, _)| name.clone()).collect();
    for needed in [
        "praxis.auth_sites()",
        "therapyflow.staff_org_id()",
        "auth.uid()",
        "praxis.rows_before(kind anyelement",
    ] {
        assert!(names.iter().any(|it| it.starts_with(needed)), "{needed}");
    }
    let told = "it is not as the migrations make it";
    guarded.breaks_each(&names, "ALTER FUNCTION {} COST 777", told).await;
    let open =
        "CREATE OR REPLACE FUNCTION praxis.auth_sites() RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE
        SECURITY DEFINER SET search_path = '' AS 'SELECT array(SELECT site_id FROM public.sites)';";
    guarded.breaks(vec![open.to_owned()], vec![format!("praxis.auth_sites(): {told}")]).await;
    // Whoever may not call it, may.
    let closed = |role: &str| {
        let of = |(name, callers): &(String, Vec<String>)| {
            (!callers.iter().any(|it| it == role)).then(|| name.clone())
        };
        made.iter().filter_map(of).collect::<Vec<_>>()
    };
    let served = guarded.catalog.functions();
    let is_served =
        |name: &String| served.iter().any(|it| name.starts_with(&format!("{}.{}(", it.schema, it.name)));
    let of_all = closed("PUBLIC");
    let of_some: Vec<String> = closed("anon").into_iter().filter(|it| of_all.contains(it)).collect();
    // Those that are served are looked at by themselves as well.
    let of_all: Vec<String> = of_all.into_iter().filter(|it| !is_served(it)).collect();
    guarded.breaks_each(&of_all, "GRANT EXECUTE ON FUNCTION {} TO PUBLIC", "everybody may call it").await;
    guarded.breaks_each(&of_some, "GRANT EXECUTE ON FUNCTION {} TO anon", "anon may call it").await;
    guarded
        .breaks(
            vec!["ALTER FUNCTION praxis.auth_sites() OWNER TO authenticated;".to_owned()],
            vec!["praxis.auth_sites(): it belongs to authenticated".to_owned()],
        )
        .await;
}

#[tokio::test]
async fn every_trigger_is_that_of_the_migrations_and_runs() {
    let guarded = Guarded::new().await;
    let sql = "SELECT tgrelid::regclass::text, tgname::text, format('%I.%I', nspname, relname), tgisinternal FROM pg_trigger
        JOIN pg_class AS c ON c.oid = tgrelid JOIN pg_namespace AS n ON n.oid = relnamespace
        WHERE format('%I.%I', nspname, relname) = ANY ($1)";
    let rows = guarded.owner.query(sql, &[&guarded.relations("r").await]).await.unwrap();
    let (mut off, mut told, mut drop, mut missed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for row in &rows {
        let (table, name, object): (&str, &str, &str) = (row.get(0), row.get(1), row.get(2));
        off.push(format!("ALTER TABLE {table} DISABLE TRIGGER \"{name}\";"));
        if row.get(3) {
            told.push(format!("{object}: its trigger \"{name}\", which checks a foreign key, is disabled"));
        } else {
            told.push(format!("{object}: its trigger {name} is disabled"));
            drop.push(format!("DROP TRIGGER {name} ON {table};"));
            missed.push(format!("{object}: its trigger {name} is missing"));
        }
    }
    assert!(drop.len() > 100, "{}", drop.len());
    guarded.breaks(off, told).await;
    guarded.breaks(drop, missed).await;
}

#[tokio::test]
async fn a_role_that_can_do_too_much_is_seen_while_it_serves() {
    let guarded = Guarded::new().await;
    // A login of this test's own: roles are everybody's. So is what its callers are: a role of theirs is made anew.
    let (login, caller) = ("guarded_login", "guarded_caller");
    let make = format!(
        "CREATE ROLE {caller} NOLOGIN; CREATE ROLE guarded_group NOLOGIN BYPASSRLS; CREATE ROLE {login} LOGIN NOINHERIT;
         GRANT anon, authenticated, {caller} TO {login}; GRANT USAGE ON SCHEMA praxis TO {login};
         GRANT EXECUTE ON FUNCTION praxis.was_there_before, praxis.is_of_migrations TO {login};"
    );
    guarded.owner.batch_execute(&make).await.unwrap();
    let database: String =
        guarded.owner.query_one("SELECT current_database()::text", &[]).await.unwrap().get(0);
    let pool = Pool::new(&one_connection(database_url(login, &database))).unwrap();
    let engine = Arc::new(Engine::new(&systems::ALL, Limits::default(), pool.clone()).unwrap());
    let roles = [caller.to_owned(), "anon".to_owned(), "authenticated".to_owned()];
    let guarded = Guarded { guard: Guard::new(&engine, &pool, &roles), ..guarded };
    let past = "so row-level security would not bind it";
    let one = async |statement: String, words: String| {
        guarded.breaks(vec![statement], vec![format!("the role {login}: {words}")]).await;
    };
    one(format!("ALTER ROLE {login} BYPASSRLS;"), format!("it has BYPASSRLS, {past}")).await;
    one(format!("ALTER ROLE {login} SUPERUSER;"), format!("it is a superuser, {past}")).await;
    one(format!("ALTER TABLE sites OWNER TO {login};"), format!("it owns the table public.sites, {past}"))
        .await;
    one(
        format!("ALTER ROLE {caller} BYPASSRLS;"),
        format!("it can become {caller}, which has BYPASSRLS, {past}"),
    )
    .await;
    one(
        format!("ALTER TABLE sites OWNER TO {caller};"),
        format!("it can become {caller}, which owns the table public.sites, {past}"),
    )
    .await;
    for member in [login, caller] {
        one(
            format!("GRANT guarded_group TO {member};"),
            format!("it can become guarded_group, which has BYPASSRLS, {past}"),
        )
        .await;
    }
    one(format!("REVOKE {caller} FROM {login};"), format!("it cannot act as {caller}")).await;
    for (role, of) in [("pg_read_all_data", caller), ("authenticated", caller)] {
        guarded
            .breaks(
                vec![format!("GRANT {role} TO {of};")],
                vec![format!("the role {of}: it is a member of {role}")],
            )
            .await;
    }
}

#[tokio::test]
async fn what_is_kept_of_a_reference_table_is_what_its_reader_may_see_now() {
    let app = App::start().await;
    let owner = app.owner().await;
    let asker = app.user("newcomer@praxis.example").await;
    let routes = "{ routes(first: 9) { totalCount } }";
    let count = async || asker.ask(routes).await.body["data"]["routes"]["totalCount"].clone();
    assert_eq!(count().await, 9);
    // The event trigger is heard as soon as the gateway listens.
    eventually("narrowed", async || {
        let narrow = "DROP POLICY IF EXISTS tight ON ref_routes;
            CREATE POLICY tight ON ref_routes AS RESTRICTIVE FOR SELECT USING (false)";
        owner.batch_execute(narrow).await.unwrap();
        count().await == 0
    })
    .await;
    // One that asks for the user is asked of each user.
    let by_claim = "ALTER POLICY tight ON ref_routes USING ((SELECT auth.jwt() ->> 'email') IS DISTINCT FROM 'newcomer@praxis.example')";
    owner.batch_execute(by_claim).await.unwrap();
    let other = app.clinician_north().await;
    eventually("asked of each", async || {
        let seen = other.ask(routes).await.body["data"]["routes"]["totalCount"].clone();
        seen == 9 && count().await == 0
    })
    .await;
    assert_eq!(other.ask(routes).await.statements(), 1);
    owner.batch_execute("DROP POLICY tight ON ref_routes").await.unwrap();
    eventually("shared again", async || count().await == 9 && other.ask(routes).await.statements() == 0)
        .await;
    owner.batch_execute("REVOKE SELECT ON ref_routes FROM authenticated").await.unwrap();
    eventually("revoked", async || {
        asker.ask(routes).await.body["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    })
    .await;
}

#[tokio::test]
async fn what_is_kept_hangs_on_roles_grants_and_functions_too() {
    let app = App::start().await;
    let owner = app.owner().await;
    // Where nobody tells that the schema has changed, the look of each minute notices.
    owner.batch_execute("DROP EVENT TRIGGER praxis_schema").await.unwrap();
    let name: String = owner.query_one("SELECT current_database()::text", &[]).await.unwrap().get(0);
    let pool = Pool::new(&one_connection(database_url("praxis_gateway", &name))).unwrap();
    let engine = Arc::new(Engine::new(&systems::ALL, Limits::default(), pool.clone()).unwrap());
    let guard = Guard::new(&engine, &pool, &["anon".to_owned(), "authenticated".to_owned()]);
    let reference = engine.reference();
    guard.look().await.unwrap();
    let mut before = reference.forgotten();
    guard.look().await.unwrap();
    assert_eq!(reference.forgotten(), before, "nothing has changed");
    for change in [
        "CREATE POLICY tight ON ref_routes AS RESTRICTIVE USING (true)",
        "ALTER POLICY tight ON ref_routes USING (false)",
        "DROP POLICY tight ON ref_routes",
        "REVOKE SELECT ON ref_routes FROM authenticated",
        "GRANT SELECT (route_id) ON ref_routes TO authenticated",
        "ALTER FUNCTION auth.role() COST 99",
        "REVOKE USAGE ON SCHEMA public FROM PUBLIC",
        "CREATE ROLE guarded_by_memory; GRANT guarded_by_memory TO authenticated",
        "REVOKE guarded_by_memory FROM authenticated; DROP ROLE guarded_by_memory",
    ] {
        owner.batch_execute(change).await.unwrap();
        guard.look().await.unwrap();
        assert!(reference.forgotten() > before, "{change}");
        before = reference.forgotten();
    }
}
