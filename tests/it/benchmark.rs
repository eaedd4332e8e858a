//! The comparison with the network, and attempts to learn more from it than it should reveal.

use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::fixture::{clinician, join, oracle, person, signed_in, site};
use crate::harness::{Actor, App};

/// A past month, as SQL.
const OVER: &str = "date '2024-03-01'";
/// The current month.
const THIS: &str = "date_trunc('month', now() AT TIME ZONE 'UTC')::date";

/// Inserts completed sessions of a site with mescaline, which the demo does not use, in the month that begins on a day;
/// `responses` of them respond.
async fn sessions(owner: &Client, site: i64, month: &str, count: i64, responses: i64) {
    owner
        .batch_execute(&format!(
            "WITH session AS (
               INSERT INTO log_clinical_records (site_id, substance_id, session_date, session_type, session_status)
               SELECT {site}, substance_id, {month}, 'dosing', 'completed'
               FROM ref_substances, generate_series(1, {count}) WHERE substance_name = 'Mescaline'
               RETURNING record_id, session_date
             )
             INSERT INTO assessment_responses (protocol_id, assessment_id, score, completed_at)
             SELECT record_id, 1, score, session_date + days
             FROM (SELECT *, row_number() OVER (ORDER BY record_id) <= {responses} AS responds FROM session) AS session
             CROSS JOIN LATERAL (VALUES (20, -1), (CASE WHEN responds THEN 2 ELSE 19 END, 9)) AS measured(score, days)"
        ))
        .await
        .unwrap();
}

/// Inserts further sessions without scores, whose outcome is unknown.
async fn unjudged(owner: &Client, site: i64, month: &str, count: i64) {
    owner
        .batch_execute(&format!(
            "INSERT INTO log_clinical_records (site_id, substance_id, session_date, session_type, session_status)
             SELECT {site}, substance_id, {month}, 'dosing', 'completed'
             FROM ref_substances, generate_series(1, {count}) WHERE substance_name = 'Mescaline'"
        ))
        .await
        .unwrap();
}

async fn refresh(owner: &Client) {
    owner.execute("SELECT praxis.refresh()", &[]).await.unwrap();
}

/// Inserts other sites of the network.
async fn others(owner: &Client, count: usize) -> Vec<i64> {
    let mut sites = Vec::new();
    for number in 0..count {
        sites.push(site(owner, &format!("Other {number}")).await);
    }
    sites
}

/// Returns every column with data of the network.
fn network_columns() -> Vec<String> {
    ["response", "remission", "adverseEvent"]
        .iter()
        .flat_map(|rate| {
            ["Median", "LowerQuartile", "UpperQuartile", "Percentile"].map(|number| format!("{rate}{number}"))
        })
        .collect()
}

