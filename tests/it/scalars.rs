//! Values: output equals the stored value, and input finds it; the same for global ids.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use praxis::graph::catalog::Catalog;
use praxis::systems;
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::fixture::{clinician, join, person, protocol, signed_in};
use crate::harness::{Actor, App};

/// A column of a protocol: field, column, type of its filter's `eq`.
struct Column(&'static str, &'static str, &'static str);

/// Writes a value by SQL, reads it through GraphQL, and finds the row by the value as a literal and as a variable.
async fn round_trip(
    asker: &Actor<'_>,
    owner: &Client,
    record: i64,
    Column(field, column, ty): &Column,
    sql: &str,
    shown: &Value,
) {
    let update = format!("UPDATE log_clinical_records SET {column} = {sql} WHERE record_id = {record}");
    owner.batch_execute(&update).await.unwrap_or_else(|error| panic!("{error:?}: {update}"));
    let read = asker.ask(&format!("{{ protocol(recordId: {record}) {{ {field} }} }}")).await;
    assert_eq!(read.data()["protocol"][field], *shown, "{field} = {sql}");

    let is_enum = ty.starts_with("Protocol");
    let literal = if is_enum { shown.as_str().unwrap().to_owned() } else { shown.to_string() };
    let by_literal =
        format!("{{ protocols(filter: {{{field}: {{eq: {literal}}}}}) {{ nodes {{ recordId }} }} }}");
    let by_variable = format!(
        "query($value: {ty}) {{ protocols(filter: {{{field}: {{eq: $value}}}}) {{ nodes {{ recordId {field} }} }} }}"
    );
    let found = asker.ask(&by_literal).await;
    assert_eq!(*found.nodes("protocols"), [json!({ "recordId": record.to_string() })], "{by_literal}");
    let found = asker.ask_with(&by_variable, &json!({ "value": shown })).await;
    assert_eq!(
        *found.nodes("protocols"),
        [json!({ "recordId": record.to_string(), *field: shown })],
        "{field}: {shown}"
    );

    // A page after the value's cursor is empty: no row is left.
    if !ty.starts_with('[') {
        let order = format!("filter: {{{field}: {{eq: {literal}}}}}, orderBy: {{{field}: DESC}}");
        let page = asker.ask(&format!("{{ protocols({order}) {{ edges {{ cursor }} }} }}")).await;
        let cursor = &page.data()["protocols"]["edges"][0]["cursor"];
        let rest =
            asker.ask(&format!("{{ protocols({order}, after: {cursor}) {{ nodes {{ recordId }} }} }}")).await;
        assert!(rest.nodes("protocols").is_empty(), "{field} = {sql}");
    }
}

/// Returns values as SQL, and as JSON.
fn values() -> Vec<(Column, &'static str, Value)> {
    const BIG: Column = Column("subjectId", "subject_id", "BigInt");
    const INT: Column = Column("sessionNumber", "session_number", "Int");
    const NUMERIC: Column = Column("dosageMg", "dosage_mg", "Float");
    const DECIMAL: Column = Column("prepHours", "prep_hours", "Decimal");
    const TEXT: Column = Column("patientLinkCode", "patient_link_code", "String");
    const DATE: Column = Column("sessionDate", "session_date", "Date");
    const TIME: Column = Column("submittedAt", "submitted_at", "DateTime");
    const FLAG: Column = Column("isSubmitted", "is_submitted", "Boolean");
    const LIST: Column = Column("concomitantMedIds", "concomitant_med_ids", "[BigInt!]");
    const AGE: Column = Column("patientAge", "patient_age", "ProtocolPatientAge");
    const KIND: Column = Column("sessionType", "session_type", "ProtocolSessionType");
    const VERDICT: Column =
        Column("contraindicationVerdict", "contraindication_verdict", "ProtocolContraindicationVerdict");

    vec![
        (BIG, "9223372036854775807", json!("9223372036854775807")),
        (BIG, "-9223372036854775808", json!("-9223372036854775808")),
        (BIG, "9007199254740993", json!("9007199254740993")),
        (BIG, "0", json!("0")),
        (INT, "2147483647", json!(2_147_483_647)),
        (INT, "-2147483648", json!(-2_147_483_648_i64)),
        (NUMERIC, "0", json!(0.00)),
        (NUMERIC, "9999.99", json!(9999.99)),
        (NUMERIC, "-9999.99", json!(-9999.99)),
        (NUMERIC, "0.01", json!(0.01)),
        (NUMERIC, "0.1", json!(0.1)),
        (DECIMAL, "0", json!("0")),
        (DECIMAL, "-0.50", json!("-0.50")),
        (
            DECIMAL,
            "123456789012345678901234567890.000000000000000001",
            json!("123456789012345678901234567890.000000000000000001"),
        ),
        (DECIMAL, "1e-30", json!("0.000000000000000000000000000001")),
        (DECIMAL, "1e40", json!("10000000000000000000000000000000000000000")),
        (TEXT, "''", json!("")),
        (
            TEXT,
            "E'tab\\t, line\\n, return\\r, bell\\x07, escape\\x1b, delete\\x7f'",
            json!("tab\t, line\n, return\r, bell\u{7}, escape\u{1b}, delete\u{7f}"),
        ),
        (
            TEXT,
            "'👩🏽‍⚕️ \u{2028}\u{2029} \u{feff} e\u{301} \u{202e}txt'",
            json!("👩🏽‍⚕️ \u{2028}\u{2029} \u{feff} e\u{301} \u{202e}txt"),
        ),
        (
            TEXT,
            r#"'"quoted" \ ''single'' </script> {"a": 1} $1 ${x}'"#,
            json!(r#""quoted" \ 'single' </script> {"a": 1} $1 ${x}"#),
        ),
        (TEXT, "repeat('ab', 5000)", json!("ab".repeat(5000))),
        (DATE, "'2026-02-12'", json!("2026-02-12")),
        (DATE, "'2024-02-29'", json!("2024-02-29")),
        (DATE, "'0001-01-01'", json!("0001-01-01")),
        (DATE, "'9999-12-31'", json!("9999-12-31")),
        (DATE, "'0044-03-15 BC'", json!("-000043-03-15")),
        (DATE, "'10000-01-01'", json!("+010000-01-01")),
        (DATE, "'5874897-12-31'", json!("+5874897-12-31")),
        (DATE, "'4713-01-01 BC'", json!("-004712-01-01")),
        (DATE, "'infinity'", json!("infinity")),
        (DATE, "'-infinity'", json!("-infinity")),
        (TIME, "'2026-02-12T14:15:00Z'", json!("2026-02-12T14:15:00Z")),
        (TIME, "'2026-02-12T14:15:00.5+05:30'", json!("2026-02-12T08:45:00.5Z")),
        (TIME, "'2026-02-12T14:15:00.000001Z'", json!("2026-02-12T14:15:00.000001Z")),
        (TIME, "'1969-12-31T23:59:59.999999Z'", json!("1969-12-31T23:59:59.999999Z")),
        (TIME, "'1999-12-31T23:59:59.999999Z'", json!("1999-12-31T23:59:59.999999Z")),
        (TIME, "'0044-03-15 12:00:00Z BC'", json!("-000043-03-15T12:00:00Z")),
        (TIME, "'12026-01-01T00:00:00Z'", json!("+012026-01-01T00:00:00Z")),
        (TIME, "'294276-12-31T23:59:59.999999Z'", json!("+294276-12-31T23:59:59.999999Z")),
        (TIME, "'infinity'", json!("infinity")),
        (TIME, "'-infinity'", json!("-infinity")),
        (FLAG, "true", json!(true)),
        (FLAG, "false", json!(false)),
        (LIST, "'{}'", json!([])),
        (
            LIST,
            "'{9223372036854775807,-9223372036854775808,0}'",
            json!(["9223372036854775807", "-9223372036854775808", "0"]),
        ),
        (AGE, "'18-25'", json!("FROM_18_TO_25")),
        (AGE, "'66+'", json!("FROM_66")),
        (KIND, "'follow_up'", json!("FOLLOW_UP")),
        (VERDICT, "'DO_NOT_PROCEED'", json!("DO_NOT_PROCEED")),
    ]
}

#[tokio::test]
async fn every_value_comes_back_as_it_was_stored_and_is_found_by_what_is_shown() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (asker, site) = clinician(&app, &owner, "scalars").await;
    let record = protocol(&owner, site).await;
    for (column, sql, shown) in values() {
        round_trip(&asker, &owner, record, &column, sql, &shown).await;
    }

    // UUIDs, and NULL.
    let account = person(&owner, "creator").await;
    let column = Column("createdBy", "created_by", "UUID");
    round_trip(&asker, &owner, record, &column, &format!("'{account}'"), &json!(account)).await;
    owner
        .batch_execute(
            "UPDATE log_clinical_records SET created_by = NULL, subject_id = NULL, session_date = NULL, dosage_mg = NULL,
               prep_hours = NULL, session_type = NULL, concomitant_med_ids = NULL, submitted_at = NULL, is_submitted = NULL,
               patient_link_code = NULL, session_number = NULL",
        )
        .await
        .unwrap();
    let fields = "createdBy subjectId sessionDate dosageMg prepHours sessionType concomitantMedIds submittedAt isSubmitted
      patientLinkCode sessionNumber";
    let read = asker.ask(&format!("{{ protocol(recordId: {record}) {{ {fields} }} }}")).await;
    let read = read.data()["protocol"].as_object().unwrap();
    assert_eq!(read.len(), 11);
    assert!(read.values().all(Value::is_null), "{read:?}");

    // An array in Postgres may contain NULL.
    owner.batch_execute("UPDATE log_clinical_records SET concomitant_med_ids = '{1,NULL}'").await.unwrap();
    let read = asker.ask(&format!("{{ protocol(recordId: {record}) {{ concomitantMedIds }} }}")).await;
    assert_eq!(read.data()["protocol"]["concomitantMedIds"], json!(["1", null]));
}

#[tokio::test]
async fn a_value_may_be_written_in_several_ways() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (asker, site) = clinician(&app, &owner, "ways").await;
    let record = protocol(&owner, site).await;
    owner
        .batch_execute(
            "UPDATE log_clinical_records SET subject_id = 7, dosage_mg = 12.5, prep_hours = 1.50,
               submitted_at = '2026-02-12T14:15:00.25Z', created_by = NULL, session_number = 3",
        )
        .await
        .unwrap();
    for (field, ty, values) in [
        ("subjectId", "BigInt", vec![json!(7), json!("7"), json!("+7"), json!("007")]),
        ("dosageMg", "Float", vec![json!(12.5), json!(12.50), json!(1.25e1)]),
        (
            "prepHours",
            "Decimal",
            vec![json!("1.5"), json!("1.500"), json!(1.5), json!("15e-1"), json!("+1.5")],
        ),
        (
            "submittedAt",
            "DateTime",
            vec![
                json!("2026-02-12T14:15:00.25Z"),
                json!("2026-02-12T14:15:00.250000000Z"),
                json!("2026-02-12T15:15:00.25+01:00"),
                json!("2026-02-12T06:15:00.25-08:00"),
                json!("2026-02-12t14:15:00.25z"),
            ],
        ),
    ] {
        for value in values {
            let literal = format!("{{ protocols(filter: {{{field}: {{eq: {value}}}}}) {{ totalCount }} }}");
            assert_eq!(asker.ask(&literal).await.data()["protocols"]["totalCount"], 1, "{literal}");
            let query =
                format!("query($v: {ty}!) {{ protocols(filter: {{{field}: {{eq: $v}}}}) {{ totalCount }} }}");
            let answer = asker.ask_with(&query, &json!({ "v": value })).await;
            assert_eq!(answer.data()["protocols"]["totalCount"], 1, "{field}: {value}");
        }
    }
    // A decimal is compared digit by digit, even if a double could not tell the difference.
    owner.batch_execute("UPDATE log_clinical_records SET prep_hours = 0.1234567890123456789").await.unwrap();
    for (literal, count) in
        [("\"0.1234567890123456789\"", 1), ("\"0.12345678901234568\"", 0), ("0.1234567890123456789", 1)]
    {
        let query = format!("{{ protocols(filter: {{prepHours: {{eq: {literal}}}}}) {{ totalCount }} }}");
        assert_eq!(asker.ask(&query).await.data()["protocols"]["totalCount"], count, "{literal}");
    }

    // The same row by key: number, string, variable, in every notation.
    for key in [format!("{record}"), format!("\"{record}\"")] {
        let answer = asker.ask(&format!("{{ protocol(recordId: {key}) {{ recordId }} }}")).await;
        assert_eq!(answer.data()["protocol"]["recordId"], record.to_string());
    }
    for key in [json!(record), json!(record.to_string())] {
        let answer = asker
            .ask_with("query($id: BigInt!) { protocol(recordId: $id) { recordId } }", &json!({ "id": key }))
            .await;
        assert_eq!(answer.data()["protocol"]["recordId"], record.to_string());
    }
}

