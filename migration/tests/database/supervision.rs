//! The supervision exchange: only legal status changes, and no more people than places, even with concurrent requests.

use crate::access::{CLINICIAN, DATA};
use crate::cluster::{Database, Session, migrated};

// The profiles 1 to 4 belong to the accounts b, c, d and e. The first supervises the second, the second has a request of
// the third, and the third has supervised the fourth.

async fn filled() -> (Database, Session) {
    let database = migrated().await;
    let mut owner = database.connect().await;
    owner.run(DATA).await.unwrap();
    (database, owner)
}

/// Opens a session of a user in a transaction, by the last digit of the account.
async fn client(database: &Database, digit: &str) -> Session {
    let mut session = database.connect_as("praxis_gateway").await;
    session.become_client("authenticated", Some(&CLINICIAN.replace("00c", &format!("00{digit}")))).await;
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
async fn a_request_is_pending_and_of_the_caller() {
    let (database, mut owner) = filled().await;
    let mut c = client(&database, "c").await;
    let request = "SELECT concat_ws(' ', supervisor_id, supervisee_id, status) FROM request_supervision";
    assert_eq!(c.one(format!("{request}(4)")).await, "4 2 pending");
    let already = error("PR409", "There is a pending or active supervision between the two of you already.");
    assert_eq!(refused(&mut c, &format!("{request}(4)")).await, already);
    assert_eq!(refused(&mut c, &format!("{request}(1)")).await, already, "an active one");
    assert_eq!(refused(&mut c, &format!("{request}(3)")).await, already, "the other way around");
    assert_eq!(refused(&mut c, &format!("{request}(2)")).await.0, "23514");
    assert_eq!(
        refused(&mut c, &format!("{request}(99)")).await,
        error("PR404", "There is no such practitioner.")
    );

    owner
        .run("UPDATE practitioner_profiles SET is_accepting_supervision = false WHERE profile_id = 5")
        .await
        .unwrap();
    let closed = error("PR409", "without an account takes no new supervisees at the moment.");
    assert_eq!(refused(&mut c, &format!("{request}(5)")).await, closed);

    let mut without_profile = client(&database, "a").await;
    let words = "You need a profile of your own before you can ask for supervision.";
    assert_eq!(refused(&mut without_profile, &format!("{request}(4)")).await, error("PR400", words));
    c.run("ROLLBACK").await.unwrap();
    // A supervision that has ended can be requested again.
    let mut e = client(&database, "e").await;
    assert_eq!(e.one(format!("{request}(3)")).await, "3 4 pending");
}

#[tokio::test]
async fn a_supervision_moves_by_legal_steps_only() {
    let (database, _owner) = filled().await;
    let mut d = client(&database, "d").await;
    let accept =
        "SELECT concat_ws(' ', status, started_at = now(), ended_at IS NULL) FROM accept_supervision(2)";
    assert_eq!(
        refused(&mut d, accept).await,
        error("PR403", "Only the supervisor can accept a supervision.")
    );
    d.run("ROLLBACK").await.unwrap();

    let mut c = client(&database, "c").await;
    assert_eq!(
        refused(&mut c, "SELECT complete_supervision(2)").await,
        error("PR409", "A pending supervision cannot become completed.")
    );
    assert_eq!(c.one(accept).await, "active t t");
    assert_eq!(c.one(accept).await, "active t t", "accepted already");
    let complete = "SELECT concat_ws(' ', status, ended_at = now()) FROM complete_supervision(2)";
    assert_eq!(c.one(complete).await, "completed t");
    assert_eq!(
        refused(&mut c, accept).await,
        error("PR409", "A completed supervision cannot become active again.")
    );
    let change = "UPDATE supervision_relationships SET status";
    for (status, words) in [
        ("'pending'", "A completed supervision cannot become pending again."),
        ("'cancelled'", "A completed supervision cannot become cancelled."),
        ("NULL", "A completed supervision cannot become nothing."),
    ] {
        let statement = format!("{change} = {status} WHERE relationship_id = 2");
        assert_eq!(refused(&mut c, &statement).await, error("PR409", words));
    }
    let back = format!("{change} = 'pending' WHERE relationship_id = 1");
    assert_eq!(
        refused(&mut c, &back).await,
        error("PR409", "An active supervision cannot become pending again.")
    );
    assert_eq!(c.one("SELECT status FROM cancel_supervision(1)").await, "cancelled");
    // Others' supervision does not exist.
    let unseen = error("PR404", "There is no such supervision.");
    for step in ["accept", "complete", "cancel"] {
        assert_eq!(refused(&mut c, &format!("SELECT {step}_supervision(3)")).await, unseen);
    }
}

#[tokio::test]
async fn of_two_acceptances_of_the_last_place_one_wins() {
    let (database, mut owner) = filled().await;
    owner
        .run(
            "UPDATE practitioner_profiles SET max_supervisees = 1 WHERE profile_id = 2;
             INSERT INTO supervision_relationships (supervisor_id, supervisee_id, status) VALUES (2, 4, 'pending')",
        )
        .await
        .unwrap();
    let (mut one, mut other) = (client(&database, "c").await, client(&database, "c").await);
    assert_eq!(one.one("SELECT status FROM accept_supervision(2)").await, "active");
    let (second, ()) = tokio::join!(other.refused("SELECT accept_supervision(6)"), async {
        owner.until_somebody_waits().await;
        one.run("COMMIT").await.unwrap();
    });
    assert_eq!(second, error("PR409", "c has no free place for another supervisee."));
    other.run("ROLLBACK").await.unwrap();

    // A place that a supervisee leaves is free.
    let mut c = client(&database, "c").await;
    c.run("SELECT complete_supervision(2); SELECT accept_supervision(6); COMMIT").await.unwrap();
}

#[tokio::test]
async fn of_two_who_ask_each_other_at_once_one_succeeds() {
    let (database, mut owner) = filled().await;
    let (mut b, mut e) = (client(&database, "b").await, client(&database, "e").await);
    b.run("SELECT request_supervision(4)").await.unwrap();
    let (second, ()) = tokio::join!(e.refused("SELECT request_supervision(1)"), async {
        owner.until_somebody_waits().await;
        b.run("COMMIT").await.unwrap();
    });
    assert_eq!(second.0, "PR409");
}

#[tokio::test]
async fn fewer_places_than_supervisees_end_nothing() {
    let (database, mut owner) = filled().await;
    let mut b = client(&database, "b").await;
    assert_eq!(b.run("UPDATE practitioner_profiles SET max_supervisees = 0").await, Ok(1));
    b.run("COMMIT").await.unwrap();
    let active =
        "SELECT count(*)::text FROM supervision_relationships WHERE supervisor_id = 1 AND status = 'active'";
    assert_eq!(owner.one(active).await, "1");
    assert_eq!(owner.refused("UPDATE practitioner_profiles SET max_supervisees = -1").await.0, "23514");
}

#[tokio::test]
async fn of_two_who_join_for_the_last_place_one_gets_it() {
    let (database, mut owner) = filled().await;
    owner.run("UPDATE supervision_circles SET max_members = 2 WHERE circle_id = 2").await.unwrap();
    let (mut b, mut e) = (client(&database, "b").await, client(&database, "e").await);
    assert_eq!(b.one("SELECT profile_id::text FROM join_circle(2)").await, "1");
    let (second, ()) = tokio::join!(e.refused("SELECT join_circle(2)"), async {
        owner.until_somebody_waits().await;
        b.run("COMMIT").await.unwrap();
    });
    assert_eq!(second, error("PR409", "Second is full: it takes 2 members."));
    e.run("ROLLBACK").await.unwrap();

    // A member who joins again gets an error; a place that a member leaves is free.
    let mut b = client(&database, "b").await;
    assert_eq!(refused(&mut b, "SELECT join_circle(2)").await.0, "23505");
    assert_eq!(b.run("DELETE FROM circle_members WHERE circle_id = 2").await, Ok(1));
    b.run("COMMIT").await.unwrap();
    let mut e = client(&database, "e").await;
    assert_eq!(e.one("SELECT profile_id::text FROM join_circle(2)").await, "4");
    assert_eq!(refused(&mut e, "SELECT join_circle(9)").await, error("PR404", "There is no such circle."));
    let mut a = client(&database, "a").await;
    assert_eq!(refused(&mut a, "SELECT join_circle(1)").await.0, "PR400");
}
