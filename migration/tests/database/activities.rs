//! `session_activities` follows the events.

use crate::cluster::{Database, Session, migrated};

/// Returns a database with two sites with a protocol each, one more protocol at the first, and nothing to refresh.
async fn clinic() -> (Database, Session) {
    let database = migrated().await;
    let mut session = database.connect().await;
    session
        .run(
            "INSERT INTO sites (site_id, site_name) VALUES (1, 'One'), (2, 'Two');
             INSERT INTO log_clinical_records (site_id) VALUES (1), (1), (2)",
        )
        .await
        .unwrap();
    assert_eq!(refresh(&mut session).await, "0 written, 0 removed");
    (database, session)
}

async fn refresh(session: &mut Session) -> String {
    session
        .one("SELECT format('%s written, %s removed', cells_written, cells_removed) FROM praxis.refresh_activities()")
        .await
}

/// Returns every row: site, type, month; events, protocols, intensities, their sum and maximum.
async fn cells(session: &mut Session) -> Vec<String> {
    session
        .rows(
            "SELECT format('%s/%s %s: %s %s %s %s %s', site_id, event_type_id, to_char(month, 'YYYY-MM'), event_count,
               protocol_count, intensity_count, intensity_sum, coalesce(intensity_max::text, '-'))
             FROM session_activities ORDER BY site_id, event_type_id, month",
        )
        .await
}

/// Returns the same, computed from all events at once.
async fn counted(session: &mut Session) -> Vec<String> {
    session
        .rows(
            "SELECT format('%s/%s %s: %s %s %s %s %s', site_id, event_type_id, month, count(*),
               count(DISTINCT protocol_id), count(intensity_level), coalesce(sum(intensity_level), 0),
               coalesce(max(intensity_level)::text, '-'))
             FROM (SELECT *, to_char(event_timestamp AT TIME ZONE 'UTC', 'YYYY-MM') AS month FROM session_events
               WHERE isfinite(event_timestamp)) AS event
             WHERE site_id IS NOT NULL AND event_type_id IS NOT NULL
             GROUP BY site_id, event_type_id, month ORDER BY site_id, event_type_id, month",
        )
        .await
}

async fn event(session: &mut Session, protocol: &str, kind: &str, moment: &str, intensity: &str) {
    session
        .run(format!(
            "INSERT INTO session_events (protocol_id, event_type_id, event_timestamp, intensity_level)
             VALUES ({protocol}, {kind}, '{moment}', {intensity})"
        ))
        .await
        .unwrap();
}

#[tokio::test]
async fn events_are_counted_by_site_type_and_month_of_utc() {
    let (_database, mut session) = clinic().await;
    let session = &mut session;
    for (protocol, kind, moment, intensity) in [
        ("1", "1", "2026-01-01T00:00Z", "4"),
        ("1", "1", "2026-01-31T23:59:59.999999Z", "7"),
        ("2", "1", "2026-01-15T10:00Z", "NULL"),
        ("1", "1", "2026-02-01T00:00Z", "NULL"),
        ("1", "1", "2026-02-01T01:00+02", "1"),
        ("1", "2", "2026-01-15T10:00Z", "9"),
        ("3", "1", "2026-01-15T10:00Z", "9"),
        // Without a type, without a protocol, without a month.
        ("1", "NULL", "2026-01-15T10:00Z", "10"),
        ("NULL", "1", "2026-01-15T10:00Z", "10"),
        ("1", "1", "infinity", "10"),
        ("1", "1", "-infinity", "10"),
        ("1", "1", "290000-01-01Z", "10"),
        ("1", "1", "0044-03-15Z BC", "10"),
    ] {
        event(session, protocol, kind, moment, intensity).await;
    }
    assert_eq!(refresh(session).await, "4 written, 0 removed");
    let expected = [
        "1/1 2026-01: 4 2 3 12 7",
        "1/1 2026-02: 1 1 0 0 -",
        "1/2 2026-01: 1 1 1 9 9",
        "2/1 2026-01: 1 1 1 9 9",
    ];
    assert_eq!(cells(session).await, expected);
    session
        .run("DELETE FROM session_activities; INSERT INTO praxis.activity_changes DEFAULT VALUES")
        .await
        .unwrap();
    assert_eq!(refresh(session).await, "4 written, 0 removed");
    assert_eq!(cells(session).await, expected);
}