#[tokio::test]
async fn a_row_is_found_by_each_of_its_keys_and_by_one_at_a_time() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (asker, site) = clinician(&app, &owner, "by key").await;
    owner
        .batch_execute(&format!(
            "INSERT INTO outcomes_summary (site_id, substance_id, month, total_protocols)
             VALUES ({site}, 1, '2026-02-01', 3)"
        ))
        .await
        .unwrap();
    for (look_up, expected) in [
        ("assessment(assessmentCode: \"PHQ9\") { assessmentId }", json!({ "assessmentId": "1" })),
        ("assessment(assessmentId: 1) { assessmentCode }", json!({ "assessmentCode": "PHQ9" })),
        ("assessment(assessmentCode: \"phq9\") { assessmentId }", Value::Null),
        // A number is the same with any number of trailing zeros.
        ("assessmentBand(assessmentId: 1, minScore: 5) { label }", json!({ "label": "Mild" })),
        ("assessmentBand(assessmentId: \"1\", minScore: 10.00) { label }", json!({ "label": "Moderate" })),
        ("assessmentBand(assessmentId: 1, minScore: 0) { label }", json!({ "label": "Minimal" })),
        ("assessmentBand(assessmentId: 1, minScore: 0.5) { label }", Value::Null),
        (
            &format!(
                "outcomesSummary(siteId: {site}, substanceId: 1, month: \"2026-02-01\") {{ totalProtocols }}"
            ),
            json!({ "totalProtocols": 3 }),
        ),
        (
            &format!("outcomesSummary(siteId: {site}, substanceId: 1, month: \"2026-03-01\") {{ month }}"),
            Value::Null,
        ),
    ] {
        let answer = asker.ask(&format!("{{ found: {look_up} }}")).await;
        assert_eq!(answer.data()["found"], expected, "{look_up}");
    }
    for arguments in
        ["assessmentId: 1, assessmentCode: \"PHQ9\"", "assessmentId: null", "assessmentId: $nothing"]
    {
        let declared = if arguments.contains('$') { "query($nothing: BigInt) " } else { "" };
        let answer =
            asker.ask(&format!("{declared}{{ found: assessment({arguments}) {{ assessmentId }} }}")).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT", "{arguments}");
        assert_eq!(answer.error()["path"], json!(["found"]));
    }
}

