//! Groups of rows: keys, aggregates, order, pages, time.

use serde_json::{Value, json};

use crate::bucket::bucket as short;
use crate::fixture::{NORTH_SITE, oracle};
use crate::harness::{Answer, App};

#[track_caller]
fn groups<'a>(answer: &'a Answer, field: &str) -> &'a Vec<Value> {
    answer.data()[field].as_array().unwrap()
}

#[tokio::test]
async fn events_are_grouped_by_the_name_of_their_type_in_one_statement() {
    let app = App::shared().await;
    let answer = app
        .clinician_north()
        .await
        .ask(
            "{ sessionEventsGroups(
                 groupBy: { eventType: { eventName: true } }
                 orderBy: [{ intensityLevel: { avg: DESC_NULLS_LAST } }]
               ) {
                 __typename
                 key { __typename eventType { eventName } }
                 aggregate { count intensityLevel { avg p90: percentile(p: 0.9) } }
               } }",
        )
        .await;
    assert_eq!(answer.statements(), 1);
    let expected = oracle(
        &app,
        &format!(
            "SELECT event_name, count(*), avg(intensity_level)::float8,
                    percentile_cont(0.9) WITHIN GROUP (ORDER BY intensity_level) AS p90
               FROM session_events e JOIN ref_event_types USING (event_type_id)
              WHERE site_id = {NORTH_SITE}
              GROUP BY 1 ORDER BY 3 DESC NULLS LAST, 1 DESC"
        ),
    )
    .await;
    let found: Vec<Value> = groups(&answer, "sessionEventsGroups")
        .iter()
        .map(|group| {
            assert_eq!(group["__typename"], "SessionEventGroup");
            assert_eq!(group["key"]["__typename"], "SessionEventGroupKey");
            json!({
                "event_name": group["key"]["eventType"]["eventName"],
                "count": group["aggregate"]["count"],
                "avg": group["aggregate"]["intensityLevel"]["avg"],
                "p90": group["aggregate"]["intensityLevel"]["p90"],
            })
        })
        .collect();
    assert_eq!(found.len(), 8);
    assert_eq!(json!(found), expected);
}

#[tokio::test]
async fn having_keeps_the_groups_whose_numbers_match() {
    let app = App::shared().await;
    let answer = app
        .clinician_north()
        .await
        .ask(
            "{ protocolsGroups(
                 groupBy: { substance: { substanceName: true }, sessionType: true }
                 filter: { sessionStatus: { eq: COMPLETED } }
                 having: {
                   count: { gte: 2 }
                   or: [
                     { dosageMg: { percentile: { p: 0.5, value: { gte: 60 } } } }
                     { dosageMg: { max: { lt: 45 } } }
                   ]
                   not: { recordId: { countDistinct: { eq: 2 } } }
                 }
                 orderBy: [{ count: DESC }, { key: { substance: { substanceName: ASC } } }]
               ) { key { sessionType substance { substanceName } } aggregate { count } } }",
        )
        .await;
    let expected = oracle(
        &app,
        &format!(
            "SELECT substance_name, upper(session_type) AS session_type, count(*)
               FROM log_clinical_records LEFT JOIN ref_substances USING (substance_id)
              WHERE site_id = {NORTH_SITE} AND session_status = 'completed' GROUP BY 1, 2
             HAVING count(*) >= 2 AND count(DISTINCT record_id) <> 2
                AND (percentile_cont(0.5) WITHIN GROUP (ORDER BY dosage_mg) >= 60 OR max(dosage_mg) < 45)
              ORDER BY 3 DESC, 1, 2"
        ),
    )
    .await;
    let found: Vec<Value> = groups(&answer, "protocolsGroups")
        .iter()
        .map(|group| {
            json!({
                "substance_name": group["key"]["substance"]["substanceName"],
                "session_type": group["key"]["sessionType"],
                "count": group["aggregate"]["count"],
            })
        })
        .collect();
    assert!(found.len() > 1, "{found:?}");
    assert_eq!(json!(found), expected);
}

