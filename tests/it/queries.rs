//! The ready-made queries, as a clinician runs them, and their cost.

use praxis::systems::ppn::EXAMPLES;
use serde_json::{Value, json};

use crate::fixture::oracle;
use crate::harness::{Answer, App};

fn example(title: &str) -> &'static str {
    EXAMPLES.iter().find(|example| example.title == title).unwrap().query
}

#[tokio::test]
async fn the_timeline_takes_three_statements_and_shows_each_clinician_their_own_site() {
    let app = App::start().await;
    let north = app.clinician_north().await;
    let south = app.clinician_south().await;
    // The first request fills the cache of reference tables.
    north.ask(example("Timeline")).await.data();

    let answer = north.ask(example("Timeline")).await;
    assert_eq!(answer.statements(), 3, "count, protocols, events");
    assert_eq!(answer.round_trips(), 2, "count and protocols travel together");
    let protocols = answer.nodes("protocols");
    assert_eq!(protocols.len(), 20);
    let owner = app.owner().await;
    let site: i64 = owner
        .query_one(
            "SELECT site_id FROM user_sites JOIN auth.users u ON u.id = user_id WHERE email = $1",
            &[&"clinician.north@praxis.example"],
        )
        .await
        .unwrap()
        .get(0);
    let expected = owner
        .query(
            "SELECT record_id FROM log_clinical_records WHERE site_id = $1 ORDER BY record_id LIMIT 20",
            &[&site],
        )
        .await
        .unwrap();
    let ids: Vec<String> = expected.iter().map(|row| row.get::<_, i64>(0).to_string()).collect();
    assert_eq!(
        protocols.iter().map(|protocol| protocol["recordId"].as_str().unwrap()).collect::<Vec<_>>(),
        ids
    );
    for protocol in protocols {
        assert!(protocol["substance"]["substanceName"].is_string());
        let events = protocol["events"]["nodes"].as_array().unwrap();
        assert!(!events.is_empty());
        assert!(
            events.iter().all(|event| event["eventType"]["colorCode"].as_str().unwrap().starts_with('#'))
        );
        let times: Vec<&str> = events.iter().map(|event| event["eventTimestamp"].as_str().unwrap()).collect();
        assert!(times.is_sorted());
    }
    assert_eq!(answer.data()["protocols"]["pageInfo"]["hasNextPage"], true);

    let other = south.ask(example("Timeline")).await;
    assert!(!other.nodes("protocols").is_empty());
    assert!(
        other
            .nodes("protocols")
            .iter()
            .all(|protocol| !ids.contains(&protocol["recordId"].as_str().unwrap().into()))
    );
}

