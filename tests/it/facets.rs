//! Groups by elements of lists and by ranges of numbers.

use serde_json::{Value, json};

use crate::fixture::{NORTH_SITE, normal, oracle};
use crate::harness::{Answer, App};

/// Returns the keys and counts of groups.
#[track_caller]
fn counts(answer: &Answer, field: &str, key: &str) -> Value {
    let groups = answer.data()[field].as_array().unwrap();
    groups
        .iter()
        .map(|group| json!({ "key": group["key"][key], "count": group["aggregate"]["count"] }))
        .collect()
}

#[tokio::test]
async fn each_element_of_a_list_is_a_group_and_an_element_that_is_there_twice_counts_once() {
    let app = App::start().await;
    let owner = app.owner().await;
    owner
        .batch_execute(
            "INSERT INTO practitioner_profiles (display_name, specialties, modalities) VALUES
               ('twice', '{PTSD,PTSD,Rare}', '{}'), ('none', '{}', NULL), ('null', NULL, NULL)",
        )
        .await
        .unwrap();
    let north = app.clinician_north().await;
    let answer = north
        .ask("{ practitionerProfilesGroups(groupBy: { specialties: EACH }) { key { specialties } aggregate { count } } }")
        .await;
    assert_eq!(answer.statements(), 1);
    let sql = "SELECT element AS key, count(DISTINCT profile_id) FROM practitioner_profiles, unnest(specialties) AS element
               GROUP BY 1 ORDER BY 1";
    assert_eq!(counts(&answer, "practitionerProfilesGroups", "specialties"), oracle(&app, sql).await);

    // With `having`, a second key, an order by an aggregate, and pages.
    let document = "query($after: String) { practitionerProfilesGroups(
        groupBy: { specialties: EACH, isAcceptingSupervision: true }, having: { count: { gte: 2 } },
        orderBy: [{ count: DESC }, { specialties: DESC }], first: 4, after: $after) {
          cursor key { specialties isAcceptingSupervision } aggregate { count yearsExperience { avg } } } }";
    let (mut seen, mut after) = (Vec::new(), Value::Null);
    loop {
        let answer = north.ask_with(document, &json!({ "after": after })).await;
        let page = answer.data()["practitionerProfilesGroups"].as_array().unwrap();
        let Some(last) = page.last() else { break };
        after = last["cursor"].clone();
        seen.extend(page.iter().map(|group| {
            json!({ "element": group["key"]["specialties"], "accepts": group["key"]["isAcceptingSupervision"],
                    "count": group["aggregate"]["count"], "avg": group["aggregate"]["yearsExperience"]["avg"] })
        }));
    }
    let sql = "SELECT element, is_accepting_supervision AS accepts, count(*), avg(years_experience)::float8
               FROM practitioner_profiles, LATERAL (SELECT DISTINCT unnest(specialties) AS element) AS e
               GROUP BY 1, 2 HAVING count(*) >= 2 ORDER BY 3 DESC, 1 DESC, 2 DESC NULLS FIRST";
    assert!(seen.len() > 4);
    assert_eq!(normal(&json!(seen)), normal(&oracle(&app, sql).await));
}

#[tokio::test]
async fn numbers_are_grouped_by_ranges_also_below_a_parent_and_across_a_relation() {
    let app = App::shared().await;
    let north = app.clinician_north().await;
    let answer = north
        .ask(
            "{ sessionEventsGroups(groupBy: { intensityLevelRange: { bounds: [4, 7] } }) {
                 key { intensityLevelRange { __typename from to } } aggregate { count } } }",
        )
        .await;
    let sql = format!(
        "SELECT CASE WHEN intensity_level IS NULL THEN NULL WHEN intensity_level < 4 THEN 0
                WHEN intensity_level < 7 THEN 1 ELSE 2 END AS place, count(*)
         FROM session_events WHERE site_id = {NORTH_SITE} GROUP BY 1 ORDER BY 1"
    );
    let ranges = [[Value::Null, json!(4)], [json!(4), json!(7)], [json!(7), Value::Null]];
    let expected: Vec<Value> = oracle(&app, &sql)
        .await
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let place = row["place"].as_u64().and_then(|place| usize::try_from(place).ok());
            let [from, to] = place.map_or([Value::Null, Value::Null], |place| ranges[place].clone());
            json!({ "key": { "__typename": "NumberRange", "from": from, "to": to }, "count": row["count"] })
        })
        .collect();
    assert_eq!(
        normal(&counts(&answer, "sessionEventsGroups", "intensityLevelRange")),
        normal(&json!(expected))
    );

    // Below each protocol; and scores by the dose of their protocol, the highest first.
    let answer = north
        .ask(
            "{ protocols(first: 3) { nodes { recordId
                 eventsGroups(groupBy: { intensityLevelRange: { width: 5 } }, filter: { intensityLevel: { isNull: false } }) {
                   key { intensityLevelRange { from to } } aggregate { count } } } }
               integrationScoresGroups(
                 groupBy: { protocol: { dosageMgRange: { width: 0.5 } } }
                 orderBy: [{ key: { protocol: { dosageMg: DESC_NULLS_LAST } } }], first: 3
               ) { key { protocol { dosageMgRange { from to } } } aggregate { count } } }",
        )
        .await;
    for protocol in answer.nodes("protocols") {
        let id = protocol["recordId"].as_str().unwrap();
        let sql = format!(
            "SELECT floor(intensity_level / 5.0) * 5 AS \"from\", count(*) FROM session_events
             WHERE protocol_id = {id} AND intensity_level IS NOT NULL GROUP BY 1 ORDER BY 1"
        );
        let found: Vec<Value> = protocol["eventsGroups"]
            .as_array()
            .unwrap()
            .iter()
            .map(|group| {
                let range = &group["key"]["intensityLevelRange"];
                assert_eq!(range["to"].as_i64().unwrap(), range["from"].as_i64().unwrap() + 5);
                json!({ "from": range["from"], "count": group["aggregate"]["count"] })
            })
            .collect();
        assert_eq!(normal(&json!(found)), normal(&oracle(&app, &sql).await));
    }
    let sql = format!(
        "SELECT floor(dosage_mg / 0.5) * 0.5 AS \"from\", count(*)
         FROM integration_scores s JOIN log_clinical_records ON record_id = protocol_id
         WHERE s.site_id = {NORTH_SITE} GROUP BY 1 ORDER BY 1 DESC NULLS LAST LIMIT 3"
    );
    let found: Vec<Value> = answer.data()["integrationScoresGroups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| {
            json!({ "from": group["key"]["protocol"]["dosageMgRange"]["from"], "count": group["aggregate"]["count"] })
        })
        .collect();
    assert_eq!(normal(&json!(found)), normal(&oracle(&app, &sql).await));
}

