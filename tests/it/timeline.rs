//! The timeline of a session: the data of a chart in one query.

use praxis::systems::ppn::EXAMPLES;
use serde_json::{Value, json};

use crate::fixture::{NORTH_SITE, clinician, normal, oracle, protocol};
use crate::harness::App;

/// Returns a query for offsets and gaps of a protocol's events, written differently from the view.
fn naive(protocol: &str) -> String {
    format!(
        "SELECT event_id::text AS \"eventId\",
            (SELECT count(*) FROM session_events b WHERE b.protocol_id = e.protocol_id
               AND (b.event_timestamp, b.event_id) <= (e.event_timestamp, e.event_id)) AS sequence,
            (SELECT extract(epoch FROM e.event_timestamp - min(event_timestamp))::float8 FROM session_events b
              WHERE b.protocol_id = e.protocol_id) AS \"offsetSeconds\",
            (SELECT extract(epoch FROM e.event_timestamp - max(event_timestamp))::float8 FROM session_events b
              WHERE b.protocol_id = e.protocol_id
                AND (b.event_timestamp, b.event_id) < (e.event_timestamp, e.event_id)) AS \"gapSeconds\"
           FROM session_events e WHERE protocol_id = {protocol} ORDER BY event_timestamp, event_id"
    )
}

async fn some_protocol(app: &App) -> String {
    let sql =
        format!("SELECT min(record_id)::text AS id FROM log_clinical_records WHERE site_id = {NORTH_SITE}");
    oracle(app, &sql).await[0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_the_chart_of_a_session_needs_comes_in_one_query() {
    let app = App::start().await;
    let north = app.clinician_north().await;
    let id = some_protocol(&app).await;
    let query = EXAMPLES.iter().find(|example| example.title == "Session chart").unwrap().query;
    north.ask_with(query, &json!({ "id": id })).await.data();

    let answer = north.ask_with(query, &json!({ "id": id })).await;
    assert_eq!(answer.statements(), 5, "protocol, events, their numbers, series, groups");
    assert_eq!(answer.round_trips(), 1);
    let protocol = &answer.data()["protocol"];
    let nodes = protocol["timeline"]["nodes"].as_array().unwrap();
    let expected = oracle(&app, &naive(&id)).await;
    assert!(nodes.len() >= 15);
    for (node, expected) in nodes.iter().zip(expected.as_array().unwrap()) {
        for field in ["sequence", "offsetSeconds", "gapSeconds"] {
            assert_eq!(normal(&node[field]), normal(&expected[field]), "{field}");
        }
        assert!(node["eventType"]["colorCode"].as_str().unwrap().starts_with('#'));
    }
    let number = |field: &str| {
        let values = nodes.iter().filter_map(|node| node[field].as_f64());
        json!(values.fold(0.0, f64::max))
    };
    let aggregate = &protocol["timeline"]["aggregate"];
    assert_eq!(aggregate["count"], nodes.len());
    assert_eq!(normal(&aggregate["gapSeconds"]["max"]), number("gapSeconds"));
    assert_eq!(normal(&aggregate["offsetSeconds"]["max"]), number("offsetSeconds"));

    let points = protocol["timelineSeries"][0]["points"].as_array().unwrap();
    assert!(points.len() >= 20, "five hours and more in quarters");
    assert!(points.iter().all(|point| point["aggregate"]["intensityLevel"]["avg"].is_number()));
    let groups = protocol["timelineGroups"].as_array().unwrap();
    let counts: Vec<i64> = groups.iter().map(|group| group["aggregate"]["count"].as_i64().unwrap()).collect();
    assert!(counts.is_sorted_by(|one, next| one >= next));
    assert_eq!(counts.iter().sum::<i64>(), i64::try_from(nodes.len()).unwrap());

    let south = app.clinician_south().await.ask_with(query, &json!({ "id": id })).await;
    assert_eq!(south.data()["protocol"], Value::Null, "another site's protocol does not exist");
}

#[tokio::test]
async fn many_protocols_have_their_timelines_and_longest_gaps_in_two_statements() {
    let app = App::shared().await;
    let answer = app
        .clinician_north()
        .await
        .ask(
            "{ protocols(first: 50) { nodes {
                 recordId
                 timeline(orderBy: [{ sequence: ASC }]) {
                   aggregate { gapSeconds { max } }
                   nodes { eventId sequence offsetSeconds gapSeconds }
                 }
               } } }",
        )
        .await;
    assert_eq!(answer.statements(), 3, "protocols; events, longest gaps");
    let protocols = answer.nodes("protocols");
    assert!(protocols.len() > 20);
    for protocol in protocols {
        let expected = oracle(&app, &naive(protocol["recordId"].as_str().unwrap())).await;
        assert_eq!(normal(&protocol["timeline"]["nodes"]), normal(&expected));
        let gaps = expected.as_array().unwrap().iter().filter_map(|event| event["gapSeconds"].as_f64());
        let longest = json!(gaps.fold(0.0, f64::max));
        assert_eq!(normal(&protocol["timeline"]["aggregate"]["gapSeconds"]["max"]), longest);
    }
}

#[tokio::test]
async fn an_event_of_a_timeline_is_found_by_its_key_and_its_id_and_pages_go_on() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "Elena").await;
    let id = protocol(&owner, site).await;
    owner
        .batch_execute(&format!(
            "INSERT INTO session_events (protocol_id, event_timestamp)
             SELECT {id}, timestamptz '2026-03-01T09:00Z' + number * number * interval '30.25 seconds'
             FROM generate_series(0, 4) AS number"
        ))
        .await
        .unwrap();
    let (mut after, mut found) = (Value::Null, Vec::new());
    loop {
        let answer = actor
            .ask(&format!(
                "{{ timelineEvents(first: 2, after: {after}, orderBy: [{{ gapSeconds: DESC_NULLS_LAST }}]) {{
                     nodes {{ id eventId gapSeconds offsetSeconds }} pageInfo {{ hasNextPage endCursor }} }} }}"
            ))
            .await;
        found.extend(answer.nodes("timelineEvents").clone());
        let page = &answer.data()["timelineEvents"]["pageInfo"];
        if page["hasNextPage"] == false {
            break;
        }
        after = page["endCursor"].clone();
    }
    let gaps: Vec<Value> = found.iter().map(|event| event["gapSeconds"].clone()).collect();
    assert_eq!(json!(gaps), json!([211.75, 151.25, 90.75, 30.25, null]));

    let (global, event) = (found[0]["id"].as_str().unwrap(), found[0]["eventId"].as_str().unwrap());
    let query = format!(
        "{{ timelineEvent(protocolId: {id}, eventId: {event}) {{ id gapSeconds offsetSeconds protocol {{ recordId }} }}
            node(id: \"{global}\") {{ ... on TimelineEvent {{ id gapSeconds offsetSeconds protocol {{ recordId }} }} }} }}"
    );
    let answer = actor.ask(&query).await;
    assert_eq!(
        answer.data()["node"],
        json!({ "id": global, "gapSeconds": 211.75, "offsetSeconds": 484, "protocol": { "recordId": id.to_string() } })
    );
    assert_eq!(answer.data()["timelineEvent"], answer.data()["node"]);
    let other = app.clinician_south().await.ask(&query).await;
    assert_eq!(*other.data(), json!({ "timelineEvent": null, "node": null }));
    assert!(
        app.anonymous()
            .ask("{ timelineEvents { nodes { eventId } } }")
            .await
            .nodes("timelineEvents")
            .is_empty()
    );
}
