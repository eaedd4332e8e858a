//! Series over time: buckets, gaps, lines, time zones with daylight saving time.

use serde_json::{Value, json};

use crate::bucket::bucket as short;
use crate::fixture::{NORTH_SITE, oracle};
use crate::harness::{Answer, App};

#[track_caller]
fn lines<'a>(answer: &'a Answer, field: &str) -> &'a Vec<Value> {
    answer.data()[field].as_array().unwrap()
}

/// Inserts a protocol of the first site with events at these times and with these intensities; returns its key.
async fn protocol_with_events(app: &App, events: &[(&str, i32)]) -> String {
    let owner = app.owner().await;
    let id: i64 = owner
        .query_one(
            &format!("INSERT INTO log_clinical_records (site_id) VALUES ({NORTH_SITE}) RETURNING record_id"),
            &[],
        )
        .await
        .unwrap()
        .get(0);
    for (moment, intensity) in events {
        owner
            .execute(
                "INSERT INTO session_events (protocol_id, event_type_id, event_timestamp, intensity_level)
                 VALUES ($1, 1, $2::text::timestamptz, $3)",
                &[&id, moment, intensity],
            )
            .await
            .unwrap();
    }
    id.to_string()
}

/// Returns start, end, count and mean of each point of the only line.
async fn points(app: &App, protocol: &str, arguments: &str) -> Vec<(String, String, i64, Value)> {
    let query = format!(
        "{{ sessionEventsSeries(time: EVENT_TIMESTAMP, filter: {{ protocolId: {{ eq: {protocol} }} }}, {arguments}) {{
             points {{ start end aggregate {{ count intensityLevel {{ avg }} }} }} }} }}"
    );
    let answer = app.clinician_north().await.ask(&query).await;
    let lines = lines(&answer, "sessionEventsSeries");
    assert_eq!(lines.len(), 1);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    lines[0]["points"]
        .as_array()
        .unwrap()
        .iter()
        .map(|point| {
            let aggregate = &point["aggregate"];
            (
                text(&point["start"]),
                text(&point["end"]),
                aggregate["count"].as_i64().unwrap(),
                aggregate["intensityLevel"]["avg"].clone(),
            )
        })
        .collect()
}

fn point(start: &str, end: &str, count: i64, avg: impl Into<Value>) -> (String, String, i64, Value) {
    (start.into(), end.into(), count, avg.into())
}

#[tokio::test]
async fn a_gap_is_filled_as_asked() {
    let app = App::start().await;
    let id = protocol_with_events(
        &app,
        &[("2026-03-02T09:00:00Z", 4), ("2026-03-02T21:00:00Z", 6), ("2026-03-05T00:00:00Z", 8)],
    )
    .await;
    let day = |day: i64| format!("2026-03-{day:02}T00:00:00Z");
    let expected = |gap: Value| {
        vec![
            point(&day(2), &day(3), 2, 5),
            point(&day(3), &day(4), 0, gap.clone()),
            point(&day(4), &day(5), 0, gap),
            point(&day(5), &day(6), 1, 8),
        ]
    };
    let bucket = "bucket: { calendar: { unit: DAY } }";
    assert_eq!(points(&app, &id, bucket).await, expected(Value::Null), "by default");
    let filled = points(&app, &id, &format!("{bucket}, fill: ZERO")).await;
    assert_eq!(filled[1], point(&day(3), &day(4), 0, 0));
    let carried = points(&app, &id, &format!("{bucket}, fill: PREVIOUS")).await;
    assert_eq!(carried[2].3, json!(5));
    let bare = points(&app, &id, &format!("{bucket}, fill: NONE")).await;
    assert_eq!(bare, [point(&day(2), &day(3), 2, 5), point(&day(5), &day(6), 1, 8)]);
}

#[tokio::test]
async fn from_and_to_bound_the_series_and_draw_it_where_nothing_is() {
    let app = App::start().await;
    let id = protocol_with_events(&app, &[("2026-03-02T09:00:00Z", 4), ("2026-03-05T00:00:00Z", 8)]).await;
    let found = points(
        &app,
        &id,
        "bucket: { calendar: { unit: DAY } }, from: \"2026-03-01T00:00:00Z\", to: \"2026-03-05T00:00:00Z\"",
    )
    .await;
    let counts: Vec<i64> = found.iter().map(|point| point.2).collect();
    assert_eq!(counts, [0, 1, 0, 0], "the first to the fourth; the fifth begins at `to`");
    assert_eq!(found[0].0, "2026-03-01T00:00:00Z");
}

