//! The role × mutation matrix: every caller × every mutation of the catalog, compared with the policies in the portal's schema
//! brief.
//!
//! A mutation succeeds, or it is `FORBIDDEN`, or, if the caller does not see the row, `NOT_FOUND`; the table itself determines
//! the effect of its other rules. Tables, operations and functions come from the catalog, so a new one is tested by itself and
//! fails until a rule or an entry in `access`, or for a function in `calls`, says who may write. The database's owner restores a
//! written row, so that every case finds the same rows; the end of each table checks that.

mod calls;
mod hidden;
mod oracle;
mod request;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use praxis::graph::catalog::{Catalog, Table, TableOperation};
use praxis::systems;
use serde_json::Value;
use tokio_postgres::Client;

pub(crate) use self::calls::call;
use self::oracle::{DONE, FORBIDDEN, named};
pub(crate) use self::request::Request;
use crate::access::{Recipe, objects, readable, recipe};
use crate::harness::App;
use crate::people::{Caller, Key, allowed, key_fields, key_list, populate, text};

/// The number of newest rows of a table that are changed and deleted: those of the caller's site and of another.
const ROWS: usize = 4;
/// The number of newest rows of a table that are saved, to be restored.
const REMEMBERED: usize = 50;

#[tokio::test]
async fn every_caller_writes_what_the_literal_policies_let_them_write() {
    let app = App::start().await;
    let owner = app.owner().await;
    let catalog = Catalog::new(&systems::ALL).unwrap();
    let callers = populate(&app, &owner).await;
    prepare(&owner, &catalog).await;
    let mut told = every_table(&owner, &catalog, &callers).await;
    for function in catalog.functions().iter().filter(|function| function.writes()) {
        let (table, call) = (catalog.table(function.table()), call(function));
        let (before, digests) = (remember(&owner, table).await, digests(&owner, &catalog).await);
        let all = objects(&owner, &call.arguments).await;
        assert!(!all.is_empty(), "{} is called with nothing", function.name);
        let mut done = 0;
        for caller in &callers {
            for arguments in &all {
                let mut expected = DONE;
                for (condition, code) in call.refusals.iter().rev() {
                    if oracle::holds(&owner, condition, arguments, caller).await {
                        expected = code;
                    }
                }
                if caller.id.is_none() {
                    expected = FORBIDDEN;
                }
                let (outcome, keys) = send(caller, table, &Request::call(function, table, arguments)).await;
                assert_eq!(outcome, expected, "{} calls {} with {arguments}", caller.name, function.field);
                *told.entry(outcome).or_insert(0) += 1;
                done += usize::from(expected == DONE);
                put_back(&owner, table, &keys, &before).await;
            }
        }
        assert!(done > 0, "nobody may call {}", function.name);
        assert_eq!(self::digests(&owner, &catalog).await, digests, "{} left something behind", function.name);
    }
    // Each of the three outcomes is frequent; otherwise something is not tested.
    for outcome in [DONE, FORBIDDEN, "NOT_FOUND"] {
        assert!(told.get(outcome).is_some_and(|count| *count > 100), "{told:?}");
    }
}

/// Sends every mutation of every table as every caller, and returns the number of each outcome. Each mutation succeeds for somebody,
/// but for those of several rows.
pub(crate) async fn every_table(
    owner: &Client,
    catalog: &Catalog,
    callers: &[Caller<'_>],
) -> BTreeMap<String, usize> {
    let mut told = BTreeMap::new();
    for table in catalog.tables().iter().filter(|table| table.operations().next().is_some()) {
        let case = Cases { catalog, table, recipe: recipe(owner, catalog, table).await, owner };
        let digests = digests(owner, catalog).await;
        let mut done = BTreeSet::new();
        for caller in callers {
            case.run(caller, &mut told, &mut done).await;
        }
        // The inputs of several tenants together are refused to everybody.
        for operation in table.operations().filter(|it| *it != TableOperation::CreateMany) {
            let field = operation.field(table);
            assert!(done.contains(&field), "nobody may send {field} with any of {:?}", case.recipe.inputs);
        }
        assert_eq!(
            self::digests(owner, catalog).await,
            digests,
            "the mutations of {} left something behind",
            table.full_name()
        );
    }
    told
}

/// Returns the expected outcomes of inserting inputs, and of changing the newest rows, for each caller.
pub(crate) async fn outcomes(
    owner: &Client,
    table: &Table,
    recipe: &Recipe,
    inputs: &[Value],
    patch: &Value,
    callers: &[Caller<'_>],
) -> Vec<Vec<&'static str>> {
    let rows = if patch.is_null() { BTreeMap::new() } else { remember(owner, table).await };
    let mut outcomes = Vec::new();
    for caller in callers {
        let mut each = Vec::new();
        for input in inputs {
            each.push(oracle::insertion(owner, table, input, &recipe.insert, caller).await);
        }
        for key in newest(table, &rows) {
            each.push(oracle::update(owner, table, key, patch, caller).await);
        }
        outcomes.push(each);
    }
    outcomes
}

/// Inserts the rows that the recipes need in addition to those of the callers.
pub(crate) async fn prepare(owner: &Client, catalog: &Catalog) {
    owner
        .batch_execute(
            "INSERT INTO supervision_circles (circle_name) VALUES ('Another circle');
             INSERT INTO supervision_relationships (supervisor_id, supervisee_id, status)
               SELECT one.profile_id, other.profile_id, 'pending'
               FROM practitioner_profiles one JOIN practitioner_profiles other
                 ON (one.display_name, other.display_name) IN (
                   ('a clinician@tests.example', 'third@tests.example'),
                   ('third@tests.example', 'an analyst@tests.example'));
             -- Keys are made up: of few rows all are remembered.
             DELETE FROM therapyflow.organizations WHERE id::text LIKE '7f1%';",
        )
        .await
        .unwrap();
    insert_reference_rows(owner, catalog).await;
}

/// Inserts the first input of each reference table.
pub(crate) async fn insert_reference_rows(owner: &Client, catalog: &Catalog) {
    for table in
        catalog.tables().iter().filter(|table| table.is_reference && table.operations().next().is_some())
    {
        let (names, values) = oracle::cells(table, &recipe(owner, catalog, table).await.inputs[0]);
        owner
            .batch_execute(&format!("INSERT INTO {} ({names}) VALUES ({values})", table.sql_name))
            .await
            .unwrap();
    }
}

/// All mutations of a table.
struct Cases<'a> {
    catalog: &'a Catalog,
    table: &'a Table,
    recipe: Recipe,
    owner: &'a Client,
}

