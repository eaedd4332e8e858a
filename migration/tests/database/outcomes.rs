//! `outcomes_summary` follows the records.

use crate::cluster::{Database, Session, migrated};

/// Returns a database with sites 1 to 3 without records, and nothing to refresh. Indication 1 is a depression, 3 is PTSD, 4 is an
/// anxiety. Instruments: 1 PHQ-9, 2 GAD-7, 9 WHOQOL (higher is better), 14 CAPS-5, 15 MADRS.
async fn clinic() -> (Database, Session) {
    let database = migrated().await;
    let mut session = database.connect().await;
    session
        .run("INSERT INTO sites (site_id, site_name) VALUES (1, 'One'), (2, 'Two'), (3, 'Three')")
        .await
        .unwrap();
    assert_eq!(refresh(&mut session).await, "0 written, 0 removed");
    (database, session)
}

const REFRESH: &str =
    "SELECT format('%s written, %s removed', cells_written, cells_removed) FROM praxis.refresh_outcomes()";

async fn refresh(session: &mut Session) -> String {
    session.one(REFRESH).await
}

async fn refresh_months(session: &mut Session, months: &str) -> String {
    session.one(REFRESH.replace("()", &format!("({months})"))).await
}

/// Returns every cell: site, substance, month, protocols, response, remission, adverse events; `-` if there is no rate.
async fn cells(session: &mut Session) -> Vec<String> {
    session
        .rows(
            "SELECT format('%s/%s %s: %s %s %s %s', site_id, substance_id, to_char(month, 'YYYY-MM'),
               total_protocols, coalesce(response_rate::text, '-'), coalesce(remission_rate::text, '-'),
               coalesce(adverse_event_rate::text, '-'))
             FROM outcomes_summary ORDER BY site_id, substance_id, month",
        )
        .await
}

/// Inserts a completed dosing session at the first site with psilocybin, by its day and indication; returns its key.
async fn protocol(session: &mut Session, day: &str, indication: u32) -> String {
    session
        .one(format!(
            "INSERT INTO log_clinical_records
               (site_id, substance_id, session_date, session_type, session_status, indication_id)
             VALUES (1, 1, '{day}', 'dosing', 'completed', {indication}) RETURNING record_id::text"
        ))
        .await
}

/// Inserts scores of a protocol: instrument, time, score.
async fn scores(session: &mut Session, protocol: &str, scores: &[(u32, &str, &str)]) {
    for (assessment, time, score) in scores {
        session
            .run(format!(
                "INSERT INTO assessment_responses (protocol_id, assessment_id, completed_at, score)
                 VALUES ({protocol}, {assessment}, '{time}', {score})"
            ))
            .await
            .unwrap();
    }
}

/// Returns response and remission, in percent or `-`, of one protocol of 10 January with these scores.
async fn judged(session: &mut Session, indication: u32, measured: &[(u32, &str, &str)]) -> String {
    session.run("DELETE FROM assessment_responses; DELETE FROM log_clinical_records").await.unwrap();
    let protocol = protocol(session, "2026-01-10", indication).await;
    scores(session, &protocol, measured).await;
    refresh(session).await;
    let cells = cells(session).await;
    assert_eq!(cells.len(), 1, "{cells:?}");
    let rates = cells[0].strip_prefix("1/1 2026-01: 1 ").unwrap().strip_suffix(" 0.00").unwrap();
    rates.to_owned()
}

const BEFORE: &str = "2026-01-08T10:00Z";
const LATER: &str = "2026-02-08T10:00Z";
const LAST: &str = "2026-03-08T10:00Z";

#[tokio::test]
async fn response_and_remission_follow_the_thresholds_of_the_scale() {
    let (_database, mut session) = clinic().await;
    let session = &mut session;
    for (before, last, expected) in [
        // PHQ-9: a fall by half is a response, below five is remission.
        ("20", "10", "100.00 0.00"),
        ("20", "10.01", "0.00 0.00"),
        ("20", "5", "100.00 0.00"),
        ("20", "4.99", "100.00 100.00"),
        ("20", "25", "0.00 0.00"),
        ("9", "4.5", "100.00 100.00"),
        ("7", "4", "0.00 100.00"),
        // A patient who is in remission already cannot reach it; from zero there is no relative change.
        ("4", "2", "100.00 -"),
        ("0", "0", "- -"),
    ] {
        assert_eq!(
            judged(session, 1, &[(1, BEFORE, before), (1, LAST, last)]).await,
            expected,
            "{before} → {last}"
        );
    }
    assert_eq!(judged(session, 1, &[(15, BEFORE, "30"), (15, LAST, "9")]).await, "100.00 100.00");
    assert_eq!(judged(session, 1, &[(15, BEFORE, "30"), (15, LAST, "10")]).await, "100.00 0.00");
    // CAPS-5 has a threshold for remission, and none for a response.
    assert_eq!(judged(session, 3, &[(14, BEFORE, "45"), (14, LAST, "19")]).await, "- 100.00");
    assert_eq!(judged(session, 3, &[(14, BEFORE, "45"), (14, LAST, "20")]).await, "- 0.00");
    // Without thresholds there is no judgement.
    assert_eq!(judged(session, 1, &[(9, BEFORE, "20"), (9, LAST, "90")]).await, "- -");
}