#[tokio::test]
async fn days_have_the_hours_that_they_have_in_a_place() {
    let app = App::start().await;
    // The clocks go forward on 14 March and back on 7 November 2027 in Denver.
    let id = protocol_with_events(&app, &[("2027-03-13T12:00:00Z", 1), ("2027-03-15T12:00:00Z", 1)]).await;
    let denver = "bucket: { calendar: { unit: DAY, timeZone: \"America/Denver\" } }";
    let found = points(&app, &id, denver).await;
    let spans: Vec<(&str, &str)> = found.iter().map(|point| (point.0.as_str(), point.1.as_str())).collect();
    assert_eq!(
        spans,
        [
            ("2027-03-13T07:00:00Z", "2027-03-14T07:00:00Z"),
            ("2027-03-14T07:00:00Z", "2027-03-15T06:00:00Z"),
            ("2027-03-15T06:00:00Z", "2027-03-16T06:00:00Z"),
        ]
    );
    let id = protocol_with_events(&app, &[("2027-11-07T05:00:00Z", 1), ("2027-11-08T12:00:00Z", 1)]).await;
    let found = points(&app, &id, denver).await;
    assert_eq!(found[1].0, "2027-11-07T06:00:00Z");
    assert_eq!(found[1].1, "2027-11-08T07:00:00Z", "25 hours");
    // Hours are even through the night in which one of them occurs twice.
    let hours = points(
        &app,
        &id,
        "bucket: { calendar: { unit: HOUR, timeZone: \"America/Denver\" } }, from: \"2027-11-07T06:00:00Z\", to: \"2027-11-08T07:00:00Z\"",
    )
    .await;
    assert_eq!(hours.len(), 25);
    assert!(hours.windows(2).all(|pair| pair[0].1 == pair[1].0));
}

#[tokio::test]
async fn every_bucket_begins_where_the_last_one_ends() {
    let app = App::start().await;
    let id = protocol_with_events(&app, &[("2023-11-15T09:07:31Z", 4), ("2026-02-03T10:00:00Z", 6)]).await;
    for (bucket, first, number) in [
        ("unit: WEEK", "2023-11-13T00:00:00Z", 117),
        ("unit: MONTH", "2023-11-01T00:00:00Z", 28),
        ("unit: QUARTER", "2023-10-01T00:00:00Z", 10),
        ("unit: YEAR", "2023-01-01T00:00:00Z", 4),
        ("length: \"P14D\"", "2023-11-06T00:00:00Z", 59),
        ("length: \"P7D\", origin: \"2023-11-15T00:00:00Z\"", "2023-11-15T00:00:00Z", 116),
    ] {
        let found = points(&app, &id, &format!("bucket: {}", short(bucket))).await;
        assert_eq!(found[0].0, first, "{bucket}");
        assert_eq!(found.len(), number, "{bucket}");
        assert!(found.windows(2).all(|pair| pair[0].1 == pair[1].0), "{bucket}");
        assert_eq!(found.iter().map(|point| point.2).sum::<i64>(), 2, "{bucket}");
    }
    for (bucket, first) in [
        ("unit: MINUTE", "2023-11-15T09:07:00Z"),
        ("unit: FIVE_MINUTES", "2023-11-15T09:05:00Z"),
        ("unit: FIFTEEN_MINUTES", "2023-11-15T09:00:00Z"),
        ("length: \"PT90M\"", "2023-11-15T09:00:00Z"),
    ] {
        let found = points(&app, &id, &format!("bucket: {}, fill: NONE", short(bucket))).await;
        assert_eq!(found[0].0, first, "{bucket}");
        assert_eq!(found.len(), 2, "{bucket}");
    }
}

