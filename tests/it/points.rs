//! Points: rows of a connection, thinned for charts.

use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::fixture::{clinician, oracle, protocol};
use crate::harness::{Answer, App};

/// Inserts a protocol of a site with scores, one an hour; `value` is SQL of the hour `n`, counted from 1.
async fn measured(owner: &Client, site: i64, number: i32, value: &str) -> i64 {
    let id = protocol(owner, site).await;
    let sql = format!(
        "INSERT INTO integration_scores (protocol_id, scale_type, score_value, measured_at)
         SELECT $1, CASE WHEN n % 2 = 0 THEN 'IES' ELSE 'EIS' END, {value},
                timestamptz '2026-01-01T00:00:00Z' + n * interval '1 hour'
           FROM generate_series(1, $2::int) n"
    );
    owner.execute(&sql, &[&id, &number]).await.unwrap();
    id
}

/// Waves around 50 with one peak and one dip, both narrow.
const WAVES: &str = "CASE n WHEN 1234 THEN 100 WHEN 1235 THEN 0 ELSE 50 + 20 * sin(n / 90.0) END";

#[track_caller]
fn points<'a>(answer: &'a Answer, field: &str) -> &'a Vec<Value> {
    answer.data()[field]["points"].as_array().unwrap()
}

/// Returns one field of each row.
fn column<'a>(rows: &'a [Value], field: &str) -> Vec<&'a Value> {
    rows.iter().map(|row| &row[field]).collect()
}

#[tokio::test]
async fn a_long_line_keeps_its_ends_and_its_extremes() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (clinician, site) = clinician(&app, &owner, "waves").await;
    measured(&owner, site, 5_000, WAVES).await;
    let answer = clinician
        .ask(
            "{ integrationScores(last: 1) {
                 points(x: MEASURED_AT, y: SCORE_VALUE, max: 60) { __typename measuredAt scoreValue } } }",
        )
        .await;
    assert_eq!(answer.statements(), 1);
    let found = points(&answer, "integrationScores");
    assert!((59..=60).contains(&found.len()), "{}", found.len());
    let times: Vec<&str> = found.iter().map(|row| row["measuredAt"].as_str().unwrap()).collect();
    assert!(times.is_sorted());
    assert_eq!(times[0], "2026-01-01T01:00:00Z");
    assert_eq!(times[times.len() - 1], "2026-07-28T08:00:00Z");
    let values = column(found, "scoreValue");
    assert!(values.contains(&&json!(100.00)) && values.contains(&&json!(0.00)), "{values:?}");
    assert_eq!(found[0]["__typename"], "IntegrationScore");
}

#[tokio::test]
async fn a_line_of_few_points_comes_back_whole() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (clinician, site) = clinician(&app, &owner, "few").await;
    measured(&owner, site, 7, "n * 7 % 5").await;
    for max in ["", ", max: 7", ", max: 10000"] {
        let query = format!(
            "{{ integrationScores {{ points(x: MEASURED_AT, y: SCORE_VALUE{max}) {{ scoreValue }} }} }}"
        );
        let answer = clinician.ask(&query).await;
        let values =
            column(points(&answer, "integrationScores"), "scoreValue").into_iter().map(Value::as_f64);
        let expected = [2.0, 4.0, 1.0, 3.0, 0.0, 2.0, 4.0].map(Some);
        assert!(values.eq(expected), "{max}");
    }
}

#[tokio::test]
async fn without_a_number_500_rows_come_back() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (clinician, site) = clinician(&app, &owner, "five hundred").await;
    measured(&owner, site, 501, "n % 100").await;
    let query = "query($max: Int) { integrationScores {
        points(x: MEASURED_AT, y: SCORE_VALUE) { scoreId }
        same: points(x: MEASURED_AT, y: SCORE_VALUE, max: $max) { scoreId } } }";
    let answer = clinician.ask(query).await;
    assert_eq!(answer.statements(), 1);
    assert!((499..=500).contains(&points(&answer, "integrationScores").len()));
    assert_eq!(answer.data()["integrationScores"]["same"], answer.data()["integrationScores"]["points"]);
}