#[tokio::test]
async fn where_higher_is_better_a_rise_is_a_response() {
    let (_database, mut session) = clinic().await;
    let session = &mut session;
    let thresholds = "UPDATE ref_assessments SET response_change_percent = 20, remission_score = 60
        WHERE assessment_code = 'WHOQOL'";
    session.run(thresholds).await.unwrap();
    for (before, last, expected) in [
        ("40", "48", "100.00 0.00"),
        ("40", "47.99", "0.00 0.00"),
        ("40", "20", "0.00 0.00"),
        ("50", "60", "100.00 100.00"),
        ("55", "59.99", "0.00 0.00"),
        ("60", "90", "100.00 -"),
    ] {
        assert_eq!(
            judged(session, 1, &[(9, BEFORE, before), (9, LAST, last)]).await,
            expected,
            "{before} → {last}"
        );
    }
}

#[tokio::test]
async fn a_protocol_is_judged_by_its_last_scores_before_and_after_the_session() {
    let (_database, mut session) = clinic().await;
    let session = &mut session;
    // No baseline; no later score; two scores of different scales.
    assert_eq!(judged(session, 1, &[]).await, "- -");
    assert_eq!(judged(session, 1, &[(1, LATER, "20"), (1, LAST, "2")]).await, "- -");
    assert_eq!(judged(session, 1, &[(1, BEFORE, "20")]).await, "- -");
    assert_eq!(judged(session, 1, &[(1, BEFORE, "20"), (2, LAST, "2")]).await, "- -");
    // The last one counts on either side.
    let relapsed = [(1, LAST, "18"), (1, BEFORE, "20"), (1, LATER, "2")];
    assert_eq!(judged(session, 1, &relapsed).await, "0.00 0.00");
    let screened = [(1, "2025-12-01T10:00Z", "8"), (1, BEFORE, "20"), (1, LAST, "10")];
    assert_eq!(judged(session, 1, &screened).await, "100.00 0.00");
    // Of two at the same time, the one that was inserted last counts.
    let corrected = [(1, BEFORE, "20"), (1, LAST, "10"), (1, LAST, "11")];
    assert_eq!(judged(session, 1, &corrected).await, "0.00 0.00");
    // The day of the session is before, in UTC; the next one is after.
    let day = [(1, "2026-01-10T23:59Z", "20"), (1, "2026-01-11T00:00Z", "10")];
    assert_eq!(judged(session, 1, &day).await, "100.00 0.00");
    let day = [(1, "2026-01-11T01:00+02", "20"), (1, "2026-01-10T23:00-02", "10")];
    assert_eq!(judged(session, 1, &day).await, "100.00 0.00");
}

#[tokio::test]
async fn the_scale_of_the_indication_decides_where_it_was_measured() {
    let (_database, mut session) = clinic().await;
    let session = &mut session;
    let both = [(1, BEFORE, "20"), (1, LAST, "4"), (2, BEFORE, "16"), (2, LAST, "15")];
    assert_eq!(judged(session, 1, &both).await, "100.00 100.00");
    assert_eq!(judged(session, 4, &both).await, "0.00 0.00");
    // No instrument fits addiction: the first of the dictionary counts.
    assert_eq!(judged(session, 7, &both).await, "100.00 100.00");
    // The fitting instrument has no later score.
    assert_eq!(judged(session, 4, &both[..3]).await, "100.00 100.00");
    // CAPS-5 fits, but has no threshold for a response.
    let trauma = [(1, BEFORE, "20"), (1, LAST, "10"), (14, BEFORE, "45"), (14, LAST, "10")];
    assert_eq!(judged(session, 3, &trauma).await, "100.00 100.00");
}