#[tokio::test]
async fn a_series_has_a_line_for_each_range_and_each_element() {
    let app = App::shared().await;
    let north = app.clinician_north().await;
    let answer = north
        .ask(
            "{ integrationScoresSeries(time: MEASURED_AT, bucket: { calendar: { unit: YEAR } }, groupBy: { scoreValueRange: { width: 50 } }) {
                 key { scoreValueRange { from } } aggregate { count } points { aggregate { count } } }
               practitionerProfilesSeries(time: CREATED_AT, bucket: { calendar: { unit: YEAR } }, groupBy: { modalities: EACH }) {
                 key { modalities } aggregate { count } } }",
        )
        .await;
    for line in answer.data()["integrationScoresSeries"].as_array().unwrap() {
        let points = line["points"].as_array().unwrap();
        let sum: i64 = points.iter().map(|point| point["aggregate"]["count"].as_i64().unwrap()).sum();
        assert_eq!(line["aggregate"]["count"], sum);
        assert!(line["key"]["scoreValueRange"]["from"].is_number());
    }
    let sql = "SELECT element AS key, count(*) FROM practitioner_profiles, unnest(modalities) AS element GROUP BY 1 ORDER BY 1";
    assert_eq!(counts(&answer, "practitionerProfilesSeries", "modalities"), oracle(&app, sql).await);
}

#[tokio::test]
async fn ranges_that_make_no_sense_are_refused_with_their_place() {
    let app = App::shared().await;
    let north = app.clinician_north().await;
    for (ranges, argument) in [
        ("{}", "groupBy.hourlyRateRange"),
        ("{ width: 5, bounds: [1] }", "groupBy.hourlyRateRange"),
        ("{ width: 0 }", "groupBy.hourlyRateRange.width"),
        ("{ width: -1 }", "groupBy.hourlyRateRange.width"),
        ("{ bounds: [] }", "groupBy.hourlyRateRange.bounds"),
        ("{ bounds: [2, 1] }", "groupBy.hourlyRateRange.bounds.1"),
        ("{ bounds: [1, 1] }", "groupBy.hourlyRateRange.bounds.1"),
        ("{ width: 1000000000000.0000000001 }", "groupBy.hourlyRateRange.width"),
        ("{ width: 0.0000009999999999999999999999 }", "groupBy.hourlyRateRange.width"),
    ] {
        let query = format!(
            "{{ practitionerProfilesGroups(groupBy: {{ hourlyRateRange: {ranges} }}) {{ aggregate {{ count }} }} }}"
        );
        let answer = north.ask(&query).await;
        let is_of_none = argument == "groupBy.hourlyRateRange";
        assert_eq!(answer.code(), if is_of_none { "GRAPHQL_INVALID" } else { "BAD_USER_INPUT" }, "{ranges}");
        assert_eq!(answer.error()["extensions"]["argument"], argument, "{ranges}");
    }
    // A key can be selected only if the groups have it.
    for key in ["hourlyRate", "yearsExperienceRange { from }", "specialties"] {
        let query = format!(
            "{{ practitionerProfilesGroups(groupBy: {{ hourlyRateRange: {{ width: 5 }} }}) {{ key {{ {key} }} }} }}"
        );
        assert_eq!(north.ask(&query).await.code(), "BAD_USER_INPUT", "{key}");
    }
}
