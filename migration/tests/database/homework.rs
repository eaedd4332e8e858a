//! The integration hub: completing homework, and its status.

use crate::access::{CLINICIAN, DATA};
use crate::cluster::{Database, Session, migrated};

async fn filled() -> (Database, Session) {
    let database = migrated().await;
    database.connect().await.run(DATA).await.unwrap();
    let mut client = database.connect_as("praxis_gateway").await;
    client.become_client("authenticated", Some(CLINICIAN)).await;
    (database, client)
}

/// Runs a statement that is refused, and continues the transaction.
async fn refused(client: &mut Session, statement: &str) -> (String, String) {
    client.run("SAVEPOINT attempt").await.unwrap();
    let refused = client.refused(statement).await;
    client.run("ROLLBACK TO attempt").await.unwrap();
    refused
}

const TODAY: &str = "(now() AT TIME ZONE 'UTC')::date";

#[tokio::test]
async fn completed_and_its_day_say_the_same() {
    let (_database, mut client) = filled().await;
    let mut change = async |set: &str| {
        let statement = format!(
            "UPDATE integration_homework SET {set} WHERE homework_id = 1
             RETURNING concat_ws(' ', is_completed, CASE completed_date WHEN {TODAY} THEN 'today' ELSE completed_date::text END)"
        );
        client.one(statement).await
    };
    assert_eq!(change("is_completed = true").await, "t today");
    assert_eq!(change("completed_date = '2026-01-12'").await, "t 2026-01-12");
    assert_eq!(change("completion_notes = 'x'").await, "t 2026-01-12");
    assert_eq!(change("is_completed = false").await, "f");
    assert_eq!(change("completed_date = '2026-01-12', is_completed = true").await, "t 2026-01-12");
    assert_eq!(change("completed_date = NULL").await, "f");

    let contradiction =
        "UPDATE integration_homework SET completed_date = NULL, is_completed = false WHERE homework_id = 1";
    client.run(contradiction).await.unwrap();
    let contradiction = "UPDATE integration_homework SET completed_date = '2026-01-12' WHERE homework_id = 1;
        UPDATE integration_homework SET completed_date = '2026-01-13', is_completed = false WHERE homework_id = 1";
    assert_eq!(refused(&mut client, contradiction).await.0, "PR400");
    let early = "UPDATE integration_homework SET completed_date = '2026-01-09' WHERE homework_id = 1";
    assert_eq!(refused(&mut client, early).await.0, "23514");

    let insert = format!(
        "INSERT INTO integration_homework (protocol_id, due_date, is_completed) VALUES (1, {TODAY}, true)
         RETURNING (completed_date = {TODAY})::text"
    );
    assert_eq!(client.one(insert).await, "true");
    let insert = format!(
        "INSERT INTO integration_homework (protocol_id, due_date, completed_date) VALUES (1, {TODAY}, {TODAY})
         RETURNING is_completed::text"
    );
    assert_eq!(client.one(insert).await, "true");
}

#[tokio::test]
async fn homework_is_ticked_off() {
    let (database, mut client) = filled().await;
    let complete =
        "SELECT concat_ws(' ', is_completed, completed_date, completion_notes) FROM complete_homework";
    assert_eq!(
        client.one(format!("{complete}(1, '2026-01-15', 'Done twice')")).await,
        "t 2026-01-15 Done twice"
    );
    assert_eq!(client.one(format!("{complete}(1)")).await, "t 2026-01-15 Done twice", "once is enough");
    assert_eq!(client.one(format!("{complete}(1, '2026-01-16')")).await, "t 2026-01-16 Done twice");
    let elsewhere = refused(&mut client, "SELECT complete_homework(3)").await;
    assert_eq!(elsewhere, ("PR404".to_owned(), "There is no such homework.".to_owned()));
    let mut analyst = database.connect_as("praxis_gateway").await;
    analyst.become_client("authenticated", Some(&CLINICIAN.replace("00c", "00e"))).await;
    assert_eq!(refused(&mut analyst, "SELECT complete_homework(1)").await.0, "PR403");
}

#[tokio::test]
async fn homework_is_given_all_or_none() {
    let (_database, mut client) = filled().await;
    let assign = "SELECT concat_ws(' ', homework_type_id, due_date, CASE WHEN assigned_date > '2026-02-01' THEN 'today' END)
        FROM assign_homework(1, ARRAY['journaling', NULL], ARRAY[NULL, 2]::bigint[],
          ARRAY['2099-02-10', '2099-02-09']::date[], ARRAY[NULL, '2026-02-01']::date[])";
    assert_eq!(client.rows(assign).await, ["1 2099-02-10 today", "2 2099-02-09"]);
    let unknown = refused(&mut client, &assign.replace("journaling", "knitting")).await;
    assert_eq!(unknown.0, "PR400");
    assert!(
        unknown.1.starts_with("There is no homework \"knitting\". The types are: Body Work, "),
        "{unknown:?}"
    );
    assert_eq!(refused(&mut client, &assign.replace("homework(1", "homework(3")).await.0, "PR404");
    assert_eq!(refused(&mut client, &assign.replace("2099-02-09", "2026-01-09")).await.0, "23514");
}

#[tokio::test]
async fn homework_stands_where_today_puts_it() {
    let (_database, mut client) = filled().await;
    client
        .run(format!(
            "INSERT INTO integration_homework (protocol_id, assigned_date, due_date, completed_date)
             SELECT 2, {TODAY} - 10, {TODAY} + due, {TODAY} + completed
             FROM (VALUES (-3, NULL), (0, NULL), (2, NULL), (-1, -1), (-1, 0), (3, 0)) AS given(due, completed)"
        ))
        .await
        .unwrap();
    let statuses = "SELECT concat_ws(' ', status, days_left) FROM homework_statuses
        WHERE protocol_id = 2 AND homework_id > 5 ORDER BY homework_id";
    assert_eq!(
        client.rows(statuses).await,
        [
            "overdue -3",
            "due_today 0",
            "upcoming 2",
            "completed_on_time",
            "completed_late",
            "completed_on_time"
        ]
    );
    // Including the existing homework, which was due in January.
    let adherence = "SELECT concat_ws(' ', assigned, completed, completed_on_time, open, overdue, adherence)
        FROM homework_adherences WHERE protocol_id = 2";
    assert_eq!(client.one(adherence).await, "7 3 2 4 2 50.00");
    client.run("DELETE FROM integration_homework WHERE protocol_id = 2").await.unwrap();
    assert_eq!(client.one(adherence).await, "0 0 0 0 0");
}
