//! Privileges on tables and columns.

use serde_json::{Value, json};

use super::Guarded;

#[tokio::test]
async fn no_grant_is_wider_than_the_entity() {
    let guarded = Guarded::new().await;
    let relations = [guarded.relations("r").await, guarded.relations("v").await].concat();
    for privilege in ["TRUNCATE", "REFERENCES", "TRIGGER"] {
        guarded
            .breaks_each(
                &relations,
                &format!("GRANT {privilege} ON {{}} TO anon"),
                &format!("{privilege} is granted to anon, which row-level security does not restrict"),
            )
            .await;
    }
    for privilege in ["SELECT", "INSERT", "UPDATE", "DELETE"] {
        guarded
            .breaks_each(
                &relations,
                &format!("GRANT {privilege} ON {{}} TO PUBLIC"),
                &format!("{privilege} is granted to PUBLIC, which is everybody"),
            )
            .await;
    }
    for privilege in ["INSERT", "UPDATE", "DELETE"] {
        guarded
            .breaks_each(
                &relations,
                &format!("GRANT {privilege} ON {{}} TO anon"),
                &format!("{privilege} is granted to anon, and so to callers without a token"),
            )
            .await;
    }
    for privilege in ["INSERT", "UPDATE"] {
        guarded
            .breaks_each(
                &relations,
                &format!("GRANT {privilege} ON {{}} TO authenticated"),
                &format!(
                    "{privilege} is granted to authenticated, also for columns that callers do not write"
                ),
            )
            .await;
    }
    guarded
        .breaks_each(
            &relations,
            "GRANT SELECT ON {} TO authenticated WITH GRANT OPTION",
            "authenticated may grant SELECT to others",
        )
        .await;
    let columns: Vec<String> = guarded
        .catalog
        .tables()
        .iter()
        .filter(|table| table.function.is_none())
        .filter_map(|table| {
            let keyed = table.primary_key.iter().find(|id| !table.writes.update.contains(id))?;
            Some(format!("({}) ON {}", table.column(*keyed).sql_name, table.sql_name))
        })
        .collect();
    let grants: Vec<String> =
        columns.iter().map(|it| format!("GRANT UPDATE {it} TO authenticated;")).collect();
    guarded.run(&grants).await;
    assert_eq!(guarded.unsafe_ones().await.len(), grants.len());
}

#[tokio::test]
async fn a_table_that_was_there_before_keeps_its_owners_grants() {
    let guarded = Guarded::new().await;
    let was_there =
        "DELETE FROM praxis.baseline WHERE object = 'table public.sites'; GRANT ALL ON sites TO anon";
    guarded.owner.batch_execute(was_there).await.unwrap();
    let found = guarded.guard.check().await.unwrap();
    assert!(!found.is_empty());
    assert!(found.iter().all(|finding| !finding.is_unsafe && finding.object == "public.sites"), "{found:?}");
    guarded.owner.batch_execute("ALTER TABLE sites DISABLE ROW LEVEL SECURITY").await.unwrap();
    assert_eq!(guarded.unsafe_ones().await.len(), 1);
}

#[tokio::test]
async fn whoever_has_no_token_reads_no_more_than_the_migrations_let_them() {
    let guarded = Guarded::new().await;
    let relations = [guarded.relations("r").await, guarded.relations("v").await].concat();
    // In the migrations, policies alone decide. Here, reading requires a token.
    let mut shipped: Vec<Value> = serde_json::from_str(migration::PROTECTION).unwrap();
    for table in &mut shipped {
        table["readers"].as_array_mut().unwrap().retain(|role| role != "anon");
    }
    let guarded = guarded.comparing(&json!(shipped)).await;
    let told = |what: &str| relations.iter().map(|it| format!("{it}: {what}")).collect::<Vec<_>>();
    guarded.breaks(Vec::new(), told("SELECT is granted to anon, and so to callers without a token")).await;
    // A privilege on a single column is too much.
    let first =
        "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum = 1";
    let (mut granted, mut expected) = (Vec::new(), Vec::new());
    for relation in &relations {
        let column: String = guarded.owner.query_one(first, &[relation]).await.unwrap().get(0);
        granted.push(format!("GRANT SELECT ({column}) ON {relation} TO anon;"));
        expected.push(format!(
            "{relation}: SELECT ({column}) is granted to anon, and so to callers without a token"
        ));
    }
    guarded.breaks(granted, expected).await;
}

#[tokio::test]
async fn what_is_the_gateways_own_is_read_by_no_caller() {
    let guarded = Guarded::new().await;
    let own = ["changes", "changes_forgotten", "idempotency_keys"].map(|name| format!("praxis.{name}"));
    for role in ["anon", "authenticated"] {
        let told = format!("SELECT is granted to {role}, but the table is not served to callers");
        guarded.breaks_each(&own, &format!("GRANT SELECT ON {{}} TO {role}"), &told).await;
    }
}
