//! Full-text search of the directory: results, their order, pages, and facets.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::fixture::{normal, oracle, person, signed_in};
use crate::harness::{Actor, App};

/// Inserts practitioners with words that the demo does not use.
async fn populate(owner: &Client) {
    owner
        .batch_execute(
            "INSERT INTO practitioner_profiles (display_name, specialties, modalities, hourly_rate, years_experience, bio) VALUES
               ('Quorra Vexley', '{PTSD}', '{Ketamine}', 100, 10, 'Works in Oslo.'),
               ('Quorra Vexley-Sund', '{PTSD,Grief}', '{MDMA}', 150, 3, NULL),
               ('Ada One', '{Vexley method,Grief}', NULL, NULL, NULL, 'Also quorra.'),
               ('Ada Two', NULL, '{}', 90, 12, 'Trained by Quorra Vexley herself.'),
               ('Quora Vexly', '{Grief}', '{Ketamine}', 200, 1, 'Kind.');",
        )
        .await
        .unwrap();
}

fn names(found: &[Value]) -> Vec<&str> {
    found.iter().map(|row| row["displayName"].as_str().unwrap_or_default()).collect()
}

async fn found(actor: &Actor<'_>, query: &str) -> Vec<Value> {
    let document = "query($query: String) {
        searchPractitioners(query: $query, first: 50, orderBy: [{ rank: DESC }]) { nodes { displayName rank bio } } }";
    let answer = actor.ask_with(document, &json!({ "query": query })).await;
    assert_eq!(answer.statements(), 1);
    answer.nodes("searchPractitioners").clone()
}

#[tokio::test]
async fn the_name_comes_first_then_words_then_typos() {
    let app = App::start().await;
    populate(&app.owner().await).await;
    let north = app.clinician_north().await;
    let rows = found(&north, "quorra vexley").await;
    assert_eq!(names(&rows), ["Quorra Vexley", "Quorra Vexley-Sund", "Ada One", "Ada Two", "Quora Vexly"]);
    let ranks: Vec<f64> = rows.iter().map(|row| row["rank"].as_f64().unwrap()).collect();
    assert!(ranks.is_sorted_by(|one, next| one > next), "{ranks:?}");
    // Typos of every kind: a missing letter, an additional one, a wrong one, two swapped.
    for typo in ["quora vexley", "quorrra vexley", "quorra vexlay", "quorar vexley", "QUORRA  VEXELY"] {
        let rows = found(&north, typo).await;
        assert!(names(&rows).contains(&"Quorra Vexley"), "{typo}: {:?}", names(&rows));
    }
    // Prefixes, as while typing.
    for beginning in ["vex", "quorra ve", "V"] {
        assert!(names(&found(&north, beginning).await).contains(&"Quorra Vexley"), "{beginning}");
    }
    // Every word must match.
    assert_eq!(names(&found(&north, "vexley oslo").await), ["Quorra Vexley"]);
    assert_eq!(names(&found(&north, "vexley/grief").await).len(), 3);
    assert_eq!(found(&north, "vexley xyzzyplugh").await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_typo_in_a_bio_is_found_and_a_changed_profile_under_its_new_words() {
    let app = App::start().await;
    let owner = app.owner().await;
    populate(&owner).await;
    let north = app.clinician_north().await;
    owner
        .batch_execute(
            "UPDATE practitioner_profiles SET bio = 'Likes zymurgical rites.' WHERE display_name = 'Ada Two'",
        )
        .await
        .unwrap();
    assert_eq!(names(&found(&north, "zimurgical").await), ["Ada Two"]);
    assert_eq!(names(&found(&north, "herself quorra").await), Vec::<&str>::new());
}

#[tokio::test]
async fn nothing_to_look_for_is_everybody_and_nothing_is_an_error() {
    let app = App::start().await;
    populate(&app.owner().await).await;
    let north = app.clinician_north().await;
    let everybody = oracle(&app, "SELECT count(*) AS n FROM practitioner_profiles").await[0]["n"].clone();
    let count = "query($query: String) { searchPractitioners(query: $query) {
        totalCount aggregate { rank { max } } } }";
    for nothing in
        [json!({}), json!({ "query": null }), json!({ "query": "" }), json!({ "query": " \t'&|!:*()\\ " })]
    {
        let answer = north.ask_with(count, &nothing).await;
        let page = &answer.data()["searchPractitioners"];
        assert_eq!(page["totalCount"], everybody, "{nothing}");
        assert_eq!(page["aggregate"]["rank"]["max"], 0.0, "{nothing}");
    }
    for odd in
        ["'; DROP TABLE x; --", "a & !b | (c", "\\", "vexley:*", "%_%", "日本語", "…", "²", &"x ".repeat(128)]
    {
        let answer = north.ask_with(count, &json!({ "query": odd })).await;
        assert!(answer.data()["searchPractitioners"]["totalCount"].is_u64(), "{odd}");
    }
    assert_eq!(found(&app.anonymous(), "vexley").await, Vec::<Value>::new());
    let answer = app.anonymous().ask("{ searchPractitioners { totalCount } }").await;
    assert_eq!(answer.data()["searchPractitioners"]["totalCount"], 0);
}

