//! The session logger: valid events, and no duplicates.

use crate::access::{CLINICIAN, DATA};
use crate::cluster::{Database, Session, migrated};

const NAMES: [&str; 2] = ["00000000-0000-4000-8000-0000000000a1", "00000000-0000-4000-8000-0000000000a2"];

async fn filled() -> Database {
    let database = migrated().await;
    database.connect().await.run(DATA).await.unwrap();
    database
}

/// Opens a session of a user, in a transaction.
async fn client(database: &Database, user: &str) -> Session {
    let mut session = database.connect_as("praxis_gateway").await;
    session.become_client("authenticated", Some(user)).await;
    session
}

/// Runs a statement that is refused, and continues the transaction.
async fn refused(client: &mut Session, statement: &str) -> (String, String) {
    client.run("SAVEPOINT attempt").await.unwrap();
    let refused = client.refused(statement).await;
    client.run("ROLLBACK TO attempt").await.unwrap();
    refused
}

fn error(code: &str, words: &str) -> (String, String) {
    (code.to_owned(), words.to_owned())
}

#[tokio::test]
async fn an_event_holds_what_its_type_records() {
    let database = filled().await;
    let mut client = client(&database, CLINICIAN).await;
    let dose = "SELECT dose_mg::text FROM log_session_event(1, 'booster dose', dose_mg => 12.5)";
    assert_eq!(client.one(dose).await, "12.50");
    let vitals = "SELECT concat_ws(' ', heart_rate, systolic_mmhg, diastolic_mmhg, oxygen_saturation)
        FROM log_session_event(1, event_type_id => 4, heart_rate => 84, systolic_mmhg => 128, diastolic_mmhg => 82)";
    assert_eq!(client.one(vitals).await, "84 128 82");
    for (arguments, words) in [
        ("'Distress', dose_mg => 5", "Distress records no dose."),
        ("'Music Change', oxygen_saturation => 97", "Music Change records no vital signs."),
        ("'Booster Dose'", "Booster Dose needs the dose in milligrams."),
        (
            "'Vital Signs Check', notes => 'BP 120/80'",
            "Vital Signs Check needs at least one of heart rate, blood pressure and oxygen saturation.",
        ),
        ("'Distress', event_timestamp => now() + interval '6 minutes'", "An event cannot lie in the future."),
        (
            "",
            "An event needs a type. The types are: Bathroom Break, Booster Dose, Breakthrough, Distress, \
            Integration Moment, Music Change, Peak Experience, Vital Signs Check.",
        ),
    ] {
        let arguments = if arguments.is_empty() { "1".to_owned() } else { format!("1, {arguments}") };
        let statement = format!("SELECT log_session_event({arguments})");
        assert_eq!(refused(&mut client, &statement).await, error("PR400", words), "{statement}");
    }
    let unknown = refused(&mut client, "SELECT log_session_event(1, 'Dance')").await;
    assert_eq!(unknown.0, "PR400");
    assert!(
        unknown.1.starts_with("There is no event type \"Dance\". The types are: Bathroom"),
        "{unknown:?}"
    );
    for check in ["systolic_mmhg => 80, diastolic_mmhg => 82", "heart_rate => 5", "oxygen_saturation => 101"]
    {
        let statement = format!("SELECT log_session_event(1, 'Vital Signs Check', {check})");
        assert_eq!(refused(&mut client, &statement).await.0, "23514", "{check}");
    }
}

#[tokio::test]
async fn maintenance_brings_in_what_was_recorded_elsewhere() {
    let mut owner = filled().await.connect().await;
    let without_a_dose = "INSERT INTO session_events (protocol_id, event_type_id, event_timestamp)
        VALUES (1, 5, now()), (1, 4, now() + interval '1 day')";
    assert_eq!(owner.run(without_a_dose).await, Ok(2));
    let misplaced = "INSERT INTO session_events (protocol_id, event_type_id, dose_mg) VALUES (1, 1, 5)";
    assert_eq!(owner.refused(misplaced).await, error("PR400", "Distress records no dose."));
}

