//! Scores and their baselines: the columns that triggers maintain, and the view `score_trends`.

use crate::cluster::{Database, Session, migrated};

/// Returns a database with a site and protocol 1 on 10 January. Instruments: 1 PHQ-9, 2 GAD-7, 9 WHOQOL (higher is better), 14
/// CAPS-5.
async fn clinic() -> (Database, Session) {
    let database = migrated().await;
    let mut session = database.connect().await;
    session
        .run(
            "INSERT INTO sites (site_name) VALUES ('One');
             INSERT INTO log_clinical_records (site_id, substance_id, session_date) VALUES (1, 2, '2026-01-10'), (1, 1, '2026-01-10')",
        )
        .await
        .unwrap();
    (database, session)
}

/// A table that holds scores, with its columns: instrument, two of its values, time, score.
type Table = (&'static str, &'static str, [&'static str; 2], &'static str, &'static str);

const TABLES: [Table; 2] = [
    ("assessment_responses", "assessment_id", ["1", "2"], "completed_at", "score"),
    ("integration_scores", "scale_type", ["'IES'", "'EIS'"], "measured_at", "score_value"),
];

/// Returns score, days after the dose and baseline of each row, in order of the score.
async fn rows(session: &mut Session, table: &str, score: &str) -> Vec<String> {
    session
        .rows(format!(
            "SELECT format('%s on %s from %s', {score}::float, coalesce(days_post_dose::text, '-'),
               coalesce(baseline_score::float::text, '-')) FROM {table} ORDER BY {score}"
        ))
        .await
}

/// A step: its description, its statement, and the rows after it (score, days after the dose, baseline).
type Case = (&'static str, String, Vec<&'static str>);

/// Returns steps that insert, correct and delete scores of a table.
fn scores_come_and_go(table: &Table) -> Vec<Case> {
    let (table, instrument, [one, other], time, score) = table;
    let insert = |protocol: u32, instrument_value: &str, moment: &str, value: u32| {
        format!(
            "INSERT INTO {table} (protocol_id, {instrument}, {time}, {score})
             VALUES ({protocol}, {instrument_value}, '{moment}', {value})"
        )
    };
    vec![
        (
            "a later score alone has no baseline",
            insert(1, one, "2026-01-17T09:00Z", 10),
            vec!["10 on 7 from -"],
        ),
        (
            "a baseline that comes afterwards reaches it",
            insert(1, one, "2026-01-09T09:00Z", 20),
            vec!["10 on 7 from 20", "20 on -1 from 20"],
        ),
        (
            "one further back is none",
            insert(1, one, "2025-12-01T09:00Z", 21),
            vec!["10 on 7 from 20", "20 on -1 from 20", "21 on -40 from 20"],
        ),
        (
            "the day of the session is before, in UTC; another instrument and protocol are others",
            [
                insert(1, one, "2026-01-11T01:30+02", 22),
                insert(1, one, "2026-01-11T00:00Z", 11),
                insert(1, other, "2026-01-20T09:00Z", 12),
                insert(2, one, "2026-01-20T09:00Z", 13),
            ]
            .join(";"),
            vec![
                "10 on 7 from 22",
                "11 on 1 from 22",
                "12 on 10 from -",
                "13 on 10 from -",
                "20 on -1 from 22",
                "21 on -40 from 22",
                "22 on 0 from 22",
            ],
        ),
        (
            "a correction of it reaches the others",
            format!("UPDATE {table} SET {score} = 23 WHERE {score} = 22"),
            vec![
                "10 on 7 from 23",
                "11 on 1 from 23",
                "12 on 10 from -",
                "13 on 10 from -",
                "20 on -1 from 23",
                "21 on -40 from 23",
                "23 on 0 from 23",
            ],
        ),
        (
            "so does its end",
            format!("DELETE FROM {table} WHERE {score} IN (23, 21)"),
            vec![
                "10 on 7 from 20",
                "11 on 1 from 20",
                "12 on 10 from -",
                "13 on 10 from -",
                "20 on -1 from 20",
            ],
        ),
    ]
}

/// Returns steps that move scores to other protocols, and sessions to other days.
fn scores_and_sessions_move(table: &Table) -> Vec<Case> {
    let (table, instrument, [one, other], time, score) = table;
    vec![
        (
            "it goes to another instrument",
            format!("UPDATE {table} SET {instrument} = {other} WHERE {score} = 20"),
            vec!["10 on 7 from -", "11 on 1 from -", "12 on 10 from 20", "13 on 10 from -", "20 on -1 from 20"],
        ),
        (
            "it goes to another protocol",
            format!("UPDATE {table} SET {instrument} = {one}, protocol_id = 2 WHERE {score} = 20"),
            vec!["10 on 7 from -", "11 on 1 from -", "12 on 10 from -", "13 on 10 from 20", "20 on -1 from 20"],
        ),
        (
            "it goes to a later day",
            format!("UPDATE {table} SET {time} = '2026-01-12T09:00Z' WHERE {score} = 20"),
            vec!["10 on 7 from -", "11 on 1 from -", "12 on 10 from -", "13 on 10 from -", "20 on 2 from -"],
        ),
        (
            "the session moves",
            "UPDATE log_clinical_records SET session_date = '2026-01-12'".to_owned(),
            vec!["10 on 5 from 11", "11 on -1 from 11", "12 on 8 from -", "13 on 8 from 20", "20 on 0 from 20"],
        ),
        (
            "the session has no day",
            "UPDATE log_clinical_records SET session_date = NULL".to_owned(),
            vec!["10 on - from -", "11 on - from -", "12 on - from -", "13 on - from -", "20 on - from -"],
        ),
        (
            "nothing that is sent counts",
            format!(
                "UPDATE log_clinical_records SET session_date = '2026-01-10';
                 UPDATE {table} SET baseline_score = 99, days_post_dose = 99, {score} = {score} WHERE {score} <> 12;
                 INSERT INTO {table} (protocol_id, {instrument}, {time}, {score}, baseline_score, days_post_dose)
                 VALUES (1, {one}, '2026-01-10', 24, 99, 99)"
            ),
            vec![
                "10 on 7 from 24",
                "11 on 1 from 24",
                "12 on 10 from -",
                "13 on 10 from -",
                "20 on 2 from -",
                "24 on 0 from 24",
            ],
        ),
        (
            "a score without an instrument or protocol has none",
            format!(
                "INSERT INTO {table} (protocol_id, {instrument}, {time}, {score})
                 VALUES (1, NULL, '2026-01-09', 25), (1, NULL, '2026-01-19', 26), (NULL, {one}, '2026-01-09', 27);
                 DELETE FROM {table} WHERE {score} BETWEEN 11 AND 20"
            ),
            vec!["10 on 7 from 24", "24 on 0 from 24", "25 on -1 from -", "26 on 9 from -", "27 on - from -"],
        ),
    ]
}

#[tokio::test]
async fn each_score_holds_the_last_one_up_to_the_day_of_the_session() {
    let (_database, mut session) = clinic().await;
    for table in &TABLES {
        for (what, change, expected) in
            scores_come_and_go(table).into_iter().chain(scores_and_sessions_move(table))
        {
            session.run(change).await.unwrap();
            assert_eq!(rows(&mut session, table.0, table.4).await, expected, "{}: {what}", table.0);
        }
    }
}

#[tokio::test]
async fn a_statement_writes_only_rows_that_are_wrong() {
    let (_database, mut session) = clinic().await;
    for (table, instrument, [one, _], time, score) in TABLES {
        session
            .run(format!(
                "INSERT INTO {table} (protocol_id, {instrument}, {time}, {score})
                 SELECT 1, {one}, timestamptz '2026-01-09Z' + number * interval '1 day', number
                 FROM generate_series(0, 9) AS number"
            ))
            .await
            .unwrap();
        let versions = format!("SELECT xmin::text FROM {table} ORDER BY {time}");
        let before = session.rows(&versions).await;
        session.run(format!("UPDATE {table} SET {score} = 50 WHERE {score} = 9")).await.unwrap();
        let after = session.rows(&versions).await;
        assert_eq!(before[..9], after[..9], "{table}: a later score is nobody's baseline");
        assert_ne!(before[9], after[9]);
    }
}

#[tokio::test]
async fn a_load_of_many_rows_is_one_pass_even_after_single_ones() {
    // Comparing each row with each other one would exceed the timeout on the fastest machine; one pass does not on the busiest.
    let (_database, mut session) = clinic().await;
    for (table, instrument, [one, _], time, score) in TABLES {
        let insert = |rows: u32| {
            format!(
                "INSERT INTO {table} (protocol_id, {instrument}, {time}, {score})
                 SELECT 1 + number % 2, {one}, timestamptz '2026-01-09Z' + number * interval '1 minute', number % 100
                 FROM generate_series(1, {rows}) AS number"
            )
        };
        session.run("SET statement_timeout = '90s'").await.unwrap();
        for rows in [1, 1, 1, 1, 1, 1, 1, 60_000] {
            session.run(insert(rows)).await.unwrap();
        }
        session.run(format!("UPDATE {table} SET {time} = {time} - interval '1 hour'")).await.unwrap();
        let renewed =
            format!("SELECT count(DISTINCT baseline_score) || ' ' || count(baseline_score) FROM {table}");
        assert_eq!(session.one(renewed).await, "2 60007");
    }
}

/// The query of `score_trends`, written differently: a look-up for each row.
const NAIVE: &str = "
    SELECT trend.source, trend.source_id, trend.protocol_id, trend.site_id,
      (SELECT substance_id FROM log_clinical_records WHERE record_id = trend.protocol_id) AS substance_id,
      trend.assessment_id, trend.score, trend.measured_at,
      trend.day - trend.session_date AS days_post_dose,
      base.score AS baseline, trend.score - base.score AS change,
      round(100 * (trend.score - base.score) / nullif(base.score, 0), 2) AS change_percent,
      (trend.score - base.score) * CASE WHEN higher_is_better THEN 1 ELSE -1 END AS improvement,
      trend.day > trend.session_date AND base.score > 0 AND CASE WHEN higher_is_better
          THEN trend.score >= base.score + base.score * response_change_percent / 100
          ELSE trend.score <= base.score - base.score * response_change_percent / 100 END AS judged_response,
      CASE WHEN trend.day > trend.session_date AND (base.score < remission_score) = higher_is_better
        THEN (trend.score < remission_score) <> higher_is_better END AS is_remission,
      response_change_percent
    FROM every AS trend
    LEFT JOIN ref_assessments AS assessment ON assessment.assessment_id = trend.assessment_id
    LEFT JOIN LATERAL (
      SELECT score FROM every AS earlier
      WHERE (earlier.source, earlier.protocol_id, earlier.assessment_id) = (trend.source, trend.protocol_id, trend.assessment_id)
        AND earlier.day <= trend.session_date
      ORDER BY measured_at DESC, source_id DESC LIMIT 1) AS base ON true";

#[tokio::test]
async fn a_trend_is_what_a_look_up_for_each_score_would_find_whatever_was_written() {
    let (_database, mut session) = clinic().await;
    session
        .run(
            "SELECT setseed(0.5);
             INSERT INTO log_clinical_records (site_id, substance_id, session_date)
             SELECT 1, nullif(number % 4, 0), CASE WHEN number % 9 > 0 THEN date '2026-01-01' + number END
             FROM generate_series(1, 120) AS number;
             UPDATE ref_assessments SET response_change_percent = 30, remission_score = 60 WHERE assessment_code IN ('WHOQOL', 'EIS')",
        )
        .await
        .unwrap();
    let moment = "timestamptz '2025-12-25Z' + floor(random() * 200) * interval '12 hours'";
    let protocol = "(SELECT min(record_id) FROM log_clinical_records WHERE record_id > protocol_id)";
    let changes = [
        format!(
            "INSERT INTO assessment_responses (protocol_id, assessment_id, completed_at, score)
             SELECT record_id, (ARRAY[1, 1, 9, 14, NULL])[1 + floor(random() * 5)], {moment}, floor(random() * 100)
             FROM log_clinical_records, generate_series(1, 3) WHERE random() < 0.4"
        ),
        format!(
            "INSERT INTO integration_scores (protocol_id, scale_type, measured_at, score_value)
             SELECT record_id, (ARRAY['IES', 'EIS', 'EIS', NULL])[1 + floor(random() * 4)], {moment}, floor(random() * 100)
             FROM log_clinical_records, generate_series(1, 3) WHERE random() < 0.4"
        ),
        "UPDATE assessment_responses SET score = floor(random() * 100) WHERE random() < 0.1".into(),
        "UPDATE integration_scores SET score_value = floor(random() * 100), scale_type = 'EIS' WHERE random() < 0.1".into(),
        format!("UPDATE assessment_responses SET completed_at = {moment}, assessment_id = 1 WHERE random() < 0.1"),
        format!("UPDATE integration_scores SET measured_at = {moment} WHERE random() < 0.1"),
        format!("UPDATE assessment_responses SET protocol_id = {protocol} WHERE random() < 0.1"),
        format!("UPDATE integration_scores SET protocol_id = {protocol}, score_value = 5 WHERE random() < 0.1"),
        "DELETE FROM assessment_responses WHERE random() < 0.1".into(),
        "DELETE FROM integration_scores WHERE random() < 0.1".into(),
        "UPDATE log_clinical_records SET session_date = session_date + floor(random() * 61)::int - 30 WHERE random() < 0.2".into(),
        "UPDATE assessment_responses SET baseline_score = 1, days_post_dose = NULL WHERE random() < 0.1".into(),
        "INSERT INTO log_clinical_records (site_id, session_date) VALUES (1, '2026-02-01')".into(),
        "DELETE FROM log_clinical_records WHERE random() < 0.02
           AND NOT EXISTS (SELECT FROM assessment_responses WHERE protocol_id = record_id)".into(),
    ];
    let columns = "source, source_id, protocol_id, site_id, substance_id, assessment_id, score, measured_at, days_post_dose,
        baseline, change, change_percent, improvement, is_response, is_remission";
    let every = "WITH every AS (
          SELECT 'integration' AS source, score_id AS source_id, s.protocol_id, s.site_id, assessment_id,
            score_value AS score, measured_at, (measured_at AT TIME ZONE 'UTC')::date AS day, session_date
          FROM integration_scores s LEFT JOIN ref_assessments ON assessment_code = scale_type
          LEFT JOIN log_clinical_records ON record_id = s.protocol_id
          UNION ALL
          SELECT 'assessment', response_id, r.protocol_id, r.site_id, assessment_id, score, completed_at,
            (completed_at AT TIME ZONE 'UTC')::date, session_date
          FROM assessment_responses r LEFT JOIN log_clinical_records ON record_id = r.protocol_id)";
    let naive = format!(
        "{every} SELECT {columns} FROM (SELECT *, CASE WHEN days_post_dose > 0 AND baseline > 0
           AND response_change_percent IS NOT NULL THEN judged_response END AS is_response FROM ({NAIVE}) AS naive) AS naive"
    );
    let trends = format!("SELECT {columns} FROM score_trends");
    for round in 0..40 {
        let which: usize =
            session.one(format!("SELECT floor(random() * {})::text", changes.len())).await.parse().unwrap();
        for change in if round == 0 { &changes[..2] } else { &changes[which..=which] } {
            session.run(change).await.unwrap();
        }
        let differing = format!(
            "SELECT row_to_json(differing)::text FROM (
               (({naive}) EXCEPT ALL ({trends})) UNION ALL (({trends}) EXCEPT ALL ({naive}))) AS differing LIMIT 4"
        );
        assert_eq!(session.rows(differing).await, Vec::<String>::new(), "round {round}: {}", changes[which]);
    }
    // The comparison covered every kind of row.
    let seen = "SELECT concat_ws(' ', count(*) > 100, count(change_percent) > 30, count(*) FILTER (WHERE is_response) > 3,
          count(*) FILTER (WHERE NOT is_response) > 3, count(*) FILTER (WHERE is_remission) > 3,
          count(*) FILTER (WHERE NOT is_remission) > 3, count(*) FILTER (WHERE improvement = change AND change <> 0) > 3,
          count(*) FILTER (WHERE improvement = -change AND change <> 0) > 3)
        FROM score_trends";
    assert_eq!(session.one(seen).await, "t t t t t t t t");
}

