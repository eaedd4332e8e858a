//! The role × subscription matrix: for every table with a subscription, exactly the callers who saw a row receive its removal, by the
//! policies as their sources have them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use praxis::graph::catalog::{Catalog, ColumnType, Scalar, SubscriptionKind, Table};
use praxis::systems;
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::access::readable;
use crate::fixture::{clinician, protocol};
use crate::harness::{App, Socket, schemas};
use crate::people::{Caller, Key, allowed, key_list, keys, populate, text};

/// The most rows of each table that are changed: one for each audience.
const ROWS: usize = 4;

/// The longest time for a message.
const PATIENCE: Duration = Duration::from_secs(15);

/// A subscriber, with their connection.
struct Watcher<'a> {
    caller: Caller<'a>,
    socket: Socket,
}

/// Returns the subscription of a table's rows.
fn field<'c>(catalog: &'c Catalog, table: &Table) -> Option<&'c str> {
    let mut subscriptions = catalog.subscriptions().iter();
    let subscription = subscriptions.find(|subscription| {
        subscription.table == table.id && matches!(subscription.kind, SubscriptionKind::Rows)
    })?;
    Some(&subscription.field)
}

/// Returns some rows of a table with the numbers of the watchers who see them: one row for each audience.
async fn audiences(owner: &Client, table: &Table, watchers: &[Watcher<'_>]) -> Vec<(Key, BTreeSet<usize>)> {
    let policy = readable(table);
    let all = keys(owner, &format!("SELECT {} FROM {}", key_list(table), table.sql_name)).await;
    let mut seen: BTreeMap<Key, BTreeSet<usize>> =
        all.into_iter().map(|key| (key, BTreeSet::new())).collect();
    for (number, watcher) in watchers.iter().enumerate() {
        for key in allowed(owner, table, &policy, &watcher.caller).await {
            seen.get_mut(&key).unwrap().insert(number);
        }
    }
    let mut by_audience: BTreeMap<BTreeSet<usize>, Key> = BTreeMap::new();
    // The last ones are those of the test.
    by_audience.extend(seen.into_iter().map(|(key, audience)| (audience, key)));
    by_audience.into_iter().map(|(audience, key)| (key, audience)).collect()
}

/// Returns the condition that selects a row.
fn is_row(table: &Table, key: &Key) -> String {
    let parts = table.primary_key.iter().zip(key);
    let parts = parts.map(|(id, value)| format!("{}::text = '{value}'", table.column(*id).sql_name));
    parts.collect::<Vec<_>>().join(" AND ")
}

/// Returns the key in a global id.
fn key_of(id: &Value) -> Key {
    let plain = BASE64_URL_SAFE_NO_PAD.decode(id.as_str().unwrap()).unwrap();
    let parts: Vec<Value> = serde_json::from_slice(&plain).unwrap();
    parts[1..].iter().map(text).collect()
}

/// Subscribes every kind of caller, over a database without constraints other than the policies.
async fn watch<'a>(app: &'a App, owner: &Client) -> Vec<Watcher<'a>> {
    let callers = populate(app, owner).await;
    // Rows are changed and deleted one by one, despite references and constraints.
    let unbind =
        "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) FROM pg_constraint
      WHERE contype IN ('c', 'x') AND conrelid <> 0 AND connamespace = ANY ($1::text[]::regnamespace[])";
    for statement in owner.query(unbind, &[&schemas()]).await.unwrap() {
        owner.batch_execute(statement.get(0)).await.unwrap();
    }
    let mut watchers = Vec::new();
    for caller in callers {
        let socket = Socket::of(app, &caller.actor).await;
        watchers.push(Watcher { caller, socket });
    }
    watchers
}

/// Changes a table without its triggers, except those of the change feed. The triggers are on again before the commit.
async fn unbound(owner: &Client, table: &Table, change: &str) -> Result<(), tokio_postgres::Error> {
    let replicated = if table.is_reference {
        ", ENABLE REPLICA TRIGGER announce_replicated, ENABLE REPLICA TRIGGER announce_replicated_truncate"
    } else {
        ""
    };
    let changed = format!(
        "ALTER TABLE {0} DISABLE TRIGGER ALL, ENABLE TRIGGER announce_insert, ENABLE TRIGGER announce_update,
           ENABLE TRIGGER announce_delete;
         {change};
         ALTER TABLE {0} ENABLE TRIGGER ALL{replicated}",
        table.sql_name
    );
    owner.batch_execute(&changed).await
}

