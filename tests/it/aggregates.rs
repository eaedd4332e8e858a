//! Aggregates over the rows of a connection, at the root and below each parent.

use praxis::graph::catalog::{Catalog, ColumnType, Scalar};
use praxis::systems;
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::fixture::{clinician, protocol};
use crate::harness::App;

/// Returns what plain SQL computes from the protocols and scores of a demo user's sites, as JSON.
async fn oracle(owner: &Client, email: &str, select: &str) -> Value {
    let sql = format!(
        "WITH mine AS (SELECT site_id FROM user_sites JOIN auth.users u ON u.id = user_id WHERE email = '{email}')
         SELECT to_jsonb(answer)::text FROM ({select}) answer"
    );
    serde_json::from_str(owner.query_one(&sql, &[]).await.unwrap().get(0)).unwrap()
}

const NORTH: &str = "clinician.north@praxis.example";

/// Asserts that two values are equal, except for the last digits of a floating-point number.
fn assert_close(left: &Value, right: &Value) {
    match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => {
            assert!((left - right).abs() <= right.abs() * 1e-9, "{left} is not {right}");
        }
        _ => assert_eq!(left, right),
    }
}

#[tokio::test]
async fn every_function_gives_what_sql_gives_over_the_rows_that_the_caller_sees() {
    let app = App::start().await;
    let answer = app
        .clinician_north()
        .await
        .ask(
            "{ integrationScores(first: 1, filter: { scaleType: { eq: EIS } }) {
                 totalCount
                 aggregate {
                   __typename
                   count
                   protocolId { countDistinct }
                   scaleType { countDistinct }
                   daysPostDose { sum min max }
                   measuredAt { min max countDistinct }
                   scoreValue {
                     __typename countDistinct sum avg min max stddev variance
                     median: percentile(p: 0.5)
                     high: percentile(p: 0.9)
                   }
                 }
               } }",
        )
        .await;
    assert_eq!(answer.statements(), 1, "the rows themselves are not asked for");
    let found = &answer.data()["integrationScores"];
    let owner = app.owner().await;
    let expected = oracle(
        &owner,
        NORTH,
        "SELECT count(*) AS count, count(DISTINCT protocol_id) AS protocols,
                count(DISTINCT scale_type) AS scales, sum(days_post_dose)::text AS day_sum,
                min(days_post_dose) AS first_day, max(days_post_dose) AS last_day,
                count(DISTINCT measured_at) AS times, count(DISTINCT score_value) AS scores,
                sum(score_value) AS sum, avg(score_value)::float8 AS avg, min(score_value) AS min,
                max(score_value) AS max, stddev_samp(score_value)::float8 AS stddev,
                var_samp(score_value)::float8 AS variance,
                percentile_cont(0.5) WITHIN GROUP (ORDER BY score_value::float8) AS median,
                percentile_cont(0.9) WITHIN GROUP (ORDER BY score_value::float8) AS high
           FROM integration_scores JOIN mine USING (site_id) WHERE scale_type = 'EIS'",
    )
    .await;
    let aggregate = &found["aggregate"];
    assert_eq!(found["totalCount"], expected["count"]);
    assert!(expected["count"].as_i64().unwrap() > 100);
    for (path, name) in [
        ("/count", "count"),
        ("/protocolId/countDistinct", "protocols"),
        ("/scaleType/countDistinct", "scales"),
        ("/daysPostDose/sum", "day_sum"),
        ("/daysPostDose/min", "first_day"),
        ("/daysPostDose/max", "last_day"),
        ("/measuredAt/countDistinct", "times"),
        ("/scoreValue/countDistinct", "scores"),
        ("/scoreValue/sum", "sum"),
        ("/scoreValue/avg", "avg"),
        ("/scoreValue/min", "min"),
        ("/scoreValue/max", "max"),
        ("/scoreValue/stddev", "stddev"),
        ("/scoreValue/variance", "variance"),
        ("/scoreValue/median", "median"),
        ("/scoreValue/high", "high"),
    ] {
        assert_close(aggregate.pointer(path).unwrap(), &expected[name]);
    }
    assert_eq!(aggregate["__typename"], "IntegrationScoreAggregate");
    assert_eq!(aggregate["scoreValue"]["__typename"], "FloatAggregate");
    assert!(
        aggregate["measuredAt"]["min"].as_str().unwrap() < aggregate["measuredAt"]["max"].as_str().unwrap()
    );
}

