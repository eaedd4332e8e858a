//! The text of a refusal fits its cause: each direction of a foreign key, the row and the field, and whether to try again.

use std::collections::BTreeSet;
use std::time::Duration;

use praxis::graph::catalog::{ArgumentType, Catalog, ColumnType, Scalar, TableOperation};
use praxis::systems;
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::access::recipe;
use crate::fixture::{clinician, oracle, protocol};
use crate::harness::{App, eventually, schemas};
use crate::people::populate;

/// A foreign key of a served table, from Postgres's catalog.
struct ForeignKey {
    name: String,
    /// The referencing table, and its columns.
    table: String,
    columns: Vec<String>,
    /// The referenced table, and its columns.
    target: String,
    target_columns: Vec<String>,
    /// True if a referenced row cannot be deleted.
    keeps: bool,
    words: Option<String>,
}

async fn foreign_keys(owner: &Client) -> Vec<ForeignKey> {
    let names = |of: &str, keys: &str| {
        format!(
            "ARRAY(SELECT attname::text FROM unnest({keys}) WITH ORDINALITY AS key(number, at)
                   JOIN pg_attribute ON attrelid = {of} AND attnum = number ORDER BY at)"
        )
    };
    let sql = format!(
        "SELECT conname::text, format('%I.%I', own.nspname, it.relname), {}, format('%I.%I', other.nspname, target.relname), {},
           confdeltype IN ('a', 'r'), obj_description(con.oid, 'pg_constraint')
         FROM pg_constraint con
         JOIN pg_class it ON it.oid = conrelid JOIN pg_namespace own ON own.oid = it.relnamespace
         JOIN pg_class target ON target.oid = confrelid JOIN pg_namespace other ON other.oid = target.relnamespace
         WHERE contype = 'f' AND own.nspname = ANY ($1) ORDER BY 2, 1",
        names("conrelid", "conkey"),
        names("confrelid", "confkey")
    );
    let rows = owner.query(&sql, &[&schemas()]).await.unwrap();
    let key = |row: &tokio_postgres::Row| ForeignKey {
        name: row.get(0),
        table: row.get(1),
        columns: row.get(2),
        target: row.get(3),
        target_columns: row.get(4),
        keeps: row.get(5),
        words: row.get(6),
    };
    rows.iter().map(key).collect()
}

#[tokio::test]
async fn a_row_in_use_is_said_to_be_in_use_by_every_foreign_key() {
    let app = App::start().await;
    let owner = app.owner().await;
    let admin = app.user("network@praxis.example").await;
    let catalog = Catalog::new(&systems::ALL).unwrap();
    let keys = foreign_keys(&owner).await;
    let place = |name: &str| catalog.tables().iter().find(|it| format!("{}.{}", it.schema, it.name) == name);
    let mut told = BTreeSet::new();
    for key in keys.iter().filter(|key| key.keeps) {
        let Some(target) = place(&key.target) else { continue };
        if !target.operations().any(|it| it == TableOperation::Delete) {
            continue;
        }
        let ([column], [target_column]) = (key.columns.as_slice(), key.target_columns.as_slice()) else {
            panic!("{}: of several columns", key.name)
        };
        // Of all references to the row only this one remains.
        let free = format!(
            "SELECT max({target_column})::text FROM {0} t WHERE {1}",
            key.target,
            keys.iter()
                .filter(|it| it.target == key.target && it.keeps)
                .map(|it| format!(
                    "NOT EXISTS (SELECT FROM {} r WHERE r.{} = t.{})",
                    it.table, it.columns[0], it.target_columns[0]
                ))
                .collect::<Vec<_>>()
                .join(" AND ")
        );
        let inputs = &recipe(&owner, &catalog, target).await.inputs[0];
        let create = format!(
            "mutation($input: {0}Input!) {{ {1}(input: $input) {{ __typename }} }}",
            target.type_name,
            TableOperation::Create.field(target)
        );
        // The row may exist already.
        admin.ask_with(&create, &json!({ "input": inputs })).await;
        let row: Option<String> = owner.query_one(&free, &[]).await.unwrap().get(0);
        let row = row.unwrap_or_else(|| panic!("{}: no row of {} is free", key.name, key.target));
        let refer = format!(
            "ALTER TABLE {0} DISABLE TRIGGER USER;
             UPDATE {0} SET {column} = '{row}' WHERE ctid = (SELECT max(ctid) FROM {0});
             ALTER TABLE {0} ENABLE TRIGGER USER",
            key.table
        );
        owner.batch_execute(&refer).await.unwrap();
        let id = &target.column(target.primary_key[0]).field;
        let delete =
            format!("mutation {{ {}({id}: {row}) {{ __typename }} }}", TableOperation::Delete.field(target));
        let answer = admin.ask(&delete).await;
        assert_eq!(answer.code(), "CONFLICT", "{}: {}", key.name, answer.body);
        let error = answer.error();
        let by = place(&key.table).unwrap();
        let said = error["message"].as_str().unwrap();
        let an = if by.type_name.starts_with(['A', 'E', 'I', 'O']) { "an" } else { "a" };
        let expected = format!("This {} is still in use by {an} {}.", target.type_name, by.type_name);
        assert_eq!(said, expected, "{}", key.name);
        assert_eq!(error["extensions"]["constraint"], key.name);
        assert_eq!(error["extensions"]["argument"], Value::Null, "nothing that was given is wrong");
        told.insert(key.name.clone());
    }
    assert!(told.len() > 10, "{told:?}");
}

