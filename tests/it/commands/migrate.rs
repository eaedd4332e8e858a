//! `praxis migrate`, and the errors of owners' commands for other roles.

use std::collections::BTreeMap;

use praxis::systems;
use tokio_postgres::Client;

use super::{migrate, run};
use crate::binary::secret;
use crate::harness::{clone_database, connect, database_url, empty_database, schemas};

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

/// Returns the comments of all tables and columns that are served, by `schema.table` or `schema.table.column`.
async fn comments(owner: &Client) -> BTreeMap<String, String> {
    let sql = "SELECT concat_ws('.', nspname, relname, attname), coalesce(CASE WHEN attname IS NULL
          THEN obj_description(c.oid, 'pg_class') ELSE col_description(c.oid, attnum) END, '')
        FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
        LEFT JOIN LATERAL (
          SELECT attname, attnum FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
          UNION ALL SELECT NULL, NULL) AS a ON true
        WHERE relkind IN ('r', 'v') AND nspname = ANY ($1)
          -- What only a text search looks at is not served.
          AND (attname IS NULL OR NOT EXISTS (SELECT FROM pg_attribute AS it
            WHERE it.attrelid = c.oid AND it.attnum = a.attnum AND atttypid = 'tsvector'::regtype))";
    let rows = owner.query(sql, &[&schemas()]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test]
async fn the_comments_of_all_systems_are_the_descriptions_of_their_entities() {
    let url = database_url("postgres", &empty_database().await);
    migrate(&url, &["up"]).await.good();
    let owner = connect(&url).await;
    let described: BTreeMap<String, String> = systems::descriptions(&systems::ALL)
        .unwrap()
        .into_iter()
        .map(|it| {
            let object = [Some(it.schema), Some(it.table), it.column].into_iter().flatten();
            (object.collect::<Vec<_>>().join("."), it.text)
        })
        .collect();
    assert!(described.values().all(|text| !text.is_empty()));
    assert_eq!(comments(&owner).await, described);
    // A description that was edited since replaces the comment.
    let edit =
        "COMMENT ON TABLE therapyflow.patients IS 'before'; COMMENT ON COLUMN public.sites.site_id IS NULL;
      COMMENT ON VIEW public.timeline_events IS 'It''s old.'";
    owner.batch_execute(edit).await.unwrap();
    migrate(&url, &["up"]).await.good();
    assert_eq!(comments(&owner).await, described);
    // A table that was there before the first migration keeps the comments of its owner.
    owner
        .batch_execute(
            "DELETE FROM praxis.baseline WHERE object = 'table public.sites'; COMMENT ON TABLE public.sites IS 'theirs'",
        )
        .await
        .unwrap();
    migrate(&url, &["up"]).await.good();
    assert_eq!(comments(&owner).await["public.sites"], "theirs");
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
