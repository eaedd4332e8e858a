//! `praxis refresh`.

use serde_json::json;

use super::{Folder, run};
use crate::binary::praxis;
use crate::fixture::clinician;
use crate::harness::{App, clone_database, database_url, empty_database};

#[tokio::test]
async fn refreshed_outcomes_are_seen_by_the_clinicians_of_the_site() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (clinician, site) = clinician(&app, &owner, "outcomes").await;
    let other = app.clinician_south().await;
    let url = app.database_url("postgres");
    let refresh =
        async |more: &[&str]| run(&[&["refresh", "outcomes", "--database-url", &url], more].concat()).await;
    // The demo data already has its summary.
    assert_eq!(refresh(&[]).await.good(), "The outcomes are up to date already.\n");

    owner
        .batch_execute(&format!(
            "INSERT INTO log_clinical_records
               (site_id, substance_id, session_date, session_type, session_status, indication_id, safety_event_id)
             SELECT {site}, 1, day::date, 'dosing', 'completed', 1, safety_event
             FROM (VALUES ('2026-03-10', 1), ('2026-03-11', NULL), ('2026-04-01', NULL)) AS row(day, safety_event);
             INSERT INTO assessment_responses (protocol_id, assessment_id, score, completed_at)
             SELECT record_id, 1, score, session_date + days
             FROM log_clinical_records, (VALUES (20, -1), (4, 30)) AS measured(score, days)
             WHERE site_id = {site} AND session_date = '2026-03-10'"
        ))
        .await
        .unwrap();
    let query = format!(
        r#"{{ outcomesSummaries(filter: {{ siteId: {{ eq: "{site}" }} }}, orderBy: [{{ month: ASC }}]) {{
          nodes {{ month totalProtocols responseRate remissionRate adverseEventRate }} }} }}"#
    );
    let march = json!({
        "month": "2026-03-01", "totalProtocols": 2,
        "responseRate": 100.0, "remissionRate": 100.0, "adverseEventRate": 50.0
    });
    let april = json!({
        "month": "2026-04-01", "totalProtocols": 1,
        "responseRate": null, "remissionRate": null, "adverseEventRate": 0.0
    });
    let said = refresh(&["--month", "2026-03", "--month", "2026-02"]).await.good();
    assert_eq!(said, "Refreshed the outcomes: 1 written, 0 removed.\n");
    assert_eq!(clinician.ask(&query).await.nodes("outcomesSummaries"), &vec![march.clone()]);
    assert_eq!(refresh(&[]).await.good(), "Refreshed the outcomes: 1 written, 0 removed.\n");
    assert_eq!(refresh(&[]).await.good(), "The outcomes are up to date already.\n");
    let compared = "{ networkBenchmarks(orderBy: [{ month: ASC }]) { nodes { month totalProtocols } } }";
    assert_eq!(
        clinician.ask(compared).await.nodes("networkBenchmarks"),
        &vec![
            json!({ "month": "2026-03-01", "totalProtocols": 2 }),
            json!({ "month": "2026-04-01", "totalProtocols": 1 })
        ],
        "and the comparison that is made of them"
    );
    assert_eq!(clinician.ask(&query).await.nodes("outcomesSummaries"), &vec![march, april]);
    assert!(other.ask(&query).await.nodes("outcomesSummaries").is_empty());
}

#[tokio::test]
async fn one_command_refreshes_everything_and_keeps_the_minimum() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (clinician, site) = clinician(&app, &owner, "summaries").await;
    let url = app.database_url("postgres");
    let refresh = async |more: &[&str]| run(&[&["refresh", "--database-url", &url], more].concat()).await;
    assert_eq!(
        refresh(&[]).await.good(),
        "The outcomes are up to date already.\n\
         The benchmarks are up to date already.\n\
         The activities are up to date already.\n"
    );

    // Four sites that use mescaline, with three sessions each.
    owner
        .batch_execute(&format!(
            "INSERT INTO log_clinical_records (site_id, substance_id, session_date, session_type, session_status)
             SELECT site_id, (SELECT substance_id FROM ref_substances WHERE substance_name = 'Mescaline'),
               '2025-03-10', 'dosing', 'completed'
             FROM generate_series({site} - 3, {site}) AS site_id, generate_series(1, 3);
             INSERT INTO session_events (protocol_id, event_type_id, event_timestamp)
             SELECT record_id, 1, '2025-03-10T10:00Z' FROM log_clinical_records
             WHERE site_id = {site}"
        ))
        .await
        .unwrap();
    assert_eq!(
        refresh(&[]).await.good(),
        "Refreshed the outcomes: 4 written, 0 removed.\n\
         Refreshed the benchmarks: 4 written, 0 removed.\n\
         Refreshed the activities: 1 written, 0 removed.\n"
    );
    let query = "{ networkBenchmarks { nodes { adverseEventMedian adverseEventSuppression } }
                   sessionActivities { nodes { eventCount protocolCount } } }";
    let answer = clinician.ask(query).await;
    assert_eq!(
        answer.nodes("networkBenchmarks"),
        &vec![json!({ "adverseEventMedian": null, "adverseEventSuppression": "TOO_FEW_SITES" })]
    );
    assert_eq!(answer.nodes("sessionActivities"), &vec![json!({ "eventCount": 3, "protocolCount": 3 })]);

    // A smaller minimum shows it, and stays without the option.
    refresh(&["--minimum-cohort", "3"]).await.good();
    let shown = vec![json!({ "adverseEventMedian": 0.0, "adverseEventSuppression": null })];
    assert_eq!(clinician.ask(query).await.nodes("networkBenchmarks"), &shown);
    owner.batch_execute("INSERT INTO praxis.benchmark_changes DEFAULT VALUES").await.unwrap();
    assert!(refresh(&[]).await.good().contains("The benchmarks are up to date already."));
    assert_eq!(clinician.ask(query).await.nodes("networkBenchmarks"), &shown);
    // The other command and the variable do the same.
    run(&["refresh", "outcomes", "--minimum-cohort", "4", "--database-url", &url]).await.good();
    assert_ne!(clinician.ask(query).await.nodes("networkBenchmarks"), &shown);
    let mut command = praxis();
    command.args(["refresh", "--database-url", &url]).env("PRAXIS_MINIMUM_COHORT", "3");
    assert!(tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap().status.success());
    assert_eq!(clinician.ask(query).await.nodes("networkBenchmarks"), &shown);
    for few in ["2", "0", "-1", "five"] {
        assert!(refresh(&[&format!("--minimum-cohort={few}")]).await.bad().contains("--minimum-cohort"));
    }
}

#[tokio::test]
async fn outcomes_are_not_refreshed_by_mistake() {
    let name = clone_database().await;
    let refresh = async |url: &str, more: &[&str]| {
        run(&[&["refresh", "outcomes", "--database-url", url], more].concat()).await.bad()
    };
    for month in ["2026-13", "March", "2026-03-01", ""] {
        let said = refresh(&database_url("postgres", &name), &["--month", month]).await;
        assert!(said.contains("--month") && said.contains("such as 2026-02"), "{said}");
    }
    let said = refresh(&database_url("praxis_gateway", &name), &[]).await;
    assert!(said.contains("this role may not refresh summaries") && said.contains("GRANT"), "{said}");
    let said = refresh(&database_url("postgres", &empty_database().await), &[]).await;
    assert!(said.contains("praxis migrate up"), "{said}");
    let folder = Folder::new();
    run(&["refresh", "outcomes", "--data-dir", folder.path()]).await.bad();
    assert!(!folder.0.exists());
}
