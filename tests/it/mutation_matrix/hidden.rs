//! A refusal does not reveal whether a row that the caller cannot see exists.

use std::collections::BTreeSet;

use praxis::graph::catalog::{Catalog, ColumnType, Scalar, Table, TableOperation};
use praxis::systems;
use serde_json::{Value, json};
use tokio_postgres::Client;

use super::calls::call;
use super::prepare;
use super::request::{literal, payload};
use crate::access::{objects, readable, recipe};
use crate::harness::App;
use crate::people::{Caller, Key, allowed, key_arguments, key_list, keys, populate};

/// The number of rows of each kind.
const TRIED: usize = 2;

/// Returns a key that no row has, in the same form as an existing one.
fn absent(table: &Table, key: &Key) -> Key {
    let other = |(at, part): (usize, &String)| match table.column(table.primary_key[at]).ty {
        ColumnType::Scalar(Scalar::Uuid) => "ffffffff-ffff-4fff-8fff-fffffffffff0".to_owned(),
        // As many digits as the other, or one more: no table has as many rows.
        ColumnType::Scalar(Scalar::BigInt | Scalar::Int) => "987654321".to_owned(),
        _ => part.clone(),
    };
    key.iter().enumerate().map(other).collect()
}

/// Returns rows of a table that a caller does not see.
async fn hidden(owner: &Client, table: &Table, caller: &Caller<'_>) -> Vec<Key> {
    let all = keys(owner, &format!("SELECT {} FROM {}", key_list(table), table.sql_name)).await;
    let seen = allowed(owner, table, &readable(table), caller).await;
    let hidden: BTreeSet<Key> = all.difference(&seen).cloned().collect();
    hidden.into_iter().rev().take(TRIED).collect()
}

/// Returns the answer to a request that names a row, without the row's key.
async fn said(caller: &Caller<'_>, query: &str, variables: &Value, names: &Key) -> String {
    let mut body = caller.actor.ask_with(query, variables).await.body;
    // Each internal error has another id.
    if let Some(id) = body.pointer_mut("/errors/0/extensions/id") {
        *id = json!(null);
    }
    let mut text = body.to_string();
    // Short numbers occur everywhere.
    for name in names.iter().filter(|name| name.len() > 3) {
        text = text.replace(name.as_str(), "…");
    }
    text
}

/// Sends a request for a hidden row and one for an absent row.
async fn compare(
    told: &mut usize,
    caller: &Caller<'_>,
    what: &str,
    hidden: &Key,
    absent: &Key,
    ask: impl Fn(&Key) -> (String, Value),
) {
    let (query, variables) = ask(hidden);
    let of_hidden = said(caller, &query, &variables, hidden).await;
    assert!(of_hidden.contains("\"errors\""), "{} {what} {hidden:?}: {of_hidden}", caller.name);
    let (query, variables) = ask(absent);
    let of_absent = said(caller, &query, &variables, absent).await;
    assert_eq!(of_hidden, of_absent, "{}: {what} with {hidden:?} and {absent:?}", caller.name);
    *told += 1;
}

#[tokio::test]
async fn a_hidden_row_is_refused_like_one_that_does_not_exist() {
    let app = App::start().await;
    let owner = app.owner().await;
    let catalog = Catalog::new(&systems::ALL).unwrap();
    let callers = populate(&app, &owner).await;
    prepare(&owner, &catalog).await;
    let mut told = 0;
    for caller in &callers {
        for table in catalog.tables().iter().filter(|table| table.operations().next().is_some()) {
            by_key(&owner, &mut told, &catalog, caller, table).await;
            by_reference(&owner, &mut told, &catalog, caller, table).await;
        }
        by_argument(&owner, &mut told, &catalog, caller).await;
    }
    assert!(told > 1_000, "{told}");
}

/// Compares changes and deletions of rows.
async fn by_key(owner: &Client, told: &mut usize, catalog: &Catalog, caller: &Caller<'_>, table: &Table) {
    let recipe = recipe(owner, catalog, table).await;
    for key in hidden(owner, table, caller).await {
        for operation in table.operations() {
            let (head, more) = match operation {
                TableOperation::Update => (format!("($patch: {}Patch!)", table.type_name), ", patch: $patch"),
                TableOperation::Delete => (String::new(), ""),
                _ => continue,
            };
            let payload = payload(table, false);
            let variables = if more.is_empty() { json!({}) } else { json!({ "patch": recipe.patch }) };
            let field = operation.field(table);
            compare(told, caller, &field, &key, &absent(table, &key), |key| {
                let arguments = key_arguments(table, key);
                (
                    format!("mutation{head} {{ it: {field}({arguments}{more}) {{ {payload} }} }}"),
                    variables.clone(),
                )
            })
            .await;
        }
    }
}