/// Returns all answers to a clinician who tries to learn more. `target` is another site, `its_row` the global id of its row.
async fn curious(actor: &Actor<'_>, target: i64, its_row: &str) -> Vec<(String, Value)> {
    let columns = network_columns();
    let all = columns.join(" ");
    let row = format!(
        "siteId month totalProtocols responseJudged remissionJudged responseRate remissionRate adverseEventRate {all}
         responseSuppression remissionSuppression adverseEventSuppression"
    );
    let mut queries = vec![
        format!("{{ networkBenchmarks {{ totalCount edges {{ cursor node {{ id {row} }} }} }} }}"),
        format!("{{ networkBenchmarks(filter: {{ siteId: {{ eq: \"{target}\" }} }}) {{ totalCount nodes {{ {row} }} }} }}"),
        format!("{{ networkBenchmarks(orderBy: [{{ site: {{ siteName: ASC }} }}]) {{ totalCount edges {{ cursor }} }} }}"),
        format!("{{ sites {{ nodes {{ siteName benchmarks {{ totalCount nodes {{ {row} }} }} outcomes {{ totalCount aggregate {{ responseRate {{ avg }} }} }} }} }} }}"),
        format!("{{ substances {{ nodes {{ benchmarks {{ totalCount nodes {{ {row} }} aggregate {{ count responseMedian {{ min max avg }} }} }} }} }} }}"),
        "{ substances { nodes { outcomes { totalCount aggregate { responseRate { avg } } } benchmarksGroups(groupBy: { siteId: true }) { key { siteId } aggregate { count } } } } }".to_owned(),
        format!("{{ nodes(ids: [{its_row:?}]) {{ id }} node(id: {its_row:?}) {{ id }} }}"),
        format!("{{ outcomesSummaries(filter: {{ siteId: {{ eq: \"{target}\" }} }}) {{ totalCount nodes {{ responseRate }} }} }}"),
        format!("{{ substances(filter: {{ benchmarks: {{ some: {{ siteId: {{ eq: \"{target}\" }} }} }} }}) {{ nodes {{ substanceName }} }} }}"),
        format!("{{ substances(filter: {{ outcomes: {{ some: {{ siteId: {{ eq: \"{target}\" }}, responseRate: {{ gte: 0 }} }} }} }}) {{ nodes {{ substanceName }} }} }}"),
        format!("{{ sites(filter: {{ benchmarks: {{ some: {{ totalProtocols: {{ gte: 1 }} }} }} }}) {{ nodes {{ siteName }} }} }}"),
        format!("{{ networkBenchmark(siteId: \"{target}\", substanceId: \"7\", month: \"2024-03-01\") {{ {row} }} }}"),
        format!("{{ protocols(filter: {{ siteId: {{ eq: \"{target}\" }} }}) {{ totalCount }} }}"),
    ];
    for column in &columns {
        for condition in
            ["isNull: true", "isNull: false", "eq: 50", "gt: -1", "lte: 100", "in: [0, 25, 50, 75, 100]"]
        {
            queries.push(format!(
                "{{ networkBenchmarks(filter: {{ {column}: {{ {condition} }} }}) {{ totalCount nodes {{ id }} }} }}"
            ));
        }
        queries.push(format!(
            "{{ networkBenchmarks(filter: {{ not: {{ {column}: {{ lt: 50 }} }} }}) {{ totalCount }} }}"
        ));
        queries.push(format!(
            "{{ networkBenchmarks(first: 1, orderBy: [{{ {column}: DESC }}]) {{
                 edges {{ cursor node {{ id month }} }} pageInfo {{ hasNextPage endCursor }} }} }}"
        ));
        queries.push(format!(
            "{{ networkBenchmarksGroups(groupBy: {{ {column}: true }}, orderBy: [{{ {column}: {{ max: DESC }} }}]) {{
                 key {{ {column} }} cursor aggregate {{ count {column} {{ min max avg sum countDistinct }} }} }} }}"
        ));
        queries.push(format!(
            "{{ networkBenchmarksGroups(groupBy: {{ siteId: true }}, having: {{ {column}: {{ max: {{ gte: 0 }} }} }}) {{
                 key {{ siteId }} }} }}"
        ));
        queries.push(format!(
            "{{ networkBenchmarksSeries(time: MONTH, bucket: {{ calendar: {{ unit: MONTH }} }}, groupBy: {{ siteId: true }}, fill: PREVIOUS) {{
                 key {{ siteId }} points {{ start aggregate {{ count {column} {{ avg percentile(p: 0.5) }} }} }} }} }}"
        ));
        let y: String = column
            .chars()
            .flat_map(|it| {
                it.is_ascii_uppercase().then_some('_').into_iter().chain([it.to_ascii_uppercase()])
            })
            .collect();
        queries.push(format!(
            "{{ networkBenchmarks {{ points(x: MONTH, y: {y}) {{ siteId month {column} }} }}
                 sites {{ nodes {{ benchmarks {{ points(x: TOTAL_PROTOCOLS, y: {y}) {{ {column} }} }} }} }} }}"
        ));
        queries.push(format!(
            "{{ sites(filter: {{ benchmarks: {{ some: {{ {column}: {{ gte: 0 }} }} }} }}) {{ nodes {{ siteName }} }} }}"
        ));
    }
    let mut answers = Vec::new();
    for query in queries {
        let answer = actor.ask(&query).await;
        answers.push((query, answer.data().clone()));
    }
    answers
}