#[tokio::test]
async fn a_row_that_does_not_exist_is_said_to_be_missing_by_every_foreign_key() {
    let app = App::start().await;
    let owner = app.owner().await;
    let catalog = Catalog::new(&systems::ALL).unwrap();
    let callers = populate(&app, &owner).await;
    let keys = foreign_keys(&owner).await;
    let mut told = BTreeSet::new();
    for table in catalog.tables().iter().filter(|it| it.operations().any(|it| it == TableOperation::Create)) {
        let place = format!("{}.{}", table.schema, table.name);
        let inputs = recipe(&owner, &catalog, table).await.inputs;
        let create = format!(
            "mutation($input: {0}Input!) {{ {1}(input: $input) {{ __typename }} }}",
            table.type_name,
            TableOperation::Create.field(table)
        );
        for key in keys.iter().filter(|key| key.table == place && key.columns.len() == 1) {
            let Some(column) = table.column_named(&key.columns[0]) else { continue };
            if !table.writes.insert.contains(&column) {
                continue;
            }
            let field = &table.column(column).field;
            let absent = if key.target.starts_with("therapyflow") {
                json!("ffffffff-ffff-4fff-8fff-fffffffffff0")
            } else {
                json!("987654321")
            };
            for caller in &callers {
                for input in &inputs {
                    let mut input = input.clone();
                    input[field] = absent.clone();
                    let answer = caller.actor.ask_with(&create, &json!({ "input": input })).await;
                    let error = answer.error();
                    if error["extensions"]["constraint"] != json!(key.name) {
                        // A policy or another rule applies first.
                        continue;
                    }
                    assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT");
                    assert_eq!(error["message"], json!(key.words), "{}", key.name);
                    assert_eq!(error["extensions"]["argument"], format!("input.{field}"));
                    told.insert(key.name.clone());
                }
            }
        }
    }
    // If a policy reads the other row first, it refuses the write.
    assert!(told.len() > 10, "{told:?}");
    let without: Vec<&str> =
        keys.iter().filter(|key| key.words.is_none()).map(|key| key.name.as_str()).collect();
    for key in without {
        let of = keys.iter().find(|it| it.name == key).unwrap();
        let table =
            catalog.tables().iter().find(|it| format!("{}.{}", it.schema, it.name) == of.table).unwrap();
        assert!(table.operations().next().is_none(), "{key} has words, for somebody can break it");
    }
}