#[tokio::test]
async fn pages_of_groups_give_every_group_once() {
    let app = App::shared().await;
    let north = app.clinician_north().await;
    let query = "query($first: Int, $after: String, $order: [SessionEventGroupOrderBy!]) {
        sessionEventsGroups(
          groupBy: { intensityLevel: true, eventTypeId: true }, first: $first, after: $after, orderBy: $order
        ) { cursor key { intensityLevel eventTypeId } aggregate { count } } }";
    for order in [
        json!([]),
        json!([{ "count": "DESC" }]),
        json!([{ "count": "ASC" }, { "key": { "intensityLevel": "DESC_NULLS_LAST" } }]),
        json!([{ "intensityLevel": { "avg": "ASC_NULLS_FIRST" } }]),
        json!([{ "eventTimestamp": { "max": "DESC" } }]),
    ] {
        let all = north.ask_with(query, &json!({ "first": 1000, "order": order })).await;
        let all = groups(&all, "sessionEventsGroups");
        assert!(all.len() > 20);
        let mut walked = Vec::new();
        let mut after = Value::Null;
        loop {
            let page = north.ask_with(query, &json!({ "first": 7, "after": after, "order": order })).await;
            let page = groups(&page, "sessionEventsGroups").clone();
            let Some(last) = page.last() else { break };
            after = last["cursor"].clone();
            walked.extend(page);
        }
        assert_eq!(walked, *all, "{order}");
    }
    let cursor = groups(
        &north
            .ask(
                &query
                    .replace("query($first: Int, $after: String, $order: [SessionEventGroupOrderBy!])", "")
                    .replace("first: $first, after: $after, orderBy: $order", "first: 1"),
            )
            .await,
        "sessionEventsGroups",
    )[0]["cursor"]
        .clone();
    let other = north.ask_with(query, &json!({ "after": cursor, "order": [{ "count": "ASC" }] })).await;
    assert_eq!(other.code(), "BAD_USER_INPUT");
    assert_eq!(other.error()["extensions"]["argument"], "after");
}

#[tokio::test]
async fn every_parent_has_groups_of_its_own_in_one_statement() {
    let app = App::shared().await;
    let answer = app
        .clinician_north()
        .await
        .ask(
            "{ protocols(first: 1000) { nodes {
                 recordId
                 eventsGroups(groupBy: { eventTypeId: true }, orderBy: [{ count: DESC }], first: 2) {
                   key { eventTypeId } aggregate { count }
                 } } } }",
        )
        .await;
    assert_eq!(answer.statements(), 2);
    let expected = oracle(
        &app,
        &format!(
            "SELECT record_id::text AS id, top.* FROM log_clinical_records CROSS JOIN LATERAL (
               SELECT event_type_id::text AS kind, count(*) FROM session_events WHERE protocol_id = record_id
                GROUP BY event_type_id ORDER BY 2 DESC, event_type_id DESC LIMIT 2) top
              WHERE site_id = {NORTH_SITE} ORDER BY record_id"
        ),
    )
    .await;
    let mut found = Vec::new();
    for protocol in answer.nodes("protocols") {
        for group in protocol["eventsGroups"].as_array().unwrap() {
            found.push(json!({
                "id": protocol["recordId"],
                "kind": group["key"]["eventTypeId"],
                "count": group["aggregate"]["count"],
            }));
        }
    }
    assert_eq!(json!(found), expected);
}

