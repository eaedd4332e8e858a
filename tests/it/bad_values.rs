//! A value that cannot be used is an error of its sender, which names the argument; a value that no reader could use is not
//! written.

use std::time::Duration;

use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::fixture::{clinician, oracle, protocol};
use crate::harness::{Answer, App, Socket, token};

#[track_caller]
fn refused(answer: &Answer, argument: &str, what: &str) {
    assert_eq!(answer.body["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{what}: {}", answer.body);
    assert_eq!(answer.error()["extensions"]["argument"], argument, "{what}");
}

#[tokio::test]
async fn what_the_database_would_refuse_to_read_by_names_the_argument() {
    let app = App::shared().await;
    let north = app.clinician_north().await;
    for (query, argument) in [
        (r#"{ sessionEvents(filter: {notes: {like: "a\\"}}) { totalCount } }"#, "filter.notes.like"),
        (r#"{ sessionEvents(filter: {notes: {ilike: "\\\\\\"}}) { totalCount } }"#, "filter.notes.ilike"),
        (
            r#"{ therapyflow { wearableSamples(filter: {metrics: {contains: {a: "\u0000"}}}) { totalCount } } }"#,
            "filter.metrics.contains.a",
        ),
        (
            r#"{ therapyflow { wearableSamples(filter: {metrics: {path: {at: ["bpm"], eq: "\u0000"}}}) { totalCount } } }"#,
            "filter.metrics.path.eq",
        ),
        (
            r"{ therapyflow { wearableSamples(filter: {metrics: {path: {at: [], gt: 1e400}}}) { totalCount } } }",
            "filter.metrics.path.gt",
        ),
    ] {
        refused(&north.ask(query).await, argument, query);
    }
    // An escaped backslash is a valid pattern.
    let answer = north.ask(r#"{ sessionEvents(filter: {notes: {like: "a\\\\"}}) { totalCount } }"#).await;
    assert_eq!(answer.data()["sessionEvents"]["totalCount"], 0);
    let word = "a".repeat(2_048);
    let query = "query($word: String) { searchPractitioners(query: $word) { totalCount } }";
    let answer = north.ask_with(query, &json!({ "word": word })).await;
    assert_eq!(answer.code(), "LIMIT_EXCEEDED");
    let app = App::with(|config| config.limits.pattern = 10_000).await;
    let answer = app.clinician_north().await.ask_with(query, &json!({ "word": word })).await;
    assert_ne!(answer.body["errors"][0]["extensions"]["code"], "INTERNAL", "{}", answer.body);
}

#[tokio::test]
async fn what_the_database_cannot_compute_is_no_mistake_of_the_gateway() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "computing").await;
    protocol(&owner, site).await;
    for (number, (body, code)) in [
        ("1 / 0 > length(site_name)", "BAD_USER_INPUT"),
        ("('x' || site_name)::int > 0", "BAD_USER_INPUT"),
        ("repeat(site_name, 2000000000) = ''", "BAD_USER_INPUT"),
        ("lo_get(0) IS NULL OR length(site_name) > 0", "INTERNAL"),
    ]
    .into_iter()
    .enumerate()
    {
        let policy = format!(
            "CREATE FUNCTION public.broken_{number}(site_name text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN {}; END';
             CREATE POLICY broken_{number} ON sites AS RESTRICTIVE USING (public.broken_{number}(site_name));",
            body.replace('\'', "''")
        );
        owner.batch_execute(&policy).await.unwrap();
        let answer = actor.ask("{ sites { nodes { siteName } } }").await;
        assert_eq!(answer.code(), code, "{body}: {}", answer.body);
        assert_eq!(answer.error()["path"], json!(["sites"]), "{body}");
        assert!(!answer.body.to_string().contains("computing"), "{}", answer.body);
        owner.batch_execute(&format!("DROP POLICY broken_{number} ON sites")).await.unwrap();
    }
}

/// Makes one protocol unreadable for everybody: a policy raises an error at it.
async fn break_protocol(owner: &Client, protocol: i64) {
    let policy = format!(
        "CREATE FUNCTION public.broken(id bigint) RETURNS boolean LANGUAGE plpgsql AS
           'BEGIN RETURN CASE WHEN id = {protocol} THEN 1 / (id - {protocol}) ELSE 1 END = 1; END';
         CREATE POLICY broken ON log_clinical_records AS RESTRICTIVE USING (public.broken(record_id));"
    );
    owner.batch_execute(&policy).await.unwrap();
}

#[tokio::test]
async fn what_the_database_cannot_compute_with_is_named() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "naming").await;
    let record = protocol(&owner, site).await;
    let sql = "INSERT INTO session_events (protocol_id, event_type_id, event_timestamp, notes) VALUES ($1, 1, now(), 'a')";
    owner.execute(sql, &[&record]).await.unwrap();
    break_protocol(&owner, record).await;
    for (filter, argument) in [
        ("{notes: {eq: \"a\"}, protocol: {siteId: {gt: 0}}}", "filter.protocol"),
        ("{and: [{notes: {eq: \"a\"}}, {protocol: {siteId: {gt: 0}}}]}", "filter.and.1.protocol"),
        // The query succeeds only without both, so that neither alone is named.
        ("{and: [{protocol: {siteId: {gt: 0}}}, {protocol: {siteId: {gt: 0}}}]}", "filter.and"),
        ("{not: {protocol: {siteId: {gt: 0}}}}", "filter.not.protocol"),
    ] {
        for (field, arguments, rest) in [
            ("sessionEvents", "first: 3, orderBy: [{notes: ASC}]", "{ totalCount nodes { notes } }"),
            ("sessionEventsGroups", "first: 3, groupBy: {notes: true}", "{ aggregate { count } }"),
            (
                "sessionEventsSeries",
                "time: EVENT_TIMESTAMP, bucket: {calendar: {unit: DAY}}",
                "{ aggregate { count } }",
            ),
        ] {
            let query = format!("{{ there: {field}({arguments}, filter: {filter}) {rest} }}");
            let answer = actor.ask(&query).await;
            refused(&answer, argument, &query);
            assert_eq!(answer.error()["path"], json!(["there"]), "{query}");
            assert!(answer.statements() < 30, "{}", answer.statements());
        }
    }
    // If no argument is the cause, none is named.
    let answer = actor.ask("{ protocols(first: 7) { nodes { recordId } } }").await;
    assert_eq!((answer.code(), &answer.error()["extensions"]["argument"]), ("BAD_USER_INPUT", &Value::Null));
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_told_to_its_readers_and_ends_no_subscription() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "reader").await;
    let (stranger, _) = clinician(&app, &owner, "stranger").await;
    let (good, bad) = (protocol(&owner, site).await, protocol(&owner, site).await);
    break_protocol(&owner, bad).await;
    let filtered =
        "subscription { sessionEventsChanged(filter: {notes: {isNull: false}, protocol: {siteId: {gt: 0}}}) {
        sessionEvent { notes } } }";
    let nested = "subscription { sessionEventsChanged { sessionEvent { notes protocol { recordId } } } }";
    let mut sockets = Vec::new();
    for actor in [&actor, &stranger] {
        for document in [filtered, nested] {
            let mut socket = Socket::of(&app, actor).await;
            socket.subscribe("1", document, &json!({})).await;
            sockets.push(socket);
        }
    }
    let write = async |notes: &[(i64, &str)]| {
        let values: Vec<String> =
            notes.iter().map(|(of, note)| format!("({of}, 1, now(), '{note}')")).collect();
        let columns = "(protocol_id, event_type_id, event_timestamp, notes)";
        let sql = format!("INSERT INTO session_events {columns} VALUES {}", values.join(", "));
        owner.batch_execute(&sql).await.unwrap();
    };
    // The subscriptions have begun once they deliver a message.
    for socket in &mut sockets[..2] {
        while socket.next_within(Duration::from_secs(2)).await.is_none() {
            write(&[(good, "first")]).await;
        }
    }
    for socket in &mut sockets[..2] {
        while socket.next_within(Duration::from_secs(2)).await.is_some() {}
    }
    // In one transaction, so that they are read together.
    write(&[(good, "one"), (bad, "two"), (good, "three"), (good, "four"), (bad, "five")]).await;
    for (at, argument) in [(0, json!("filter.protocol")), (1, Value::Null)] {
        let mut told = Vec::new();
        for _ in 0..5 {
            let message = sockets[at].next().await;
            assert_eq!((&message["id"], &message["type"]), (&json!("1"), &json!("next")), "{message}");
            let payload = &message["payload"];
            told.push(match payload["errors"].get(0) {
                None => payload["data"]["sessionEventsChanged"]["sessionEvent"]["notes"].clone(),
                Some(error) => {
                    assert_eq!(payload["data"], Value::Null);
                    assert_eq!(error["extensions"]["argument"], argument, "{message}");
                    assert_eq!(error["path"][0], "sessionEventsChanged");
                    error["extensions"]["code"].clone()
                }
            });
        }
        assert_eq!(told, ["one", "BAD_USER_INPUT", "three", "four", "BAD_USER_INPUT"]);
    }
    // A row that cannot be read is not reported to a subscriber who may not read it anyway.
    for mut socket in sockets.drain(2..) {
        socket.quiet().await;
    }
    write(&[(good, "six")]).await;
    for socket in &mut sockets {
        assert_eq!(socket.data("1").await["sessionEventsChanged"]["sessionEvent"]["notes"], "six");
    }
}