#[tokio::test]
async fn lists_of_text_come_back_whatever_stands_in_them() {
    let app = App::start().await;
    let owner = app.owner().await;
    let reader = person(&owner, "reader").await;
    for (sql, shown) in [
        ("ARRAY[]::text[]", json!([])),
        ("NULL", Value::Null),
        (
            r#"ARRAY['a "b"', 'c,d', '{}', '', 'NULL', 'it''s', 'back\slash', E'line\nbreak', '😀']"#,
            json!([r#"a "b""#, "c,d", "{}", "", "NULL", "it's", "back\\slash", "line\nbreak", "😀"]),
        ),
        ("ARRAY['a', NULL]", json!(["a", null])),
        ("'[5:6]={x,y}'::text[]", json!(["x", "y"])),
    ] {
        let insert =
            format!("INSERT INTO practitioner_profiles (specialties) VALUES ({sql}) RETURNING profile_id");
        let id: i64 = owner.query_one(&insert, &[]).await.unwrap().get(0);
        let query = format!("{{ practitionerProfile(profileId: {id}) {{ specialties }} }}");
        let answer = signed_in(&app, &reader).ask(&query).await;
        assert_eq!(answer.data()["practitionerProfile"]["specialties"], shown, "{sql}");
    }
}

/// Inserts a row into every empty table, so that each has a global id.
async fn populate(owner: &Client, site: i64, account: &str) -> i64 {
    let protocol = protocol(owner, site).await;
    owner
        .batch_execute(&format!(
            "INSERT INTO session_events (protocol_id, event_type_id, event_timestamp, intensity_level)
               VALUES ({protocol}, 1, now() - interval '2 hours', 4), ({protocol}, 1, now(), 7);
             INSERT INTO integration_scores (protocol_id, scale_type, score_value, measured_at)
               VALUES ({protocol}, 'IES', 50, now());
             INSERT INTO integration_homework (protocol_id, assigned_date, due_date)
               VALUES ({protocol}, '2026-01-01', '2026-01-02');
             INSERT INTO assessment_responses (protocol_id, score, completed_at) VALUES ({protocol}, 7, now());
             INSERT INTO outcomes_summary (site_id, substance_id, month, total_protocols)
               VALUES ({site}, 1, '2026-01-01', 3);
             SELECT praxis.refresh_benchmarks(), praxis.refresh_activities();
             INSERT INTO practitioner_profiles (user_id) VALUES ('{account}'), (NULL);
             INSERT INTO supervision_relationships (supervisor_id, supervisee_id)
               SELECT mine.profile_id, other.profile_id FROM practitioner_profiles mine, practitioner_profiles other
               WHERE mine.user_id = '{account}' AND other.user_id IS NULL LIMIT 1;
             INSERT INTO supervision_circles (circle_name) VALUES ('ids');
             INSERT INTO circle_members (circle_id, profile_id)
               SELECT circle_id, profile_id FROM supervision_circles, practitioner_profiles
               WHERE circle_name = 'ids' AND user_id = '{account}';"
        ))
        .await
        .unwrap();
    // The same account runs an organization of the other system.
    owner
        .batch_execute(&format!(
            "WITH organization AS (
               INSERT INTO therapyflow.organizations (name) VALUES ('Of ids') RETURNING id
             ), therapist AS (
               INSERT INTO therapyflow.therapists (org_id, user_id, role, email, full_name)
               SELECT id, '{account}', 'owner', 'ids@tests.example', 'Owner' FROM organization RETURNING id, org_id
             )
             INSERT INTO therapyflow.patients (org_id, assigned_therapist_id, full_name)
             SELECT org_id, id, 'Somebody' FROM therapist;
             INSERT INTO therapyflow.sessions (therapist_id, patient_id, scheduled_at)
               SELECT assigned_therapist_id, id, now() + interval '1 day' FROM therapyflow.patients
               WHERE full_name = 'Somebody';
             INSERT INTO therapyflow.clinical_notes (session_id, note_type, content)
               SELECT s.id, 'progress', '{{\"text\": \"Well.\"}}' FROM therapyflow.sessions s
               JOIN therapyflow.patients p ON p.id = patient_id WHERE full_name = 'Somebody';
             INSERT INTO therapyflow.session_recordings (session_id, file_path)
               SELECT s.id, 'a.mp3' FROM therapyflow.sessions s
               JOIN therapyflow.patients p ON p.id = patient_id WHERE full_name = 'Somebody';
             INSERT INTO therapyflow.consent_records (patient_id, purpose, status, granted_at)
               SELECT id, 'care_management', 'GRANTED', now() FROM therapyflow.patients WHERE full_name = 'Somebody';
             INSERT INTO therapyflow.wearable_data (patient_id, data_type, metrics, recorded_at)
               SELECT id, 'heart_rate', '{{\"bpm\": 70}}', now() FROM therapyflow.patients WHERE full_name = 'Somebody';"
        ))
        .await
        .unwrap();
    protocol
}

#[tokio::test]
async fn the_global_id_of_a_row_of_any_table_leads_back_to_it() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (_, site) = clinician(&app, &owner, "ids").await;
    let account = person(&owner, "owner of ids").await;
    join(&owner, &account, site, "clinician").await;
    let asker = signed_in(&app, &account);
    populate(&owner, site, &account).await;
    let catalog = Catalog::new(&systems::ALL).unwrap();

    let mut all = Vec::new();
    // The rows of a function are selected by arguments, not by an id.
    for table in catalog.tables().iter().filter(|table| table.function.is_none()) {
        let keys: Vec<&str> = table.primary_key.iter().map(|id| table.column(*id).field.as_str()).collect();
        let keys = keys.join(" ");
        let list = format!("{} {{ nodes {{ __typename id {keys} }} }}", table.list_field);
        let namespace = catalog.systems()[table.system].field.as_deref();
        let list = namespace.map_or(list.clone(), |field| format!("{field} {{ {list} }}"));
        let answer = asker.ask(&format!("{{ {list} }}")).await;
        let data = namespace.map_or(answer.data(), |field| &answer.data()[field]);
        let row =
            data[&table.list_field]["nodes"].get(0).unwrap_or_else(|| panic!("{} has no row", table.name));

        let query = format!(
            "query($id: ID!) {{ node(id: $id) {{ __typename id ... on {} {{ {keys} }} }} }}",
            table.type_name
        );
        let answer = asker.ask_with(&query, &json!({ "id": row["id"] })).await;
        assert_eq!(answer.data()["node"], *row, "{}", table.name);
        all.push((table.type_name.as_str(), row["id"].clone()));
    }

    // All of them at once, in the requested order, twice each.
    let ids: Vec<&Value> = all.iter().chain(&all).map(|(_, id)| id).collect();
    let answer = asker
        .ask_with("query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }", &json!({ "ids": ids }))
        .await;
    let nodes = answer.data()["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), ids.len());
    for (node, (type_name, id)) in nodes.iter().zip(all.iter().chain(&all)) {
        assert_eq!(*node, json!({ "__typename": type_name, "id": id }));
    }
}

#[tokio::test]
async fn a_node_shows_the_fields_of_the_fragment_that_fits_its_type() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (asker, site) = clinician(&app, &owner, "nodes").await;
    let (stranger, _) = clinician(&app, &owner, "stranger").await;
    let account = person(&owner, "of nodes").await;
    let record = populate(&owner, site, &account).await;

    let ids = asker
        .ask(&format!("{{ protocol(recordId: {record}) {{ id events {{ nodes {{ id }} }} }} eventType(eventTypeId: 1) {{ id }} }}"))
        .await;
    let (mine, event) = (&ids.data()["protocol"]["id"], &ids.data()["protocol"]["events"]["nodes"][0]["id"]);
    let kind = &ids.data()["eventType"]["id"];
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) {
      __typename
      ... on Protocol { recordId site { siteName } events { totalCount } }
      ... on SessionEvent { protocol { recordId } same: id }
      ... on Node { id }
      ...kind
    } } fragment kind on EventType { eventName }";
    let variables = json!({ "ids": [event, mine, kind, mine] });
    let answer = asker.ask_with(query, &variables).await;
    let record = record.to_string();
    let protocol = json!({
      "__typename": "Protocol", "recordId": record, "site": { "siteName": "nodes" },
      "events": { "totalCount": 2 }, "id": mine,
    });
    assert_eq!(
        answer.data()["nodes"],
        json!([
            { "__typename": "SessionEvent", "protocol": { "recordId": record }, "same": event, "id": event },
            protocol,
            { "__typename": "EventType", "id": kind, "eventName": "Distress" },
            protocol,
        ])
    );

    // A row of another site does not exist, nor does an unused key.
    let nowhere = BASE64_URL_SAFE_NO_PAD.encode(r#"["Protocol","999999999"]"#);
    let answer = stranger.ask_with(query, &json!({ "ids": [mine, event, nowhere, kind] })).await;
    let nodes = answer.data()["nodes"].as_array().unwrap();
    assert_eq!(nodes[..3], [Value::Null, Value::Null, Value::Null]);
    assert_eq!(nodes[3]["eventName"], "Distress");
    let one = stranger.ask_with("query($id: ID!) { node(id: $id) { id } }", &json!({ "id": mine })).await;
    assert_eq!(one.data()["node"], Value::Null);
}