/// Returns a cursor after everything that has happened: a subscription from there misses no later change.
async fn now(app: &App, owner: &Client) -> Value {
    let (actor, site) = clinician(app, owner, "first").await;
    let mut socket = Socket::of(app, &actor).await;
    socket.subscribe("1", "subscription { protocolsChanged { cursor } }", &json!({})).await;
    protocol(owner, site).await;
    socket.data("1").await["protocolsChanged"]["cursor"].clone()
}

/// Asserts that each watcher receives the expected messages, and no others before.
async fn heard(watchers: &mut [Watcher<'_>], expected: &[BTreeSet<(String, Key)>]) {
    for (watcher, expected) in watchers.iter_mut().zip(expected) {
        let mut told = BTreeSet::new();
        while told.len() < expected.len() {
            let message = tokio::time::timeout(PATIENCE, watcher.socket.next()).await;
            let missing = || expected.difference(&told).collect::<Vec<_>>();
            let message =
                message.unwrap_or_else(|_| panic!("{} is not told of {:?}", watcher.caller.name, missing()));
            let data = message["payload"]["data"].as_object().unwrap_or_else(|| panic!("{message}"));
            let change = data.values().next().unwrap();
            let of = message["id"].as_str().unwrap().to_owned();
            let what = (format!("{of} {}", text(&change["operation"])), key_of(&change["nodeId"]));
            if change["operation"] == "INSERTED" && !expected.contains(&what) {
                // A transaction that was open elsewhere keeps the cursor's horizon before the test's own rows.
                continue;
            }
            assert!(expected.contains(&what), "{} is told of {what:?}", watcher.caller.name);
            told.insert(what);
        }
    }
}

async fn all_quiet(watchers: &mut [Watcher<'_>]) {
    futures_util::future::join_all(watchers.iter_mut().map(|watcher| watcher.socket.quiet())).await;
}

#[tokio::test]
async fn a_deletion_is_told_to_exactly_those_who_saw_the_row() {
    let app = App::start().await;
    let owner = app.owner().await;
    let catalog = Catalog::new(&systems::ALL).unwrap();
    let mut watchers = watch(&app, &owner).await;
    let now = now(&app, &owner).await;
    let mut tables: Vec<(&Table, &str)> =
        catalog.tables().iter().filter_map(|table| Some((table, field(&catalog, table)?))).collect();
    // A user who is deleted sees nothing more: tables of users come last.
    tables.sort_by_key(|(table, _)| table.column_named("user_id").is_some());
    assert!(tables.len() >= 30, "{}", tables.len());
    for watcher in &mut watchers {
        for (_, field) in &tables {
            let query =
                format!("subscription($after: String) {{ {field}(after: $after) {{ operation nodeId }} }}");
            watcher.socket.begin(field, &query, &json!({ "after": now })).await;
        }
    }

    for (table, field) in &tables {
        let mut expected = vec![BTreeSet::new(); watchers.len()];
        let mut deleted = 0;
        for (key, audience) in audiences(&owner, table, &watchers).await.into_iter().rev() {
            let sql = format!("DELETE FROM {} WHERE {}", table.sql_name, is_row(table, &key));
            if deleted == ROWS || unbound(&owner, table, &sql).await.is_err() {
                continue;
            }
            deleted += 1;
            // A row itself identifies a therapist: without it there is none.
            let of_oneself =
                "SELECT row_before ->> 'user_id' FROM praxis.changes ORDER BY change_id DESC LIMIT 1";
            let of_oneself: Option<String> = owner.query_one(of_oneself, &[]).await.unwrap().get(0);
            for number in audience {
                let is_own = of_oneself.is_some() && watchers[number].caller.id == of_oneself;
                if !(is_own && table.schema == "therapyflow") {
                    expected[number].insert((format!("{field} DELETED"), key.clone()));
                }
            }
        }
        assert!(deleted > 0, "{}: no row could be deleted", table.name);
        assert!(expected.iter().any(|it| !it.is_empty()), "{}: nobody saw one", table.name);
        assert!(expected.iter().any(BTreeSet::is_empty), "{}: everybody saw one", table.name);
        heard(&mut watchers, &expected).await;
    }
    all_quiet(&mut watchers).await;
}

#[tokio::test]
async fn that_a_row_has_left_a_filter_is_told_to_exactly_those_who_saw_it() {
    let app = App::with(|config| config.feeds.operations = 200).await;
    let owner = app.owner().await;
    let catalog = Catalog::new(&systems::ALL).unwrap();
    let mut watchers = watch(&app, &owner).await;
    let now = now(&app, &owner).await;
    for (table, field) in catalog.tables().iter().filter_map(|table| Some((table, field(&catalog, table)?))) {
        let mut changes = Vec::new();
        let mut expected = vec![BTreeSet::new(); watchers.len()];
        for (key, audience) in audiences(&owner, table, &watchers).await.into_iter().rev().take(ROWS) {
            let Some((filter, set)) = leaving(&owner, table, &key, changes.len()).await else { continue };
            let operation = format!("{field} {}", changes.len());
            let query = format!(
                "subscription($filter: {}Filter!, $after: String) {{
                   {field}(filter: $filter, after: $after) {{ operation nodeId }} }}",
                table.type_name
            );
            for watcher in &mut watchers {
                let variables = json!({ "filter": filter, "after": now });
                watcher.socket.begin(&operation, &query, &variables).await;
            }
            for number in audience {
                expected[number].insert((format!("{operation} LEFT"), key.clone()));
            }
            changes.push(format!("UPDATE {} SET {set} WHERE {}", table.sql_name, is_row(table, &key)));
        }
        assert!(!changes.is_empty(), "{}: no row has a value to leave", table.name);
        for change in changes {
            unbound(&owner, table, &change).await.unwrap();
        }
        heard(&mut watchers, &expected).await;
    }
    all_quiet(&mut watchers).await;
}