#[tokio::test]
async fn a_subject_that_is_no_account_is_told_so() {
    let app = App::start().await;
    let stranger = app.bearer(&token("auth0|somebody", "somebody@praxis.example"));
    let answer = stranger.ask("{ protocols { totalCount } }").await;
    assert_eq!(answer.code(), "UNAUTHENTICATED");
    assert_eq!(answer.status, 401);
    let challenge = "Bearer error=\"invalid_token\", error_description=\"token_subject\"";
    assert_eq!(answer.headers["www-authenticate"], challenge);
    let mutation = "mutation { createProtocol(input: {siteId: 1}) { protocol { recordId } } }";
    let refused = stranger.ask(mutation).await;
    assert_eq!((refused.code(), refused.status.as_u16()), ("UNAUTHENTICATED", 401));
    assert_eq!(answer.error()["extensions"]["reason"], "token_subject");
    let message = answer.error()["message"].as_str().unwrap();
    assert!(message.contains("UUID") && !message.contains("auth0"), "{message}");
    // Tables that everybody may read do not check the caller.
    assert_eq!(stranger.ask("{ eventTypes { totalCount } }").await.body["errors"], Value::Null);
}

#[tokio::test]
async fn what_no_reader_could_use_is_not_written() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "written").await;
    let protocol = protocol(&owner, site).await;
    let create =
        "mutation($input: ProtocolInput!) { createProtocol(input: $input) { protocol { recordId } } }";
    for (field, values) in [
        (
            "sessionDate",
            vec![json!("infinity"), json!("-infinity"), json!("+010000-01-01"), json!("0000-12-31")],
        ),
        ("prepHours", vec![json!("1e400"), json!("-1e309")]),
    ] {
        for value in values {
            let input = json!({ "siteId": site, "sessionType": "DOSING", field: value });
            let answer = actor.ask_with(create, &json!({ "input": input })).await;
            refused(&answer, &format!("input.{field}"), &value.to_string());
        }
    }
    let event = "mutation($input: SessionEventInput!) { createSessionEvent(input: $input) { sessionEvent { eventId } } }";
    for time in ["infinity", "-infinity", "+294276-01-01T00:00:00Z", "-000001-01-01T00:00:00Z"] {
        let input = json!({ "protocolId": protocol, "eventTypeId": 1, "eventTimestamp": time });
        refused(&actor.ask_with(event, &json!({ "input": input })).await, "input.eventTimestamp", time);
    }
    assert_eq!(
        oracle(&app, &format!("SELECT event_id FROM session_events WHERE protocol_id = {protocol}")).await,
        json!([])
    );
}