#[tokio::test]
async fn every_parent_has_a_line_of_its_own_in_one_statement() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (clinician, site) = clinician(&app, &owner, "lines").await;
    for (number, value) in [(300, "100 - n / 3.0"), (200, "n % 100"), (3, "n"), (0, "n")] {
        measured(&owner, site, number, value).await;
    }
    let answer = clinician
        .ask(
            "{ protocols { nodes { recordId
                 integrationScores { points(x: MEASURED_AT, y: SCORE_VALUE, max: 20) { protocolId scoreValue measuredAt } }
               } } }",
        )
        .await;
    assert_eq!(answer.statements(), 2, "protocols, points");
    let expected = oracle(
        &app,
        &format!(
            "SELECT record_id::text AS id, count(score_id) AS n, min(score_value) AS min, max(score_value) AS max,
                    min(measured_at) AS first, max(measured_at) AS last
               FROM log_clinical_records LEFT JOIN integration_scores ON protocol_id = record_id
              WHERE log_clinical_records.site_id = {site} GROUP BY record_id ORDER BY record_id"
        ),
    )
    .await;
    let protocols = answer.nodes("protocols");
    assert_eq!(protocols.len(), 4);
    for (protocol, expected) in protocols.iter().zip(expected.as_array().unwrap()) {
        assert_eq!(protocol["recordId"], expected["id"]);
        let line = protocol["integrationScores"]["points"].as_array().unwrap();
        let number = usize::try_from(expected["n"].as_u64().unwrap()).unwrap();
        if number <= 20 {
            assert_eq!(line.len(), number);
        } else {
            assert!((19..=20).contains(&line.len()));
        }
        assert!(line.iter().all(|row| row["protocolId"] == protocol["recordId"]));
        let numbers = || line.iter().filter_map(|row| row["scoreValue"].as_f64());
        assert_eq!(numbers().reduce(f64::min), expected["min"].as_f64());
        assert_eq!(numbers().reduce(f64::max), expected["max"].as_f64());
        let moment =
            |row: Option<&Value>| row.map(|row| row["measuredAt"].as_str().unwrap()[..19].to_owned());
        let bound = |name: &str| expected[name].as_str().map(|text| text[..19].to_owned());
        assert_eq!(moment(line.first()), bound("first"));
        assert_eq!(moment(line.last()), bound("last"));
    }
}

#[tokio::test]
async fn the_filter_of_the_connection_chooses_the_rows_and_its_page_does_not() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (clinician, site) = clinician(&app, &owner, "filter").await;
    measured(&owner, site, 400, "n % 100").await;
    let answer = clinician
        .ask(
            "{ integrationScores(
                 filter: { scaleType: { eq: IES }, scoreValue: { lte: 90 } }, first: 2, orderBy: [{ scoreId: DESC }]
               ) {
                 totalCount
                 nodes { scoreId }
                 points(x: MEASURED_AT, y: SCORE_VALUE, max: 30) { scaleType scoreValue }
               } }",
        )
        .await;
    assert_eq!(answer.statements(), 3, "a page, its numbers, its points");
    assert_eq!(answer.round_trips(), 1);
    let found = points(&answer, "integrationScores");
    assert_eq!(answer.nodes("integrationScores").len(), 2);
    assert!((29..=30).contains(&found.len()));
    assert!(found.iter().all(|row| row["scaleType"] == "IES"));
    let values: Vec<f64> = found.iter().map(|row| row["scoreValue"].as_f64().unwrap()).collect();
    assert_eq!(values.iter().copied().reduce(f64::max), Some(90.0));
}

#[tokio::test]
async fn only_rows_that_survive_bring_their_relations() {
    let app = App::with(|config| config.limits.plotted = 30).await;
    let owner = app.owner().await;
    let (clinician, site) = clinician(&app, &owner, "relations").await;
    // Four protocols have few enough events to plot; all together would have 150.
    for at in 0..30 {
        let id = measured(&owner, site, 1, &at.to_string()).await;
        let sql = "INSERT INTO session_events (protocol_id, event_type_id, event_timestamp, intensity_level)
                   SELECT $1, 1, now(), n FROM generate_series(1, 5) n";
        owner.execute(sql, &[&id]).await.unwrap();
    }
    let answer = clinician
        .ask(
            "{ integrationScores {
                 points(x: SCORE_VALUE, y: SCORE_VALUE, max: 4) {
                   protocolId
                   protocol { recordId events { points(x: EVENT_TIMESTAMP, y: INTENSITY_LEVEL) { protocolId } } }
                 }
                 nodes { protocol { recordId } }
               } }",
        )
        .await;
    assert_eq!(answer.statements(), 4, "scores, their points; protocols; points of events");
    assert_eq!(answer.round_trips(), 3);
    let found = points(&answer, "integrationScores");
    assert_eq!(found.len(), 4);
    for row in found {
        assert_eq!(row["protocol"]["recordId"], row["protocolId"]);
        let events = row["protocol"]["events"]["points"].as_array().unwrap();
        assert_eq!(column(events, "protocolId"), [&row["protocolId"]; 5]);
    }
}

#[tokio::test]
async fn nobody_gets_points_of_rows_that_are_not_theirs() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (mine, site) = clinician(&app, &owner, "mine").await;
    let (other, _) = clinician(&app, &owner, "other").await;
    let id = measured(&owner, site, 50, "n").await;
    let query = format!(
        "{{ integrationScores(filter: {{ protocolId: {{ eq: {id} }} }}) {{
             points(x: MEASURED_AT, y: SCORE_VALUE, max: 10) {{ scoreValue }} }} }}"
    );
    assert_eq!(points(&mine.ask(&query).await, "integrationScores").len(), 10);
    for stranger in [other, app.clinician_south().await, app.anonymous()] {
        assert_eq!(*points(&stranger.ask(&query).await, "integrationScores"), [0; 0]);
    }
}