#[tokio::test]
async fn a_tap_is_one_note_and_what_is_not_counted_is_none() {
    let (_database, mut session) = clinic().await;
    let session = &mut session;
    let notes = "SELECT concat(site_id, ' ', month) FROM praxis.activity_changes";
    event(session, "1", "1", "2026-01-15T10:00Z", "5").await;
    assert_eq!(session.rows(notes).await, ["1 2026-01-01"]);
    refresh(session).await;
    session
        .run(
            "INSERT INTO session_events (protocol_id, event_type_id, event_timestamp)
             SELECT 1 + number % 2, 1, '2026-02-15T10:00Z' FROM generate_series(1, 50) AS number",
        )
        .await
        .unwrap();
    assert_eq!(session.rows(notes).await, ["1 2026-02-01"], "one for each month of a site in a statement");
    refresh(session).await;

    let versions = "SELECT concat(month, ' ', xmin) FROM session_activities ORDER BY month";
    let before = session.rows(versions).await;
    session
        .run("UPDATE session_events SET notes = 'Asked for water', site_id = 2, intensity_level = intensity_level")
        .await
        .unwrap();
    session.run("INSERT INTO session_events (event_timestamp) VALUES (now())").await.unwrap();
    assert_eq!(session.rows(notes).await, Vec::<String>::new());
    session
        .run("INSERT INTO praxis.activity_changes (site_id, month) VALUES (1, '2026-01-01')")
        .await
        .unwrap();
    assert_eq!(refresh(session).await, "0 written, 0 removed");
    event(session, "1", "1", "2026-02-15T10:00Z", "5").await;
    assert_eq!(refresh(session).await, "1 written, 0 removed");
    let after = session.rows(versions).await;
    assert_eq!(after[0], before[0]);
    assert_ne!(after[1], before[1]);
}

#[tokio::test]
async fn a_change_of_many_events_is_one_pass_even_after_single_ones() {
    // Comparing each row with each other one would exceed the timeout.
    let (_database, mut session) = clinic().await;
    let session = &mut session;
    session
        .run(
            "INSERT INTO session_events (protocol_id, event_type_id, event_timestamp)
             SELECT 1 + number % 3, 1, timestamptz '2026-01-01Z' + number * interval '2 minutes'
             FROM generate_series(1, 30000) AS number",
        )
        .await
        .unwrap();
    refresh(session).await;
    session.run("SET statement_timeout = '30s'").await.unwrap();
    for event in 1..=7 {
        session
            .run(format!("UPDATE session_events SET notes = 'Water' WHERE event_id = {event}"))
            .await
            .unwrap();
    }
    let notes = "SELECT concat_ws(' ', site_id, month) FROM praxis.activity_changes ORDER BY 1";
    assert_eq!(session.rows(notes).await, Vec::<String>::new());
    session.run("UPDATE session_events SET intensity_level = 5 WHERE site_id = 2").await.unwrap();
    assert_eq!(session.rows(notes).await, ["2 2026-01-01", "2 2026-02-01"]);
    session.run("UPDATE session_events SET intensity_level = 6").await.unwrap();
    assert_eq!(session.one("SELECT count(*)::text FROM praxis.activity_changes").await, "6");
}

#[tokio::test]
async fn a_recount_reads_a_range_of_the_index() {
    let (database, mut session) = clinic().await;
    session
        .run(
            "DELETE FROM log_clinical_records;
             INSERT INTO sites (site_id, site_name) SELECT number, number FROM generate_series(3, 100) AS number;
             INSERT INTO log_clinical_records (record_id, site_id) OVERRIDING SYSTEM VALUE
             SELECT number, number FROM generate_series(1, 100) AS number;
             INSERT INTO session_events (protocol_id, event_type_id, event_timestamp)
             SELECT 1 + number % 100, 1, timestamptz '2025-01-01Z' + number * interval '10 minutes'
             FROM generate_series(1, 50000) AS number;
             ANALYZE session_events",
        )
        .await
        .unwrap();
    // A session that has scanned nothing yet.
    let mut session = database.connect().await;
    let counted = session
        .one(
            "SELECT concat_ws(' ', sum(event_count), pg_stat_get_xact_numscans('idx_events_site_time'::regclass),
               pg_stat_get_xact_numscans('idx_events_timestamp'::regclass),
               pg_stat_get_xact_numscans('session_events'::regclass))
             FROM praxis.activities_of(ARRAY[1, 2]::bigint[], ARRAY['2025-02-01', '2025-03-01']::date[])",
        )
        .await;
    assert_eq!(counted, "85 2 0 0", "two scans of the index, and none of another or of the table");
}