#[tokio::test]
async fn a_change_names_all_that_a_feed_may_be_held_to() {
    let app = App::start().await;
    let owner = app.owner().await;
    let catalog = Catalog::new(&systems::ALL).unwrap();
    for table in catalog.tables().iter().filter(|table| field(&catalog, table).is_some()) {
        let sql = format!(
            "SELECT DISTINCT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = 'announce_update'
               AND tgrelid = '{}'::regclass",
            table.sql_name
        );
        let definition: String = owner.query_one(&sql, &[]).await.unwrap().get(0);
        let (_, named) = definition.split_once("}', '{").unwrap();
        let named: Vec<&str> = named.split(['{', '}', ',']).collect();
        for column in table.column_ids().filter(|column| table.is_foreign_key(*column)) {
            let name = table.column(column).name.as_str();
            assert!(named.contains(&name), "{}: {name} is in no change of {named:?}", table.name);
        }
    }
}

/// Returns a filter that matches a row by its key and by a value that no policy reads, and a change that removes the row from the
/// filter: a distinct value, since some are unique.
async fn leaving(owner: &Client, table: &Table, key: &Key, number: usize) -> Option<(Value, String)> {
    for id in table.writes.update.iter().copied().chain(table.column_ids()) {
        let column = table.column(id);
        let is_link = table.relations.iter().any(|relation| relation.local.contains(&id));
        let other = match &column.ty {
            ColumnType::Scalar(Scalar::Text) => format!("'other {number}'"),
            ColumnType::Scalar(Scalar::Boolean) => "false".to_owned(),
            ColumnType::Scalar(Scalar::Int | Scalar::SmallInt) => (1_000 + number).to_string(),
            ColumnType::Scalar(Scalar::Numeric) => "1".to_owned(),
            ColumnType::Scalar(Scalar::Date) => "'2001-01-01'".to_owned(),
            ColumnType::Scalar(Scalar::DateTime) => "'2001-01-01T00:00:00Z'".to_owned(),
            _ => continue,
        };
        if is_link || table.primary_key.contains(&id) {
            continue;
        }
        let name = &column.sql_name;
        let differs = format!(
            "SELECT ({name} IS NOT NULL)::text FROM {} WHERE {} AND {name} IS DISTINCT FROM {other}",
            table.sql_name,
            is_row(table, key)
        );
        let Some(is_set) = owner.query_opt(&differs, &[]).await.unwrap() else { continue };
        let is_set = is_set.get::<_, String>(0) == "true";
        let condition = if is_set {
            json!({ "not": { &column.field: { "eq": literal(&column.ty, &other) } } })
        } else {
            json!({ &column.field: { "isNull": true } })
        };
        let parts = table.primary_key.iter().zip(key);
        let mut filter: serde_json::Map<String, Value> = parts
            .map(|(id, value)| {
                let column = table.column(*id);
                let number = matches!(column.ty, ColumnType::Scalar(Scalar::Int | Scalar::SmallInt));
                let value = if number { json!(value.parse::<i64>().unwrap()) } else { json!(value) };
                (column.field.clone(), json!({ "eq": value }))
            })
            .collect();
        filter.extend(condition.as_object().unwrap().clone());
        return Some((Value::Object(filter), format!("{name} = {other}")));
    }
    None
}

/// Returns a value of SQL as JSON.
fn literal(ty: &ColumnType, value: &str) -> Value {
    match ty {
        ColumnType::Scalar(Scalar::Boolean | Scalar::Int | Scalar::SmallInt | Scalar::Numeric) => {
            serde_json::from_str(value).unwrap()
        }
        _ => json!(value.trim_matches('\'')),
    }
}