#[tokio::test]
async fn a_cell_counts_completed_dosing_sessions_of_a_site_substance_and_month() {
    let (_database, mut session) = clinic().await;
    session
        .run(
            "INSERT INTO log_clinical_records
               (site_id, substance_id, session_date, session_type, session_status, indication_id, safety_event_id)
             VALUES
               (1, 1, '2026-01-01', 'dosing', 'completed', 1, 1), (1, 1, '2026-01-31', 'dosing', 'completed', 1, NULL),
               (1, 1, '2026-01-15', 'dosing', 'completed', NULL, NULL),
               (1, 1, '2026-02-01', 'dosing', 'completed', 1, NULL), (1, 2, '2026-01-15', 'dosing', 'completed', 1, 2),
               (2, 1, '2026-01-15', 'dosing', 'completed', 1, NULL),
               (1, 1, '2026-01-15', 'dosing', 'draft', 1, 1), (1, 1, '2026-01-15', 'dosing', 'active', 1, 1),
               (1, 1, '2026-01-15', 'integration', 'completed', 1, 1), (1, 1, '2026-01-15', NULL, 'completed', 1, 1),
               (1, NULL, '2026-01-15', 'dosing', 'completed', 1, 1), (1, 1, NULL, 'dosing', 'completed', 1, 1),
               (1, 1, 'infinity', 'dosing', 'completed', 1, 1), (1, 1, '-infinity', 'dosing', 'completed', 1, 1),
               (1, 1, '5874897-12-31', 'dosing', 'completed', 1, 1), (1, 1, '4713-01-01 BC', 'dosing', 'completed', 1, 1);
             INSERT INTO assessment_responses (protocol_id, assessment_id, completed_at, score) VALUES
               (1, 1, '2025-12-31', 20), (1, 1, '2026-03-01', 10), (2, 1, '2025-12-31', 20), (2, 1, '2026-03-01', 11);",
        )
        .await
        .unwrap();
    assert_eq!(refresh(&mut session).await, "4 written, 0 removed");
    assert_eq!(
        cells(&mut session).await,
        [
            "1/1 2026-01: 3 50.00 0.00 33.33",
            "1/1 2026-02: 1 - - 0.00",
            "1/2 2026-01: 1 - - 100.00",
            "2/1 2026-01: 1 - - 0.00",
        ]
    );
    assert_eq!(refresh_months(&mut session, "'0001-01-01', '9999-12-31'").await, "0 written, 0 removed");
}

#[tokio::test]
async fn a_cell_tells_how_many_protocols_each_rate_rests_on() {
    let (_database, mut session) = clinic().await;
    let session = &mut session;
    let judged =
        "SELECT concat_ws(' ', total_protocols, response_judged, remission_judged) FROM outcomes_summary";
    let mut records = Vec::new();
    for day in 1..=5 {
        records.push(protocol(session, &format!("2026-01-{day:02}"), 1).await);
    }
    refresh(session).await;
    assert_eq!(session.one(judged).await, "5 0 0");
    // A response and a remission; a response of a patient already in remission; a remission by a scale without a response; a
    // baseline of zero; no later score.
    for (record, measured) in records.iter().zip([
        [(1, "2025-12-31", "20"), (1, LAST, "2")].as_slice(),
        &[(1, "2025-12-31", "4"), (1, LAST, "2")],
        &[(14, "2025-12-31", "45"), (14, LAST, "10")],
        &[(1, "2025-12-31", "0"), (1, LAST, "0")],
        &[(1, "2025-12-31", "20")],
    ]) {
        scores(session, record, measured).await;
    }
    assert_eq!(refresh(session).await, "1 written, 0 removed");
    assert_eq!(session.one(judged).await, "5 2 2");
    // One more protocol with the same rate is a change.
    scores(session, &records[4], &[(1, LAST, "2")]).await;
    assert_eq!(refresh(session).await, "1 written, 0 removed");
    assert_eq!(session.one(judged).await, "5 3 3");
    assert_eq!(cells(session).await, ["1/1 2026-01: 5 100.00 100.00 0.00"]);
}

#[tokio::test]
async fn the_migration_has_the_next_refresh_count_the_judged_ones_of_every_cell() {
    let (database, mut session) = clinic().await;
    let steps =
        migration::migrations().iter().rev().position(|it| it.name.ends_with("count_judged_protocols"));
    migration::down(&database.url(), u32::try_from(steps.unwrap()).unwrap() + 1).await.unwrap();
    let record = protocol(&mut session, "2026-01-10", 1).await;
    scores(&mut session, &record, &[(1, BEFORE, "20"), (1, LAST, "10")]).await;
    let summaries = "SELECT concat_ws(' ', summary, cells_written, cells_removed) FROM praxis.refresh()";
    session.rows(summaries).await;
    assert_eq!(session.rows(summaries).await[..2], ["outcomes 0 0", "benchmarks 0 0"]);
    migration::up(&database.url()).await.unwrap();
    assert_eq!(session.rows(summaries).await[..2], ["outcomes 1 0", "benchmarks 1 0"]);
    let judged = "SELECT concat_ws(' ', response_judged, remission_judged) FROM network_benchmarks";
    assert_eq!(session.one(judged).await, "1 1");
}