#[tokio::test]
async fn one_protocol_takes_four_statements_in_one_round_trip() {
    let app = App::shared().await;
    let north = app.clinician_north().await;
    let first = north.ask("{ protocols(first: 1, filter: {events: {some: {eventType: {eventName: {eq: \"Distress\"}}}}, homework: {some: {}}}) { nodes { recordId } } }").await;
    let id = json!({ "id": first.nodes("protocols")[0]["recordId"] });
    north.ask_with(example("One protocol"), &id).await.data();

    let answer = north.ask_with(example("One protocol"), &id).await;
    let protocol = &answer.data()["protocol"];
    assert_eq!(answer.statements(), 4, "protocol with its site, events, scores, homework");
    assert_eq!(answer.round_trips(), 1);
    assert!(protocol["site"]["siteName"].is_string());
    assert!(!protocol["events"]["edges"].as_array().unwrap().is_empty());
    assert!(
        protocol["integrationScores"]["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .all(|score| score["scoreValue"].is_number())
    );
    assert!(protocol["homework"]["nodes"][0]["homeworkType"]["homeworkName"].is_string());

    let south = app.clinician_south().await.ask_with(example("One protocol"), &id).await;
    assert_eq!(south.data()["protocol"], Value::Null, "another site's protocol does not exist");
}

#[tokio::test]
async fn the_directory_finds_supervisors_by_specialty_modality_and_rate() {
    let app = App::shared().await;
    let answer = app.clinician_north().await.ask(example("Directory")).await;
    assert_eq!(answer.statements(), 2, "count and page");
    assert_eq!(answer.round_trips(), 1);
    let found = answer.nodes("practitionerProfiles");
    assert!(found.len() >= 3);
    for profile in found {
        let has = |list: &str, wanted: &[&str]| {
            profile[list].as_array().unwrap().iter().any(|item| wanted.contains(&item.as_str().unwrap()))
        };
        assert!(has("specialties", &["PTSD", "TRD"]) && has("modalities", &["Ketamine"]));
        assert!(profile["hourlyRate"].as_f64().unwrap() <= 200.0);
    }
    let years: Vec<i64> = found.iter().filter_map(|profile| profile["yearsExperience"].as_i64()).collect();
    assert!(years.is_sorted_by(|one, next| one >= next));
    assert!(app.anonymous().ask(example("Directory")).await.nodes("practitionerProfiles").is_empty());
}

#[tokio::test]
async fn the_protocol_builder_takes_no_statement() {
    let app = App::shared().await;
    let north = app.clinician_north().await;
    north.ask(example("Protocol builder")).await.data();
    let answer = north.ask(example("Protocol builder")).await;
    assert_eq!(answer.statements(), 0);
    assert_eq!(answer.nodes("medications").len(), 24);
    assert!(app.anonymous().ask(example("Protocol builder")).await.nodes("medications").is_empty());
}

#[tokio::test]
async fn the_comparison_with_the_network_takes_two_statements() {
    let app = App::shared().await;
    let north = app.clinician_north().await;
    north.ask(example("Beside the network")).await.data();
    let answer = north.ask(example("Beside the network")).await;
    assert_eq!(answer.statements(), 2, "benchmarks, sites");
    let rows = answer.nodes("networkBenchmarks");
    assert!(rows.iter().all(|row| row["site"]["siteName"] == "North Shore Clinic"));
    let (withheld, shown): (Vec<_>, Vec<_>) =
        rows.iter().partition(|row| row["responseSuppression"].is_string());
    assert!(!shown.is_empty() && !withheld.is_empty(), "{} and {}", shown.len(), withheld.len());
    assert!(shown.iter().all(|row| row["responseMedian"].is_number()));
    assert!(
        withheld.iter().all(|row| row["responseMedian"].is_null() && row["responsePercentile"].is_null())
    );
}

#[tokio::test]
async fn the_activity_of_the_network_is_that_of_its_events_in_one_statement() {
    let app = App::shared().await;
    let network = app.user("network@praxis.example").await;
    let answer = network.ask(example("Activity by site")).await;
    assert_eq!(answer.statements(), 1);
    let expected = oracle(
        &app,
        "SELECT site_name, event_name, count(*)::text, count(intensity_level)::text AS intensities,
           coalesce(sum(intensity_level), 0)::text AS sum, max(intensity_level)
         FROM session_events JOIN ref_event_types USING (event_type_id) JOIN sites USING (site_id)
         GROUP BY 1, 2 ORDER BY 1, count(*) DESC, 2 DESC",
    )
    .await;
    let groups = |answer: &Answer| {
        let groups = answer.data()["sessionActivitiesGroups"].as_array().unwrap();
        let group = |group: &Value| {
            let aggregate = &group["aggregate"];
            json!({
                "site_name": group["key"]["site"]["siteName"],
                "event_name": group["key"]["eventType"]["eventName"],
                "count": aggregate["eventCount"]["sum"],
                "intensities": aggregate["intensityCount"]["sum"],
                "sum": aggregate["intensitySum"]["sum"],
                "max": aggregate["intensityMax"]["max"],
            })
        };
        groups.iter().map(group).collect::<Vec<_>>()
    };
    let found = groups(&answer);
    assert_eq!(found.len(), 40, "five sites and eight types");
    assert_eq!(json!(found), expected);
    let own = groups(&app.clinician_north().await.ask(example("Activity by site")).await);
    assert!(own.len() == 8 && own.iter().all(|group| group["site_name"] == "North Shore Clinic"));
}

#[tokio::test]
async fn the_search_takes_one_round_trip_with_its_facets() {
    let app = App::shared().await;
    let north = app.clinician_north().await;
    let search = EXAMPLES.iter().find(|example| example.title == "Search").unwrap();
    let variables = serde_json::from_str(search.variables).unwrap();
    let answer = north.ask_with(search.query, &variables).await;
    assert_eq!(answer.statements(), 6, "count, page, four facets");
    assert_eq!(answer.round_trips(), 1);
    let found = answer.nodes("searchPractitioners");
    assert!(!found.is_empty() && found.iter().all(|hit| hit["rank"].as_f64().unwrap() > 0.0));
    let count = |name: &str| -> i64 {
        let groups = answer.data()[name].as_array().unwrap();
        groups.iter().map(|group| group["aggregate"]["count"].as_i64().unwrap()).sum()
    };
    // Each hit has one rate and one experience, known or not.
    assert_eq!(answer.data()["searchPractitioners"]["totalCount"], count("rates"));
    assert_eq!(answer.data()["searchPractitioners"]["totalCount"], count("experience"));
    assert!(count("specialties") >= count("rates"));
}

#[tokio::test]
async fn the_supervisors_for_a_clinician_take_three_statements_and_the_network_four() {
    let app = App::shared().await;
    let north = app.clinician_north().await;
    let answer = north.ask_with(example("Supervisors for you"), &json!({ "budget": 150 })).await;
    assert_eq!(answer.statements(), 3, "count, matches, profiles");
    assert!(answer.nodes("supervisionMatches").iter().all(|found| found["explanation"].is_string()));
    let answer = north.ask(example("Network")).await;
    assert_eq!(answer.statements(), 4, "network, nodes, edges, circles");
    assert_eq!(answer.round_trips(), 3);
    assert!(answer.data()["supervisionNetwork"]["nodeCount"].as_i64().unwrap() > 5);
}
