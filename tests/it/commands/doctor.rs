//! `praxis doctor`.

use super::{doctor, run};
use crate::binary::secret;
use crate::harness::{clone_database, connect, database_url, empty_database};

#[tokio::test]
async fn the_doctor_finds_nothing_wrong_with_a_good_database() {
    let name = clone_database().await;
    let gateway = database_url("praxis_gateway", &name);
    let owner = database_url("postgres", &name);
    let said =
        run(&["doctor", "--jwt-secret", secret(), "--database-url", &gateway, "--migration-url", &owner])
            .await;
    assert!(said.good().contains("Nothing is wrong."));
}

#[tokio::test]
async fn the_doctor_needs_no_more_than_the_gateway() {
    let said = doctor(&database_url("praxis_gateway", &clone_database().await)).await;
    assert!(said.good().contains("Nothing is wrong."));
}

#[tokio::test]
async fn the_doctor_finds_missing_migrations() {
    let said = doctor(&database_url("postgres", &empty_database().await)).await.bad();
    let last = migration::migrations().last().unwrap().name;
    assert!(said.contains(&format!("the migration {last} is pending")), "{said}");
    assert!(said.contains("praxis migrate up") && said.contains("problems found"), "{said}");
}

#[tokio::test]
async fn the_doctor_finds_a_superuser() {
    let said = doctor(&database_url("postgres", &clone_database().await)).await.bad();
    assert!(said.contains("problem  the role postgres: it is a superuser"), "{said}");
    assert!(said.contains("1 problem found") && !said.contains("DROP POLICY"), "{said}");
}

#[tokio::test]
async fn the_doctor_finds_a_table_whose_owner_is_past_the_policies() {
    let name = clone_database().await;
    let owner = connect(&database_url("postgres", &name)).await;
    owner.batch_execute("ALTER TABLE sites NO FORCE ROW LEVEL SECURITY").await.unwrap();
    let said = doctor(&database_url("praxis_gateway", &name)).await.bad();
    assert!(said.contains("public.sites: row-level security does not apply to its owner"), "{said}");
    assert!(said.contains("FORCE ROW LEVEL SECURITY;") && said.contains("1 problem found"), "{said}");
}

#[tokio::test]
async fn the_doctor_notices_that_nothing_tells_of_changes_of_the_schema() {
    let name = clone_database().await;
    let owner = connect(&database_url("postgres", &name)).await;
    for (change, what) in [
        ("ALTER EVENT TRIGGER praxis_schema DISABLE", "it is disabled"),
        ("ALTER EVENT TRIGGER praxis_schema ENABLE REPLICA", "it is disabled"),
        (
            "ALTER EVENT TRIGGER praxis_schema ENABLE",
            "it does not fire if session_replication_role is replica",
        ),
        ("DROP EVENT TRIGGER praxis_schema", "it is missing"),
    ] {
        owner.batch_execute(change).await.unwrap();
        let said = doctor(&database_url("praxis_gateway", &name)).await.good();
        assert!(said.contains(&format!("notice   the event trigger praxis_schema: {what}")), "{said}");
        let remedy = said.lines().find_map(|line| line.trim_start().strip_prefix("→ ")).unwrap();
        owner.batch_execute(remedy).await.unwrap();
        let said = doctor(&database_url("praxis_gateway", &name)).await.good();
        assert!(said.contains("Nothing is wrong."), "{said}");
    }
}

#[tokio::test]
async fn the_doctor_finds_a_view_that_shows_what_its_owner_sees() {
    let name = clone_database().await;
    let owner = connect(&database_url("postgres", &name)).await;
    for change in ["SET (security_invoker = false)", "RESET (security_invoker)"] {
        owner.batch_execute(&format!("ALTER VIEW score_trends {change}")).await.unwrap();
        let said = doctor(&database_url("praxis_gateway", &name)).await.bad();
        assert!(said.contains("public.score_trends: it reads with its owner's rights"), "{said}");
        assert!(
            said.contains("SET (security_invoker = true);") && said.contains("1 problem found"),
            "{said}"
        );
    }
    owner.batch_execute("ALTER VIEW score_trends SET (security_invoker = on)").await.unwrap();
    assert!(doctor(&database_url("praxis_gateway", &name)).await.good().contains("Nothing is wrong."));
}