#[tokio::test]
async fn only_what_changed_is_written_and_nothing_the_second_time() {
    let (_database, mut session) = clinic().await;
    let session = &mut session;
    let january = protocol(session, "2026-01-10", 1).await;
    let march = protocol(session, "2026-03-10", 1).await;
    scores(session, &january, &[(1, BEFORE, "20"), (1, LAST, "10")]).await;
    assert_eq!(refresh(session).await, "2 written, 0 removed");

    let versions = "SELECT concat(summary_id, ' ', xmin, ' ', xmax) FROM outcomes_summary ORDER BY month";
    let before = session.rows(versions).await;
    assert_eq!(refresh(session).await, "0 written, 0 removed");
    assert_eq!(refresh_months(session, "'2026-01-01', '2026-03-01'").await, "0 written, 0 removed");
    assert_eq!(session.rows(versions).await, before);

    // A column that the summary does not use is no change.
    session
        .run(
            "UPDATE log_clinical_records SET dosage_mg = 5, updated_at = now();
              UPDATE assessment_responses SET score = score, site_id = 3;
              INSERT INTO log_clinical_records (site_id) VALUES (1)",
        )
        .await
        .unwrap();
    assert_eq!(session.one("SELECT count(*)::text FROM praxis.outcomes_changes").await, "0");

    // One cell changes; the other stays as it is.
    session
        .run(format!("UPDATE log_clinical_records SET safety_event_id = 1 WHERE record_id = {march}"))
        .await
        .unwrap();
    assert_eq!(refresh(session).await, "1 written, 0 removed");
    let after = session.rows(versions).await;
    assert_eq!(after[0], before[0]);
    assert_ne!(after[1], before[1]);
    assert_eq!(cells(session).await, ["1/1 2026-01: 1 100.00 0.00 0.00", "1/1 2026-03: 1 - - 100.00"]);
}

#[tokio::test]
async fn a_change_of_a_record_or_score_reaches_every_cell_that_it_touches() {
    let (_database, mut session) = clinic().await;
    let session = &mut session;
    let record = protocol(session, "2026-01-10", 1).await;
    scores(session, &record, &[(1, BEFORE, "20"), (1, LATER, "10"), (1, LAST, "15")]).await;
    refresh(session).await;
    assert_eq!(cells(session).await, ["1/1 2026-01: 1 0.00 0.00 0.00"]);
    for (change, refreshed, expected) in [
        // To another month, which makes a later score a baseline.
        (
            "UPDATE log_clinical_records SET session_date = '2026-02-10'",
            "1 written, 1 removed",
            "1/1 2026-02: 1 0.00 0.00 0.00",
        ),
        (
            "DELETE FROM assessment_responses WHERE score = 15",
            "1 written, 0 removed",
            "1/1 2026-02: 1 - - 0.00",
        ),
        (
            "UPDATE log_clinical_records SET session_date = '2026-02-01'",
            "1 written, 0 removed",
            "1/1 2026-02: 1 100.00 0.00 0.00",
        ),
        // To another site, with its scores.
        (
            "UPDATE log_clinical_records SET site_id = 2",
            "1 written, 1 removed",
            "2/1 2026-02: 1 100.00 0.00 0.00",
        ),
        (
            "UPDATE log_clinical_records SET substance_id = 2",
            "1 written, 1 removed",
            "2/2 2026-02: 1 100.00 0.00 0.00",
        ),
        (
            "UPDATE log_clinical_records SET safety_event_id = 3",
            "1 written, 0 removed",
            "2/2 2026-02: 1 100.00 0.00 100.00",
        ),
        (
            "UPDATE assessment_responses SET score = 2 WHERE score = 10",
            "1 written, 0 removed",
            "2/2 2026-02: 1 100.00 100.00 100.00",
        ),
        (
            "UPDATE assessment_responses SET assessment_id = 9 WHERE score = 2",
            "1 written, 0 removed",
            "2/2 2026-02: 1 - - 100.00",
        ),
        (
            "UPDATE assessment_responses SET assessment_id = 1, completed_at = '2026-01-01' WHERE score = 2",
            "0 written, 0 removed",
            "2/2 2026-02: 1 - - 100.00",
        ),
        // Thresholds and the kind of an indication are part of the judgement.
        (
            "UPDATE assessment_responses SET completed_at = '2026-04-01', score = 12 WHERE score = 2",
            "1 written, 0 removed",
            "2/2 2026-02: 1 0.00 0.00 100.00",
        ),
        (
            "UPDATE ref_assessments SET response_change_percent = 40 WHERE assessment_id = 1",
            "1 written, 0 removed",
            "2/2 2026-02: 1 100.00 0.00 100.00",
        ),
        (
            "UPDATE ref_assessments SET remission_score = 13 WHERE assessment_id = 1",
            "1 written, 0 removed",
            "2/2 2026-02: 1 100.00 100.00 100.00",
        ),
        ("TRUNCATE assessment_responses", "1 written, 0 removed", "2/2 2026-02: 1 - - 100.00"),
    ] {
        session.run(change).await.unwrap();
        assert_eq!(refresh(session).await, refreshed, "{change}");
        assert_eq!(cells(session).await, [expected], "{change}");
    }
    session.run("UPDATE log_clinical_records SET session_status = 'active'").await.unwrap();
    assert_eq!(refresh(session).await, "0 written, 1 removed");
    session.run("UPDATE log_clinical_records SET session_status = 'completed'").await.unwrap();
    assert_eq!(refresh(session).await, "1 written, 0 removed");
    session.run("DELETE FROM log_clinical_records").await.unwrap();
    assert_eq!(refresh(session).await, "0 written, 1 removed");
    protocol(session, "2026-05-10", 1).await;
    assert_eq!(refresh(session).await, "1 written, 0 removed");
    session.run("TRUNCATE log_clinical_records CASCADE").await.unwrap();
    assert_eq!(refresh(session).await, "0 written, 1 removed");
}