/// Asserts that two rounds of queries had the same answers.
#[track_caller]
fn same(before: &[(String, Value)], after: &[(String, Value)]) {
    for ((query, before), (_, after)) in before.iter().zip(after) {
        assert_eq!(before, after, "{query}");
    }
}

/// Returns the global id of a site's row, as seen by a caller who may see it.
async fn row_of(app: &App, site: i64) -> String {
    let network = app.user("network@praxis.example").await;
    let query =
        format!("{{ networkBenchmarks(filter: {{ siteId: {{ eq: \"{site}\" }} }}) {{ nodes {{ id }} }} }}");
    network.ask(&query).await.nodes("networkBenchmarks")[0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn nothing_that_one_can_ask_tells_what_is_in_a_withheld_cell() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (ours, our_site) = clinician(&app, &owner, "curious").await;
    // Four other sites last year; seven in the current month.
    let others = others(&owner, 7).await;
    sessions(&owner, our_site, OVER, 6, 3).await;
    sessions(&owner, our_site, THIS, 6, 3).await;
    for (number, &other) in (0..).zip(&others) {
        if number < 4 {
            sessions(&owner, other, OVER, 6, number).await;
        }
        sessions(&owner, other, THIS, 6, number).await;
    }
    refresh(&owner).await;
    let target = others[3];
    let row = row_of(&app, target).await;
    let before = curious(&ours, target, &row).await;
    let rows = before[0].1["networkBenchmarks"]["edges"].as_array().unwrap();
    assert_eq!(rows.len(), 2, "the site's own");
    for row in rows {
        assert_eq!((&row["node"]["responseRate"], &row["node"]["totalProtocols"]), (&json!(50.0), &json!(6)));
        for column in network_columns() {
            assert_eq!(row["node"][&column], Value::Null, "{column}");
        }
    }
    assert_eq!(rows[0]["node"]["responseSuppression"], "TOO_FEW_SITES");
    assert_eq!(rows[1]["node"]["responseSuppression"], "MONTH_NOT_OVER");

    // One more protocol at each of the other sites, with another rate.
    for (number, &other) in (0..).zip(&others) {
        if number < 4 {
            sessions(&owner, other, OVER, 1, 1).await;
        }
        sessions(&owner, other, THIS, 1 + number, 1).await;
    }
    refresh(&owner).await;
    same(&before, &curious(&ours, target, &row).await);

    // A fifth site with too few protocols: its existence shows, but none of its data.
    sessions(&owner, others[4], OVER, 4, 1).await;
    refresh(&owner).await;
    let after = curious(&ours, target, &row).await;
    let rows = &after[0].1["networkBenchmarks"]["edges"];
    assert_eq!(rows[0]["node"]["responseSuppression"], "TOO_FEW_PROTOCOLS");
    sessions(&owner, others[4], "date '2024-02-01'", 4, 4).await;
    owner
        .batch_execute(&format!(
            "UPDATE assessment_responses SET score = 2 WHERE site_id = {} AND score = 19",
            others[4]
        ))
        .await
        .unwrap();
    refresh(&owner).await;
    same(&after, &curious(&ours, target, &row).await);
}

#[tokio::test]
async fn no_rate_of_another_site_can_be_told_from_its_neighbours_within_five_points() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (ours, our_site) = clinician(&app, &owner, "curious").await;
    let others = others(&owner, 5).await;
    sessions(&owner, our_site, OVER, 6, 3).await;
    // 17, 33, 50, 67 and 83 percent.
    for (number, &other) in (1..).zip(&others) {
        sessions(&owner, other, OVER, 6, number).await;
    }
    refresh(&owner).await;
    let target = others[4];
    let row = row_of(&app, target).await;
    let before = curious(&ours, target, &row).await;
    let node = &before[0].1["networkBenchmarks"]["edges"][0]["node"];
    let seen = ["responseLowerQuartile", "responseMedian", "responseUpperQuartile", "responsePercentile"]
        .map(|column| node[column].as_f64().unwrap());
    assert_eq!(seen.map(|number| format!("{number:.2}")), ["38.75", "50.00", "61.25", "50.00"]);
    assert_eq!(node["responseSuppression"], Value::Null);

    // Six of seven is 86 percent, in the same step as five of six.
    sessions(&owner, target, OVER, 1, 1).await;
    refresh(&owner).await;
    let rate = format!("SELECT response_rate::float8 FROM outcomes_summary WHERE site_id = {target}");
    assert_eq!(oracle(&app, &rate).await, json!([{ "response_rate": 85.71 }]), "it has changed");
    same(&before, &curious(&ours, target, &row).await);
}

