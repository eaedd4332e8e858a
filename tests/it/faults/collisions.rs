//! Conflicting mutations are repeated, a limited number of times.

use serde_json::{Value, json};

use super::mutations;
use crate::fixture::{clinician, oracle, protocol};
use crate::harness::App;

/// The number of attempts of a mutation.
const ATTEMPTS: u32 = 5;

#[tokio::test(flavor = "multi_thread")]
async fn deadlocks_end_well_for_both() {
    let app = App::start().await;
    let owner = app.owner().await;
    // Postgres waits for a second before it looks for a deadlock.
    owner
        .batch_execute(&format!("ALTER DATABASE {} SET deadlock_timeout = '5ms'", app.database))
        .await
        .unwrap();
    let (clinician, site) = clinician(&app, &owner, "deadlocks").await;
    let (one, other) = (protocol(&owner, site).await, protocol(&owner, site).await);
    let mutation = "mutation($first: BigInt!, $second: BigInt!, $score: Int) {
      first: updateProtocol(recordId: $first, patch: { difficultyScore: $score }) { protocol { recordId } }
      second: updateProtocol(recordId: $second, patch: { difficultyScore: $score }) { protocol { recordId } }
    }";
    let send = |first: i64, second: i64, score: usize| {
        let variables = json!({ "first": first, "second": second, "score": score });
        let clinician = clinician.clone();
        async move { clinician.ask_with(mutation, &variables).await }
    };
    let mut deadlocks = 0;
    for round in 0..mutations() / 2 {
        let (forth, back) = tokio::join!(send(one, other, 2 * round), send(other, one, 2 * round + 1));
        forth.data();
        back.data();
        // A mutation without a deadlock has an update and a load for each field, and a commit.
        deadlocks += u32::from(forth.round_trips() > 5) + u32::from(back.round_trips() > 5);
        let sql = format!(
            "SELECT DISTINCT difficulty_score IN ({}, {}) AS written FROM log_clinical_records
             WHERE record_id IN ({one}, {other})",
            2 * round,
            2 * round + 1
        );
        assert_eq!(oracle(&app, &sql).await, json!([{ "written": true }]));
    }
    println!("Deadlocks: mutations {}, tried again {deadlocks}", mutations() / 2 * 2);
    assert!(deadlocks > 0, "no two mutations met");
}

#[tokio::test]
async fn a_mutation_is_tried_so_often_and_no_more() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (clinician, site) = clinician(&app, &owner, "in the way").await;
    let protocol = protocol(&owner, site).await;
    // A sequence advances even if its transaction is rolled back.
    owner
        .batch_execute(
            "CREATE SEQUENCE attempts;
             CREATE TABLE deadlocks (count int);
             CREATE FUNCTION meet() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
             BEGIN
               IF nextval('public.attempts') <= (SELECT count FROM public.deadlocks) THEN
                 RAISE 'in the way' USING ERRCODE = '40P01';
               END IF;
               RETURN NEW;
             END $$;
             CREATE TRIGGER meet AFTER INSERT ON session_events FOR EACH ROW EXECUTE FUNCTION meet()",
        )
        .await
        .unwrap();
    let log = format!(
        "mutation {{
           updateProtocol(recordId: {protocol}, patch: {{ difficultyScore: 3 }}) {{ protocol {{ recordId }} }}
           createSessionEvent(input: {{ protocolId: {protocol} }}) {{ sessionEvent {{ eventId }} }}
         }}"
    );
    let written = format!(
        "SELECT difficulty_score, (SELECT count(*) FROM session_events WHERE protocol_id = record_id) AS events
         FROM log_clinical_records WHERE record_id = {protocol}"
    );
    let meet = async |deadlocks: u32| {
        let sql = format!(
            "TRUNCATE deadlocks; INSERT INTO deadlocks VALUES ({deadlocks}); SELECT setval('attempts', 1, false)"
        );
        owner.batch_execute(&sql).await.unwrap();
        clinician.ask_once("key", &log, &json!({})).await
    };
    let attempts = async || oracle(&app, "SELECT last_value AS n FROM attempts").await[0]["n"].clone();

    let refused = meet(ATTEMPTS).await;
    assert_eq!((refused.code(), attempts().await), ("CONFLICT", json!(ATTEMPTS)));
    assert_eq!(refused.body["data"], Value::Null);
    assert_eq!(oracle(&app, &written).await, json!([{ "difficulty_score": null, "events": 0 }]));

    // The same key can be sent again, and the last attempt can succeed.
    meet(ATTEMPTS - 1).await.data();
    assert_eq!(attempts().await, ATTEMPTS);
    assert_eq!(oracle(&app, &written).await, json!([{ "difficulty_score": 3, "events": 1 }]));
}