#[tokio::test]
async fn lines_are_ordered_by_their_numbers_and_the_first_are_shown() {
    let app = App::shared().await;
    let answer = app
        .clinician_north()
        .await
        .ask(
            "{ sessionEventsSeries(
                 time: EVENT_TIMESTAMP, bucket: { calendar: { unit: MONTH } }
                 groupBy: { eventType: { eventName: true } }
                 orderBy: [{ count: DESC }], first: 3, fill: NONE
               ) {
                 __typename
                 key { eventType { eventName } }
                 aggregate { count }
                 points { __typename start aggregate { count intensityLevel { max } } }
               } }",
        )
        .await;
    assert_eq!(answer.statements(), 1);
    let expected = oracle(
        &app,
        &format!(
            "WITH e AS (SELECT event_name, date_trunc('month', event_timestamp, 'UTC') AS month, intensity_level
                          FROM session_events JOIN ref_event_types USING (event_type_id) WHERE site_id = {NORTH_SITE})
             SELECT event_name AS name, count(*) AS total,
                    (SELECT jsonb_agg(jsonb_build_array(to_char(month, 'YYYY-MM'), n, top) ORDER BY month)
                       FROM (SELECT month, count(*) AS n, max(intensity_level) AS top FROM e inner_e
                              WHERE inner_e.event_name = e.event_name GROUP BY month) points) AS points
               FROM e GROUP BY 1 ORDER BY 2 DESC, 1 DESC LIMIT 3"
        ),
    )
    .await;
    let found: Vec<Value> = lines(&answer, "sessionEventsSeries")
        .iter()
        .map(|line| {
            assert_eq!(line["__typename"], "SessionEventSeries");
            let points: Vec<Value> = line["points"]
                .as_array()
                .unwrap()
                .iter()
                .map(|point| {
                    assert_eq!(point["__typename"], "SessionEventPoint");
                    let aggregate = &point["aggregate"];
                    json!([&point["start"].as_str().unwrap()[..7], aggregate["count"], aggregate["intensityLevel"]["max"]])
                })
                .collect();
            json!({ "name": line["key"]["eventType"]["eventName"], "total": line["aggregate"]["count"], "points": points })
        })
        .collect();
    assert_eq!(json!(found), expected);
}

#[tokio::test]
async fn every_parent_has_series_of_its_own_in_one_statement() {
    let app = App::shared().await;
    let answer = app
        .clinician_north()
        .await
        .ask(
            "{ protocols(first: 50) { nodes {
                 recordId
                 integrationScoresSeries(
                   time: MEASURED_AT, bucket: { calendar: { unit: WEEK } }, groupBy: { scaleType: true }, fill: NONE
                 ) { key { scaleType } points { start aggregate { scoreValue { avg } } } }
               } } }",
        )
        .await;
    assert_eq!(answer.statements(), 2, "protocols, series");
    let expected = oracle(
        &app,
        &format!(
            "SELECT record_id::text AS id, scale_type AS scale, to_char(week, 'YYYY-MM-DD') AS week, avg
               FROM (SELECT record_id FROM log_clinical_records WHERE site_id = {NORTH_SITE}
                      ORDER BY record_id LIMIT 50) mine
               CROSS JOIN LATERAL (
                 SELECT scale_type, date_trunc('week', measured_at, 'UTC') AS week, avg(score_value)::float8
                   FROM integration_scores WHERE protocol_id = record_id GROUP BY 1, 2) scores
              ORDER BY record_id, 2, 3"
        ),
    )
    .await;
    let mut found = Vec::new();
    for protocol in answer.nodes("protocols") {
        for line in protocol["integrationScoresSeries"].as_array().unwrap() {
            for point in line["points"].as_array().unwrap() {
                found.push(json!({
                    "id": protocol["recordId"],
                    "scale": line["key"]["scaleType"],
                    "week": &point["start"].as_str().unwrap()[..10],
                    "avg": point["aggregate"]["scoreValue"]["avg"],
                }));
            }
        }
    }
    assert!(found.len() > 100);
    assert_eq!(json!(found), expected);
}

#[tokio::test]
async fn a_series_runs_along_dates_too() {
    let app = App::shared().await;
    let answer = app
        .clinician_north()
        .await
        .ask(
            "{ protocolsSeries(time: SESSION_DATE, bucket: { calendar: { unit: YEAR, timeZone: \"America/Denver\" } }) {
                 aggregate { count } points { start aggregate { count } } } }",
        )
        .await;
    let line = &lines(&answer, "protocolsSeries")[0];
    let points = line["points"].as_array().unwrap();
    assert_eq!(points[0]["start"], "2024-01-01", "whatever the clocks show in Denver");
    let sum: i64 = points.iter().map(|point| point["aggregate"]["count"].as_i64().unwrap()).sum();
    assert_eq!(json!(sum), line["aggregate"]["count"]);
}