/// Returns the place of a refused row among several.
fn place(refused: &Value) -> &str {
    refused["extensions"]["argument"].as_str().unwrap_or_else(|| panic!("{refused}"))
}

#[tokio::test]
async fn the_row_that_is_refused_is_named_among_all_that_are_added() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (clinician, site) = clinician(&app, &owner, "several").await;
    let record = protocol(&owner, site).await.to_string();
    let count = format!("SELECT count(*) AS n FROM session_events WHERE site_id = {site}");
    let good = |n: usize| json!({ "eventTypeId": "1", "eventTimestamp": format!("2026-01-01T10:00:{:02}Z", n % 60) });
    // A CHECK, a foreign key, a trigger's rule, and a unique key.
    let faults = [
        (json!({ "intensityLevel": 11 }), ".intensityLevel", "session_events_intensity_level_check"),
        (json!({ "eventTypeId": "999" }), ".eventTypeId", "session_events_event_type_id_fkey"),
        (json!({ "eventTypeId": "4" }), "", "event_needs_vitals"),
    ];
    let several =
        "mutation($inputs: [SessionEventInput!]!) { createSessionEvents(inputs: $inputs) { affectedCount } }";
    let nested =
        "mutation($input: ProtocolInput!) { createProtocol(input: $input) { protocol { recordId } } }";
    for (fault, field, constraint) in &faults {
        for (rows, at) in [(1, 0), (2, 0), (2, 1), (7, 3), (300, 0), (300, 211), (300, 299)] {
            let mut inputs: Vec<Value> = (0..rows).map(good).collect();
            for (name, value) in fault.as_object().unwrap() {
                inputs[at][name] = value.clone();
            }
            let input = json!({ "siteId": site.to_string(), "sessionType": "DOSING", "events": inputs });
            let refused = clinician.ask_with(nested, &json!({ "input": input })).await;
            assert_eq!(refused.error()["extensions"]["constraint"], *constraint, "{}", refused.body);
            assert_eq!(place(refused.error()), format!("input.events.{at}{field}"), "of {rows}");
            for input in &mut inputs {
                input["protocolId"] = json!(record);
            }
            let refused = clinician.ask_with(several, &json!({ "inputs": inputs })).await;
            assert_eq!(refused.error()["extensions"]["constraint"], *constraint);
            assert_eq!(place(refused.error()), format!("inputs.{at}{field}"), "of {rows}");
            assert!(refused.statements() <= 1 + rows.ilog2() + 1, "{} of {rows}", refused.statements());
        }
    }
    // Rows that belong to several new rows.
    let many = "mutation($inputs: [ProtocolInput!]!) { createProtocols(inputs: $inputs) { affectedCount } }";
    let protocols: Vec<Value> = (0..5)
        .map(|n| {
            let events: Vec<Value> = (0..4)
                .map(|at| {
                    if (n, at) == (3, 2) {
                        json!({ "eventTypeId": "1", "intensityLevel": 0 })
                    } else {
                        good(at)
                    }
                })
                .collect();
            json!({ "siteId": site.to_string(), "events": events })
        })
        .collect();
    let refused = clinician.ask_with(many, &json!({ "inputs": protocols })).await;
    assert_eq!(place(refused.error()), "inputs.3.events.2.intensityLevel");
    // Two faults of different kinds: the reported one is at the reported place.
    let mut inputs: Vec<Value> = (0..9).map(good).collect();
    inputs[1]["eventTypeId"] = json!("999");
    inputs[6]["intensityLevel"] = json!(11);
    let input = json!({ "siteId": site.to_string(), "events": inputs });
    let refused = clinician.ask_with(nested, &json!({ "input": input })).await;
    let told = (refused.error()["extensions"]["constraint"].as_str().unwrap(), place(refused.error()));
    assert!(
        [
            ("session_events_event_type_id_fkey", "input.events.1.eventTypeId"),
            ("session_events_intensity_level_check", "input.events.6.intensityLevel"),
        ]
        .contains(&told),
        "{told:?}"
    );
    assert_eq!(oracle(&app, &count).await[0]["n"], 0, "nothing of it is left");

    let admin = app.user("network@praxis.example").await;
    let create =
        "mutation($inputs: [MedicationInput!]!) { createMedications(inputs: $inputs) { affectedCount } }";
    let taken =
        oracle(&app, "SELECT min(medication_name) AS name FROM ref_medications").await[0]["name"].clone();
    let names = ["Testazine", "Testamine", taken.as_str().unwrap(), "Testoline"];
    let inputs: Vec<Value> = names.iter().map(|name| json!({ "medicationName": name })).collect();
    let refused = admin.ask_with(create, &json!({ "inputs": inputs })).await;
    assert_eq!((refused.code(), place(refused.error())), ("CONFLICT", "inputs.2.medicationName"));
}