/// A mutation, with its expected outcome.
struct Case {
    request: Request,
    /// The key of the existing row, if the mutation names one.
    key: Option<Key>,
    expected: &'static str,
}

impl Cases<'_> {
    async fn run(
        &self,
        caller: &Caller<'_>,
        told: &mut BTreeMap<String, usize>,
        done: &mut BTreeSet<String>,
    ) {
        let Self { table, owner, .. } = self;
        let before = remember(owner, table).await;
        let mut inputs = Vec::new();
        for input in &self.recipe.inputs {
            let expected = oracle::insertion(owner, table, input, &self.recipe.insert, caller).await;
            inputs.push((input.clone(), expected));
        }
        for operation in table.operations() {
            assert!(self.catalog.mutation(&operation.field(table)).is_some());
            let cases = self.cases(operation, caller, &inputs, &before).await;
            assert!(!cases.is_empty(), "{} is not tried", operation.field(table));
            for case in cases {
                let name = format!("{}: {} with {}", caller.name, case.request.query, case.request.variables);
                let (outcome, keys) = send(caller, table, &case.request).await;
                assert_eq!(outcome, case.expected, "{name}");
                *told.entry(outcome.clone()).or_insert(0) += 1;
                if outcome == DONE {
                    done.insert(operation.field(table));
                    assert!(!keys.is_empty(), "{name}");
                    let after = remember(owner, table).await;
                    for key in case.key.iter().chain(&keys) {
                        let is_there = after.contains_key(key);
                        assert_eq!(is_there, operation != TableOperation::Delete, "{name}");
                        assert!(
                            !is_there || after.get(key) != before.get(key),
                            "{name}: nothing has changed"
                        );
                    }
                    put_back(owner, table, &keys, &before).await;
                }
            }
        }
        assert_eq!(remember(owner, table).await, before, "{} in {}", caller.name, table.name);
    }

    async fn cases(
        &self,
        operation: TableOperation,
        caller: &Caller<'_>,
        inputs: &[(Value, &'static str)],
        rows: &BTreeMap<Key, String>,
    ) -> Vec<Case> {
        let Self { table, owner, recipe, .. } = self;
        // The first input of a reference table exists already.
        let new = &inputs[usize::from(table.is_reference)..];
        let mut cases = Vec::new();
        match operation {
            TableOperation::Create => {
                for &(ref input, expected) in new {
                    cases.push(Case { request: Request::create(table, input), key: None, expected });
                }
            }
            TableOperation::CreateMany => {
                // All of them or none.
                let expected = new.iter().map(|(_, expected)| *expected).find(|it| *it != DONE);
                let expected = expected.unwrap_or(DONE);
                let inputs: Vec<&Value> = new.iter().map(|(input, _)| input).collect();
                cases.push(Case { request: Request::create_many(table, &inputs), key: None, expected });
            }
            TableOperation::Upsert => {
                let (mut input, expected) = inputs[0].clone();
                // An existing row is one that the caller may change.
                let expected = if expected == "CONFLICT" { DONE } else { expected };
                let patch = recipe.patch.as_object().unwrap().clone();
                input.as_object_mut().unwrap().extend(patch);
                for key in table.upsert_keys().filter(|key| **key != *table.primary_key) {
                    cases.push(Case { request: Request::upsert(table, &input, key), key: None, expected });
                }
            }
            TableOperation::Update | TableOperation::Delete => {
                let policy =
                    if operation == TableOperation::Update { &recipe.update } else { &recipe.delete };
                let seen = allowed(owner, table, &readable(table), caller).await;
                let own = allowed(owner, table, policy, caller).await;
                for key in newest(table, rows) {
                    let expected = if caller.id.is_none() || seen.contains(key) && !own.contains(key) {
                        FORBIDDEN
                    } else if !seen.contains(key) {
                        "NOT_FOUND"
                    } else if operation == TableOperation::Update {
                        oracle::update(owner, table, key, &recipe.patch, caller).await
                    } else {
                        oracle::deletion(owner, table, key, caller).await
                    };
                    let request = match operation {
                        TableOperation::Update => Request::update(table, key, &recipe.patch),
                        _ => Request::delete(table, key),
                    };
                    cases.push(Case { request, key: Some(key.clone()), expected });
                }
            }
        }
        cases
    }
}

/// Returns the newest rows: those with the highest keys.
fn newest<'r>(table: &Table, rows: &'r BTreeMap<Key, String>) -> Vec<&'r Key> {
    let mut keys: Vec<&Key> = rows.keys().collect();
    keys.sort_by_key(|key| {
        key.iter().map(|part| (part.parse::<i64>().unwrap_or_default(), part.clone())).collect::<Vec<_>>()
    });
    // Of a reference table one row is the test's own, and the others are in use.
    keys.into_iter().rev().take(if table.is_reference { 1 } else { ROWS }).collect()
}

