//! Arguments as clients send them: missing variables, numbers of any length, nonsense.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::fixture::{clinician, protocol};
use crate::harness::{Actor, Answer, App, Socket};

const PATIENT: &str = "patient@mindful.example";

/// Sends a body unchanged.
async fn send(app: &App, actor: &Actor<'_>, body: &str) -> Answer {
    let request = app.http().post(app.url("/graphql")).header("content-type", "application/json");
    let request = request.bearer_auth(actor.token.as_ref().unwrap()).body(body.to_owned());
    Answer::read(request.send().await.unwrap()).await
}

#[tokio::test]
async fn a_forgotten_variable_never_widens_a_list() {
    let app = App::start().await;
    let asker = app.clinician_north().await;
    for (query, argument) in [
        (
            "query($v: BigInt) { sessionEvents(filter: {protocolId: {eq: $v}}) { totalCount } }",
            "filter.protocolId.eq",
        ),
        (
            "query($v: ProtocolFilter) { sessionEvents(filter: {protocol: $v}) { totalCount } }",
            "filter.protocol",
        ),
        (
            "query($v: Int) { sessionEventsGroups(groupBy: {protocolId: true}, having: {count: {gte: $v}}) { cursor } }",
            "having.count.gte",
        ),
        (
            "query($v: String) { sessionEventsGroups(groupBy: {eventTimestamp: {calendar: {unit: DAY, timeZone: $v}}}) { cursor } }",
            "groupBy.eventTimestamp.calendar.timeZone",
        ),
        ("query($v: String) { medication(medicationName: $v) { medicationId } }", "medicationName"),
    ] {
        for (variables, says) in [(json!({}), "`$v` has no value"), (json!({ "v": null }), "`$v` is null")] {
            let answer = asker.ask_with(query, &variables).await;
            assert_eq!(answer.code(), "BAD_USER_INPUT", "{query}");
            assert_eq!(answer.error()["extensions"]["argument"], argument, "{query}");
            assert!(answer.error()["message"].as_str().unwrap().contains(says), "{query}");
            assert!(answer.points_at(query).starts_with("$v"), "{query}: {}", answer.error());
        }
    }
    // A nullable variable is refused as an item of a list of non-null items, and as the one field of a oneOf input.
    for query in [
        "query($v: OrderDirection) { sessionEvents(orderBy: [{eventTimestamp: $v}]) { totalCount nodes { eventId } } }",
        "query($v: SessionEventFilter) { sessionEvents(filter: {and: [$v]}) { totalCount } }",
        "query($v: BigInt) { sessionEvents(filter: {protocolId: {in: [\"1\", $v]}}) { totalCount } }",
    ] {
        let answer = asker.ask(query).await;
        assert_eq!(answer.code(), "GRAPHQL_INVALID", "{query}");
        assert!(answer.error()["message"].as_str().unwrap().contains("`$v`"), "{query}");
    }
    // The whole filter is optional.
    let all = asker.ask("{ sessionEvents { totalCount } }").await;
    let query =
        "query($v: SessionEventFilter, $n: Int) { sessionEvents(filter: $v, first: $n) { totalCount } }";
    for variables in [json!({}), json!({ "v": null, "n": null })] {
        assert_eq!(asker.ask_with(query, &variables).await.data(), all.data());
    }

    let mut socket = Socket::of(&app, &asker).await;
    let watch =
        "subscription($v: BigInt) { sessionEventsChanged(filter: {protocolId: {eq: $v}}) { nodeId } }";
    socket.begin("1", watch, &json!({})).await;
    let error = socket.error("1").await;
    assert_eq!(error["extensions"]["argument"], "filter.protocolId.eq", "{error}");
}