#[tokio::test]
async fn what_is_no_global_id_is_refused_with_its_place() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (asker, _) = clinician(&app, &owner, "garbage").await;
    let forged = |plain: &str| BASE64_URL_SAFE_NO_PAD.encode(plain);
    for id in [
        String::new(),
        "garbage".into(),
        "1".into(),
        "%%%".into(),
        forged("Protocol:1"),
        forged("[]"),
        forged(r#"["Protocol"]"#),
        forged(r#"["Protocol",null]"#),
        forged(r#"["Protocol","x"]"#),
        forged(r#"["Protocol","1","2"]"#),
        forged(r#"["Nothing","1"]"#),
        forged(r#"["log_clinical_records","1"]"#),
        forged(r#"["Protocol","1; DROP TABLE sites"]"#),
        forged(r#"["CircleMember","1"]"#),
    ] {
        let answer =
            asker.ask_with("query($id: ID!) { at: node(id: $id) { id } }", &json!({ "id": id })).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT", "{id}");
        assert_eq!(answer.error()["extensions"]["argument"], "id");
        assert_eq!(answer.error()["path"], json!(["at"]));
        let good = forged(r#"["Protocol","1"]"#);
        let answer = asker
            .ask_with("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", &json!({ "ids": [good, id] }))
            .await;
        // An invalid id does not affect the others.
        assert_eq!(answer.data()["nodes"], json!([null, null]), "{id}");
    }
}

#[tokio::test]
async fn a_thousand_ids_are_one_page_and_one_statement() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (asker, site) = clinician(&app, &owner, "thousand").await;
    let sql = "INSERT INTO log_clinical_records (site_id) SELECT $1 FROM generate_series(1, 1000)";
    owner.execute(sql, &[&site]).await.unwrap();
    let all = asker.ask("{ protocols(first: 1000) { nodes { id } } }").await;
    let ids: Vec<&Value> = all.nodes("protocols").iter().map(|node| &node["id"]).collect();
    assert_eq!(ids.len(), 1000);

    let query = "query($ids: [ID!]!) { nodes(ids: $ids) {
      id ... on Protocol { recordId sessionStatus site { siteName } events(first: 2) { totalCount } }
    } }";
    let answer = asker.ask_with(query, &json!({ "ids": ids })).await;
    let nodes = answer.data()["nodes"].as_array().unwrap();
    assert!(
        nodes.iter().zip(ids).all(|(node, id)| node["id"] == *id && node["site"]["siteName"] == "thousand")
    );
    assert_eq!(answer.statements(), 2, "protocols with their sites, number of events");
    assert_eq!(answer.round_trips(), 1);
}