#[tokio::test]
async fn a_change_of_many_protocols_is_one_pass_even_after_single_ones() {
    // Comparing each row with each other one would exceed the timeout.
    let (_database, mut session) = clinic().await;
    let session = &mut session;
    session
        .run(
            "INSERT INTO log_clinical_records (site_id, substance_id, session_date, session_type, session_status)
             SELECT 1 + number % 3, 1, date '2026-01-01' + number % 61, 'dosing', 'completed'
             FROM generate_series(1, 25000) AS number",
        )
        .await
        .unwrap();
    refresh(session).await;
    session.run("SET statement_timeout = '30s'").await.unwrap();
    for record in 1..=7 {
        let single = format!("UPDATE log_clinical_records SET dosage_mg = 5 WHERE record_id = {record}");
        session.run(single).await.unwrap();
    }
    let notes = "SELECT concat_ws(' ', site_id, month) FROM praxis.outcomes_changes ORDER BY 1";
    assert_eq!(session.rows(notes).await, Vec::<String>::new());
    session.run("UPDATE log_clinical_records SET safety_event_id = 1 WHERE site_id = 2").await.unwrap();
    assert_eq!(session.rows(notes).await, ["2 2026-01-01", "2 2026-02-01", "2 2026-03-01"]);
    session.run("UPDATE log_clinical_records SET safety_event_id = 2").await.unwrap();
    assert_eq!(session.one("SELECT count(*)::text FROM praxis.outcomes_changes").await, "12");
}

#[tokio::test]
async fn given_months_are_refreshed_and_no_others() {
    let (_database, mut session) = clinic().await;
    let session = &mut session;
    for day in ["2026-01-31", "2026-02-01", "2026-02-28", "2026-03-01"] {
        protocol(session, day, 1).await;
    }
    assert_eq!(refresh_months(session, "'2026-02-15'").await, "1 written, 0 removed");
    assert_eq!(cells(session).await, ["1/1 2026-02: 2 - - 0.00"]);
    assert_eq!(refresh_months(session, "'2026-01-31', '2026-02-01'").await, "1 written, 0 removed");
    // A manually written cell is replaced with its month, and not before.
    session
        .run("INSERT INTO outcomes_summary (site_id, substance_id, month, total_protocols) VALUES (3, 1, '2026-03-01', 9)")
        .await
        .unwrap();
    assert_eq!(refresh_months(session, "'2026-02-01'").await, "0 written, 0 removed");
    assert_eq!(refresh_months(session, "'2026-03-01'").await, "1 written, 1 removed");
    assert_eq!(refresh(session).await, "0 written, 0 removed");
    assert_eq!(cells(session).await.len(), 3);

    for months in
        ["NULL, '2026-01-01'", "'2026-02-01', '2026-01-31'", "'infinity'", "'2026-01-01', 'infinity'"]
    {
        let error = session.run(format!("SELECT praxis.refresh_outcomes({months})")).await.unwrap_err();
        assert!(error.contains("there are no months from"), "{error}");
    }
    let old = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT praxis.refresh_outcomes()";
    assert!(session.run(old).await.unwrap_err().contains("READ COMMITTED"));
    session.run("ROLLBACK").await.unwrap();
}