#[tokio::test]
async fn whatever_changes_the_next_refresh_is_as_good_as_a_full_one() {
    let (_database, mut session) = clinic().await;
    let session = &mut session;
    session
        .run(
            "SELECT setseed(0.75);
             INSERT INTO log_clinical_records (site_id) SELECT 1 + number % 2 FROM generate_series(1, 20) AS number",
        )
        .await
        .unwrap();
    let changes = [
        "INSERT INTO session_events (protocol_id, event_type_id, event_timestamp, intensity_level)
         SELECT nullif(floor(random() * 20), 0), nullif(floor(random() * 9), 0),
           timestamptz '2026-01-01Z' + random() * interval '150 days', nullif(floor(random() * 11), 0)
         FROM generate_series(1, 30)",
        "UPDATE session_events SET intensity_level = nullif(floor(random() * 11), 0) WHERE random() < 0.05",
        "UPDATE session_events SET event_timestamp = event_timestamp - interval '20 days' WHERE random() < 0.05",
        "UPDATE session_events SET event_type_id = nullif(floor(random() * 9), 0) WHERE random() < 0.05",
        "UPDATE session_events SET protocol_id = 1 + floor(random() * 20) WHERE random() < 0.05",
        "DELETE FROM session_events WHERE random() < 0.1",
        "DELETE FROM session_events WHERE event_type_id = 1 + floor(random() * 8)",
        // Events move with their protocol to another site, and are deleted with it.
        "UPDATE log_clinical_records SET site_id = 1 + floor(random() * 2) WHERE random() < 0.1",
        "DELETE FROM log_clinical_records WHERE random() < 0.02 AND record_id > 3",
    ];
    let mut removed = 0;
    for round in 0..80 {
        let which: usize =
            session.one(format!("SELECT floor(random() * {})::text", changes.len())).await.parse().unwrap();
        if let Err(error) = session.run(changes[which]).await {
            assert!(error.contains("violates foreign key"), "{error}");
        }
        let said = refresh(session).await;
        removed += usize::from(!said.ends_with("0 removed"));
        assert_eq!(cells(session).await, counted(session).await, "round {round}: {} {said}", changes[which]);
        if round % 20 == 19 {
            session.run("INSERT INTO praxis.activity_changes DEFAULT VALUES").await.unwrap();
            assert_eq!(refresh(session).await, "0 written, 0 removed");
        }
    }
    assert!(removed > 5, "{removed} rounds removed something");
    event(session, "1", "1", "2026-01-15T10:00Z", "5").await;
    refresh(session).await;
    assert!(!cells(session).await.is_empty());
    session.run("TRUNCATE session_events").await.unwrap();
    refresh(session).await;
    assert_eq!(cells(session).await, Vec::<String>::new());
}

#[tokio::test]
async fn the_second_of_two_at_once_waits_and_finds_nothing_to_do() {
    let (database, mut session) = clinic().await;
    for (end, other_writes) in [("COMMIT", "0 written, 0 removed"), ("ROLLBACK", "1 written, 0 removed")] {
        event(&mut session, "1", "1", "2026-01-15T10:00Z", "5").await;
        let (mut first, mut second) = (database.connect().await, database.connect().await);
        first.run("BEGIN").await.unwrap();
        assert_eq!(refresh(&mut first).await, "1 written, 0 removed");
        let other = tokio::spawn(async move { refresh(&mut second).await });
        assert!(crate::outcomes::waits(&mut session).await, "the second waits");
        first.run(end).await.unwrap();
        assert_eq!(other.await.unwrap(), other_writes, "{end}");
        assert_eq!(cells(&mut session).await, counted(&mut session).await);
    }
}

#[tokio::test]
async fn many_at_once_while_others_tap_leave_nothing_behind() {
    let (database, mut session) = clinic().await;
    let mut tasks = Vec::new();
    for protocol in 1..=3 {
        let mut writer = database.connect().await;
        tasks.push(tokio::spawn(async move {
            for turn in 0..40 {
                let moment = format!("2026-0{}-15T10:00Z", 1 + turn % 3);
                event(&mut writer, &protocol.to_string(), "1", &moment, "5").await;
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
    assert_eq!(cells(&mut session).await, counted(&mut session).await);
    assert_eq!(session.one("SELECT sum(event_count)::text FROM session_activities").await, "120");
}

#[tokio::test]
async fn events_that_are_committed_during_a_refresh_are_for_the_next_one() {
    let (database, mut session) = clinic().await;
    event(&mut session, "1", "1", "2026-01-15T10:00Z", "5").await;
    let mut writer = database.connect().await;
    writer.run("BEGIN").await.unwrap();
    event(&mut writer, "1", "1", "2026-01-16T10:00Z", "5").await;
    session.run("BEGIN").await.unwrap();
    assert_eq!(refresh(&mut session).await, "1 written, 0 removed");
    writer.run("COMMIT").await.unwrap();
    session.run("COMMIT").await.unwrap();
    assert_eq!(cells(&mut session).await, ["1/1 2026-01: 1 1 1 5 5"]);
    assert_eq!(refresh(&mut session).await, "1 written, 0 removed");
    assert_eq!(cells(&mut session).await, ["1/1 2026-01: 2 1 2 10 5"]);
}

#[tokio::test]
async fn clinicians_note_what_they_tap() {
    let (database, mut session) = clinic().await;
    session
        .run(format!(
            "INSERT INTO auth.users (id) VALUES ('{id}');
             INSERT INTO user_sites (user_id, site_id, role) VALUES ('{id}', 1, 'clinician')",
            id = crate::access::CLINICIAN
        ))
        .await
        .unwrap();
    let mut client = database.connect_as("praxis_gateway").await;
    client.become_client("authenticated", Some(crate::access::CLINICIAN)).await;
    event(&mut client, "1", "1", "2026-01-15T10:00Z", "5").await;
    client.run("COMMIT").await.unwrap();
    assert_eq!(refresh(&mut session).await, "1 written, 0 removed");
}
