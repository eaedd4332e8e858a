//! `praxis token` and `praxis seed demo`.

use super::{NEW_USER, migrate, run};
use crate::binary::secret;
use crate::harness::{App, clone_database, connect, database_url, empty_database, eventually, schemas};

#[tokio::test]
async fn a_token_is_made_for_users_that_exist() {
    let name = clone_database().await;
    let url = database_url("postgres", &name);
    let owner = connect(&url).await;
    owner.batch_execute(NEW_USER).await.unwrap();
    let make = async |email: &str| {
        run(&["token", "--user", email, "--jwt-secret", secret(), "--database-url", &url]).await
    };
    let token = make("new@praxis.example").await.good();
    let app = App::over(&name, |_| {}).await;
    let answer = app.bearer(token.trim()).ask("{ medications { totalCount } }").await;
    assert_eq!(answer.data()["medications"]["totalCount"], 24);
    let said = make("nobody@praxis.example").await.bad();
    assert!(said.contains("no user with the address nobody@praxis.example"), "{said}");
}

/// Returns every row of every table as text, without the time when it was written.
async fn everything(name: &str) -> Vec<String> {
    let owner = connect(&database_url("postgres", name)).await;
    let tables = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
      WHERE schemaname = ANY ($1) OR schemaname = 'auth' OR tablename IN ('directory_vocabulary', 'idempotency_keys')";
    let mut all = Vec::new();
    for table in owner.query(tables, &[&schemas()]).await.unwrap() {
        let table: String = table.get(0);
        let sql = format!(
            "SELECT '{table} ' || (to_jsonb(it) - '{{created_at,updated_at,computed_at,refreshed_at,id}}'::text[])::text FROM {table} it"
        );
        all.extend(owner.query(&sql, &[]).await.unwrap().iter().map(|row| row.get::<_, String>(0)));
    }
    all.sort();
    all
}

#[tokio::test]
async fn the_demo_is_made_anew_whatever_was_done_to_it() {
    let app = App::start().await;
    let owner = app.owner().await;
    let fresh = everything(&app.database).await;
    let admin = app.user("network@praxis.example").await;
    let clinician = app.clinician_north().await;
    for (actor, mutation) in [
        (
            &admin,
            "mutation { createMedication(input: { medicationName: \"Testazine\" }) { medication { id } } }",
        ),
        (
            &admin,
            "mutation { updateEventType(eventTypeId: 1, patch: { eventName: \"Nothing\" }) { eventType { id } } }",
        ),
        (&clinician, "mutation { updateProtocol(recordId: 1, patch: { dosageMg: 1 }) { protocol { id } } }"),
        (
            &clinician,
            "mutation { logSessionEvent(protocolId: 1, eventType: \"Breakthrough\") { sessionEvent { eventId } } }",
        ),
    ] {
        actor.ask(mutation).await.data();
    }
    owner
        .batch_execute("DELETE FROM therapyflow.wearable_data; DELETE FROM supervision_circles")
        .await
        .unwrap();
    assert_ne!(everything(&app.database).await, fresh);
    let url = app.database_url("postgres");
    let said = run(&["seed", "demo", "--reset", "--database-url", &url]).await.good();
    assert!(said.contains("Deleted all rows. Loaded the demo data: "), "{said}");
    let anew = everything(&app.database).await;
    let differs = fresh.iter().filter(|row| !anew.contains(row)).take(5).collect::<Vec<_>>();
    assert_eq!((anew.len(), differs), (fresh.len(), Vec::<&String>::new()));
    // A running gateway continues, with the present reference rows.
    eventually("the old name is back", async || {
        let answer = clinician.ask("{ eventType(eventTypeId: 1) { eventName } }").await;
        answer.body["data"]["eventType"]["eventName"] == "Distress"
    })
    .await;
    let log =
        "mutation { logSessionEvent(protocolId: 1, eventType: \"Distress\") { sessionEvent { eventId } } }";
    clinician.ask(log).await.data();
    assert!(
        run(&["doctor", "--jwt-secret", secret(), "--database-url", &app.database_url("praxis_gateway")])
            .await
            .good()
            .contains("Nothing is wrong.")
    );
}

#[tokio::test]
async fn a_database_that_is_not_only_the_demo_is_not_made_anew() {
    let reset = async |url: &str| run(&["seed", "demo", "--reset", "--database-url", url]).await.bad();
    // A database without the demo.
    let empty = empty_database().await;
    let url = database_url("postgres", &empty);
    assert!(reset(&url).await.contains("praxis migrate up"));
    migrate(&url, &["up"]).await.good();
    let said = reset(&url).await;
    assert!(said.contains("this is not a demo database: its demo users are missing"), "{said}");
    // A database with a real account.
    let name = clone_database().await;
    let url = database_url("postgres", &name);
    let owner = connect(&url).await;
    owner.batch_execute(NEW_USER).await.unwrap();
    let before = everything(&name).await;
    let said = reset(&url).await;
    assert!(said.contains("accounts that do not belong to the demo (1); nothing was deleted"), "{said}");
    assert_eq!(everything(&name).await, before);
    // A database with an additional table of the portal.
    owner
        .batch_execute(
            "DELETE FROM auth.users WHERE email = 'new@praxis.example';
             DELETE FROM praxis.baseline WHERE object = 'table public.sites'",
        )
        .await
        .unwrap();
    let said = reset(&url).await;
    assert!(said.contains("tables from before Praxis"), "{said}");
    // Only the owner can reset it.
    let said = reset(&database_url("praxis_gateway", &name)).await;
    assert!(said.contains("owner of the tables"), "{said}");
}