#[tokio::test]
async fn every_refusal_of_an_object_that_a_function_is_given_names_its_index() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (clinician, site) = clinician(&app, &owner, "batches").await;
    let record = protocol(&owner, site).await;
    let session = "UPDATE log_clinical_records SET session_date = current_date WHERE record_id = $1";
    owner.execute(session, &[&record]).await.unwrap();
    let log = "mutation($of: BigInt!, $list: [LogSessionEventsEventInput!]!) {
        logSessionEvents(protocolId: $of, events: $list) { affectedCount } }";
    let assign = "mutation($of: BigInt!, $list: [AssignHomeworkHomeworkInput!]!) {
        assignHomework(protocolId: $of, homework: $list) { affectedCount } }";
    let event = |at: usize| json!({ "eventType": "Distress", "intensityLevel": 1 + at % 10 });
    let homework = |at: usize| {
        let day = chrono::Utc::now().date_naive() + chrono::Days::new(1 + at as u64);
        json!({ "homeworkTypeId": "1", "dueDate": day.to_string() })
    };
    // The mutation, a change to its object, and the field that the error names, if any.
    let faults = [
        (log, json!({ "intensityLevel": 0 }), ".intensityLevel"),
        (log, json!({ "intensityLevel": 11 }), ".intensityLevel"),
        (log, json!({ "eventType": "Nothing" }), ".eventType"),
        (log, json!({ "eventType": null }), ""),
        (log, json!({ "eventType": null, "eventTypeId": "999" }), ".eventTypeId"),
        (log, json!({ "eventTimestamp": "2999-01-01T00:00:00Z" }), ".eventTimestamp"),
        (log, json!({ "doseMg": -1 }), ".doseMg"),
        (log, json!({ "systolicMmhg": 100, "diastolicMmhg": 120 }), ""),
        (log, json!({ "doseMg": 1e30 }), ".doseMg"),
        (log, json!({ "heartRate": 5 }), ".heartRate"),
        (log, json!({ "oxygenSaturation": 90, "heartRate": 70 }), ".heartRate"),
        (log, json!({ "eventType": "Vital Signs Check" }), ""),
        (log, json!({ "eventType": "Nothing", "eventTypeId": "1" }), ".eventType"),
        (log, json!({ "eventTypeId": "999" }), ".eventType"),
        (log, json!({ "colour": "red" }), ""),
        (log, json!({ "intensityLevel": "many" }), ".intensityLevel"),
        (log, json!({ "clientEventId": "no UUID" }), ".clientEventId"),
        (assign, json!({ "dueDate": "2020-01-01" }), ".dueDate"),
        (assign, json!({ "homeworkTypeId": "999" }), ".homeworkTypeId"),
        (assign, json!({ "dueDate": null }), ".dueDate"),
        (assign, json!({ "homeworkTypeId": null }), ""),
    ];
    let mut wrong = Vec::new();
    for (mutation, fault, field) in &faults {
        let name = if *mutation == log { "events" } else { "homework" };
        let good: &dyn Fn(usize) -> Value = if *mutation == log { &event } else { &homework };
        for (count, at) in [(1, 0), (2, 0), (2, 1), (7, 3), (200, 131)] {
            let mut list: Vec<Value> = (0..count).map(good).collect();
            for (name, value) in fault.as_object().unwrap() {
                list[at][name] = value.clone();
            }
            let answer =
                clinician.ask_with(mutation, &json!({ "of": record.to_string(), "list": list })).await;
            let error = &answer.body["errors"][0];
            let argument = error["extensions"]["argument"].as_str().unwrap_or_default();
            let argument = argument.replace("$list", name);
            let place = format!("{name}.{at}{field}");
            let is_within = field.is_empty() && argument.starts_with(&format!("{place}."));
            if argument != place && !is_within {
                wrong.push(format!("{fault} at {place} of {count}: {}", answer.body));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // An error about another row names no object.
    for count in [1, 2, 9] {
        let list: Vec<Value> = (0..count).map(event).collect();
        let answer = clinician.ask_with(log, &json!({ "of": "1", "list": list })).await;
        assert_eq!((answer.code(), place(answer.error())), ("NOT_FOUND", "protocolId"));
    }
    let sql = format!("SELECT count(*) AS n FROM session_events WHERE protocol_id = {record}");
    assert_eq!(oracle(&app, &sql).await[0]["n"], 0, "nothing of it is left");
}

#[tokio::test]
async fn every_function_names_the_key_of_what_it_has_not_found() {
    let app = App::start().await;
    let catalog = Catalog::new(&systems::ALL).unwrap();
    let people = [app.clinician_north().await, app.user("therapist@mindful.example").await];
    let mut named = 0;
    for function in catalog.functions().iter().filter(|function| function.writes()) {
        let nobodys = |ty: &ColumnType| match ty.scalar() {
            Scalar::Uuid => "\"00000000-0000-0000-0000-000000000000\"",
            Scalar::BigInt => "\"0\"",
            Scalar::DateTime => "\"2026-01-01T10:00:00Z\"",
            other => panic!("{}: {other:?}", function.name),
        };
        let required = function.arguments.iter().filter(|argument| argument.required);
        let given: Vec<_> = required
            .map(|argument| match &argument.ty {
                ArgumentType::Value(ty) => format!("{}: {}", argument.field, nobodys(ty)),
                ArgumentType::Objects { .. } => format!("{}: []", argument.field),
            })
            .collect();
        let call = format!("{}({}) {{ __typename }}", function.field, given.join(", "));
        let mut errors = Vec::new();
        for person in &people {
            let answer = person.ask(&format!("mutation {{ {call} }}")).await;
            errors.push((answer.code().to_owned(), answer.error()["extensions"]["argument"].clone()));
        }
        let key = json!(function.arguments[0].field);
        assert!(errors.contains(&("NOT_FOUND".to_owned(), key)), "{call}: {errors:?}");
        named += 1;
    }
    assert!(named > 10, "{named}");
}

#[tokio::test]
async fn a_refusal_that_is_about_a_value_names_where_it_was_given() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (clinician, site) = clinician(&app, &owner, "values").await;
    let record = protocol(&owner, site).await;
    let session = "UPDATE log_clinical_records SET session_date = current_date WHERE record_id = $1";
    owner.execute(session, &[&record]).await.unwrap();
    let log = |with: &str| {
        format!("mutation {{ logSessionEvent(protocolId: \"{record}\", {with}) {{ __typename }} }}")
    };
    let create = |with: &str| {
        format!(
            "mutation {{ createSessionEvent(input: {{ protocolId: \"{record}\", eventTimestamp: \"2026-01-01T10:00:00Z\", {with} }})
               {{ __typename }} }}"
        )
    };
    let homework = format!(
        "mutation {{ createIntegrationHomework(input: {{
            protocolId: \"{record}\", homeworkTypeId: \"1\", assignedDate: \"2026-01-01\", dueDate: \"2026-02-01\" }})
          {{ integrationHomework {{ homeworkId }} }} }}"
    );
    let created = clinician.ask(&homework).await;
    let homework = &created.data()["createIntegrationHomework"]["integrationHomework"]["homeworkId"];
    let mut refused = vec![
        (log("eventType: \"Distress\", eventTimestamp: \"2999-01-01T00:00:00Z\""), "eventTimestamp"),
        (log("eventType: \"Distress\", doseMg: 1"), "doseMg"),
        (log("eventType: \"Vital Signs Check\", heartRate: 5"), "heartRate"),
        (log("eventType: \"Distress\", heartRate: 70"), "heartRate"),
        (log("eventType: \"Nothing\""), "eventType"),
        (log("eventType: \"Nope\", eventTypeId: \"1\""), "eventType"),
        (log("eventTypeId: \"999\""), "eventTypeId"),
        (create("eventTypeId: \"1\", doseMg: 5"), "input.doseMg"),
        (create("eventTypeId: \"1\", intensityLevel: 11"), "input.intensityLevel"),
        (
            format!(
                "mutation {{ completeHomework(homeworkId: {homework}, completedDate: \"0001-01-01\") {{ __typename }} }}"
            ),
            "completedDate",
        ),
    ];
    // A rule about several given values names the object.
    let vitals =
        "SELECT event_type_id::text AS id FROM ref_event_types WHERE event_name = 'Vital Signs Check'";
    let vitals = oracle(&app, vitals).await[0]["id"].clone();
    let several = create(&format!("eventTypeId: {vitals}, systolicMmhg: 100, diastolicMmhg: 120"));
    refused.push((several, "input"));
    for (mutation, argument) in refused {
        let answer = clinician.ask(&mutation).await;
        assert_eq!(place(answer.error()), argument, "{mutation}: {}", answer.body);
    }
    // Two sessions at once overlap by their therapist and their times: the error names the patch, and no field outside it.
    let therapist = app.user("therapist@mindful.example").await;
    let own = "{ therapyflow { sessions(filter: { status: { eq: SCHEDULED } }, first: 2, orderBy: [{ scheduledAt: ASC }]) {
                 nodes { id scheduledAt } } } }";
    let own = therapist.ask(own).await.data()["therapyflow"]["sessions"]["nodes"].clone();
    let overlap = format!(
        "mutation {{ updateTherapyflowSession(id: {}, patch: {{ scheduledAt: {} }}) {{ __typename }} }}",
        own[1]["id"], own[0]["scheduledAt"]
    );
    let answer = therapist.ask(&overlap).await;
    assert_eq!((answer.code(), place(answer.error())), ("CONFLICT", "patch"), "{}", answer.body);
}