/// Compares new and changed rows that reference a row.
async fn by_reference(
    owner: &Client,
    told: &mut usize,
    catalog: &Catalog,
    caller: &Caller<'_>,
    table: &Table,
) {
    let recipe = recipe(owner, catalog, table).await;
    let own = allowed(owner, table, &recipe.update, caller).await;
    for relation in table.relations.iter().filter(|relation| !relation.many) {
        let target = catalog.table(relation.target);
        let [column] = relation.local.as_slice() else { continue };
        if target.function.is_some() || target.primary_key != relation.remote {
            continue;
        }
        let field = &table.column(*column).field;
        for hidden in hidden(owner, target, caller).await {
            let absent = absent(target, &hidden);
            if table.writes.insert.contains(column) {
                let head = format!("($input: {}Input!)", table.type_name);
                let (operation, payload) = (TableOperation::Create.field(table), payload(table, false));
                for input in &recipe.inputs {
                    compare(told, caller, &format!("{operation}.{field}"), &hidden, &absent, |key| {
                        let mut input = input.clone();
                        input[field] = json!(key[0]);
                        let query =
                            format!("mutation{head} {{ it: {operation}(input: $input) {{ {payload} }} }}");
                        (query, json!({ "input": input }))
                    })
                    .await;
                }
            }
            if table.writes.update.contains(column) {
                let head = format!("($patch: {}Patch!)", table.type_name);
                let (operation, payload) = (TableOperation::Update.field(table), payload(table, false));
                for row in own.iter().take(TRIED) {
                    let arguments = key_arguments(table, row);
                    compare(told, caller, &format!("{operation}.{field}"), &hidden, &absent, |key| {
                        let query = format!(
                            "mutation{head} {{ it: {operation}({arguments}, patch: $patch) {{ {payload} }} }}"
                        );
                        (query, json!({ "patch": { field: key[0] } }))
                    })
                    .await;
                }
            }
        }
    }
}

/// Compares functions with a row's key as an argument: for each argument, one row of each table with keys of its type.
async fn by_argument(owner: &Client, told: &mut usize, catalog: &Catalog, caller: &Caller<'_>) {
    for function in catalog.functions().iter().filter(|function| function.writes()) {
        let table = catalog.table(function.table());
        let given = objects(owner, &call(function).arguments).await;
        let optional = function.arguments.iter().map(|argument| argument.field.clone());
        for argument in optional.filter(|field| field.ends_with("Id")) {
            let is_uuid = function.schema == "therapyflow";
            for target in catalog.tables().iter().filter(|it| it.system == function.system) {
                let named = target.primary_key.as_slice();
                let [key] = named else { continue };
                let fits = matches!(
                    (&target.column(*key).ty, is_uuid),
                    (ColumnType::Scalar(Scalar::Uuid), true) | (ColumnType::Scalar(Scalar::BigInt), false)
                );
                // The table of the argument: `protocolId` is the key of a table with a key of that name.
                let stem = argument.trim_end_matches("Id").to_lowercase();
                let is_meant = target.type_name.to_lowercase().ends_with(&stem)
                    || target.column(*key).field == argument
                    || ["note", "consent", "homework"]
                        .iter()
                        .any(|it| stem == *it && target.type_name.to_lowercase().contains(it));
                if !fits || !is_meant || target.operations().next().is_none() || target.is_reference {
                    continue;
                }
                for hidden in hidden(owner, target, caller).await {
                    for arguments in given.iter().take(2) {
                        let payload = payload(table, !function.is_single());
                        compare(told, caller, &function.field, &hidden, &absent(target, &hidden), |key| {
                            let mut arguments = arguments.clone();
                            arguments[&argument] = json!(key[0]);
                            let literal = literal(&arguments);
                            let literal = &literal[1..literal.len() - 1];
                            (
                                format!("mutation {{ it: {}({literal}) {{ {payload} }} }}", function.field),
                                json!({}),
                            )
                        })
                        .await;
                    }
                }
            }
        }
    }
}