#[tokio::test]
async fn a_score_is_judged_by_the_thresholds_of_its_instrument() {
    let (_database, mut session) = clinic().await;
    session
        .run(
            "UPDATE ref_assessments SET response_change_percent = 20, remission_score = 60 WHERE assessment_code = 'WHOQOL'",
        )
        .await
        .unwrap();
    // Instrument, baseline, later score; change, percent, improvement, response, remission.
    for (assessment, before, later, expected) in [
        (1, "20", "10", "-10 -50 10 t f"),
        (1, "20", "10.01", "-9.99 -49.95 9.99 f f"),
        (1, "20", "4.99", "-15.01 -75.05 15.01 t t"),
        (1, "20", "25", "5 25 -5 f f"),
        (1, "4", "2", "-2 -50 2 t -"),
        (1, "0", "3", "3 - -3 - -"),
        (9, "40", "48", "8 20 8 t f"),
        (9, "40", "47.99", "7.99 19.98 7.99 f f"),
        (9, "50", "60", "10 20 10 t t"),
        (9, "60", "30", "-30 -50 -30 f -"),
        (14, "45", "19", "-26 -57.78 26 - t"),
        (4, "60", "10", "-50 -83.33 50 - -"),
        (1, "0.01", "100", "99.99 999900 -99.99 f -"),
    ] {
        session
            .run(format!(
                "DELETE FROM assessment_responses;
                 INSERT INTO assessment_responses (protocol_id, assessment_id, completed_at, score)
                 VALUES (1, {assessment}, '2026-01-10', {before}), (1, {assessment}, '2026-02-10', {later})"
            ))
            .await
            .unwrap();
        let judged = "SELECT concat_ws(' ', change::float, coalesce(change_percent::float::text, '-'), improvement::float,
              coalesce(left(is_response::text, 1), '-'), coalesce(left(is_remission::text, 1), '-'))
            FROM score_trends ORDER BY measured_at";
        assert_eq!(session.rows(judged).await[1], expected, "{assessment}: {before} → {later}");
        // The baseline itself has no change.
        let percent = if before == "0" { "-" } else { "0" };
        assert_eq!(session.rows(judged).await[0], format!("0 {percent} 0 - -"));
    }
}