#[tokio::test]
async fn a_sample_beyond_all_numbers_leaves_the_therapist_theirs() {
    let app = App::start().await;
    let owner = app.owner().await;
    let therapist = app.user("therapist@mindful.example").await;
    let mine = oracle(
        &app,
        "SELECT p.id::text AS id FROM therapyflow.patients p JOIN auth.users u ON u.id = p.user_id
          WHERE u.email = 'patient@mindful.example'",
    )
    .await[0]["id"]
        .clone();
    let numbers = "query($id: UUID!) { therapyflow { wearableSamples(filter: {patientId: {eq: $id}}) {
        aggregate { metrics(at: [\"bpm\"]) { avg sum stddev variance max percentile(p: 0.5) } } } } }";
    let before = therapist.ask_with(numbers, &json!({ "id": mine })).await.data().clone();
    let add = async |value: &str| {
        let sql = format!(
            "INSERT INTO therapyflow.wearable_data (patient_id, data_type, metrics, recorded_at)
             VALUES ($1::text::uuid, 'heart_rate', '{{\"bpm\": {value}}}', now())"
        );
        owner.execute(&sql, &[&mine.as_str().unwrap()]).await.unwrap();
    };
    for value in ["1e400", "-1e400", "1e-400"] {
        add(value).await;
    }
    let after = therapist.ask_with(numbers, &json!({ "id": mine })).await;
    assert_eq!(*after.data(), before, "what is beyond all doubles counts as missing");
    // A double may be too large for its square to be one.
    add("1e155").await;
    let after = therapist.ask_with(numbers, &json!({ "id": mine })).await;
    let metrics = &after.data()["therapyflow"]["wearableSamples"]["aggregate"]["metrics"];
    let before = &before["therapyflow"]["wearableSamples"]["aggregate"]["metrics"];
    assert_eq!((metrics["max"].as_f64(), metrics["sum"].as_f64()), (Some(1e155), Some(1e155)));
    assert!(
        metrics["stddev"].as_f64() > Some(1e150) && metrics["variance"].as_f64() > Some(1e300),
        "{metrics}"
    );
    assert!((metrics["percentile"].as_f64().unwrap() - before["percentile"].as_f64().unwrap()).abs() < 10.0);
}

#[tokio::test]
async fn json_is_ordered_within_its_types() {
    let app = App::start().await;
    let owner = app.owner().await;
    let therapist = app.user("therapist@mindful.example").await;
    owner.batch_execute("SET session_replication_role = replica").await.unwrap();
    let metrics = ["70", "90", "\"70\"", "\"90\"", "true", "null", "[90]", "{\"a\": 1}"];
    let patient = oracle(
        &app,
        "SELECT p.id::text AS id FROM therapyflow.patients p JOIN auth.users u ON u.id = p.user_id
          WHERE u.email = 'patient@mindful.example'",
    )
    .await[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    owner.batch_execute("DELETE FROM therapyflow.wearable_data").await.unwrap();
    for value in metrics {
        let sql = format!(
            "INSERT INTO therapyflow.wearable_data (org_id, patient_id, data_type, metrics, recorded_at)
             SELECT org_id, id, 'heart_rate', '{{\"x\": {value}}}', now() FROM therapyflow.patients WHERE id = $1::text::uuid"
        );
        owner.execute(&sql, &[&patient]).await.unwrap();
    }
    for (condition, count) in [
        ("gt: \"80\"", 1),
        ("gte: \"70\"", 2),
        ("lt: \"80\"", 1),
        ("gt: 80", 1),
        ("lte: 90", 2),
        ("lt: 1000", 2),
        ("gt: \"\"", 2),
        ("gt: false", 1),
        ("eq: \"90\"", 1),
        ("eq: 90", 1),
        ("in: [90, \"90\"]", 2),
        ("neq: 90", 7),
    ] {
        let query = format!(
            "{{ therapyflow {{ wearableSamples(filter: {{metrics: {{path: {{at: [\"x\"], {condition}}}}}}}) {{ totalCount }} }} }}"
        );
        let answer = therapist.ask(&query).await;
        assert_eq!(answer.data()["therapyflow"]["wearableSamples"]["totalCount"], count, "{condition}");
    }
}