#[tokio::test]
async fn a_search_goes_together_with_filters_relations_and_free_places() {
    let app = App::start().await;
    let owner = app.owner().await;
    populate(&owner).await;
    owner
        .batch_execute(
            "INSERT INTO supervision_relationships (supervisor_id, supervisee_id, status)
             SELECT one.profile_id, other.profile_id, status
             FROM practitioner_profiles one, practitioner_profiles other, unnest(ARRAY['active', 'pending']) AS status
             WHERE one.display_name = 'Quorra Vexley' AND other.display_name LIKE 'Ada %'
               AND (status = 'active' OR other.display_name = 'Ada One')",
        )
        .await
        .unwrap();
    let answer = app
        .clinician_north()
        .await
        .ask(
            "{ searchPractitioners(
                 query: \"vexley\"
                 filter: { specialties: { overlaps: [\"PTSD\"] }, hourlyRate: { lte: 150 }
                           profile: { bio: { isNull: false } } }
                 orderBy: [{ rank: DESC }]
               ) { totalCount nodes { profileId freePlaces maxSupervisees
                   profile { displayName asSupervisor { totalCount } } } } }",
        )
        .await;
    let rows = answer.nodes("searchPractitioners");
    assert_eq!(answer.data()["searchPractitioners"]["totalCount"], 1);
    assert_eq!(rows[0]["profile"]["displayName"], "Quorra Vexley");
    assert_eq!((&rows[0]["maxSupervisees"], &rows[0]["freePlaces"]), (&json!(5), &json!(3)));
    // The number of free places is visible, but not who takes the others.
    assert_eq!(rows[0]["profile"]["asSupervisor"]["totalCount"], 0);
}