#[tokio::test]
async fn whatever_changes_the_next_refresh_is_as_good_as_a_full_one() {
    let (_database, mut session) = clinic().await;
    let session = &mut session;
    session
        .run(
            "SELECT setseed(0.25);
             INSERT INTO log_clinical_records (site_id, substance_id, session_date, session_type, session_status, indication_id)
             SELECT 1 + number % 3, 1 + number % 2, date '2026-01-01' + number, 'dosing', 'completed', 1 + number % 9
             FROM generate_series(1, 120) AS number",
        )
        .await
        .unwrap();
    // Each statement changes random rows, often several at once, often none that counts.
    let changes = [
        "INSERT INTO assessment_responses (protocol_id, assessment_id, completed_at, score)
         SELECT record_id, (ARRAY[1, 2, 9, 14, 15])[1 + floor(random() * 5)],
           timestamptz '2026-01-01Z' + random() * interval '200 days', floor(random() * 28)
         FROM log_clinical_records WHERE random() < 0.2",
        "UPDATE assessment_responses SET score = floor(random() * 28) WHERE random() < 0.05",
        "UPDATE assessment_responses SET protocol_id = (SELECT min(record_id) FROM log_clinical_records
           WHERE record_id > protocol_id) WHERE random() < 0.03",
        "UPDATE assessment_responses SET completed_at = completed_at - interval '20 days' WHERE random() < 0.03",
        "DELETE FROM assessment_responses WHERE random() < 0.03",
        "UPDATE log_clinical_records SET site_id = 1 + floor(random() * 3) WHERE random() < 0.03",
        "UPDATE log_clinical_records SET session_date = session_date + floor(random() * 61)::int - 30 WHERE random() < 0.03",
        "UPDATE log_clinical_records SET session_status = (ARRAY['draft', 'completed'])[1 + floor(random() * 2)]
         WHERE random() < 0.05",
        "UPDATE log_clinical_records SET safety_event_id = 1, indication_id = 1 + floor(random() * 9) WHERE random() < 0.03",
        "UPDATE log_clinical_records SET substance_id = nullif(floor(random() * 3), 0) WHERE random() < 0.05",
        "DELETE FROM log_clinical_records WHERE random() < 0.02
           AND NOT EXISTS (SELECT FROM assessment_responses WHERE protocol_id = record_id)",
        "UPDATE ref_assessments SET response_change_percent = 1 + floor(random() * 99)
         WHERE response_change_percent IS NOT NULL AND random() < 0.1",
    ];
    let everything = "'1900-01-01', '2100-01-01'";
    let mut written = 0;
    for round in 0..60 {
        for _ in 0..=round % 3 {
            let which: usize = session
                .one(format!("SELECT floor(random() * {})::text", changes.len()))
                .await
                .parse()
                .unwrap();
            session.run(changes[which]).await.unwrap();
        }
        let said = refresh(session).await;
        written += usize::from(said != "0 written, 0 removed");
        let incremental = cells(session).await;
        assert_eq!(refresh_months(session, everything).await, "0 written, 0 removed", "round {round}");
        if round % 10 == 9 {
            session.run("DELETE FROM outcomes_summary").await.unwrap();
            refresh_months(session, everything).await;
            assert_eq!(cells(session).await, incremental);
        }
    }
    assert!(written > 30, "{written} rounds changed something");
}