#[tokio::test]
async fn a_forgotten_guard_or_key_changes_nothing() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (asker, site) = clinician(&app, &owner, "guards").await;
    let id = protocol(&owner, site).await;
    for (mutation, argument) in [
        (
            "mutation($id: BigInt, $v: DateTime) { updateProtocol(recordId: $id, ifUnchangedSince: $v, patch: {dosageMg: 1}) {
               protocol { id } } }",
            "ifUnchangedSince",
        ),
        (
            "mutation($id: BigInt, $v: ID) { updateProtocol(recordId: $id, id: $v, patch: {dosageMg: 1}) { protocol { id } } }",
            "id",
        ),
    ] {
        for variables in [json!({ "id": id }), json!({ "id": id, "v": null })] {
            let answer = asker.ask_with(mutation, &variables).await;
            assert_eq!(answer.code(), "BAD_USER_INPUT", "{mutation}");
            assert_eq!(answer.error()["extensions"]["argument"], argument, "{mutation}");
        }
    }
    // A literal null is refused as well.
    for (mutation, argument) in [
        (
            "mutation($id: BigInt) { updateProtocol(recordId: $id, ifUnchangedSince: null, patch: {dosageMg: 1}) { protocol { id } } }",
            "ifUnchangedSince",
        ),
        (
            "mutation($id: BigInt) { updateProtocol(recordId: $id, id: null, patch: {dosageMg: 1}) { protocol { id } } }",
            "id",
        ),
    ] {
        let answer = asker.ask_with(mutation, &json!({ "id": id })).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT", "{mutation}");
        assert_eq!(answer.error()["extensions"]["argument"], argument, "{mutation}");
        assert!(answer.points_at(mutation).starts_with("null"), "{}", answer.error());
    }
    // An omitted field leaves the column unchanged.
    let patch = "mutation($id: BigInt, $mg: Float, $number: Int) {
      updateProtocol(recordId: $id, patch: {dosageMg: $mg, sessionNumber: $number}) { protocol { dosageMg sessionNumber } } }";
    let first = asker.ask_with(patch, &json!({ "id": id, "mg": 2.5, "number": 1 })).await;
    assert_eq!(first.data()["updateProtocol"]["protocol"], json!({ "dosageMg": 2.50, "sessionNumber": 1 }));
    let second = asker.ask_with(patch, &json!({ "id": id, "number": null })).await;
    assert_eq!(
        second.data()["updateProtocol"]["protocol"],
        json!({ "dosageMg": 2.50, "sessionNumber": null })
    );
}

#[tokio::test]
async fn a_refusal_names_the_variables_that_the_data_lacks() {
    let app = App::start().await;
    let asker = app.clinician_north().await;
    let create = "mutation($protocol: BigInt, $notes: String) {
      createSessionEvent(input: {protocolId: $protocol, eventTypeId: \"2\", notes: $notes}) { sessionEvent { eventId } } }";
    let answer = asker.ask_with(create, &json!({ "notes": "a" })).await;
    let error = answer.error();
    assert_eq!(error["extensions"]["argument"], "input.protocolId", "{error}");
    assert!(
        error["message"].as_str().unwrap().contains("`$protocol` (input.protocolId) has no value"),
        "{error}"
    );
    assert!(answer.points_at(create).starts_with("$protocol"), "{error}");
    let answer = asker.ask_with(create, &json!({ "protocol": null })).await;
    let message = answer.error()["message"].as_str().unwrap();
    assert!(
        message.contains("`$protocol` (input.protocolId) is null, `$notes` (input.notes) has no value"),
        "{message}"
    );
    // If nothing is missing, no message says so.
    let answer = asker.ask_with(create, &json!({ "protocol": "999999", "notes": "a" })).await;
    assert!(!answer.error()["message"].as_str().unwrap().contains("variable"), "{}", answer.error());
}

#[tokio::test]
async fn numbers_of_any_length_are_stored_as_they_are() {
    let app = App::start().await;
    let patient = app.user(PATIENT).await;
    let owner = app.owner().await;
    let create = |metrics: &str, declared: &str| {
        format!(
            "mutation{declared} {{ createTherapyflowWearableSample(input: {{dataType: HEART_RATE, recordedAt: \
             \\\"2026-01-01T00:00:00Z\\\", metrics: {metrics}}}) {{ wearableSample {{ rowId metrics }} }} }}"
        )
    };
    for number in [
        "72.33333333333333",
        "0.1234567890123456789012345",
        "18446744073709551616",
        "-9223372036854775809",
        "1.5e30",
    ] {
        let literal = format!("{{\"query\": \"{}\"}}", create(&format!("{{bpm: {number}}}"), ""));
        let variable = format!(
            "{{\"query\": \"{}\", \"variables\": {{\"m\": {{\"bpm\": {number}}}}}}}",
            create("$m", "($m: JSON!)")
        );
        for body in [literal, variable] {
            let answer = send(&app, &patient, &body).await;
            let sample = &answer.data()["createTherapyflowWearableSample"]["wearableSample"];
            let sql = "SELECT jsonb_typeof(metrics -> 'bpm'), metrics ->> 'bpm' = ($2::text)::numeric::text
              FROM therapyflow.wearable_data WHERE id = $1::text::uuid";
            let id = sample["rowId"].as_str().unwrap_or_else(|| panic!("{sample}"));
            let row = owner.query_one(sql, &[&id, &number]).await.unwrap();
            assert_eq!((row.get::<_, &str>(0), row.get::<_, bool>(1)), ("number", true), "{body}");
        }
    }
    let asker = app.clinician_north().await;
    let share = "{ sessionEvents { aggregate { intensityLevel { percentile(p: 0.3333333333333333) } } } }";
    assert!(
        asker.ask(share).await.data()["sessionEvents"]["aggregate"]["intensityLevel"]["percentile"]
            .is_number()
    );
}

#[tokio::test]
async fn what_a_column_would_round_is_refused() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (asker, site) = clinician(&app, &owner, "rounding").await;
    let create =
        "mutation($site: BigInt!, $mg: Float) { createProtocol(input: {siteId: $site, dosageMg: $mg}) {
      protocol { dosageMg } } }";
    let answer = asker.ask_with(create, &json!({ "site": site, "mg": 1.25 })).await;
    assert_eq!(answer.data()["createProtocol"]["protocol"]["dosageMg"], 1.25);
    let answer = asker.ask_with(create, &json!({ "site": site, "mg": 1.255 })).await;
    assert_eq!(answer.code(), "BAD_USER_INPUT");
    assert_eq!(answer.error()["extensions"]["argument"], "input.dosageMg");
    let log = format!(
        "mutation {{ logSessionEvent(protocolId: {}, eventType: \"Dose\", doseMg: 0.001) {{ sessionEvent {{ eventId }} }} }}",
        protocol(&owner, site).await
    );
    let answer = asker.ask(&log).await;
    assert_eq!(answer.error()["extensions"]["argument"], "doseMg");
}