/// Sends a mutation; returns its outcome, and the keys of the written rows.
async fn send(caller: &Caller<'_>, table: &Table, request: &Request) -> (String, BTreeSet<Key>) {
    let answer = caller.actor.ask_with(&request.query, &request.variables).await;
    if answer.body.get("errors").is_some() {
        return (answer.code().to_owned(), BTreeSet::new());
    }
    let payload = &answer.data()["it"];
    let one = std::slice::from_ref(&payload[&table.single_field]);
    let rows = payload["nodes"].as_array().map_or(one, Vec::as_slice);
    let key = |row: &Value| key_fields(table).iter().map(|field| text(&row[field])).collect();
    (DONE.to_owned(), rows.iter().map(key).collect())
}

/// Returns the newest rows of a table, as JSON.
async fn remember(owner: &Client, table: &Table) -> BTreeMap<Key, String> {
    // By the column, not by its text, which has the same name.
    let order: Vec<_> =
        table.primary_key.iter().map(|id| format!("it.{} DESC", table.column(*id).sql_name)).collect();
    let sql = format!(
        "SELECT to_jsonb(it)::text, {} FROM {} AS it ORDER BY {} LIMIT {REMEMBERED}",
        key_list(table),
        table.sql_name,
        order.join(", ")
    );
    let rows = owner.query(&sql, &[]).await.unwrap();
    rows.iter().map(|row| ((1..row.len()).map(|at| row.get(at)).collect(), row.get(0))).collect()
}

/// Restores rows, past every trigger.
async fn put_back(owner: &Client, table: &Table, keys: &BTreeSet<Key>, before: &BTreeMap<Key, String>) {
    for key in keys {
        let mut sql = format!(
            "SET session_replication_role = replica; SET praxis.announce = off; DELETE FROM {} {};",
            table.sql_name,
            named(table, key)
        );
        if let Some(row) = before.get(key) {
            let columns = "SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute
              WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''";
            let columns: String = owner.query_one(columns, &[&table.sql_name]).await.unwrap().get(0);
            let (name, row) = (&table.sql_name, row.replace('\'', "''"));
            write!(
                sql,
                "INSERT INTO {name} ({columns}) OVERRIDING SYSTEM VALUE
                 SELECT {columns} FROM jsonb_populate_record(NULL::{name}, '{row}');"
            )
            .unwrap();
        }
        sql += "RESET session_replication_role; RESET praxis.announce";
        owner.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{error:?}: {sql}"));
    }
}

/// Returns a digest of the content of every table in the schemas of a catalog.
async fn digests(owner: &Client, catalog: &Catalog) -> BTreeMap<String, String> {
    // An audit log grows with every case.
    let tables = "SELECT oid::regclass::text FROM pg_class
      WHERE relkind = 'r' AND relnamespace = ANY ($1::text[]::regnamespace[]) AND relname NOT LIKE 'audit\\_log%'
      ORDER BY 1";
    let mut each = Vec::new();
    for row in owner.query(tables, &[&catalog.schemas()]).await.unwrap() {
        let table: String = row.get(0);
        each.push(format!(
            "SELECT '{table}', coalesce(sum(hashtextextended(it::text, 0)::numeric), 0)::text FROM {table} AS it"
        ));
    }
    let rows = owner.query(&each.join(" UNION ALL "), &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}
