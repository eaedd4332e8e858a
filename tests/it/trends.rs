//! Scores with their baselines, of a protocol and of a site.

use praxis::systems::ppn::EXAMPLES;
use serde_json::{Value, json};

use crate::fixture::{NORTH_SITE, clinician, normal, oracle, protocol};
use crate::harness::{Actor, App};

fn example(title: &str) -> &'static str {
    EXAMPLES.iter().find(|example| example.title == title).unwrap().query
}

/// Returns a query for every score of some protocols with its baseline, by the demo's rules: lower is better on every instrument
/// of the demo's baselines.
fn naive(protocols: &str) -> String {
    format!(
        "WITH every AS (
           SELECT protocol_id, scale_type AS code, score_value AS score, measured_at, score_id AS key, 'INTEGRATION' AS source
             FROM integration_scores
           UNION ALL
           SELECT protocol_id, assessment_code, score, completed_at, response_id, 'ASSESSMENT'
             FROM assessment_responses JOIN ref_assessments USING (assessment_id)
         ), dated AS (
           SELECT every.*, (measured_at AT TIME ZONE 'UTC')::date - session_date AS days
             FROM every JOIN log_clinical_records ON record_id = protocol_id WHERE {protocols}
         ), based AS (
           SELECT dated.*, ref_assessments.*, (SELECT b.score FROM dated b
              WHERE (b.protocol_id, b.code, b.source) = (dated.protocol_id, dated.code, dated.source) AND b.days <= 0
              ORDER BY b.measured_at DESC, b.key DESC LIMIT 1) AS baseline
             FROM dated JOIN ref_assessments ON assessment_code = code
         )
         SELECT *, score - baseline AS change,
           CASE WHEN higher_is_better THEN score - baseline ELSE baseline - score END AS improvement,
           CASE WHEN days > 0 AND baseline > 0 AND response_change_percent IS NOT NULL
             THEN score <= baseline * (1 - response_change_percent / 100) END AS response,
           CASE WHEN days > 0 AND baseline >= remission_score THEN score < remission_score END AS remission
           FROM based"
    )
}

#[tokio::test]
async fn the_trend_of_a_protocol_shows_every_score_beside_its_baseline() {
    let app = App::shared().await;
    let north = app.clinician_north().await;
    // A protocol with scores of both kinds.
    let some = format!(
        "SELECT protocol_id::text AS id FROM assessment_responses WHERE site_id = {NORTH_SITE} AND protocol_id IN (
           SELECT protocol_id FROM integration_scores GROUP BY 1 HAVING count(*) > 8)
          GROUP BY 1 HAVING count(*) > 4 ORDER BY 1 LIMIT 1"
    );
    let id = oracle(&app, &some).await[0]["id"].as_str().unwrap().to_owned();
    let query = example("Score trend");
    north.ask_with(query, &json!({ "id": id })).await.data();

    let answer = north.ask_with(query, &json!({ "id": id })).await;
    assert_eq!(answer.statements(), 3, "protocol, scores, groups");
    assert_eq!(answer.round_trips(), 1);
    let expected = oracle(
        &app,
        &format!(
            "SELECT jsonb_build_object('assessmentCode', code) AS assessment, days AS \"daysPostDose\", score, baseline, change,
               round(change * 100 / nullif(baseline, 0), 2) AS \"changePercent\", improvement,
               response AS \"isResponse\", remission AS \"isRemission\"
             FROM ({}) every ORDER BY measured_at, lower(source), key",
            naive(&format!("protocol_id = {id}"))
        ),
    )
    .await;
    let found = &answer.data()["protocol"]["scoreTrends"]["nodes"];
    assert_eq!(normal(found), normal(&expected));
    let found = found.as_array().unwrap();
    assert!(found.iter().any(|score| score["change"].as_f64().is_some_and(|change| change < 0.0)));
    assert!(found.iter().any(|score| score["assessment"]["assessmentCode"] == "IES"));

    let groups = answer.data()["protocol"]["scoreTrendsGroups"].as_array().unwrap();
    for group in groups {
        let of_group = |score: &&Value| {
            score["assessment"] == group["key"]["assessment"] && score["daysPostDose"].as_i64() > Some(0)
        };
        let scores: Vec<&Value> = found.iter().filter(of_group).collect();
        assert_eq!(group["aggregate"]["count"], scores.len());
        for field in ["isResponse", "isRemission"] {
            let count = scores.iter().filter(|score| score[field] == true).count();
            assert_eq!(group["aggregate"][field]["countTrue"], count);
        }
    }
    let south = app.clinician_south().await.ask_with(query, &json!({ "id": id })).await;
    assert_eq!(south.data()["protocol"], Value::Null);
}

