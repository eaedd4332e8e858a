//! The structured note of a session.

use crate::access::{CLINICIAN, DATA};
use crate::cluster::{Session, migrated};

/// A session of three hours, by a clock that is not UTC.
const COURSE: &str = "
    INSERT INTO log_clinical_records (site_id, session_type, session_number, substance_id, dosage_mg, route_id, session_date)
    VALUES (1, 'dosing', 2, 1, 25, 1, '2026-02-03');
    INSERT INTO session_events (protocol_id, event_type_id, event_timestamp, intensity_level, notes, dose_mg, heart_rate,
      systolic_mmhg, diastolic_mmhg, oxygen_saturation)
    SELECT 5, kind, timestamptz '2026-02-03T10:00:30+01' + minute * interval '1 minute', intensity, notes, dose, pulse,
      systolic, diastolic, oxygen
    FROM (VALUES
      (0, 4, 1, NULL, NULL, 70, 118, 76, 98),
      (20, 3, 2, 'Ambient', NULL, NULL, NULL, NULL, NULL),
      (45, 1, 4, E'Fear;\\n  hand held ', NULL, NULL, NULL, NULL, NULL),
      (60, 5, 6, NULL, 7.50, NULL, NULL, NULL, NULL),
      (80, 8, 8, 'Awe', NULL, NULL, NULL, NULL, NULL),
      (85, 6, NULL, '  ', NULL, NULL, NULL, NULL, NULL),
      (90, 2, 7, NULL, NULL, NULL, NULL, NULL, NULL),
      (121, 4, 5, NULL, NULL, 66, NULL, NULL, NULL),
      (180, 7, 2, NULL, NULL, NULL, NULL, NULL, NULL)
    ) AS event(minute, kind, intensity, notes, dose, pulse, systolic, diastolic, oxygen);
    INSERT INTO session_events (protocol_id, event_type_id, event_timestamp) VALUES (5, 1, 'infinity');
";

const NOTE: &str = "\
Session note: protocol 5, dosing session 2, Psilocybin, 25 mg, Oral
From 2026-02-03 09:00 to 2026-02-03 12:00 UTC: 3 h 0 min, 9 events
Intensity: mean 4.4, highest 8

Phases
  T+00:00 to T+00:20  onset, 2 events, mean 1.5, highest 2
  T+00:45 to T+01:00  rise, 2 events, mean 5.0, highest 6
  T+01:20 to T+01:30  peak, 3 events, mean 7.5, highest 8
  T+02:01  descent, 1 event, mean 5.0, highest 5
  T+03:00  after, 1 event, mean 2.0, highest 2

Events by type
  Vital Signs Check: 2, T+00:00 to T+02:01
  Bathroom Break: 1, T+01:25
  Booster Dose: 1, T+01:00
  Breakthrough: 1, T+01:30
  Distress: 1, T+00:45
  Integration Moment: 1, T+03:00
  Music Change: 1, T+00:20
  Peak Experience: 1, T+01:20

Doses
  T+01:00  Booster Dose, 7.5 mg
  In all 7.5 mg

Vital signs
  T+00:00  BP 118/76, HR 70, SpO2 98%
  T+02:01  HR 66

Notes
  T+00:20  Music Change, intensity 2: Ambient
  T+00:45  Distress, intensity 4: Fear; hand held
  T+01:20  Peak Experience, intensity 8: Awe

Quiet stretches
  T+01:30 to T+02:01  31 min
  T+02:01 to T+03:00  59 min";

async fn client() -> Session {
    let database = migrated().await;
    let mut owner = database.connect().await;
    owner.run(DATA).await.unwrap();
    owner.run(COURSE).await.unwrap();
    let mut client = database.connect_as("praxis_gateway").await;
    client.become_client("authenticated", Some(CLINICIAN)).await;
    client
}

#[tokio::test]
async fn the_same_events_write_the_same_note_wherever_the_clock_stands() {
    let mut client = client().await;
    let text = "SELECT text FROM session_notes WHERE protocol_id = 5";
    assert_eq!(client.one(text).await, NOTE);
    client.run("SET LOCAL TimeZone = 'Asia/Kathmandu'; SET LOCAL DateStyle = 'German'").await.unwrap();
    assert_eq!(client.one(text).await, NOTE);
}

#[tokio::test]
async fn the_note_has_its_numbers_as_columns() {
    let mut client = client().await;
    let note =
        "SELECT concat_ws(' ', started_at AT TIME ZONE 'UTC', duration_minutes, events, peak_intensity,
          peak_at - started_at, mean_intensity, doses, total_dose_mg)
        FROM session_notes WHERE protocol_id = 5";
    assert_eq!(client.one(note).await, "2026-02-03 09:00:30 180 9 8 01:20:00 4.38 1 7.50");
    let phases = "SELECT concat_ws(' ', phase_number, name, events) FROM session_note_phases
        WHERE protocol_id = 5 ORDER BY phase_number";
    assert_eq!(client.rows(phases).await, ["1 onset 2", "2 rise 2", "3 peak 3", "4 descent 1", "5 after 1"]);
    let silences =
        "SELECT concat_ws(' ', number, minutes) FROM session_note_silences WHERE protocol_id = 5 ORDER BY 1";
    assert_eq!(client.rows(silences).await, ["1 31", "2 59"]);
}

#[tokio::test]
async fn a_session_without_events_has_no_note_and_one_without_intensity_no_phases() {
    let mut client = client().await;
    client.run("INSERT INTO log_clinical_records (site_id) VALUES (1), (1)").await.unwrap();
    client
        .run("INSERT INTO session_events (protocol_id, event_timestamp) VALUES (7, '2026-02-03T09:00Z')")
        .await
        .unwrap();
    let text = "SELECT text FROM session_notes WHERE protocol_id IN (6, 7)";
    assert_eq!(
        client.rows(text).await,
        ["Session note: protocol 7\nFrom 2026-02-03 09:00 to 2026-02-03 09:00 UTC: 0 h 0 min, 1 event"]
    );
}

#[tokio::test]
async fn notes_are_found_by_the_events_of_their_protocols_alone() {
    let mut client = client().await;
    client.run("RESET ROLE; RESET request.jwt.claims").await.unwrap();
    client.run("COMMIT").await.unwrap();
    client.become_client("authenticated", Some(CLINICIAN)).await;
    // The tables are small, so Postgres would prefer a sequential scan.
    client.run("SET LOCAL enable_seqscan = off").await.unwrap();
    for view in [
        "session_notes",
        "session_note_phases",
        "session_note_counts",
        "session_note_silences",
        "homework_adherences",
    ] {
        for of_keys in [
            format!("SELECT * FROM {view} WHERE protocol_id = 1"),
            format!("SELECT * FROM {view} WHERE protocol_id = ANY ('{{1,2}}')"),
            format!(
                "SELECT found.* FROM unnest('{{1,2}}'::bigint[]) AS key
                 CROSS JOIN LATERAL (SELECT * FROM {view} WHERE protocol_id = key LIMIT 10) AS found"
            ),
            format!(
                "SELECT * FROM log_clinical_records JOIN {view} ON protocol_id = record_id WHERE record_id = 1"
            ),
        ] {
            let plan = client.rows(format!("EXPLAIN (COSTS OFF) {of_keys}")).await.join("\n");
            assert!(plan.contains("Index Cond: (protocol_id = protocol.record_id)"), "{of_keys}\n{plan}");
            assert!(!plan.contains("Seq Scan"), "{of_keys}\n{plan}");
        }
    }
}