/// Returns true if a session waits for a lock.
pub(crate) async fn waits(session: &mut Session) -> bool {
    let waiting = "SELECT (count(*) > 0)::text FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    for _ in 0..200 {
        if session.one(waiting).await == "true" {
            return true;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    false
}

#[tokio::test]
async fn the_second_of_two_at_once_waits_and_finds_nothing_to_do() {
    let (database, mut session) = clinic().await;
    protocol(&mut session, "2026-01-10", 1).await;
    for end in ["COMMIT", "ROLLBACK"] {
        session.run("UPDATE log_clinical_records SET session_date = session_date + 31").await.unwrap();
        let (mut first, mut second) = (database.connect().await, database.connect().await);
        first.run("BEGIN").await.unwrap();
        let said = refresh(&mut first).await;
        let other = tokio::spawn(async move { refresh(&mut second).await });
        assert!(waits(&mut session).await, "the second waits");
        first.run(end).await.unwrap();
        // Marks that were taken but rolled back are there for the other one.
        let expected = if end == "COMMIT" { "0 written, 0 removed" } else { said.as_str() };
        assert_eq!(other.await.unwrap(), expected, "{end}");
        assert_eq!(cells(&mut session).await.len(), 1);
        assert_eq!(refresh_months(&mut session, "'2026-01-01', '2026-12-01'").await, "0 written, 0 removed");
    }
}

#[tokio::test]
async fn given_months_wait_for_a_run_as_well() {
    // Otherwise one refresh could overwrite the newer result of another with its older one.
    let (database, mut session) = clinic().await;
    let (mut first, mut second) = (database.connect().await, database.connect().await);
    first.run("BEGIN").await.unwrap();
    assert_eq!(refresh(&mut first).await, "0 written, 0 removed");
    protocol(&mut session, "2026-01-10", 1).await;
    let other = tokio::spawn(async move { refresh_months(&mut second, "'2026-01-01'").await });
    assert!(waits(&mut session).await, "the second waits");
    protocol(&mut session, "2026-01-11", 1).await;
    first.run("COMMIT").await.unwrap();
    assert_eq!(other.await.unwrap(), "1 written, 0 removed");
    assert_eq!(cells(&mut session).await, ["1/1 2026-01: 2 - - 0.00"]);
}

#[tokio::test]
async fn many_at_once_while_others_write_leave_nothing_behind() {
    let (database, mut session) = clinic().await;
    for day in 1..=20 {
        protocol(&mut session, &format!("2026-01-{day:02}"), 1).await;
    }
    let mut tasks = Vec::new();
    for number in 0..4 {
        let mut writer = database.connect().await;
        tasks.push(tokio::spawn(async move {
            for turn in 0..25 {
                let record = 1 + (number * 5 + turn) % 20;
                scores(&mut writer, &record.to_string(), &[(1, BEFORE, "20"), (1, LAST, "9")]).await;
                writer
                    .run(format!("UPDATE log_clinical_records SET session_date = session_date + 7 WHERE record_id = {record}"))
                    .await
                    .unwrap();
            }
        }));
    }
    for _ in 0..3 {
        let mut other = database.connect().await;
        tasks.push(tokio::spawn(async move {
            for _ in 0..15 {
                refresh(&mut other).await;
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    refresh(&mut session).await;
    assert_eq!(refresh_months(&mut session, "'2026-01-01', '2027-12-01'").await, "0 written, 0 removed");
    assert_eq!(session.one("SELECT sum(total_protocols)::text FROM outcomes_summary").await, "20");
}

#[tokio::test]
async fn a_change_that_is_committed_during_a_refresh_is_for_the_next_one() {
    let (database, mut session) = clinic().await;
    let record = protocol(&mut session, "2026-01-10", 1).await;
    refresh(&mut session).await;
    let mut writer = database.connect().await;

    // It is open before the refresh and commits during it, in a cell that another change marks as well.
    writer.run("BEGIN").await.unwrap();
    protocol(&mut writer, "2026-01-11", 1).await;
    protocol(&mut session, "2026-01-12", 1).await;
    session.run("BEGIN").await.unwrap();
    assert_eq!(refresh(&mut session).await, "1 written, 0 removed");
    writer.run("COMMIT").await.unwrap();
    session.run("COMMIT").await.unwrap();
    assert_eq!(cells(&mut session).await, ["1/1 2026-01: 2 - - 0.00"]);
    assert_eq!(refresh(&mut session).await, "1 written, 0 removed");
    assert_eq!(cells(&mut session).await, ["1/1 2026-01: 3 - - 0.00"]);

    // A score of a protocol that another transaction moves to the next month: the move waits for the score.
    writer.run("BEGIN").await.unwrap();
    scores(&mut writer, &record, &[(1, BEFORE, "20"), (1, LAST, "9")]).await;
    let mut mover = database.connect().await;
    let update =
        format!("UPDATE log_clinical_records SET session_date = '2026-02-10' WHERE record_id = {record}");
    let other = tokio::spawn(async move { mover.run(update).await });
    assert!(waits(&mut session).await, "the move waits");
    assert_eq!(refresh(&mut session).await, "0 written, 0 removed");
    writer.run("COMMIT").await.unwrap();
    assert_eq!(other.await.unwrap(), Ok(1));
    assert_eq!(refresh(&mut session).await, "2 written, 0 removed");
    assert_eq!(cells(&mut session).await, ["1/1 2026-01: 2 - - 0.00", "1/1 2026-02: 1 100.00 0.00 0.00"]);

    // A threshold changes while a refresh computes a cell.
    writer.run("BEGIN; UPDATE ref_assessments SET response_change_percent = 80").await.unwrap();
    let april = protocol(&mut session, "2026-04-10", 1).await;
    scores(&mut session, &april, &[(1, BEFORE, "20"), (1, "2026-05-01", "9")]).await;
    assert_eq!(refresh(&mut session).await, "1 written, 0 removed");
    writer.run("COMMIT").await.unwrap();
    assert_eq!(refresh(&mut session).await, "2 written, 0 removed");
}

#[tokio::test]
async fn clients_note_their_changes_and_cannot_refresh() {
    let (database, mut session) = clinic().await;
    session
        .run(
            "INSERT INTO auth.users (id) VALUES ('00000000-0000-4000-8000-00000000000c');
             INSERT INTO user_sites (user_id, site_id, role) VALUES ('00000000-0000-4000-8000-00000000000c', 1, 'clinician')",
        )
        .await
        .unwrap();
    let mut client = database.connect_as("praxis_gateway").await;
    for role in ["anon", "authenticated"] {
        client.become_client(role, Some(crate::access::CLINICIAN)).await;
        for statement in ["SELECT praxis.refresh_outcomes()", "SELECT FROM praxis.outcomes_changes"] {
            client.run("SAVEPOINT attempt").await.unwrap();
            let error = client.run(statement).await.unwrap_err();
            assert!(error.contains("permission denied for "), "{error}");
            client.run("ROLLBACK TO attempt").await.unwrap();
        }
        client.run("ROLLBACK").await.unwrap();
    }
    let error = client.run("SELECT praxis.refresh_outcomes()").await.unwrap_err();
    assert!(error.contains("permission denied for function refresh_outcomes"), "{error}");
    let allowed = "SELECT concat(role, ' ', oid::regprocedure) FROM pg_proc,
          unnest(ARRAY['anon', 'authenticated', 'praxis_gateway', 'service_role']) AS role
        WHERE pronamespace = 'praxis'::regnamespace AND proname ~ 'outcomes|^note_|month'
          AND has_function_privilege(role, oid, 'EXECUTE')";
    assert_eq!(session.rows(allowed).await, Vec::<String>::new());

    client.become_client("authenticated", Some(crate::access::CLINICIAN)).await;
    let record = protocol(&mut client, "2026-01-10", 1).await;
    scores(&mut client, &record, &[(1, BEFORE, "20"), (1, LAST, "9")]).await;
    client.run("COMMIT").await.unwrap();
    assert_eq!(refresh(&mut session).await, "1 written, 0 removed");

    // A role with the grant may, without seeing a record.
    session
        .run(
            "CREATE ROLE clerk LOGIN; GRANT USAGE ON SCHEMA praxis TO clerk;
             GRANT EXECUTE ON FUNCTION praxis.refresh_outcomes TO clerk",
        )
        .await
        .unwrap();
    let mut clerk = database.connect_as("clerk").await;
    session.run("UPDATE log_clinical_records SET safety_event_id = 1").await.unwrap();
    assert_eq!(refresh(&mut clerk).await, "1 written, 0 removed");
    assert!(clerk.run("SELECT FROM log_clinical_records").await.is_err());
    assert_eq!(cells(&mut session).await, ["1/1 2026-01: 1 100.00 0.00 100.00"]);
}

#[tokio::test]
async fn an_ordinary_owner_refreshes_every_site() {
    let cluster: &'static crate::cluster::Cluster = Box::leak(Box::new(crate::cluster::Cluster::start()));
    cluster.database().await.connect().await.run("CREATE ROLE owner LOGIN CREATEROLE").await.unwrap();
    let database = cluster.database_of("owner").await;
    migration::up(&database.url_of("owner")).await.unwrap();
    let mut owner = database.connect_as("owner").await;
    owner.run(crate::access::DATA).await.unwrap();
    owner.run("UPDATE log_clinical_records SET session_status = 'completed'").await.unwrap();
    refresh(&mut owner).await;
    assert_eq!(
        cells(&mut owner).await,
        ["1/1 2026-01: 1 - - 0.00", "1/2 2026-01: 1 - - 0.00", "2/3 2026-01: 1 - - 0.00"]
    );
}

#[tokio::test]
async fn the_first_refresh_after_the_migration_computes_what_was_there_before() {
    let (database, mut session) = clinic().await;
    protocol(&mut session, "2026-01-10", 1).await;
    let steps = migration::migrations().iter().rev().position(|it| it.name.ends_with("refresh_outcomes"));
    let steps = u32::try_from(steps.unwrap()).unwrap() + 1;
    for _ in 0..2 {
        migration::down(&database.url(), steps).await.unwrap();
        session
            .run("DELETE FROM outcomes_summary; UPDATE log_clinical_records SET session_date = session_date + 31")
            .await
            .unwrap();
        migration::up(&database.url()).await.unwrap();
        assert_eq!(refresh(&mut session).await, "1 written, 0 removed");
    }
    let thresholds = "SELECT concat_ws(' ', assessment_code, response_change_percent, remission_score)
        FROM ref_assessments WHERE num_nonnulls(response_change_percent, remission_score) > 0 ORDER BY 1";
    assert_eq!(
        session.rows(thresholds).await,
        ["CAPS5 20.00", "GAD7 50.00 5.00", "MADRS 50.00 10.00", "PHQ9 50.00 5.00"]
    );
    for wrong in ["response_change_percent = 0", "response_change_percent = 101", "remission_score = 28"] {
        let update = format!("UPDATE ref_assessments SET {wrong} WHERE assessment_code = 'PHQ9'");
        assert!(session.run(update).await.is_err(), "{wrong}");
    }
}