#[tokio::test]
async fn every_parent_has_numbers_of_its_own_in_one_statement() {
    let app = App::start().await;
    let owner = app.owner().await;
    let answer = app
        .clinician_north()
        .await
        .ask(
            "{ protocols(first: 1000) { nodes { recordId
                 events(first: 2, filter: { intensityLevel: { gte: 7 } }) {
                   nodes { eventId }
                   totalCount
                   aggregate { count intensityLevel { avg max } eventTimestamp { min } }
                 } } } }",
        )
        .await;
    assert_eq!(answer.statements(), 3, "protocols; events and their numbers");
    assert_eq!(answer.round_trips(), 2);
    let expected = oracle(
        &owner,
        NORTH,
        "SELECT jsonb_object_agg(record_id, jsonb_build_object('count', count, 'avg', avg, 'max', max)) AS by_protocol
           FROM (SELECT record_id, count(event_id), avg(intensity_level)::float8, max(intensity_level)
                   FROM log_clinical_records JOIN mine USING (site_id)
                   LEFT JOIN session_events ON protocol_id = record_id AND intensity_level >= 7 GROUP BY 1) numbers",
    )
    .await;
    let protocols = answer.nodes("protocols");
    assert_eq!(protocols.len(), expected["by_protocol"].as_object().unwrap().len());
    for protocol in protocols {
        let events = &protocol["events"];
        let expected = &expected["by_protocol"][protocol["recordId"].as_str().unwrap()];
        assert_eq!(events["totalCount"], expected["count"]);
        assert_eq!(events["aggregate"]["count"], expected["count"]);
        assert_close(&events["aggregate"]["intensityLevel"]["avg"], &expected["avg"]);
        assert_eq!(events["aggregate"]["intensityLevel"]["max"], expected["max"]);
        assert!(events["nodes"].as_array().unwrap().len() <= 2);
    }
}

#[tokio::test]
async fn no_rows_count_as_none_and_have_no_values() {
    let app = App::shared().await;
    let query =
        "{ integrationScores { aggregate { count scoreValue { countDistinct sum avg percentile(p: 0.5) } } }
                   practitionerProfiles { aggregate { isAcceptingSupervision { countTrue } } }
                   sites { nodes { protocols { aggregate { count submittedAt { max } } } } } }";
    let answer = app.anonymous().ask(query).await;
    let nothing = json!({ "count": 0, "scoreValue": { "countDistinct": 0, "sum": null, "avg": null, "percentile": null } });
    assert_eq!(answer.data()["integrationScores"]["aggregate"], nothing);
    assert_eq!(answer.data()["practitionerProfiles"]["aggregate"]["isAcceptingSupervision"]["countTrue"], 0);
    let sites = answer.nodes("sites");
    assert_eq!(sites.len(), 11);
    for site in sites {
        assert_eq!(site["protocols"]["aggregate"], json!({ "count": 0, "submittedAt": { "max": null } }));
    }
}

#[tokio::test]
async fn numbers_over_a_reference_table_take_no_statement() {
    let app = App::shared().await;
    let north = app.clinician_north().await;
    let query = "{ medications { aggregate { count hasContraindication { countTrue } drugClass { countDistinct } } } }";
    north.ask(query).await.data();
    let answer = north.ask(query).await;
    assert_eq!(answer.statements(), 0);
    assert_eq!(
        answer.data()["medications"]["aggregate"],
        json!({ "count": 24, "hasContraindication": { "countTrue": 8 }, "drugClass": { "countDistinct": 9 } })
    );
}