#[tokio::test]
async fn the_trend_of_a_site_by_day_counts_what_each_caller_sees() {
    let app = App::shared().await;
    let both = "(SELECT site_id FROM user_sites JOIN auth.users u ON u.id = user_id
        WHERE email = 'both.sites@praxis.example')";
    let mut answers = Vec::new();
    for (email, sites) in [
        ("clinician.north@praxis.example", NORTH_SITE.to_owned()),
        ("both.sites@praxis.example", both.to_owned()),
        ("newcomer@praxis.example", "(SELECT -1)".to_owned()),
    ] {
        let actor = app.user(email).await;
        actor.ask(example("Trend by day")).await.data();
        let answer = actor.ask(example("Trend by day")).await;
        assert_eq!(answer.statements(), 1);
        let expected = oracle(
            &app,
            &format!(
                "SELECT code, days, count(*), avg(score)::float8 AS score, avg(baseline)::float8 AS baseline,
                   avg(change)::float8 AS change, percentile_cont(0.5) WITHIN GROUP (ORDER BY improvement) AS median,
                   count(*) FILTER (WHERE response) AS responses, count(*) FILTER (WHERE remission) AS remissions
                 FROM ({}) every
                 WHERE code IN ('PHQ9', 'GAD7', 'PCL5') AND days BETWEEN -1 AND 180
                 GROUP BY 1, 2 HAVING count(*) >= 3 ORDER BY 1, 2 LIMIT 200",
                naive(&format!("site_id IN {sites}"))
            ),
        )
        .await;
        let groups = answer.data()["scoreTrendsGroups"].as_array().unwrap();
        let found: Vec<Value> = groups
            .iter()
            .map(|group| {
                let aggregate = &group["aggregate"];
                json!({
                    "code": group["key"]["assessment"]["assessmentCode"],
                    "days": group["key"]["daysPostDose"],
                    "count": aggregate["count"],
                    "score": aggregate["score"]["avg"],
                    "baseline": aggregate["baseline"]["avg"],
                    "change": aggregate["change"]["avg"],
                    "median": aggregate["improvement"]["median"],
                    "responses": aggregate["isResponse"]["countTrue"],
                    "remissions": aggregate["isRemission"]["countTrue"],
                })
            })
            .collect();
        assert_eq!(normal(&json!(found)), normal(&expected), "{email}");
        answers.push(found);
    }
    assert!(answers[0].len() > 10, "{:#?}", answers[0]);
    assert!(answers[0].iter().any(|group| group["responses"].as_i64() > Some(0)));
    assert_ne!(answers[0], answers[1]);
    assert!(answers[2].is_empty());
}