#[tokio::test]
async fn somebody_who_sees_no_rows_gets_an_empty_line() {
    let app = App::shared().await;
    let query = "{ sessionEventsSeries(time: EVENT_TIMESTAMP, bucket: { calendar: { unit: DAY } }) {
                     aggregate { count } points { start } } }";
    let answer = app.anonymous().ask(query).await;
    assert_eq!(
        *lines(&answer, "sessionEventsSeries"),
        [json!({ "aggregate": { "count": 0 }, "points": [] })]
    );
    let grouped = query.replace("bucket:", "groupBy: { eventTypeId: true }, bucket:");
    assert!(lines(&app.anonymous().ask(&grouped).await, "sessionEventsSeries").is_empty());
}

#[tokio::test]
async fn too_many_points_are_refused_before_they_are_made() {
    let app = App::shared().await;
    let query = "{ sessionEventsSeries(
        time: EVENT_TIMESTAMP, bucket: { calendar: { unit: MINUTE } }, from: \"0001-01-01T00:00:00Z\", to: \"9999-01-01T00:00:00Z\"
    ) { points { start } } }";
    let answer = app.clinician_north().await.ask(query).await;
    assert_eq!(answer.code(), "LIMIT_EXCEEDED");
    assert_eq!(answer.error()["path"], json!(["sessionEventsSeries"]));
}

#[tokio::test]
async fn a_bucket_that_makes_no_sense_is_refused() {
    let app = App::shared().await;
    for (bucket, argument) in [
        ("{ exact: true }", "bucket"),
        ("{ exact: false }", "bucket.exact"),
        ("{ every: { length: \"P1M\" } }", "bucket.every.length"),
        ("{ every: { length: \"P1D\", origin: \"yesterday\" } }", "bucket.every.origin"),
        ("{ every: { length: \"P1D\", origin: \"-infinity\" } }", "bucket.every.origin"),
        ("{ every: { length: \"P1D\", origin: \"+294276-01-01T00:00:00Z\" } }", "bucket.every.origin"),
        (
            "{ every: { length: \"PT90M\", origin: \"2026-01-01T00:00:00Z\", timeZone: \"America/Denver\" } }",
            "bucket.every.timeZone",
        ),
        ("{ calendar: { unit: DAY, timeZone: \"foo+2\" } }", "bucket.calendar.timeZone"),
        ("{ calendar: { unit: DAY, timeZone: \"PST\" } }", "bucket.calendar.timeZone"),
        ("{ calendar: { unit: DAY, timeZone: \"UTC+5\" } }", "bucket.calendar.timeZone"),
        ("{ calendar: { unit: DAY, timeZone: \"+25:00\" } }", "bucket.calendar.timeZone"),
        ("{ calendar: { unit: DAY, timeZone: \"\" } }", "bucket.calendar.timeZone"),
    ] {
        let query = format!(
            "{{ sessionEventsSeries(time: EVENT_TIMESTAMP, bucket: {bucket}) {{ points {{ start }} }} }}"
        );
        let answer = app.anonymous().ask(&query).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT", "{bucket}");
        assert_eq!(answer.error()["extensions"]["argument"], argument, "{bucket}");
    }
}

#[tokio::test]
async fn only_points_with_rows_can_be_too_many() {
    let app = App::shared().await;
    let north = app.clinician_north().await;
    // Five thousand points with rows and more, of ten thousand; without the limit there would be many times as many.
    for unit in ["FIFTEEN_MINUTES", "FIVE_MINUTES"] {
        let query = format!(
            "{{ sessionEventsSeries(time: EVENT_TIMESTAMP, bucket: {{ calendar: {{ unit: {unit} }} }}, groupBy: {{ eventTypeId: true }}, \
             first: 100) {{ aggregate {{ count }} points {{ aggregate {{ count }} }} }} }}"
        );
        let answer = north.ask(&query).await;
        let lines = answer.data()["sessionEventsSeries"].as_array().unwrap();
        let count = |of: &Value| of["aggregate"]["count"].as_u64().unwrap();
        let points = |line: &Value| line["points"].as_array().unwrap().clone();
        assert!(lines.iter().map(|line| points(line).len()).sum::<usize>() > 5_000, "{unit}");
        for line in lines {
            assert_eq!(points(line).iter().map(count).sum::<u64>(), count(line), "{unit}");
        }
    }
}