/// Returns true if a session waits for a lock.
async fn waits(session: &mut Session) -> bool {
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
async fn of_two_who_write_at_once_the_second_sees_what_the_first_wrote() {
    let (database, mut session) = clinic().await;
    let later = "INSERT INTO assessment_responses (protocol_id, assessment_id, completed_at, score) VALUES (1, 1, '2026-02-10', 10)";
    let before = "INSERT INTO assessment_responses (protocol_id, assessment_id, completed_at, score) VALUES (1, 1, '2026-01-09', 20)";
    let moved = "UPDATE log_clinical_records SET session_date = '2026-02-20' WHERE record_id = 1";
    for (one, two, expected) in [
        (later, before, ["10 on 31 from 20", "20 on -1 from 20"].as_slice()),
        (before, later, &["10 on 31 from 20", "20 on -1 from 20"]),
        (later, moved, &["10 on -10 from 10"]),
        (moved, later, &["10 on -10 from 10"]),
    ] {
        session
            .run(
                "DELETE FROM assessment_responses;
                 UPDATE log_clinical_records SET session_date = '2026-01-10' WHERE record_id = 1",
            )
            .await
            .unwrap();
        let (mut first, mut second) = (database.connect().await, database.connect().await);
        first.run(format!("BEGIN; {one}")).await.unwrap();
        let other = tokio::spawn(async move { second.run(two).await });
        assert!(waits(&mut session).await, "{two} waits for {one}");
        first.run("COMMIT").await.unwrap();
        other.await.unwrap().unwrap();
        assert_eq!(rows(&mut session, "assessment_responses", "score").await, expected, "{one}, {two}");
    }
}

#[tokio::test]
async fn the_migration_fills_what_was_there_before() {
    let (database, mut session) = clinic().await;
    let steps = migration::migrations().iter().rev().position(|it| it.name.ends_with("keep_baselines"));
    migration::down(&database.url(), u32::try_from(steps.unwrap()).unwrap() + 1).await.unwrap();
    for (table, instrument, [one, _], time, score) in TABLES {
        session
            .run(format!(
                "INSERT INTO {table} (protocol_id, {instrument}, {time}, {score})
                 VALUES (1, {one}, '2026-01-09', 20), (1, {one}, '2026-01-19', 10)"
            ))
            .await
            .unwrap();
    }
    migration::up(&database.url()).await.unwrap();
    for (table, _, _, _, score) in TABLES {
        assert_eq!(
            rows(&mut session, table, score).await,
            ["10 on 9 from 20", "20 on -1 from 20"],
            "{table}"
        );
    }
}