#[tokio::test]
async fn pages_by_rank_give_every_hit_once_and_a_cursor_is_good_for_its_words_only() {
    let app = App::start().await;
    let owner = app.owner().await;
    populate(&owner).await;
    // Many results with the same rank.
    owner
        .batch_execute(
            "INSERT INTO practitioner_profiles (display_name, bio)
             SELECT 'Vexley ' || (number % 5), repeat('vexley ', number % 3) FROM generate_series(1, 60) AS number",
        )
        .await
        .unwrap();
    let north = app.clinician_north().await;
    let document = "query($query: String, $first: Int, $after: String, $last: Int, $before: String) {
        searchPractitioners(query: $query, first: $first, after: $after, last: $last, before: $before,
                            orderBy: [{ rank: DESC }]) {
          totalCount nodes { profileId rank } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";
    for query in ["vexley", "vexlay", ""] {
        let whole = north.ask_with(document, &json!({ "query": query, "first": 1000 })).await;
        let whole = whole.nodes("searchPractitioners").clone();
        assert!(whole.len() >= 60, "{query}");
        for (size, cursor, page, end, more) in [
            ("first", "after", 7, "endCursor", "hasNextPage"),
            ("last", "before", 11, "startCursor", "hasPreviousPage"),
        ] {
            let (mut seen, mut at) = (Vec::new(), Value::Null);
            loop {
                let answer =
                    north.ask_with(document, &json!({ "query": query, size: page, cursor: at })).await;
                let connection = &answer.data()["searchPractitioners"];
                assert_eq!(connection["totalCount"], whole.len());
                let nodes = connection["nodes"].as_array().unwrap();
                if size == "first" {
                    seen.extend(nodes.clone());
                } else {
                    seen.splice(0..0, nodes.clone());
                }
                if connection["pageInfo"][more] == false {
                    break;
                }
                at = connection["pageInfo"][end].clone();
            }
            assert_eq!(seen, whole, "{query} {size}");
        }
    }
    let cursor = north.ask_with(document, &json!({ "query": "vexley", "first": 3 })).await;
    let cursor = cursor.data()["searchPractitioners"]["pageInfo"]["endCursor"].clone();
    for other in [json!("vexle"), json!(""), Value::Null] {
        let answer = north.ask_with(document, &json!({ "query": other, "first": 3, "after": cursor })).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT", "{other}");
    }
}

#[test]
fn any_words_give_pages_that_join_to_the_whole() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let app = runtime.block_on(App::start());
    let north = runtime.block_on(app.clinician_north());
    let document = "query($query: String, $first: Int, $after: String) {
        searchPractitioners(query: $query, first: $first, after: $after, orderBy: [{ rank: DESC }, { yearsExperience: ASC }]) {
          nodes { profileId } pageInfo { hasNextPage endCursor } } }";
    let words = prop::sample::select(vec![
        "ketamine",
        "ptsd",
        "trauma",
        "psych",
        "integrtion",
        "an",
        "dr",
        "therapy",
    ]);
    let mut runner = TestRunner::new(Config { cases: 16, ..Config::default() });
    runner
        .run(&(prop::collection::vec(words, 0..3), 1..9_u64), |(words, size)| {
            let query = words.join(" ");
            let ids = |page: &Value| -> Vec<String> {
                let nodes = page["nodes"].as_array().unwrap();
                nodes.iter().map(|node| node["profileId"].as_str().unwrap().to_owned()).collect()
            };
            let (whole, pages) = runtime.block_on(async {
                let whole = north.ask_with(document, &json!({ "query": query, "first": 1000 })).await;
                let whole = ids(&whole.data()["searchPractitioners"]);
                let (mut pages, mut after) = (Vec::new(), Value::Null);
                loop {
                    let variables = json!({ "query": query, "first": size, "after": after });
                    let answer = north.ask_with(document, &variables).await;
                    let page = &answer.data()["searchPractitioners"];
                    pages.extend(ids(page));
                    if page["pageInfo"]["hasNextPage"] == false {
                        break (whole, pages);
                    }
                    after = page["pageInfo"]["endCursor"].clone();
                }
            });
            prop_assert_eq!(whole.iter().collect::<BTreeSet<_>>().len(), whole.len());
            prop_assert_eq!(pages, whole);
            Ok(())
        })
        .unwrap();
}