#[tokio::test]
async fn a_share_lies_between_0_and_1() {
    let app = App::shared().await;
    for share in ["-0.1", "1.5", "1.0000000000000000000001", "-1e-400", "-1e-20"] {
        let query =
            format!("{{ integrationScores {{ aggregate {{ scoreValue {{ percentile(p: {share}) }} }} }} }}");
        let answer = app.anonymous().ask(&query).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT");
        assert_eq!(answer.error()["extensions"]["argument"], "p");
        assert_eq!(
            answer.error()["path"],
            json!(["integrationScores", "aggregate", "scoreValue", "percentile"])
        );
    }
}

#[tokio::test]
async fn every_truth_is_counted_beside_what_is_false_and_what_is_unknown() {
    let app = App::shared().await;
    let callers = [app.clinician_north().await, app.user("therapist@mindful.example").await];
    let catalog = Catalog::new(&systems::ALL).unwrap();
    let truths = catalog.tables().iter().filter(|table| table.function.is_none()).flat_map(|table| {
        let columns = table.columns.iter().filter(|column| column.ty == ColumnType::Scalar(Scalar::Boolean));
        columns.map(move |column| (table, &column.field))
    });
    let (mut judged, mut not_judged) = (0, 0);
    for (table, field) in truths {
        let list = &table.list_field;
        let (namespace, end) = match catalog.systems()[table.system].field.as_deref() {
            Some(field) => (format!("it: {field} {{"), "}"),
            None => (String::new(), ""),
        };
        let query = format!(
            "{{ {namespace} all: {list} {{ aggregate {{ count {field} {{ countTrue countFalse rate }} }} }}
               groups: {list}Groups(groupBy: {{ {field}: true }}) {{
                 key {{ {field} }} aggregate {{ count {field} {{ countTrue countFalse rate }} }} }} {end} }}"
        );
        let answer = callers[table.system].ask(&query).await;
        let answer = answer.data().get("it").unwrap_or(answer.data());
        let of_group = |value: Value| {
            let groups = answer["groups"].as_array().unwrap();
            let group = groups.iter().find(|group| group["key"][field] == value);
            group.map_or(0, |group| {
                let aggregate = &group["aggregate"];
                let count = i32::try_from(aggregate["count"].as_i64().unwrap()).unwrap();
                let expected = match value.as_bool() {
                    Some(true) => json!({ "countTrue": count, "countFalse": 0, "rate": 1 }),
                    Some(false) => json!({ "countTrue": 0, "countFalse": count, "rate": 0 }),
                    None => json!({ "countTrue": 0, "countFalse": 0, "rate": null }),
                };
                assert_eq!(aggregate[field], expected, "{list} {field}");
                count
            })
        };
        let (yes, no, unknown) = (of_group(json!(true)), of_group(json!(false)), of_group(Value::Null));
        let all = &answer["all"]["aggregate"];
        assert_eq!(all["count"], yes + no + unknown, "{list} {field}");
        assert_eq!((&all[field]["countTrue"], &all[field]["countFalse"]), (&json!(yes), &json!(no)));
        if yes + no == 0 {
            assert_eq!(all[field]["rate"], Value::Null, "{list} {field}");
        } else {
            assert_close(&all[field]["rate"], &json!(f64::from(yes) / f64::from(yes + no)));
        }
        judged += i32::from(yes > 0 && no > 0);
        not_judged += i32::from(unknown > 0);
    }
    assert!(judged > 5 && not_judged > 1, "{judged} {not_judged}");
}

