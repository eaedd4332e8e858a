//! `praxis lint`.

use serde_json::json;

use super::run;
use crate::harness::{clone_database, connect, database_url, empty_database};

#[tokio::test]
async fn the_rulebook_holds_in_a_database_with_data() {
    let url = database_url("postgres", &clone_database().await);
    assert_eq!(run(&["lint", "--database-url", &url]).await.good(), "Every rule holds.\n");
}

#[tokio::test]
async fn the_rulebook_holds_for_the_migrations_in_a_postgres_of_its_own() {
    assert_eq!(run(&["lint"]).await.good(), "Every rule holds.\n");
}

#[tokio::test]
async fn a_broken_rule_is_named_in_every_format() {
    let name = clone_database().await;
    let url = database_url("postgres", &name);
    let owner = connect(&url).await;
    owner.batch_execute("ALTER TABLE sites NO FORCE ROW LEVEL SECURITY").await.unwrap();
    let lint = async |format| {
        let said = run(&["lint", "--database-url", &url, "--format", format]).await;
        assert_eq!(said.status.code(), Some(1), "{}{}", said.out, said.err);
        said.out
    };
    let text = lint("text").await;
    assert!(text.contains("error    public.sites: ") && text.contains("[rls-forced]"), "{text}");
    assert!(
        text.contains("→ ALTER TABLE public.sites FORCE ROW LEVEL SECURITY;")
            && text.ends_with("1 finding\n")
    );
    let object: serde_json::Value = serde_json::from_str(&lint("json").await).unwrap();
    assert_eq!(
        object,
        json!({ "findings": [{
            "rule": "rls-forced",
            "severity": "error",
            "object": "public.sites",
            "message": "row-level security does not apply to its owner",
            "source": "Praxis decision 8, grants and the owner",
            "remedy": "ALTER TABLE public.sites FORCE ROW LEVEL SECURITY;"
        }], "notes": [] })
    );
    assert!(lint("github").await.starts_with("::error title=rls-forced::public.sites: "));
}

#[tokio::test]
async fn any_postgres_and_any_folder_can_be_checked() {
    let name = empty_database().await;
    let url = database_url("postgres", &name);
    connect(&url).await.batch_execute("CREATE TABLE open (id int PRIMARY KEY)").await.unwrap();
    let folder = std::env::temp_dir().join(format!("praxis-lint-command-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("20260101000000_a.sql"), "SELECT 1;\nDROP TABLE open;").unwrap();
    let folder_name = folder.to_str().unwrap();
    let said =
        run(&["lint", "--database-url", &url, "--migrations", folder_name, "--format", "github"]).await;
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(said.status.code(), Some(1));
    assert!(said.out.contains("::error title=rls-enabled::public.open: "), "{}", said.out);
    let of_file = format!("::error file={folder_name}/20260101000000_a.sql,line=2,title=additive-only::");
    assert!(said.out.contains(&of_file), "{}", said.out);
}

#[tokio::test]
async fn rules_that_cannot_be_checked_are_no_findings() {
    for arguments in [
        ["--database-url", "postgres://nobody@%2Fnowhere/nothing"],
        ["--config", "/nowhere.toml"],
        ["--migrations", "/nowhere"],
    ] {
        let said = run(&[&["lint"][..], &arguments].concat()).await;
        assert_eq!(said.status.code(), Some(2), "{}", said.err);
        assert!(said.err.contains("error: ") && said.out.is_empty(), "{}{}", said.out, said.err);
    }
}