#[tokio::test]
async fn every_number_that_its_column_cannot_hold_is_named() {
    let app = App::start().await;
    let owner = app.owner().await;
    let catalog = Catalog::new(&systems::ALL).unwrap();
    populate(&app, &owner).await;
    let actor = app.clinician_north().await;
    let mut named = BTreeSet::new();
    for table in catalog.tables().iter().filter(|it| it.operations().any(|it| it == TableOperation::Create)) {
        let inputs = recipe(&owner, &catalog, table).await.inputs;
        let Some(input) = inputs.first() else { continue };
        for (at, column) in table.columns.iter().enumerate() {
            let (Some(whole), field) = (column.bounds.whole, &column.field) else { continue };
            if !table.writes.insert.iter().any(|id| id.0 == at) {
                continue;
            }
            let mut input = input.clone();
            input[field] = json!(format!("1e{whole}").parse::<f64>().unwrap());
            let query = format!(
                "mutation($input: {0}Input!) {{ {1}(input: $input) {{ __typename }} }}",
                table.type_name,
                TableOperation::Create.field(table)
            );
            let refused = actor.ask_with(&query, &json!({ "input": input })).await;
            assert_eq!(refused.code(), "BAD_USER_INPUT", "{}", refused.body);
            assert_eq!(place(refused.error()), format!("input.{field}"));
            assert!(
                refused.error()["message"].as_str().unwrap().contains(field.as_str()),
                "{}",
                refused.body
            );
            named.insert(format!("{}.{field}", table.name));
        }
    }
    assert!(named.len() > 5, "{named:?}");
    // A function's arguments are numbers of any size; the columns that it writes are not.
    let log = "mutation { logSessionEvent(protocolId: 1, eventType: \"Booster Dose\", doseMg: 1e12) { sessionEvent { eventId } } }";
    let refused = actor.ask(log).await;
    assert_eq!((refused.code(), place(refused.error())), ("BAD_USER_INPUT", "doseMg"), "{}", refused.body);
    let log = "mutation { logSessionEvents(protocolId: 1, events: [
        { eventType: \"Booster Dose\", doseMg: 5 }, { eventType: \"Booster Dose\", doseMg: 1e12 }]) { affectedCount } }";
    let refused = actor.ask(log).await;
    assert_eq!((refused.code(), place(refused.error())), ("BAD_USER_INPUT", "events.1.doseMg"));
}

#[tokio::test]
async fn whoever_gives_way_is_told_to_try_again() {
    let app = App::start().await;
    let owner = app.owner().await;
    let actor = app.clinician_north().await;
    // A deadlock with a change of the tables: the query holds one lock and waits for the other, and gives way first.
    owner.batch_execute("SET deadlock_timeout = '60s'; BEGIN; LOCK TABLE sites").await.unwrap();
    let read = "{ a: protocols(first: 1) { nodes { recordId } } b: sites(first: 1) { nodes { siteName } } }";
    let (answer, ()) = tokio::join!(actor.ask(read), async {
        let waits = "SELECT count(*) AS n FROM pg_locks JOIN pg_class ON oid = relation WHERE relname = 'sites' AND NOT granted";
        eventually("the query waits", async || oracle(&app, waits).await[0]["n"] != 0).await;
        owner.batch_execute("LOCK TABLE log_clinical_records").await.unwrap();
        owner.batch_execute("ROLLBACK").await.unwrap();
    });
    assert_eq!(answer.code(), "UNAVAILABLE", "{}", answer.body);
    assert_eq!(answer.error()["extensions"]["reason"], "COLLISION");
    assert!(answer.error()["message"].as_str().unwrap().contains("Try again"));

    // A mutation that times out while it waits for a row did not exceed a limit.
    let late =
        App::over(&app.database, |config| config.database.statement_timeout = Duration::from_millis(300))
            .await;
    owner
        .batch_execute("BEGIN; SELECT FROM log_clinical_records WHERE record_id = 1 FOR UPDATE")
        .await
        .unwrap();
    let write = "mutation { updateProtocol(recordId: 1, patch: { dosageMg: 20 }) { protocol { recordId } } }";
    let waited = late.clinician_north().await.ask(write).await;
    assert_eq!(waited.code(), "TIMEOUT", "{}", waited.body);
    let message = waited.error()["message"].as_str().unwrap();
    assert!(message.contains("others may be writing the same rows"), "{message}");
    owner.batch_execute("ROLLBACK").await.unwrap();

    // A mutation gives way at every attempt.
    let collide = "CREATE FUNCTION collide() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'deadlock detected' USING ERRCODE = 'deadlock_detected'; END $$;
      CREATE TRIGGER collide BEFORE INSERT ON integration_scores FOR EACH ROW EXECUTE FUNCTION collide()";
    owner.batch_execute(collide).await.unwrap();
    let write = "mutation { createIntegrationScore(input: { protocolId: 1, scaleType: IES, scoreValue: 5,
      measuredAt: \"2026-01-08T10:00:00Z\" }) { integrationScore { scoreId } } }";
    let refused = actor.ask(write).await;
    assert_eq!((refused.code(), &refused.error()["extensions"]["reason"]), ("CONFLICT", &json!("COLLISION")));
    assert!(refused.error()["message"].as_str().unwrap().contains("try again"));
    owner.batch_execute("DROP TRIGGER collide ON integration_scores").await.unwrap();
    actor.ask(write).await.data();
}