#[tokio::test]
async fn events_are_logged_below_a_protocol_that_one_may_write() {
    let database = filled().await;
    let mut clinician = client(&database, CLINICIAN).await;
    let elsewhere = "SELECT log_session_event(3, 'Distress')";
    assert_eq!(refused(&mut clinician, elsewhere).await, error("PR404", "There is no such protocol."));
    let mut analyst = client(&database, &CLINICIAN.replace("00c", "00e")).await;
    assert_eq!(refused(&mut analyst, "SELECT log_session_event(1, 'Distress')").await.0, "42501");
    let mut nobody = database.connect_as("praxis_gateway").await;
    nobody.become_client("anon", None).await;
    assert_eq!(refused(&mut nobody, "SELECT log_session_event(1, 'Distress')").await.0, "42501");
}

#[tokio::test]
async fn a_tap_that_is_sent_again_gives_the_event_that_is_there() {
    let database = filled().await;
    let mut client = client(&database, CLINICIAN).await;
    let tap = |note: &str| {
        format!(
            "SELECT event_id || ' ' || notes FROM log_session_event(1, 'Distress', notes => '{note}', client_event_id => '{}')",
            NAMES[0]
        )
    };
    let first = client.one(tap("first")).await;
    assert_eq!(client.one(tap("second")).await, first);
    // The same name at another protocol is another event.
    assert_ne!(client.one(tap("other").replace("event(1", "event(2")).await, first);
}

/// Returns a batch of three events, of which the second has no name.
fn batch() -> String {
    format!(
        "SELECT event_id || ' ' || event_type_id || ' ' || to_char(event_timestamp AT TIME ZONE 'UTC', 'HH24:MI')
         FROM log_session_events(1, ARRAY['distress', NULL, 'Music Change'], ARRAY[NULL, 2, NULL]::bigint[],
           ARRAY['2026-01-10T12:00Z', '2026-01-10T11:00Z', '2026-01-10T13:00Z']::timestamptz[],
           ARRAY[7, NULL, NULL], ARRAY[NULL, 'x', NULL], ARRAY[NULL, NULL, NULL]::numeric[],
           ARRAY[NULL, NULL, NULL]::int[], ARRAY[NULL, NULL, NULL]::int[], ARRAY[NULL, NULL, NULL]::int[],
           ARRAY[NULL, NULL, NULL]::int[], ARRAY['{}', NULL, '{}']::uuid[])",
        NAMES[0], NAMES[1]
    )
}

fn keys(rows: &[String]) -> Vec<&str> {
    rows.iter().map(|row| row.split(' ').next().unwrap()).collect()
}

#[tokio::test]
async fn a_batch_comes_back_in_the_order_given_and_its_names_are_written_once() {
    let database = filled().await;
    let mut client = client(&database, CLINICIAN).await;
    let first = client.rows(batch()).await;
    let what: Vec<_> = first.iter().map(|row| row.split_once(' ').unwrap().1).collect();
    assert_eq!(what, ["1 12:00", "2 11:00", "3 13:00"]);
    let second = client.rows(batch()).await;
    assert_eq!([keys(&first)[0], keys(&first)[2]], [keys(&second)[0], keys(&second)[2]]);
    assert_ne!(keys(&first)[1], keys(&second)[1], "an event without a name is a new one each time");
    let count = "SELECT count(*)::text FROM session_events WHERE client_event_id IS NOT NULL";
    assert_eq!(client.one(count).await, "2");
    let refused = refused(&mut client, &batch().replace("distress", "dance")).await;
    assert_eq!(refused.0, "PR400");
}

#[tokio::test]
async fn of_two_resends_at_once_the_second_waits_and_adds_nothing() {
    let database = filled().await;
    let mut judge = database.connect().await;
    let (mut one, mut other) = (client(&database, CLINICIAN).await, client(&database, CLINICIAN).await);
    let first = one.rows(batch()).await;
    let (second, ()) = tokio::join!(other.rows(batch()), async {
        judge.until_somebody_waits().await;
        one.run("COMMIT").await.unwrap();
    });
    other.run("COMMIT").await.unwrap();
    assert_eq!([keys(&first)[0], keys(&first)[2]], [keys(&second)[0], keys(&second)[2]]);
    let count = "SELECT count(*)::text FROM session_events WHERE client_event_id IS NOT NULL";
    assert_eq!(judge.one(count).await, "2");
}
