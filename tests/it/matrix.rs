//! The role × table matrix: the rows that each caller sees, compared with the policies in the portal's schema brief.
//!
//! The tables come from the catalog, so a new one is tested by itself and fails until it follows a rule of its system or has an entry
//! (`access`). The expected rows come from plain SQL past every policy: the literal text, with the caller's id and role inserted.

use std::collections::{BTreeMap, BTreeSet};

use praxis::graph::catalog::{Catalog, Function, Table};
use praxis::systems;
use serde_json::{Value, json};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::access::readable;
use crate::harness::{Actor, App, connect};
use crate::people::{
    Caller, Key, allowed, arguments, key_arguments, key_fields, key_list, keys, populate, source, text,
};

/// Sends a selection of root fields at the place where the table's system has its own, and returns the answer there.
async fn ask(actor: &Actor<'_>, catalog: &Catalog, table: &Table, selection: &str) -> Value {
    let namespace = catalog.systems()[table.system].field.as_deref();
    let query = match namespace {
        Some(field) => format!("{{ {field} {{ {selection} }} }}"),
        None => format!("{{ {selection} }}"),
    };
    let answer = actor.ask(&query).await;
    namespace.map_or(answer.data(), |field| &answer.data()[field]).clone()
}

/// Returns every key in a table's list for a caller, page by page, with the global id of each.
async fn listed(actor: &Actor<'_>, catalog: &Catalog, table: &Table) -> BTreeMap<Key, String> {
    let (mut found, mut after) = (BTreeMap::new(), Value::Null);
    let fields = key_fields(table);
    if catalog.function_of(table).is_some_and(Function::is_single) {
        let selection = format!("{} {{ {} }}", table.list_field, fields.join(" "));
        let row = &ask(actor, catalog, table, &selection).await[&table.list_field];
        if !row.is_null() {
            found.insert(fields.iter().map(|field| text(&row[field])).collect(), String::new());
        }
        return found;
    }
    let id = if table.has_global_id() { "id" } else { "" };
    loop {
        let selection = format!(
            "{}({} first: 1000, after: {after}) {{ totalCount nodes {{ {id} {} }} pageInfo {{ hasNextPage endCursor }} }}",
            table.list_field,
            arguments(table),
            fields.join(" ")
        );
        let answer = ask(actor, catalog, table, &selection).await;
        let page = &answer[&table.list_field];
        for node in page["nodes"].as_array().unwrap() {
            let key = fields.iter().map(|field| text(&node[field])).collect();
            assert_eq!(found.insert(key, text(&node["id"])), None, "{} twice in {}", node, table.list_field);
        }
        if page["pageInfo"]["hasNextPage"] == false {
            assert_eq!(page["totalCount"], found.len(), "{}", table.list_field);
            return found;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

/// Returns the keys among these that a caller can look up one by one.
async fn found_by_key(actor: &Actor<'_>, catalog: &Catalog, table: &Table, keys: &[&Key]) -> BTreeSet<Key> {
    let look_up = |(at, key): (usize, &&Key)| {
        format!("k{at}: {}({}) {{ __typename }}", table.single_field, key_arguments(table, key))
    };
    if keys.is_empty() {
        return BTreeSet::new();
    }
    let selection: Vec<String> = keys.iter().enumerate().map(look_up).collect();
    let answer = ask(actor, catalog, table, &selection.join(" ")).await;
    let is_there = |(at, _): &(usize, &&Key)| !answer[format!("k{at}")].is_null();
    keys.iter().enumerate().filter(is_there).map(|(_, key)| (*key).clone()).collect()
}

/// At most this many rows of a table are looked up one by one.
const LOOKED_UP: usize = 15;

#[tokio::test]
async fn every_caller_sees_of_every_table_what_the_literal_policies_let_them_see() {
    let app = App::start().await;
    let owner = app.owner().await;
    let callers = populate(&app, &owner).await;
    compare(&owner, &Catalog::new(&systems::ALL).unwrap(), &callers).await;
}

/// Compares the rows of every table that each caller sees with the expected ones.
pub(crate) async fn compare(owner: &Client, catalog: &Catalog, callers: &[Caller<'_>]) {
    for table in catalog.tables() {
        let all = keys(owner, &format!("SELECT {} FROM {}", key_list(table), source(table))).await;
        assert!(!all.is_empty(), "{} has no row to see or to hide: add one to `populate`", table.name);
        let mut ids = BTreeMap::new();
        let mut hidden = 0;
        let mut visible = Vec::new();
        for caller in callers {
            let allowed = allowed(owner, table, &readable(table), caller).await;
            let listed = listed(&caller.actor, catalog, table).await;
            assert_eq!(
                listed.keys().cloned().collect::<BTreeSet<_>>(),
                allowed,
                "{} in {}",
                caller.name,
                table.name
            );
            hidden += all.len() - allowed.len();
            ids.extend(listed);
            visible.push(allowed);
        }
        assert!(hidden > 0 || readable(table) == "true", "{}: nothing is hidden from anybody", table.name);

        // The rows of a function can only be selected by its arguments.
        if table.function.is_some() {
            continue;
        }
        // A row that a caller may not see does not exist, however it is requested.
        for (caller, allowed) in callers.iter().zip(&visible) {
            let (seen, unseen): (Vec<_>, Vec<_>) = all.iter().partition(|key| allowed.contains(*key));
            let some: Vec<&Key> =
                seen.into_iter().take(3).chain(unseen.into_iter().take(LOOKED_UP)).collect();
            let expected: BTreeSet<Key> =
                some.iter().filter(|key| allowed.contains(**key)).map(|key| (*key).clone()).collect();
            assert_eq!(
                found_by_key(&caller.actor, catalog, table, &some).await,
                expected,
                "{} by key in {}",
                caller.name,
                table.name
            );
            let known: Vec<&Key> = some.into_iter().filter(|key| ids.contains_key(*key)).collect();
            let global: Vec<&String> = known.iter().map(|key| &ids[*key]).collect();
            let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id __typename } }";
            let answer = caller.actor.ask_with(query, &json!({ "ids": global })).await;
            for (key, node) in known.iter().zip(answer.data()["nodes"].as_array().unwrap()) {
                let expected = if allowed.contains(*key) {
                    json!({ "id": ids[*key], "__typename": table.type_name })
                } else {
                    Value::Null
                };
                assert_eq!(*node, expected, "{} by id in {}", caller.name, table.name);
            }
        }
    }
}

#[tokio::test]
async fn every_table_of_the_served_schemas_is_under_row_level_security() {
    let app = App::start().await;
    let catalog = Catalog::new(&systems::ALL).unwrap();
    let schemas: BTreeSet<&str> = catalog.tables().iter().map(|table| table.schema.as_str()).collect();
    let schemas: Vec<&str> = schemas.into_iter().collect();
    // A view has no policies of its own; it reads its tables with its caller's rights.
    let sql = "SELECT oid::regclass::text, relrowsecurity AND relforcerowsecurity OR EXISTS (
                 SELECT FROM pg_options_to_table(reloptions)
                 WHERE relkind = 'v' AND option_name = 'security_invoker' AND option_value::boolean)
               FROM pg_class
               WHERE relkind IN ('r', 'p', 'v', 'm') AND relnamespace = ANY ($1::text[]::regnamespace[])";
    let rows = app.owner().await.query(sql, &[&schemas]).await.unwrap();
    let tables = catalog.tables().iter().filter(|table| table.function.is_none());
    assert!(rows.len() >= tables.count());
    let open: Vec<String> = rows.iter().filter(|row| !row.get::<_, bool>(1)).map(|row| row.get(0)).collect();
    assert_eq!(open, Vec::<String>::new());
}

#[tokio::test]
async fn the_login_role_by_itself_sees_no_row_of_any_table() {
    let app = App::start().await;
    let owner = app.owner().await;
    populate(&app, &owner).await;
    let login = connect(&app.database_url("praxis_gateway")).await;
    for table in Catalog::new(&systems::ALL).unwrap().tables() {
        match login.query(&format!("SELECT 1 FROM {} LIMIT 1", table.sql_name), &[]).await {
            Ok(rows) => assert!(rows.is_empty(), "{}", table.name),
            Err(error) => assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{}", table.name),
        }
    }
}
