//! The gateway does not serve a database that does not protect its rows.

mod functions;
mod grants;
mod memory;
mod roles;
mod rows;
mod serving;
mod shape;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use praxis::database::Pool;
use praxis::graph::catalog::Catalog;
use praxis::graph::{Engine, Limits};
use praxis::guard::{Finding, Guard};
use praxis::systems;
use serde_json::Value;
use tokio_postgres::Client;

use crate::harness::{clone_database, connect, database_url, one_connection};

fn roles() -> [String; 2] {
    ["anon".to_owned(), "authenticated".to_owned()]
}

/// Returns an engine over a database, with its pool.
fn engine_over(database: &str) -> (Arc<Engine>, Pool) {
    let pool = Pool::new(&one_connection(database_url("praxis_gateway", database))).unwrap();
    let engine = Engine::new(&systems::ALL, Limits::default(), pool.clone()).unwrap();
    (Arc::new(engine), pool)
}

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
        let (engine, pool) = engine_over(database);
        Self {
            owner: connect(&database_url("postgres", database)).await,
            guard: Guard::new(&engine, &pool, &roles()),
            catalog: Catalog::new(&systems::ALL).unwrap(),
        }
    }

    /// Returns the same database, compared with another expected protection.
    async fn comparing(self, protection: &Value) -> Self {
        let database: String =
            self.owner.query_one("SELECT current_database()::text", &[]).await.unwrap().get(0);
        let (engine, pool) = engine_over(&database);
        Self { guard: Guard::comparing(&engine, &pool, &roles(), protection), ..self }
    }

    /// Returns the names of the served relations of a kind.
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
        let findings = self.guard.check().await.unwrap();
        findings.into_iter().filter(|finding| finding.is_unsafe).collect()
    }

    /// Breaks something, expects an error about each object with these words, and repairs it with the statements of the error.
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
            assert_eq!(self.guard.check().await.unwrap(), [], "{place}: mended with {remedies:#?}");
        }
    }

    /// Does so with the same statement and words for each object.
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
    assert_eq!(guarded.guard.check().await.unwrap(), []);
}
