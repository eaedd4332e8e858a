//! Scheduling in TherapyFlow: sessions of a therapist never overlap, status changes are legal, and free slots are free.

use crate::cluster::Session;
use crate::isolation::{client, error, filled, refused};

const PATIENT: &str = "30000000-0000-4000-8000-000000000001";
const OVERLAP: &str = "conflicting key value violates exclusion constraint \"one_session_at_a_time\"";

fn schedule(at: &str, more: &str) -> String {
    format!("SELECT status FROM therapyflow.schedule_session('{PATIENT}', '2030-03-01T{at}Z' {more})")
}

/// Inserts a session at ten o'clock; returns its key.
async fn at_ten(client: &mut Session) -> String {
    client.one(schedule("10:00", "").replace("status", "id::text")).await
}

#[tokio::test]
async fn sessions_of_a_therapist_do_not_overlap() {
    let (database, _owner) = filled().await;
    let mut a = client(&database, "a").await;
    let first = at_ten(&mut a).await;
    for (at, more) in [("10:00", ""), ("10:49", ""), ("09:30", ""), ("09:00", ", 120"), ("10:10", ", 5")] {
        assert_eq!(refused(&mut a, &schedule(at, more)).await, error("23P01", OVERLAP), "{at} {more}");
    }
    // Adjacent sessions do not overlap.
    assert_eq!(a.one(schedule("10:50", "")).await, "scheduled");
    assert_eq!(a.one(schedule("09:10", "")).await, "scheduled");
    let move_it =
        format!("UPDATE therapyflow.sessions SET scheduled_at = '2030-03-01T10:30Z' WHERE id = '{first}'");
    assert_eq!(refused(&mut a, &move_it).await, error("23P01", OVERLAP));
    // A cancelled session takes no time; and it cannot be resumed once its time is taken.
    assert_eq!(a.one(format!("SELECT status FROM therapyflow.cancel_session('{first}')")).await, "cancelled");
    assert_eq!(a.one(schedule("10:00", "")).await, "scheduled");
    a.run("COMMIT").await.unwrap();
    // A colleague is free.
    let mut b = client(&database, "b").await;
    assert_eq!(b.one(schedule("10:00", "")).await, "scheduled");
}

#[tokio::test]
async fn of_two_who_schedule_the_same_time_at_once_one_succeeds() {
    let (database, mut owner) = filled().await;
    // The therapist and the administrator, for the same therapist.
    let (mut a, mut c) = (client(&database, "a").await, client(&database, "c").await);
    at_ten(&mut a).await;
    let for_a = schedule("10:20", ", 50, '20000000-0000-4000-8000-00000000000a'");
    let (second, ()) = tokio::join!(c.refused(&for_a), async {
        owner.until_somebody_waits().await;
        a.run("COMMIT").await.unwrap();
    });
    assert_eq!(second, error("23P01", OVERLAP));
    c.run("ROLLBACK").await.unwrap();

    // After a rollback the waiting transaction gets the time.
    let (mut a, mut c) = (client(&database, "a").await, client(&database, "c").await);
    a.run(schedule("14:00", "")).await.unwrap();
    let for_a = schedule("14:20", ", 50, '20000000-0000-4000-8000-00000000000a'");
    let (second, ()) = tokio::join!(c.one(&for_a), async {
        owner.until_somebody_waits().await;
        a.run("ROLLBACK").await.unwrap();
    });
    assert_eq!(second, "scheduled");
}