#[tokio::test]
async fn an_instrument_that_cannot_be_judged_has_no_rate() {
    let app = App::shared().await;
    let rates = "query($having: ScoreTrendHaving) { scoreTrendsGroups(
        groupBy: { assessment: { assessmentCode: true } }, having: $having
        orderBy: [{ isResponse: { rate: DESC_NULLS_LAST } }, { key: { assessment: { assessmentCode: ASC } } }]
      ) { key { assessment { assessmentCode } } aggregate { isResponse { countTrue countFalse rate } } } }";
    let north = app.clinician_north().await;
    let all = north.ask_with(rates, &json!({})).await;
    let all = all.data()["scoreTrendsGroups"].as_array().unwrap().clone();
    let rate = |group: &Value| group["aggregate"]["isResponse"]["rate"].as_f64();
    let unknown = all.iter().filter(|group| rate(group).is_none());
    assert!(unknown.clone().count() > 0 && unknown.count() < all.len(), "{all:?}");
    assert!(all.windows(2).all(|two| rate(&two[0]).unwrap_or(-1.0) >= rate(&two[1]).unwrap_or(-1.0)));
    let low = rate(&all[1]).unwrap();
    let having = json!({ "having": { "isResponse": { "rate": { "gte": low } } } });
    let high = north.ask_with(rates, &having).await;
    let high = high.data()["scoreTrendsGroups"].as_array().unwrap().clone();
    let expected: Vec<Value> =
        all.iter().filter(|group| rate(group).is_some_and(|rate| rate >= low)).cloned().collect();
    assert_eq!(high, expected);
    // A bucket without rows has no line either.
    let line = north
        .ask(
            "{ scoreTrendsSeries(time: MEASURED_AT, bucket: { calendar: { unit: DAY } }) {
                  points { aggregate { count isResponse { countTrue countFalse rate } } } } }",
        )
        .await;
    let points = line.data()["scoreTrendsSeries"][0]["points"].as_array().unwrap().clone();
    assert!(points.iter().any(|point| point["aggregate"]["count"] == 0));
    for point in &points {
        let truth = &point["aggregate"]["isResponse"];
        let (yes, no) = (truth["countTrue"].as_i64().unwrap(), truth["countFalse"].as_i64().unwrap());
        assert_eq!(truth["rate"].is_null(), yes + no == 0, "{point}");
    }
}

/// The sum of doubles depends on their order, and the order of rows depends on rows that the caller may not see.
#[tokio::test]
async fn numbers_do_not_depend_on_the_order_of_rows() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (asker, site) = clinician(&app, &owner, "adds").await;
    let gaps = vec![100_000, 200_000, 300_000];
    let seconds = |gaps: &[u32]| gaps.iter().map(|gap| f64::from(*gap) / 1e6).sum::<f64>();
    let backwards: Vec<u32> = gaps.iter().rev().copied().collect();
    assert!(seconds(&gaps).total_cmp(&seconds(&backwards)).is_ne(), "the example adds up to the same");
    let mut numbers = Vec::new();
    for gaps in [&gaps, &backwards] {
        let record = protocol(&owner, site).await;
        let mut at = 0_u64;
        for gap in std::iter::once(&0).chain(gaps) {
            at += u64::from(*gap);
            let sql = "INSERT INTO session_events (protocol_id, event_type_id, event_timestamp)
                VALUES ($1, 1, '2026-01-01Z'::timestamptz + $2::bigint * interval '1 microsecond')";
            owner.execute(sql, &[&record, &i64::try_from(at).unwrap()]).await.unwrap();
        }
        let query = format!(
            "{{ timelineEvents(filter: {{ protocolId: {{ eq: {record} }} }}) {{
                 aggregate {{ gapSeconds {{ sum avg stddev variance }} }} }} }}"
        );
        numbers.push(asker.ask(&query).await.data()["timelineEvents"]["aggregate"]["gapSeconds"].clone());
    }
    assert_eq!(numbers[0], numbers[1]);
    assert_close(&numbers[0]["sum"], &json!(seconds(&backwards)));
}

#[tokio::test]
async fn the_names_of_types_alone_are_numbers_of_no_row() {
    let app = App::shared().await;
    let answer = app
        .clinician_north()
        .await
        .ask(
            "{ protocols(first: 2) { aggregate { __typename }
                 nodes { events { aggregate { __typename eventTypeId { __typename } } } } } }",
        )
        .await;
    let below = json!({ "events": { "aggregate": {
        "__typename": "SessionEventAggregate", "eventTypeId": { "__typename": "DistinctAggregate" } } } });
    let expected = json!({ "protocols": {
        "aggregate": { "__typename": "ProtocolAggregate" }, "nodes": [below.clone(), below] } });
    assert_eq!(answer.data(), &expected);
}