#[tokio::test]
async fn rows_without_a_place_in_the_chart_are_left_out() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (clinician, site) = clinician(&app, &owner, "holes").await;
    for (date, hours) in [
        ("'2026-01-03'", "'NaN'"),
        ("'2026-01-03'", "2.5"),
        ("'2026-01-01'", "NULL"),
        ("'2026-01-01'", "1.25"),
        ("'2026-01-03'", "2.50"),
        ("NULL", "9"),
        ("'infinity'", "9"),
    ] {
        let sql = format!(
            "INSERT INTO log_clinical_records (site_id, session_date, prep_hours) VALUES ({site}, {date}, {hours})"
        );
        owner.batch_execute(&sql).await.unwrap();
    }
    let answer = clinician
        .ask("{ protocols { points(x: SESSION_DATE, y: PREP_HOURS) { sessionDate prepHours } } }")
        .await;
    assert_eq!(
        *points(&answer, "protocols"),
        [
            json!({ "sessionDate": "2026-01-01", "prepHours": "1.25" }),
            json!({ "sessionDate": "2026-01-03", "prepHours": "2.5" }),
            json!({ "sessionDate": "2026-01-03", "prepHours": "2.50" }),
        ]
    );
}

#[tokio::test]
async fn equal_values_and_moments_are_thinned_too() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (clinician, site) = clinician(&app, &owner, "equal").await;
    measured(&owner, site, 500, "50").await;
    owner
        .execute("UPDATE integration_scores SET measured_at = '2026-01-01' WHERE site_id = $1", &[&site])
        .await
        .unwrap();
    let answer = clinician
        .ask(
            "{ integrationScores {
                 points(x: MEASURED_AT, y: SCORE_VALUE, max: 4) { scoreId }
                 against: points(x: SCORE_VALUE, y: SCORE_VALUE, max: 5) { scoreId }
               } }",
        )
        .await;
    assert_eq!(points(&answer, "integrationScores").len(), 4);
    assert_eq!(answer.data()["integrationScores"]["against"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn a_line_has_at_least_four_points_and_no_more_than_the_limit() {
    let app = App::with(|config| config.limits.points = 600).await;
    for (max, code) in
        [(3, "BAD_USER_INPUT"), (0, "BAD_USER_INPUT"), (-1, "BAD_USER_INPUT"), (601, "LIMIT_EXCEEDED")]
    {
        let query = format!(
            "{{ integrationScores {{ points(x: MEASURED_AT, y: SCORE_VALUE, max: {max}) {{ scoreId }} }} }}"
        );
        let answer = app.anonymous().ask(&query).await;
        assert_eq!(answer.code(), code, "{max}");
        assert_eq!(answer.error()["extensions"]["argument"], "max");
        assert_eq!(answer.error()["path"], json!(["integrationScores", "points"]));
    }
}

#[tokio::test]
async fn a_line_is_not_chosen_from_more_rows_than_the_limit() {
    let app = App::with(|config| config.limits.plotted = 100).await;
    let owner = app.owner().await;
    let (clinician, site) = clinician(&app, &owner, "many").await;
    let at_root = "{ integrationScores { points(x: MEASURED_AT, y: SCORE_VALUE, max: 10) { scoreId } } }";
    let below = "{ protocols { nodes { integrationScores { points(x: MEASURED_AT, y: SCORE_VALUE, max: 10) { scoreId } } } } }";
    measured(&owner, site, 60, "n").await;
    measured(&owner, site, 40, "n").await;
    assert_eq!(points(&clinician.ask(at_root).await, "integrationScores").len(), 10);
    clinician.ask(below).await.data();
    // One row too many, though no protocol has more than a hundred.
    measured(&owner, site, 1, "n").await;
    for (query, path) in [
        (at_root, json!(["integrationScores", "points"])),
        (below, json!(["protocols", "nodes", "integrationScores", "points"])),
    ] {
        let answer = clinician.ask(query).await;
        assert_eq!(answer.code(), "LIMIT_EXCEEDED");
        assert_eq!(answer.error()["path"], path);
        assert!(answer.error()["message"].as_str().unwrap().contains("Narrow the filter"));
    }
}

#[tokio::test]
async fn points_cost_what_their_rows_could_load() {
    let query = "{ protocols(first: 5) { nodes { integrationScores {
        points(x: MEASURED_AT, y: SCORE_VALUE, max: 40) { protocol { id } } } } } }";
    // The data and the list; protocols, and a list of scores for each; points and their protocols.
    let cost = 2 + (5 + 5) + (5 * 40 + 5 * 40);
    let ask = async |cost| App::with(|config| config.limits.cost = cost).await.anonymous().ask(query).await;
    ask(cost).await.data();
    assert_eq!(ask(cost - 1).await.code(), "LIMIT_EXCEEDED");
}

#[tokio::test]
async fn both_axes_may_be_the_same_column() {
    let app = App::shared().await;
    let points = "timelineEvents { points(x: INTENSITY_LEVEL, y: INTENSITY_LEVEL) { intensityLevel } }";
    let query = format!("{{ sites(first: 1) {{ nodes {{ {points} }} }} {points} }}");
    let answer = app.clinician_north().await.ask(&query).await;
    let below = &answer.data()["sites"]["nodes"][0]["timelineEvents"]["points"];
    assert!(!below.as_array().unwrap().is_empty());
    assert_eq!(below, &answer.data()["timelineEvents"]["points"]);
}