#[tokio::test]
async fn a_session_moves_by_legal_steps_only() {
    let (database, mut owner) = filled().await;
    let mut a = client(&database, "a").await;
    let id = at_ten(&mut a).await;
    let step = |step: &str| format!("SELECT status FROM therapyflow.{step}_session('{id}')");
    let not = |from: &str, to: &str| error("PR409", &format!("A session that is {from} cannot become {to}."));
    assert_eq!(refused(&mut a, &step("complete")).await, not("scheduled", "completed"));
    assert_eq!(a.one(step("start")).await, "in_progress");
    assert_eq!(a.one(step("start")).await, "in_progress", "started already");
    let started = format!("SELECT (started_at = now())::text FROM therapyflow.sessions WHERE id = '{id}'");
    assert_eq!(a.one(&started).await, "true");
    let change = |what: &str| format!("UPDATE therapyflow.sessions SET {what} WHERE id = '{id}'");
    assert_eq!(refused(&mut a, &change("status = 'scheduled'")).await, not("in progress", "scheduled"));
    let moved = error("PR409", "A session that is in progress cannot be moved.");
    assert_eq!(refused(&mut a, &change("scheduled_at = '2031-01-01'")).await, moved);
    assert_eq!(refused(&mut a, &change("duration_minutes = 10")).await, moved);
    assert_eq!(refused(&mut a, &change("started_at = now()")).await.0, "42501");
    assert_eq!(a.one(step("complete")).await, "completed");
    for (step_name, to) in [("start", "in progress"), ("cancel", "cancelled")] {
        assert_eq!(refused(&mut a, &step(step_name)).await, not("completed", to));
    }
    a.run("COMMIT").await.unwrap();

    // A colleague's session does not exist; the patient sees it and cannot change it.
    let mut b = client(&database, "b").await;
    assert_eq!(refused(&mut b, &step("cancel")).await, error("PR404", "There is no such session."));
    let mut e = client(&database, "e").await;
    let words = "Only the therapist of a session and administrators change it.";
    assert_eq!(refused(&mut e, &step("cancel")).await, error("PR403", words));
    let mut f = client(&database, "f").await;
    assert_eq!(refused(&mut f, &schedule("10:00", "")).await, error("PR404", "There is no such patient."));
    assert_eq!(refused(&mut e, &schedule("10:00", "")).await.0, "42501", "a patient makes no appointment");
    // Maintenance records what happened elsewhere.
    assert_eq!(owner.run(change("status = 'scheduled', started_at = NULL")).await, Ok(1));
}

#[tokio::test]
async fn free_slots_lie_between_the_sessions() {
    let (database, mut owner) = filled().await;
    let mut a = client(&database, "a").await;
    at_ten(&mut a).await;
    a.run(schedule("12:30", "")).await.unwrap();
    a.run("COMMIT").await.unwrap();
    let slots = |more: &str| {
        format!(
            "SELECT to_char(starts_at AT TIME ZONE 'UTC', 'HH24:MI-') || to_char(ends_at AT TIME ZONE 'UTC', 'HH24:MI')
             FROM therapyflow.free_slots('2030-03-01T09:00Z', '2030-03-01T15:00Z' {more}) ORDER BY 1"
        )
    };
    let expected = ["09:00-09:50", "10:50-11:40", "11:40-12:30", "13:20-14:10", "14:10-15:00"];
    let mut a = client(&database, "a").await;
    assert_eq!(a.rows(slots("")).await, expected);
    assert_eq!(a.rows(slots(", slot_minutes => 90")).await, ["10:50-12:20", "13:20-14:50"]);
    assert!(a.rows(slots(", slot_minutes => 0")).await.is_empty());
    assert!(a.rows(slots(", slot_minutes => -5")).await.is_empty());
    // Staff see a colleague's slots; other callers see none.
    let of_a = slots(", '20000000-0000-4000-8000-00000000000a'");
    for digit in ["b", "c"] {
        assert_eq!(client(&database, digit).await.rows(&of_a).await, expected, "{digit}");
    }
    for digit in ["e", "f", "0", "clinician"] {
        assert!(client(&database, digit).await.rows(&of_a).await.is_empty(), "{digit}");
    }
    assert!(owner.rows(&of_a).await.is_empty(), "nobody");

    // No window, one without an end, and a reversed one.
    for (from, to, rows) in [
        ("2030-03-01", "2030-03-01", "0"),
        ("2030-03-02", "2030-03-01", "0"),
        ("-infinity", "2030-03-01", "0"),
        ("2031-01-01", "infinity", "366"),
    ] {
        let count = format!(
            "SELECT count(*)::text FROM therapyflow.free_slots('{from}Z', '{to}Z', slot_minutes => 1440)"
        )
        .replace("infinityZ", "infinity");
        assert_eq!(a.one(count).await, rows, "{from} {to}");
    }
}