#[tokio::test]
async fn facets_count_over_the_same_search_in_the_same_request() {
    let app = App::start().await;
    let owner = app.owner().await;
    populate(&owner).await;
    let answer = app
        .clinician_north()
        .await
        .ask_with(
            "query($query: String, $filter: PractitionerHitFilter) {
               searchPractitioners(query: $query, filter: $filter, orderBy: [{ rank: DESC }]) { totalCount nodes { displayName } }
               specialties: searchPractitionersGroups(query: $query, filter: $filter, groupBy: { specialties: EACH }, orderBy: [{ count: DESC }, { specialties: ASC }]) {
                 key { specialties } aggregate { count } }
               rates: searchPractitionersGroups(query: $query, filter: $filter, groupBy: { hourlyRateRange: { bounds: [100, 150] } }) {
                 key { hourlyRateRange { from to } } aggregate { count } }
               experience: searchPractitionersGroups(query: $query, filter: $filter, groupBy: { yearsExperienceRange: { width: 5 } }) {
                 key { yearsExperienceRange { from to } } aggregate { count hourlyRate { avg } } } }",
            &json!({ "query": "vexley", "filter": { "displayName": { "neq": "Nobody" } } }),
        )
        .await;
    assert_eq!(answer.statements(), 5, "count, page and three facets");
    assert_eq!(answer.round_trips(), 1);
    let data = answer.data();
    assert_eq!(data["searchPractitioners"]["totalCount"], 5);
    let facet = |name: &str, key: &str| -> Value {
        let groups = data[name].as_array().unwrap();
        groups.iter().map(|group| json!([group["key"][key], group["aggregate"]["count"]])).collect()
    };
    assert_eq!(facet("specialties", "specialties"), json!([["Grief", 3], ["PTSD", 2], ["Vexley method", 1]]));
    let range = |from: Value, to: Value| json!({ "from": from, "to": to });
    assert_eq!(
        normal(&facet("rates", "hourlyRateRange")),
        normal(&json!([
            [range(Value::Null, json!(100)), 1],
            [range(json!(100), json!(150)), 1],
            [range(json!(150), Value::Null), 2],
            [range(Value::Null, Value::Null), 1]
        ]))
    );
    assert_eq!(
        normal(&facet("experience", "yearsExperienceRange")),
        normal(&json!([
            [range(json!(0), json!(5)), 2],
            [range(json!(10), json!(15)), 2],
            [range(Value::Null, Value::Null), 1]
        ]))
    );
}

#[tokio::test]
async fn a_hit_has_no_id_and_none_can_be_forged() {
    let app = App::start().await;
    let north = app.clinician_north().await;
    let answer = north.ask("{ searchPractitioners { nodes { id } } }").await;
    assert_eq!(answer.status, 400);
    let forged = BASE64_URL_SAFE_NO_PAD.encode(r#"["PractitionerHit","1"]"#);
    let answer = north.ask_with("query($id: ID!) { node(id: $id) { id } }", &json!({ "id": forged })).await;
    assert_eq!(answer.code(), "BAD_USER_INPUT");
    // A practitioner writes their own profile and is found: maintaining the search index needs no rights of the caller.
    let owner = app.owner().await;
    let id = person(&owner, "writer").await;
    let writer = signed_in(&app, &id);
    owner
        .batch_execute(&format!(
            "INSERT INTO practitioner_profiles (user_id, display_name) VALUES ('{id}', 'Wri Ter')"
        ))
        .await
        .unwrap();
    assert_eq!(names(&found(&writer, "wri ter").await), ["Wri Ter"]);
}

#[tokio::test]
async fn an_index_finds_the_words() {
    let app = App::start().await;
    let owner = app.owner().await;
    let fill = "INSERT INTO practitioner_profiles (display_name, specialties, bio)
        SELECT 'Person ' || number, '{PTSD}', 'Number ' || md5(number::text) FROM generate_series(1, 20000) AS number;
        ANALYZE practitioner_profiles; SET ROLE authenticated";
    owner.batch_execute(fill).await.unwrap();
    let explain = "EXPLAIN SELECT profile_id FROM search_practitioners(query => 'person 4711') t
        ORDER BY t.rank DESC, t.profile_id DESC LIMIT 11";
    let plan = owner.query(explain, &[]).await.unwrap();
    let plan: Vec<String> = plan.iter().map(|line| line.get(0)).collect();
    let plan = plan.join("\n");
    assert!(
        plan.contains("idx_profiles_document") && !plan.contains("Seq Scan on practitioner_profiles"),
        "{plan}"
    );
}
