//! Reads the plans of statements from Postgres's log.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};

use serde_json::Value;
use tokio_postgres::Client;

use crate::harness::{eventually, socket_folder};

/// Settings that make Postgres log the plan of each statement, including those within functions.
const EXPLAIN: &str = "
    ALTER DATABASE {database} SET session_preload_libraries = 'auto_explain';
    ALTER DATABASE {database} SET auto_explain.log_min_duration = 0;
    ALTER DATABASE {database} SET auto_explain.log_nested_statements = on;
    ALTER DATABASE {database} SET auto_explain.log_format = json;";

/// Logs the plans of all statements on later connections. `settings`: further settings of these connections.
pub(crate) async fn explain(owner: &Client, settings: &[(&str, &str)]) {
    let database = name(owner).await;
    let mut sql = EXPLAIN.replace("{database}", &database);
    for (setting, value) in settings {
        write!(sql, "ALTER DATABASE {database} SET {setting} = {value};").unwrap();
    }
    owner.batch_execute(&sql).await.unwrap();
}

/// Returns the plans of the statements that a gateway runs during some requests.
pub(crate) async fn plans(owner: &Client, ask: impl Future<Output = ()>) -> Vec<Value> {
    let log = socket_folder().join("log");
    let before = fs::metadata(&log).unwrap().len();
    ask.await;
    // Postgres logs the plan when the statement is closed, which may be after its rows were sent.
    let idle = "SELECT count(*) = 0 FROM pg_stat_activity
        WHERE datname = current_database() AND usename = 'praxis_gateway' AND state <> 'idle'";
    eventually("the gateway is idle", async || owner.query_one(idle, &[]).await.unwrap().get(0)).await;
    let mut file = File::open(&log).unwrap();
    file.seek(SeekFrom::Start(before)).unwrap();
    let mut text = Vec::new();
    file.read_to_end(&mut text).unwrap();
    let text = String::from_utf8_lossy(&text);
    // An entry begins with the database, because others write to the log as well; its other lines begin with a tab.
    let entry = format!("{} LOG: ", name(owner).await);
    let entries = text.split(entry.as_str()).skip(1).filter_map(|entry| entry.split_once("plan:\n"));
    let plans = entries.filter_map(|(_, entry)| {
        let plan: String = entry.split_inclusive('\n').take_while(|line| line.starts_with('\t')).collect();
        // An unfinished entry at the end of the log belongs to another session.
        let is_whole = plan.len() < entry.len() || plan.ends_with("\t}\n");
        is_whole.then(|| serde_json::from_str(&plan).unwrap_or_else(|error| panic!("{error}: {plan}")))
    });
    plans.collect()
}

/// Returns every node of some plans, with its plan.
pub(crate) fn nodes(plans: &[Value]) -> Vec<(&Value, &Value)> {
    fn below<'a>(plan: &'a Value, node: &'a Value, into: &mut Vec<(&'a Value, &'a Value)>) {
        into.push((plan, node));
        for child in node["Plans"].as_array().into_iter().flatten() {
            below(plan, child, into);
        }
    }
    let mut nodes = Vec::new();
    for plan in plans {
        below(plan, &plan["Plan"], &mut nodes);
    }
    nodes
}

/// Returns the sequential scans of large tables, each with its statement.
pub(crate) fn sequential(plans: &[Value], large: &BTreeSet<String>) -> BTreeSet<String> {
    nodes(plans)
        .into_iter()
        .filter(|(_, node)| {
            node["Node Type"] == "Seq Scan" && large.contains(node["Relation Name"].as_str().unwrap())
        })
        .map(|(plan, node)| format!("{node}\n    in {}", plan["Query Text"].as_str().unwrap()))
        .collect()
}

/// Returns the tables that are too large for sequential scans.
pub(crate) async fn large_tables(owner: &Client) -> BTreeSet<String> {
    let large = "SELECT relname::text FROM pg_class
        WHERE relkind = 'r' AND reltuples >= 10000";
    owner.query(large, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

async fn name(owner: &Client) -> String {
    owner.query_one("SELECT current_database()::text", &[]).await.unwrap().get(0)
}
