//! Matches of supervisors and supervisees.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::fixture::{normal, oracle, person, signed_in};
use crate::harness::{Actor, App};

const MATCHES: &str = "query($of: BigInt, $budget: Float) {
    supervisionMatches(profileId: $of, hourlyBudget: $budget, first: 200, orderBy: [{ score: DESC }]) {
      nodes {
        supervisorId superviseeId score specialtyOverlap modalityOverlap experienceFit rateFit placesFit
        sharedSpecialties sharedModalities experienceDifference hourlyRate freePlaces explanation
        supervisor { displayName isAcceptingSupervision }
      } } }";

async fn matches(actor: &Actor<'_>, variables: &Value) -> Vec<Value> {
    let answer = actor.ask_with(MATCHES, variables).await;
    let rows = answer.nodes("supervisionMatches");
    assert_eq!(answer.statements(), if rows.is_empty() { 1 } else { 2 }, "matches, and their profiles");
    rows.clone()
}

fn names(rows: &[Value]) -> BTreeSet<String> {
    rows.iter().map(|row| row["supervisor"]["displayName"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Inserts a practitioner with an account, and others to match.
async fn populate(owner: &Client) -> String {
    let account = person(owner, "seeker").await;
    owner
        .batch_execute(&format!(
            "UPDATE practitioner_profiles SET is_accepting_supervision = false;
             INSERT INTO practitioner_profiles
               (user_id, display_name, specialties, modalities, years_experience, hourly_rate, max_supervisees,
                is_accepting_supervision) VALUES
               ('{account}', 'Seeker', '{{PTSD,Grief}}', '{{Ketamine}}', 4, 80, 5, true),
               (NULL, 'Best', '{{Grief,PTSD,TRD}}', '{{Ketamine,MDMA}}', 14, 100, 3, true),
               (NULL, 'Half', '{{PTSD}}', NULL, 6, 150, 1, true),
               (NULL, 'Stranger', NULL, NULL, NULL, NULL, NULL, true),
               (NULL, 'Full', '{{PTSD,Grief}}', '{{Ketamine}}', 20, 100, 1, true),
               (NULL, 'Closed', '{{PTSD,Grief}}', '{{Ketamine}}', 20, 100, 5, false),
               (NULL, 'Asked', '{{PTSD}}', NULL, 20, 100, 5, true),
               (NULL, 'Mine', '{{PTSD}}', NULL, 20, 100, 5, true),
               (NULL, 'Supervised', '{{PTSD}}', NULL, 20, 100, 5, true),
               (NULL, 'Former', '{{PTSD}}', NULL, 20, 100, 5, true),
               (NULL, 'Other', NULL, NULL, 1, 1, 0, true);
             INSERT INTO supervision_relationships (supervisor_id, supervisee_id, status)
             SELECT one.profile_id, other.profile_id, status
             FROM (VALUES ('Asked', 'Seeker', 'pending'), ('Mine', 'Seeker', 'active'), ('Seeker', 'Supervised', 'active'),
               ('Former', 'Seeker', 'completed'), ('Former', 'Seeker', 'cancelled'), ('Full', 'Other', 'active'))
               AS pair (one, other, status)
             JOIN practitioner_profiles one ON one.display_name = pair.one
             JOIN practitioner_profiles other ON other.display_name = pair.other;"
        ))
        .await
        .unwrap();
    account
}

fn number(row: &Value, field: &str) -> f64 {
    row[field].as_f64().unwrap_or_else(|| panic!("{field} of {row}"))
}

#[tokio::test]
async fn who_can_take_one_on_the_best_first_and_why() {
    let app = App::start().await;
    let account = populate(&app.owner().await).await;
    let rows = matches(&signed_in(&app, &account), &json!({ "budget": 120 })).await;
    let order: Vec<&str> =
        rows.iter().map(|row| row["supervisor"]["displayName"].as_str().unwrap()).collect();
    assert_eq!(order, ["Best", "Former", "Half", "Stranger"]);
    let best = &rows[0];
    assert_eq!(normal(&best["score"]), json!(100.0));
    assert_eq!(best["sharedSpecialties"], json!(["Grief", "PTSD"]));
    assert_eq!(best["sharedModalities"], json!(["Ketamine"]));
    assert_eq!((&best["experienceDifference"], &best["freePlaces"]), (&json!(10), &json!(3)));
    assert_eq!(
        best["explanation"],
        "Shares 2 of 2 specialties (Grief, PTSD); 1 of 1 modalities (Ketamine); 10 more years of experience; \
         100.00 USD an hour, up to 120 is sought; 3 free places."
    );
    let half = &rows[2];
    let parts = ["specialtyOverlap", "modalityOverlap", "experienceFit", "rateFit", "placesFit"];
    assert_eq!(json!(parts.map(|part| number(half, part))), json!([0.5, 0.0, 0.4, 0.75, 0.333]));
    // An unknown value counts neither for nor against.
    assert_eq!(json!(parts.map(|part| number(&rows[3], part))), json!([0.0, 0.0, 0.5, 0.5, 1.0]));
    assert_eq!(rows[3]["freePlaces"], Value::Null);
}

#[tokio::test]
async fn the_parts_add_up_to_the_score() {
    let app = App::shared().await;
    for actor in [app.clinician_north().await, app.clinician_south().await] {
        let rows = matches(&actor, &json!({})).await;
        assert!(!rows.is_empty());
        for row in &rows {
            let sum = 40.0 * number(row, "specialtyOverlap")
                + 25.0 * number(row, "modalityOverlap")
                + 15.0 * number(row, "experienceFit")
                + 10.0 * number(row, "rateFit")
                + 10.0 * number(row, "placesFit");
            assert!((sum - number(row, "score")).abs() < 1e-9, "{row}");
            assert!((0.0..=100.0).contains(&number(row, "score")));
            assert_eq!(row["supervisor"]["isAcceptingSupervision"], true);
            assert!(row["freePlaces"].as_i64().is_none_or(|places| places > 0));
        }
        let scores: Vec<f64> = rows.iter().map(|row| number(row, "score")).collect();
        assert!(scores.is_sorted_by(|one, next| one >= next));
    }
}

#[tokio::test]
async fn never_oneself_and_nobody_who_is_related_for_every_account_of_the_demo() {
    let app = App::shared().await;
    let accounts = oracle(
        &app,
        "SELECT profile_id::text, user_id, ARRAY(
           SELECT CASE WHEN supervisor_id = p.profile_id THEN supervisee_id ELSE supervisor_id END::text
           FROM supervision_relationships WHERE p.profile_id IN (supervisor_id, supervisee_id)
             AND status IN ('pending', 'active')) AS related
         FROM practitioner_profiles p WHERE user_id IS NOT NULL",
    )
    .await;
    let mut related = 0;
    for account in accounts.as_array().unwrap() {
        let actor = signed_in(&app, account["user_id"].as_str().unwrap());
        for row in matches(&actor, &json!({})).await {
            assert_eq!(row["superviseeId"], account["profile_id"]);
            assert_ne!(row["supervisorId"], account["profile_id"]);
            assert!(!account["related"].as_array().unwrap().contains(&row["supervisorId"]));
        }
        related += account["related"].as_array().unwrap().len();
    }
    assert!(related > 0, "nobody to leave out");
}

#[tokio::test]
async fn who_asks_for_somebody_else_learns_nothing_of_their_relationships() {
    let app = App::start().await;
    let owner = app.owner().await;
    let account = populate(&owner).await;
    let of = oracle(
        &app,
        "SELECT profile_id::text AS id FROM practitioner_profiles WHERE display_name = 'Seeker'",
    )
    .await;
    let of = json!({ "of": of[0]["id"] });
    let own = names(&matches(&signed_in(&app, &account), &of).await);
    assert_eq!(own, names(&matches(&signed_in(&app, &account), &json!({})).await));
    let others = names(&matches(&app.clinician_north().await, &of).await);
    assert_eq!(others, own.into_iter().chain(["Asked", "Mine", "Supervised"].map(str::to_owned)).collect());
    // A user without a profile has no matches, nor has an anonymous caller.
    let stranger = person(&owner, "stranger").await;
    assert_eq!(matches(&signed_in(&app, &stranger), &json!({})).await.len(), 0);
    assert_eq!(app.anonymous().ask_with(MATCHES, &of).await.nodes("supervisionMatches").len(), 0);
    assert_eq!(
        app.clinician_north().await.ask_with(MATCHES, &json!({ "of": "x" })).await.code(),
        "BAD_USER_INPUT"
    );
}