#[tokio::test]
async fn a_rate_of_too_few_judged_protocols_is_not_shown_however_many_there_are() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (ours, our_site) = clinician(&app, &owner, "curious").await;
    let others = others(&owner, 5).await;
    sessions(&owner, our_site, OVER, 6, 3).await;
    for &other in &others[..4] {
        sessions(&owner, other, OVER, 6, 3).await;
    }
    // The fifth site has a patient with a known outcome, and thirty without.
    let target = others[4];
    sessions(&owner, target, OVER, 1, 1).await;
    unjudged(&owner, target, OVER, 30).await;
    refresh(&owner).await;
    let row = row_of(&app, target).await;
    let before = curious(&ours, target, &row).await;
    let node = &before[0].1["networkBenchmarks"]["edges"][0]["node"];
    assert_eq!((&node["totalProtocols"], &node["responseJudged"]), (&json!(6), &json!(6)));
    assert_eq!(node["responseSuppression"], "TOO_FEW_PROTOCOLS");
    assert_eq!(node["remissionSuppression"], "TOO_FEW_PROTOCOLS");
    assert_eq!((&node["responseMedian"], &node["responsePercentile"]), (&Value::Null, &Value::Null));
    assert_eq!(node["adverseEventSuppression"], Value::Null, "whether there was one is known of all");
    assert_eq!(node["adverseEventMedian"], 0.0);
    let its_own =
        format!("SELECT total_protocols, response_judged FROM outcomes_summary WHERE site_id = {target}");
    assert_eq!(oracle(&app, &its_own).await, json!([{ "total_protocols": 31, "response_judged": 1 }]));

    // The patient's outcome becomes the opposite, and no other site can see it.
    owner
        .batch_execute(&format!(
            "UPDATE assessment_responses SET score = 19 WHERE site_id = {target} AND score = 2"
        ))
        .await
        .unwrap();
    refresh(&owner).await;
    same(&before, &curious(&ours, target, &row).await);

    // With four more known outcomes there are enough.
    sessions(&owner, target, OVER, 4, 4).await;
    refresh(&owner).await;
    let after = curious(&ours, target, &row).await;
    let node = &after[0].1["networkBenchmarks"]["edges"][0]["node"];
    assert_eq!((&node["responseSuppression"], &node["responseMedian"]), (&Value::Null, &json!(50.0)));
}

#[tokio::test]
async fn the_rows_of_a_site_are_for_its_members_and_who_runs_the_network() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (here, site) = clinician(&app, &owner, "here").await;
    let (there, _) = clinician(&app, &owner, "there").await;
    sessions(&owner, site, OVER, 6, 3).await;
    refresh(&owner).await;
    let left = person(&owner, "left").await;
    join(&owner, &left, site, "site_admin").await;
    owner.batch_execute("UPDATE user_sites SET is_active = false WHERE role = 'site_admin'").await.unwrap();
    let query =
        format!("{{ networkBenchmarks(filter: {{ siteId: {{ eq: \"{site}\" }} }}) {{ totalCount }} }}");
    let network = app.user("network@praxis.example").await;
    let left = signed_in(&app, &left);
    for (actor, count) in [(&here, 1), (&network, 1), (&there, 0), (&left, 0), (&app.anonymous(), 0)] {
        assert_eq!(actor.ask(&query).await.data()["networkBenchmarks"]["totalCount"], count);
    }
}

