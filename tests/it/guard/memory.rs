//! The cache of reference tables depends on the policies that protect them.

use praxis::guard::Guard;

use super::{engine_over, roles};
use crate::harness::{App, eventually};

#[tokio::test]
async fn what_is_kept_of_a_reference_table_is_what_its_reader_may_see_now() {
    let app = App::start().await;
    let owner = app.owner().await;
    let asker = app.user("newcomer@praxis.example").await;
    let routes = "{ routes(first: 9) { totalCount } }";
    let count = async || asker.ask(routes).await.body["data"]["routes"]["totalCount"].clone();
    assert_eq!(count().await, 9);
    // The event trigger notifies the gateway as soon as it listens.
    eventually("narrowed", async || {
        let narrow = "DROP POLICY IF EXISTS tight ON ref_routes;
            CREATE POLICY tight ON ref_routes AS RESTRICTIVE FOR SELECT USING (false)";
        owner.batch_execute(narrow).await.unwrap();
        count().await == 0
    })
    .await;
    // A policy that depends on the user is evaluated for each user.
    let by_claim = "ALTER POLICY tight ON ref_routes USING ((SELECT auth.jwt() ->> 'email') IS DISTINCT FROM 'newcomer@praxis.example')";
    owner.batch_execute(by_claim).await.unwrap();
    let other = app.clinician_north().await;
    eventually("asked of each", async || {
        let seen = other.ask(routes).await.body["data"]["routes"]["totalCount"].clone();
        seen == 9 && count().await == 0
    })
    .await;
    assert_eq!(other.ask(routes).await.statements(), 1);
    owner.batch_execute("DROP POLICY tight ON ref_routes").await.unwrap();
    eventually("shared again", async || count().await == 9 && other.ask(routes).await.statements() == 0)
        .await;
    owner.batch_execute("REVOKE SELECT ON ref_routes FROM authenticated").await.unwrap();
    eventually("revoked", async || {
        asker.ask(routes).await.body["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    })
    .await;
}

#[tokio::test]
async fn what_is_kept_hangs_on_roles_grants_and_functions_too() {
    let app = App::start().await;
    let owner = app.owner().await;
    // Without the event trigger, the next check notices a change of the schema.
    owner.batch_execute("DROP EVENT TRIGGER praxis_schema").await.unwrap();
    let name: String = owner.query_one("SELECT current_database()::text", &[]).await.unwrap().get(0);
    let (engine, pool) = engine_over(&name);
    let guard = Guard::new(&engine, &pool, &roles());
    let reference = engine.reference();
    guard.check().await.unwrap();
    let mut before = reference.generation();
    guard.check().await.unwrap();
    assert_eq!(reference.generation(), before, "nothing has changed");
    for change in [
        "CREATE POLICY tight ON ref_routes AS RESTRICTIVE USING (true)",
        "ALTER POLICY tight ON ref_routes USING (false)",
        "DROP POLICY tight ON ref_routes",
        "REVOKE SELECT ON ref_routes FROM authenticated",
        "GRANT SELECT (route_id) ON ref_routes TO authenticated",
        "ALTER FUNCTION auth.role() COST 99",
        "REVOKE USAGE ON SCHEMA public FROM PUBLIC",
        "CREATE ROLE guarded_by_memory; GRANT guarded_by_memory TO authenticated",
        "REVOKE guarded_by_memory FROM authenticated; DROP ROLE guarded_by_memory",
    ] {
        owner.batch_execute(change).await.unwrap();
        guard.check().await.unwrap();
        assert!(reference.generation() > before, "{change}");
        before = reference.generation();
    }
}