/// Unique keys of which clients choose a part, each with its tenant's column.
const OF_A_TENANT: [(&str, &str); 5] = [
    ("circle_members_pkey", "circle_id"),
    ("session_events_client_event_id_key", "protocol_id"),
    ("therapists_org_id_email_key", "org_id"),
    ("patients_org_id_abha_id_key", "org_id"),
    ("consent_records_request_of_patient_key", "patient_id"),
];

/// Unique keys without a tenant, each with the reason why they reveal nothing.
const OF_ALL: [(&str, &str); 4] = [
    ("log_clinical_records_record_id_site_id_key", "its first column is made up by the database"),
    ("ref_", "reference rows are seen by everybody who is signed in, and written by who runs the network"),
    (
        "one_session_at_a_time",
        "whose therapist is seen by whoever names one; colleagues are told when one is busy",
    ),
    ("sessions_id_org_id_therapist_id_key", "its first column is made up by the database"),
];

#[tokio::test]
async fn unique_keys_that_clients_choose_are_of_a_tenant() {
    let app = App::start().await;
    let owner = app.owner().await;
    let catalog = Catalog::new(&systems::ALL).unwrap();
    let tables = catalog.tables().iter().filter(|table| table.function.is_none());
    let names: Vec<&str> = tables.map(|table| table.sql_name.as_str()).collect();
    // Clients choose a column if one of them may write it.
    let sql = "SELECT i.relname::text, array_agg(attname::text) FROM unnest($1::text[]) AS name
        JOIN pg_index ON indrelid = name::regclass JOIN pg_class AS i ON i.oid = indexrelid
        JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey)
        WHERE indisunique OR indisexclusion GROUP BY i.relname, indrelid
        HAVING bool_or(has_column_privilege('authenticated', indrelid, attnum, 'INSERT')
          OR has_column_privilege('authenticated', indrelid, attnum, 'UPDATE'))";
    let mut unused: BTreeSet<&str> = OF_A_TENANT.iter().chain(&OF_ALL).map(|(name, _)| *name).collect();
    for row in owner.query(sql, &[&names]).await.unwrap() {
        let (index, columns): (&str, Vec<&str>) = (row.get(0), row.get(1));
        let tenant = OF_A_TENANT.iter().find(|(name, _)| *name == index);
        let all =
            OF_ALL.iter().find(|(name, _)| index == *name || *name == "ref_" && index.starts_with(name));
        match (tenant, all) {
            (Some((name, tenant)), None) => {
                assert!(columns.contains(tenant), "{index} has no {tenant}");
                unused.remove(name);
            }
            (None, Some((name, _))) => {
                unused.remove(name);
            }
            _ => panic!("{index} ({columns:?}): say which column is its tenant, or why it tells nothing"),
        }
    }
    assert!(unused.is_empty(), "there is no such key, or no client chooses it: {unused:?}");
}

#[tokio::test]
async fn patients_neither_find_nor_take_the_requests_of_others() {
    let app = App::start().await;
    let owner = app.owner().await;
    let ask = "mutation($request: String!) {
      createTherapyflowConsentRecord(input: { consentRequestId: $request, purpose: RESEARCH }) {
        consentRecord { consentRequestId }
      }
    }";
    let sql = "SELECT user_id::text FROM therapyflow.patients WHERE user_id IS NOT NULL
      AND org_id = (SELECT org_id FROM therapyflow.patients JOIN auth.users AS u ON u.id = user_id
                    WHERE email = 'patient@mindful.example')";
    let account = "WITH other AS (
        INSERT INTO auth.users (email) VALUES ('second@tests.example') RETURNING id)
      INSERT INTO therapyflow.patients (org_id, user_id, full_name)
      SELECT org_id, other.id, 'second' FROM other, therapyflow.patients
      JOIN auth.users AS u ON u.id = user_id WHERE u.email = 'patient@mindful.example'";
    owner.execute(account, &[]).await.unwrap();
    let patients: Vec<String> = owner.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert!(patients.len() >= 2);
    let request = json!({ "request": "the same" });
    for patient in patients.iter().take(2) {
        crate::fixture::signed_in(&app, patient).ask_with(ask, &request).await.data();
    }
    // A conflict with the caller's own row is reported.
    let again = crate::fixture::signed_in(&app, &patients[0]).ask_with(ask, &request).await;
    assert_eq!(again.code(), "CONFLICT");
}