#[tokio::test]
async fn trends_are_grouped_by_substance_and_drawn_along_time() {
    let app = App::shared().await;
    let answer = app
        .clinician_north()
        .await
        .ask(
            "{ scoreTrendsGroups(
                 groupBy: { substance: { substanceName: true }, source: true }
                 filter: { isResponse: { isNull: false } }
               ) { key { source substance { substanceName } } aggregate { count isResponse { countTrue } } }
               scoreTrendsSeries(
                 time: MEASURED_AT, bucket: { calendar: { unit: YEAR } }, groupBy: { assessment: { assessmentCode: true } }, fill: NONE
               ) { key { assessment { assessmentCode } } points { start aggregate { count change { avg } } } } }",
        )
        .await;
    assert_eq!(answer.statements(), 2);
    let every = naive(&format!("site_id = {NORTH_SITE}"));
    let groups = oracle(
        &app,
        &format!(
            "SELECT jsonb_build_object('source', source, 'substance', jsonb_build_object('substanceName', substance_name)) AS key,
               jsonb_build_object('count', count(*), 'isResponse', jsonb_build_object('countTrue', count(*) FILTER (WHERE response)))
                 AS aggregate
             FROM ({every}) every JOIN log_clinical_records ON record_id = protocol_id LEFT JOIN ref_substances USING (substance_id)
             WHERE response IS NOT NULL GROUP BY source, substance_name ORDER BY substance_name, source"
        ),
    )
    .await;
    assert!(groups.as_array().unwrap().len() > 2);
    assert_eq!(answer.data()["scoreTrendsGroups"], groups);
    let lines = oracle(
        &app,
        &format!(
            "SELECT code, to_char(measured_at AT TIME ZONE 'UTC', 'YYYY') AS year, count(*), avg(change)::float8 AS change
             FROM ({every}) every GROUP BY 1, 2 ORDER BY 1, 2"
        ),
    )
    .await;
    let mut found = Vec::new();
    for line in answer.data()["scoreTrendsSeries"].as_array().unwrap() {
        for point in line["points"].as_array().unwrap() {
            found.push(json!({
                "code": line["key"]["assessment"]["assessmentCode"],
                "year": &point["start"].as_str().unwrap()[..4],
                "count": point["aggregate"]["count"],
                "change": point["aggregate"]["change"]["avg"],
            }));
        }
    }
    assert_eq!(normal(&json!(found)), normal(&lines));
}

/// Returns code, days, baseline and improvement of each score that a caller sees.
async fn seen(actor: &Actor<'_>) -> Value {
    let query = "{ scoreTrends(orderBy: [{ measuredAt: ASC }]) { nodes {
        assessment { assessmentCode } source daysPostDose baseline improvement } } }";
    let answer = actor.ask(query).await;
    let scores = answer.nodes("scoreTrends").iter();
    let scores: Value = scores
        .map(|it| {
            json!([
                it["assessment"]["assessmentCode"],
                it["source"],
                it["daysPostDose"],
                it["baseline"],
                it["improvement"]
            ])
        })
        .collect();
    normal(&scores)
}

#[tokio::test]
async fn a_score_that_is_written_shows_at_once_in_the_direction_of_its_scale() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "Elena").await;
    let (other, _) = clinician(&app, &owner, "Marcus").await;
    let id = protocol(&owner, site).await;
    owner
        .batch_execute(&format!(
            "UPDATE log_clinical_records SET session_date = '2026-03-01' WHERE record_id = {id};
             INSERT INTO integration_scores (protocol_id, scale_type, score_value, measured_at)
               VALUES ({id}, 'EIS', 40, '2026-03-01T08:00Z'), ({id}, 'EIS', 55, '2026-03-08T08:00Z');
             INSERT INTO assessment_responses (protocol_id, assessment_id, score, completed_at)
               SELECT {id}, assessment_id, 18, '2026-03-15T08:00Z' FROM ref_assessments WHERE assessment_code = 'PHQ9'"
        ))
        .await
        .unwrap();
    assert_eq!(
        seen(&actor).await,
        normal(&json!([
            ["EIS", "INTEGRATION", 0, 40, 0],
            ["EIS", "INTEGRATION", 7, 40, 15],
            ["PHQ9", "ASSESSMENT", 14, null, null]
        ]))
    );
    owner
        .batch_execute(&format!(
            "INSERT INTO assessment_responses (protocol_id, assessment_id, score, completed_at)
               SELECT {id}, assessment_id, 12, '2026-02-28T08:00Z' FROM ref_assessments WHERE assessment_code = 'PHQ9'"
        ))
        .await
        .unwrap();
    assert_eq!(
        seen(&actor).await,
        normal(&json!([
            ["PHQ9", "ASSESSMENT", -1, 12, 0],
            ["EIS", "INTEGRATION", 0, 40, 0],
            ["EIS", "INTEGRATION", 7, 40, 15],
            ["PHQ9", "ASSESSMENT", 14, 12, -6]
        ]))
    );
    assert_eq!(seen(&other).await, json!([]));
    assert_eq!(seen(&app.anonymous()).await, json!([]));
}