#[tokio::test]
async fn the_numbers_are_those_of_postgres_over_the_outcomes_of_all_sites() {
    let app = App::shared().await;
    let answer = app
        .user("network@praxis.example")
        .await
        .ask(
            "{ networkBenchmarks(first: 1000, orderBy: [{ month: ASC }, { siteId: ASC }, { substanceId: ASC }]) {
                 nodes { siteId substanceId month
                   responseRate responseLowerQuartile responseMedian responseUpperQuartile responsePercentile
                   adverseEventRate adverseEventLowerQuartile adverseEventMedian adverseEventUpperQuartile
                   adverseEventPercentile } } }",
        )
        .await;
    let measure = |rate: &str, judged: &str| {
        format!(
            "(SELECT CASE WHEN count(*) FILTER (WHERE site_id <> own.site_id) >= 5 THEN jsonb_build_array(
                 percentile_cont(0.25) WITHIN GROUP (ORDER BY round({rate} / 5) * 5),
                 percentile_cont(0.5) WITHIN GROUP (ORDER BY round({rate} / 5) * 5),
                 percentile_cont(0.75) WITHIN GROUP (ORDER BY round({rate} / 5) * 5),
                 round(50.0 * sum(1 + sign(round(own.{rate} / 5) * 5 - round({rate} / 5) * 5))
                   FILTER (WHERE site_id <> own.site_id) / count(*) FILTER (WHERE site_id <> own.site_id), 2))
               ELSE '[null, null, null, null]' END
              FROM outcomes_summary AS compared WHERE compared.month = own.month
                AND compared.substance_id = own.substance_id AND {rate} IS NOT NULL AND {judged} >= 5
                AND own.month < {THIS})"
        )
    };
    let expected = oracle(
        &app,
        &format!(
            "SELECT own.site_id::text AS site, own.substance_id::text AS substance, own.month::text,
               own.response_rate AS rate, {} AS response, own.adverse_event_rate AS adverse, {} AS adverse_event
             FROM outcomes_summary AS own ORDER BY own.month, own.site_id, own.substance_id",
            measure("response_rate", "response_judged"),
            measure("adverse_event_rate", "total_protocols")
        ),
    )
    .await;
    let nodes = answer.nodes("networkBenchmarks");
    let number = |value: &Value| value.as_f64().map(|number| format!("{number:.2}"));
    assert_eq!(nodes.len(), expected.as_array().unwrap().len());
    let mut shown = 0;
    for (node, expected) in nodes.iter().zip(expected.as_array().unwrap()) {
        assert_eq!(node["month"], expected["month"]);
        assert_eq!((&node["siteId"], &node["substanceId"]), (&expected["site"], &expected["substance"]));
        for (rate, own, network) in
            [("response", "rate", "response"), ("adverseEvent", "adverse", "adverse_event")]
        {
            assert_eq!(number(&node[format!("{rate}Rate")]), number(&expected[own]), "{expected}");
            for (at, column) in ["LowerQuartile", "Median", "UpperQuartile", "Percentile"].iter().enumerate()
            {
                let found = number(&node[format!("{rate}{column}")]);
                assert_eq!(found, number(&expected[network][at]), "{rate}{column} of {expected}");
                shown += usize::from(found.is_some());
            }
        }
    }
    assert!(shown > 300, "{shown} numbers of the network");
}

#[tokio::test]
async fn the_demo_shows_and_withholds() {
    let app = App::shared().await;
    let query = "{ networkBenchmarksGroups(groupBy: { responseSuppression: true }, orderBy: [{ key: { responseSuppression: ASC } }]) {
        key { responseSuppression } } }";
    for email in ["clinician.north@praxis.example", "network@praxis.example"] {
        let answer = app.user(email).await.ask(query).await;
        let found: Vec<&Value> = answer.data()["networkBenchmarksGroups"]
            .as_array()
            .unwrap()
            .iter()
            .map(|group| &group["key"]["responseSuppression"])
            .collect();
        for expected in [json!("TOO_FEW_PROTOCOLS"), json!("TOO_FEW_SITES"), Value::Null] {
            assert!(found.contains(&&expected), "{email}: {expected} in {found:?}");
        }
    }
}