#[tokio::test]
async fn time_is_grouped_by_the_calendar_of_a_place() {
    let app = App::start().await;
    let owner = app.owner().await;
    // Ten minutes before and after midnight in Denver, on the night when the clocks go forward.
    owner
        .batch_execute(&format!(
            "INSERT INTO log_clinical_records (site_id, session_date, patient_link_code)
             VALUES ({NORTH_SITE}, '2027-03-14', 'clock');
             INSERT INTO session_events (protocol_id, event_timestamp)
             SELECT record_id, moment FROM log_clinical_records,
               unnest(ARRAY['2027-03-14T06:50:00Z', '2027-03-14T07:10:00Z', '2027-03-15T05:50:00Z',
                            '2027-03-15T06:10:00Z']::timestamptz[]) moment
              WHERE patient_link_code = 'clock'"
        ))
        .await
        .unwrap();
    let north = app.clinician_north().await;
    let ask = async |bucket: &str| {
        let query = format!(
            "{{ sessionEventsGroups(
                 groupBy: {{ eventTimestamp: {} }}
                 filter: {{ protocol: {{ patientLinkCode: {{ eq: \"clock\" }} }} }}
               ) {{ key {{ eventTimestamp }} aggregate {{ count }} }} }}",
            short(bucket)
        );
        let answer = north.ask(&query).await;
        groups(&answer, "sessionEventsGroups")
            .iter()
            .map(|group| {
                (
                    group["key"]["eventTimestamp"].as_str().unwrap().to_owned(),
                    group["aggregate"]["count"].as_i64().unwrap(),
                )
            })
            .collect::<Vec<_>>()
    };
    let at = |moment: &str, count: i64| (moment.to_owned(), count);
    // The 14th has 23 hours in Denver: it begins at 07:00Z and ends at 06:00Z.
    let denver = "timeZone: \"America/Denver\"";
    assert_eq!(
        ask(&format!("unit: DAY, {denver}")).await,
        [at("2027-03-13T07:00:00Z", 1), at("2027-03-14T07:00:00Z", 2), at("2027-03-15T06:00:00Z", 1)]
    );
    assert_eq!(
        ask(&format!("unit: WEEK, {denver}")).await,
        [at("2027-03-08T07:00:00Z", 3), at("2027-03-15T06:00:00Z", 1)]
    );
    assert_eq!(ask("unit: DAY").await, [at("2027-03-14T00:00:00Z", 2), at("2027-03-15T00:00:00Z", 2)]);
    assert_eq!(ask("unit: MONTH").await, [at("2027-03-01T00:00:00Z", 4)]);
    assert_eq!(ask("unit: QUARTER").await, [at("2027-01-01T00:00:00Z", 4)]);
    assert_eq!(ask("unit: YEAR").await, [at("2027-01-01T00:00:00Z", 4)]);
    assert_eq!(ask("unit: FIFTEEN_MINUTES").await.first(), Some(&at("2027-03-14T06:45:00Z", 1)));
    assert_eq!(ask("unit: FIVE_MINUTES").await.first(), Some(&at("2027-03-14T06:50:00Z", 1)));
    assert_eq!(ask("unit: HOUR").await.len(), 4);
    assert_eq!(ask("").await.len(), 4, "each moment by itself");
    // Keys alone, without an aggregate.
    let keys = format!(
        "sessionEventsGroups(groupBy: {{eventTimestamp: {{calendar: {{unit: YEAR, {denver}}}}}}}) {{ cursor }}"
    );
    assert_eq!(north.ask(&format!("{{ {keys} }}")).await.body.get("errors"), None);
}

#[tokio::test]
async fn dates_are_grouped_as_dates() {
    let app = App::shared().await;
    let answer = app
        .clinician_north()
        .await
        .ask(
            "{ protocolsGroups(groupBy: { sessionDate: { calendar: { unit: MONTH } } }, first: 1) {
                 key { sessionDate } aggregate { count sessionDate { min max } } } }",
        )
        .await;
    let group = &groups(&answer, "protocolsGroups")[0];
    let month = group["key"]["sessionDate"].as_str().unwrap();
    assert!(month.ends_with("-01") && month.len() == 10, "{month}");
    assert!(group["aggregate"]["sessionDate"]["min"].as_str().unwrap().starts_with(&month[..7]));
}

#[tokio::test]
async fn what_cannot_be_grouped_is_refused_with_its_place() {
    let app = App::shared().await;
    let anonymous = app.anonymous();
    for (arguments, selection, argument) in [
        ("groupBy: {}", "aggregate { count }", "groupBy"),
        ("groupBy: { protocolId: false }", "aggregate { count }", "groupBy"),
        ("groupBy: { protocolId: true }", "key { eventTypeId }", "groupBy"),
        (
            "groupBy: { protocolId: true }, orderBy: [{ key: { eventTypeId: ASC } }]",
            "aggregate { count }",
            "orderBy.0.key.eventTypeId",
        ),
        (
            "groupBy: { protocolId: true }, orderBy: [{ intensityLevel: { percentile: { p: 2, direction: ASC } } }]",
            "aggregate { count }",
            "orderBy.0.intensityLevel.percentile.p",
        ),
        (
            "groupBy: { protocolId: true }, having: { or: [{}, { intensityLevel: { percentile: { p: 1.00000000000000000001, value: { gt: 1 } } } }] }",
            "aggregate { count }",
            "having.or.1.intensityLevel.percentile.p",
        ),
        (
            "groupBy: { protocolId: true }, having: { and: [{ doseMg: { avg: { gt: 1e400 } } }] }",
            "aggregate { count }",
            "having.and.0.doseMg.avg.gt",
        ),
        (
            "groupBy: { protocolId: true }, having: { not: { intensityLevel: { percentile: { p: 0.5, value: { lte: 1e400 } } } } }",
            "aggregate { count }",
            "having.not.intensityLevel.percentile.value.lte",
        ),
        (
            "groupBy: { protocolId: true }, having: { eventTimestamp: { max: { in: [\"2026-01-01T00:00:00Z\", \"now\"] } } }",
            "aggregate { count }",
            "having.eventTimestamp.max.in.1",
        ),
        (
            "groupBy: { protocolId: true }, having: { count: { eq: null } }",
            "aggregate { count }",
            "having.count.eq",
        ),
        ("groupBy: { protocolId: true }, first: -1", "aggregate { count }", "first"),
    ] {
        let answer =
            anonymous.ask(&format!("{{ sessionEventsGroups({arguments}) {{ {selection} }} }}")).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT", "{arguments}");
        assert_eq!(answer.error()["extensions"]["argument"], argument, "{arguments}");
        assert_eq!(answer.error()["path"][0], "sessionEventsGroups");
    }
    let unordered =
        "{ sessionEventsGroups(groupBy: { protocolId: true }, orderBy: [{}]) { aggregate { count } } }";
    let answer = anonymous.ask(unordered).await;
    assert_eq!(answer.code(), "GRAPHQL_INVALID");
    assert_eq!(answer.error()["extensions"]["argument"], "orderBy.0");
    let nowhere = "{ sessionEventsGroups(groupBy: { eventTimestamp: { calendar: { unit: DAY, timeZone: \"Mars/Olympus\" } } }) { cursor } }";
    let answer = app.clinician_north().await.ask(nowhere).await;
    assert_eq!(answer.code(), "BAD_USER_INPUT");
    assert_eq!(answer.error()["extensions"]["argument"], "groupBy.eventTimestamp.calendar.timeZone");
    // Without a unit or a length, a zone or an origin has no meaning.
    for (alone, lacks) in [
        ("calendar: { timeZone: \"Europe/Berlin\" }", "calendar.unit"),
        ("every: { origin: \"2026-01-01T00:00:00Z\" }", "every.length"),
    ] {
        let answer = anonymous
            .ask(&format!(
                "{{ sessionEventsGroups(groupBy: {{ eventTimestamp: {{ {alone} }} }}) {{ cursor }} }}"
            ))
            .await;
        assert_eq!(answer.error()["extensions"]["argument"], format!("groupBy.eventTimestamp.{lacks}"));
    }
}

#[tokio::test]
async fn groups_show_nothing_that_rows_would_not() {
    let app = App::shared().await;
    let query = "{ protocolsGroups(groupBy: { siteId: true }) { key { siteId } aggregate { count } } }";
    assert!(groups(&app.anonymous().ask(query).await, "protocolsGroups").is_empty());
    assert_eq!(groups(&app.clinician_north().await.ask(query).await, "protocolsGroups").len(), 1);
    let both = app.user("both.sites@praxis.example").await;
    assert_eq!(groups(&both.ask(query).await, "protocolsGroups").len(), 2);
}