#[tokio::test]
async fn an_empty_name_of_an_operation_is_none() {
    let app = App::start().await;
    let asker = app.clinician_north().await;
    let body = json!({ "query": "{ __typename }", "operationName": "" });
    assert_eq!(send(&app, &asker, &body.to_string()).await.data(), &json!({ "__typename": "Query" }));
    let by_get = app.http().get(app.url("/graphql?query=%7B__typename%7D&operationName="));
    let by_get = by_get.header("accept", "application/json").send().await.unwrap();
    assert_eq!(by_get.status(), StatusCode::OK);
    let mut socket = Socket::of(&app, &asker).await;
    socket.send(&json!({ "id": "1", "type": "subscribe", "payload": body })).await;
    assert_eq!(socket.data("1").await, json!({ "__typename": "Query" }));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_by_name() {
    let app = App::start().await;
    let asker = app.clinician_north().await;
    let therapist = app.user("therapist@mindful.example").await;
    let id = "7f100003-0000-4000-8000-000000000000";
    let refused = async |actor: &Actor<'_>, query: &str, argument: &str| {
        let answer = actor.ask(query).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT", "{query}");
        assert_eq!(answer.error()["extensions"]["argument"], argument, "{query}");
    };
    refused(&asker, "{ supervisionMatches(hourlyBudget: -1) { totalCount } }", "hourlyBudget").await;
    refused(&asker, "{ supervisionMatches(hourlyBudget: -1e-400) { totalCount } }", "hourlyBudget").await;
    refused(
        &asker,
        "{ supervisionMatchesGroups(hourlyBudget: -0.01, groupBy: {hourlyRate: true}) { cursor } }",
        "hourlyBudget",
    )
    .await;
    assert!(asker.ask("{ supervisionMatches(hourlyBudget: 0) { totalCount } }").await.data().is_object());
    for minutes in [0, -50] {
        let slots = format!(
            "{{ therapyflow {{ freeSlots(earliest: \"2026-01-01T00:00:00Z\", latest: \"2026-01-02T00:00:00Z\", \
             slotMinutes: {minutes}) {{ totalCount }} }} }}"
        );
        refused(&therapist, &slots, "slotMinutes").await;
    }
    for wrong in [format!("{{{id}}}"), format!("urn:uuid:{id}"), id.replace('-', ""), id[1..].to_owned()] {
        let query = format!("{{ therapyflow {{ patient(rowId: \"{wrong}\") {{ id }} }} }}");
        refused(&therapist, &query, "rowId").await;
    }
    let known = format!("{{ therapyflow {{ patient(rowId: \"{}\") {{ id }} }} }}", id.to_uppercase());
    assert!(therapist.ask(&known).await.data()["therapyflow"]["patient"].is_object());

    for empty in [
        json!({ "id": "", "type": "subscribe", "payload": { "query": "{ __typename }" } }),
        json!({ "id": "", "type": "complete" }),
    ] {
        let mut socket = Socket::of(&app, &asker).await;
        socket.send(&empty).await;
        assert_eq!(socket.closed().await.0, 4400, "{empty}");
    }
}

#[tokio::test]
async fn as_many_points_are_drawn_as_are_asked_for() {
    let app = App::shared().await;
    let asker = app.clinician_north().await;
    for max in [4, 5, 6, 7, 50] {
        let query = format!(
            "{{ sessionEvents {{ totalCount points(x: EVENT_TIMESTAMP, y: INTENSITY_LEVEL, max: {max}) {{ eventId }} }} }}"
        );
        let answer = asker.ask(&query).await;
        let points = answer.data()["sessionEvents"]["points"].as_array().map(Vec::<Value>::len);
        assert_eq!(points, Some(max));
    }
}
