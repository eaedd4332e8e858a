//! `praxis migrate`, and the errors of owners' commands for other roles.

use super::{migrate, run};
use crate::binary::secret;
use crate::harness::{clone_database, database_url, empty_database};

#[tokio::test]
async fn the_owners_commands_tell_the_gateways_role_what_to_do() {
    let name = clone_database().await;
    let url = database_url("praxis_gateway", &name);
    let user = "clinician.north@praxis.example";
    for command in [
        &["token", "--user", user, "--jwt-secret", secret()][..],
        &["seed", "demo"],
        &["refresh"],
        &["refresh", "outcomes"],
        &["migrate", "up"],
        &["migrate", "down"],
    ] {
        let said = run(&[command, &["--database-url", &url]].concat()).await.bad();
        assert!(said.contains("owner of the tables"), "{command:?}: {said}");
    }
    run(&["migrate", "status", "--database-url", &url]).await.good();
    let url = database_url("postgres", &empty_database().await);
    for command in [&["token", "--user", user, "--jwt-secret", secret()][..], &["seed", "demo"], &["refresh"]]
    {
        let said = run(&[command, &["--database-url", &url]].concat()).await.bad();
        assert!(said.contains("praxis migrate up"), "{command:?}: {said}");
    }
}

#[tokio::test]
async fn migrate_goes_up_and_down_and_tells_where_it_is() {
    let url = database_url("postgres", &empty_database().await);
    let count = migration::migrations().len();
    let states = async || {
        let said = migrate(&url, &["status"]).await.good();
        let state = |name: &str| said.lines().filter(|line| line.starts_with(name)).count();
        (state("applied"), state("pending"))
    };
    assert_eq!(states().await, (0, count));
    assert!(migrate(&url, &["up"]).await.good().contains(&format!("{count} migrations applied")));
    assert_eq!(states().await, (count, 0));
    assert!(migrate(&url, &["up"]).await.good().contains("0 migrations applied"));

    let last = migration::migrations()[count - 1].name;
    assert_eq!(migrate(&url, &["down"]).await.good(), format!("reverted {last}\n"));
    assert_eq!(states().await, (count - 1, 1));
    let all = count.to_string();
    assert_eq!(migrate(&url, &["down", "--steps", &all]).await.good().lines().count(), count - 1);
    assert_eq!(states().await, (0, count));
    assert!(migrate(&url, &["up"]).await.good().contains(&format!("{count} migrations applied")));
}

#[tokio::test]
async fn migrate_wants_to_know_which_database() {
    assert!(run(&["migrate", "status"]).await.bad().contains("DATABASE_URL"));
}
