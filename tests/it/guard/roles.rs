//! The roles of the gateway and of its callers.

use std::sync::Arc;

use praxis::database::Pool;
use praxis::graph::{Engine, Limits};
use praxis::guard::Guard;
use praxis::systems;

use super::Guarded;
use crate::harness::{database_url, one_connection};

#[tokio::test]
async fn a_role_that_can_do_too_much_is_seen_while_it_serves() {
    let guarded = Guarded::new().await;
    // A login role of this test's own, since roles belong to the whole server; so is its callers' role, which is created anew.
    let (login, caller) = ("guarded_login", "guarded_caller");
    let make = format!(
        "CREATE ROLE {caller} NOLOGIN; CREATE ROLE guarded_group NOLOGIN BYPASSRLS; CREATE ROLE {login} LOGIN NOINHERIT;
         GRANT anon, authenticated, {caller} TO {login}; GRANT USAGE ON SCHEMA praxis TO {login};
         GRANT EXECUTE ON FUNCTION praxis.was_there_before, praxis.is_of_migrations TO {login};"
    );
    guarded.owner.batch_execute(&make).await.unwrap();
    let database: String =
        guarded.owner.query_one("SELECT current_database()::text", &[]).await.unwrap().get(0);
    let pool = Pool::new(&one_connection(database_url(login, &database))).unwrap();
    let engine = Arc::new(Engine::new(&systems::ALL, Limits::default(), pool.clone()).unwrap());
    let roles = [caller.to_owned(), "anon".to_owned(), "authenticated".to_owned()];
    let guarded = Guarded { guard: Guard::new(&engine, &pool, &roles), ..guarded };
    let past = "so row-level security would not apply to it";
    let one = async |statement: String, words: String| {
        guarded.breaks(vec![statement], vec![format!("the role {login}: {words}")]).await;
    };
    one(format!("ALTER ROLE {login} BYPASSRLS;"), format!("it has BYPASSRLS, {past}")).await;
    one(format!("ALTER ROLE {login} SUPERUSER;"), format!("it is a superuser, {past}")).await;
    one(format!("ALTER TABLE sites OWNER TO {login};"), format!("it owns the table public.sites, {past}"))
        .await;
    one(
        format!("ALTER ROLE {caller} BYPASSRLS;"),
        format!("it can become {caller}, which has BYPASSRLS, {past}"),
    )
    .await;
    one(
        format!("ALTER TABLE sites OWNER TO {caller};"),
        format!("it can become {caller}, which owns the table public.sites, {past}"),
    )
    .await;
    for member in [login, caller] {
        one(
            format!("GRANT guarded_group TO {member};"),
            format!("it can become guarded_group, which has BYPASSRLS, {past}"),
        )
        .await;
    }
    one(format!("REVOKE {caller} FROM {login};"), format!("it cannot act as {caller}")).await;
    for (role, of) in [("pg_read_all_data", caller), ("authenticated", caller)] {
        guarded
            .breaks(
                vec![format!("GRANT {role} TO {of};")],
                vec![format!("the role {of}: it is a member of {role}")],
            )
            .await;
    }
}
