//! Numbers over the rows of a connection, at the root and below each parent.

use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::harness::App;

/// What plain SQL says, as JSON, of the protocols and scores of a demo user's sites.
async fn oracle(owner: &Client, email: &str, select: &str) -> Value {
    let sql = format!(
        "WITH mine AS (SELECT site_id FROM user_sites JOIN auth.users u ON u.id = user_id WHERE email = '{email}')
         SELECT to_jsonb(answer)::text FROM ({select}) answer"
    );
    serde_json::from_str(owner.query_one(&sql, &[]).await.unwrap().get(0)).unwrap()
}

const NORTH: &str = "clinician.north@praxis.example";

/// Equal, but for the last digits of a floating-point number.
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
                   protocolId { countDistinct sum }
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
        "SELECT count(*) AS count, count(DISTINCT protocol_id) AS protocols, sum(protocol_id)::text AS protocol_sum,
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
        ("/protocolId/sum", "protocol_sum"),
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
    let app = App::start().await;
    let query =
        "{ integrationScores { aggregate { count scoreValue { countDistinct sum avg percentile(p: 0.5) } } }
                   practitionerProfiles { aggregate { isAcceptingSupervision { countTrue } } }
                   sites { nodes { protocols { aggregate { count recordId { max } } } } } }";
    let answer = app.anonymous().ask(query).await;
    let nothing = json!({ "count": 0, "scoreValue": { "countDistinct": 0, "sum": null, "avg": null, "percentile": null } });
    assert_eq!(answer.data()["integrationScores"]["aggregate"], nothing);
    assert_eq!(answer.data()["practitionerProfiles"]["aggregate"]["isAcceptingSupervision"]["countTrue"], 0);
    let sites = answer.nodes("sites");
    assert_eq!(sites.len(), 11);
    for site in sites {
        assert_eq!(site["protocols"]["aggregate"], json!({ "count": 0, "recordId": { "max": null } }));
    }
}

#[tokio::test]
async fn numbers_over_a_reference_table_take_no_statement() {
    let app = App::start().await;
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
    let app = App::start().await;
    for share in ["-0.1", "1.5"] {
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
