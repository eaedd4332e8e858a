//! Columns and keys.

use std::collections::BTreeSet;

use super::Guarded;

#[tokio::test]
async fn every_column_is_there_with_its_type() {
    let guarded = Guarded::new().await;
    let tables = || guarded.catalog.tables().iter().filter(|table| table.function.is_none());
    let widest = tables().map(|table| table.columns.len()).max().unwrap();
    let named = |at: usize| {
        tables()
            .filter_map(move |table| Some((table.sql_name.as_str(), table.columns.get(at)?.name.as_str())))
    };
    for at in 0..widest {
        let rename = |from: &str, to: &str| {
            let rename = |(table, column)| {
                format!("ALTER TABLE {table} RENAME COLUMN \"{column}{from}\" TO \"{column}{to}\";")
            };
            named(at).map(rename).collect::<Vec<_>>()
        };
        guarded.run(&rename("", "_gone")).await;
        let found: BTreeSet<String> = guarded.unsafe_ones().await.iter().map(ToString::to_string).collect();
        for (table, column) in named(at) {
            let line = format!("{}.{column}: there is no such column", table.replace('"', ""));
            assert!(found.contains(&line), "{line}\nnot among {found:#?}");
        }
        guarded.run(&rename("_gone", "")).await;
    }
    assert_eq!(guarded.guard.check().await.unwrap(), []);

    // The first column of each table that no other object depends on.
    let mut retyped = BTreeSet::new();
    for table in guarded.relations("r").await {
        let sql = "SELECT quote_ident(attname) FROM pg_attribute
                   WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum DESC";
        for row in guarded.owner.query(sql, &[&table]).await.unwrap() {
            let column: &str = row.get(0);
            let drop = format!(
                "ALTER TABLE {table} ALTER {column} DROP DEFAULT, ALTER {column} TYPE jsonb USING NULL"
            );
            if guarded.owner.batch_execute(&drop).await.is_ok() {
                retyped.insert(format!("{table}.{column}"));
                break;
            }
        }
    }
    assert!(retyped.len() >= 30, "{retyped:?}");
    let found: BTreeSet<String> = guarded
        .unsafe_ones()
        .await
        .into_iter()
        .filter(|finding| finding.message.starts_with("its type is jsonb instead of"))
        .map(|finding| finding.object)
        .collect();
    assert_eq!(found, retyped);
}

#[tokio::test]
async fn every_column_that_is_never_null_is_kept_so_and_every_key_is_there() {
    let guarded = Guarded::new().await;
    let tables = guarded.relations("r").await;
    let mut statements = Vec::new();
    let mut expected = Vec::new();
    for table in guarded.catalog.tables().iter().filter(|it| it.function.is_none()) {
        let object = table.sql_name.replace('"', "");
        if !tables.contains(&object) {
            continue;
        }
        for (at, column) in table.columns.iter().enumerate() {
            let is_key = table.primary_key.iter().any(|id| id.0 == at);
            if !column.nullable && !is_key {
                statements.push(format!("ALTER TABLE {object} ALTER {} DROP NOT NULL;", column.sql_name));
                expected.push(format!("{object}.{}: it may be NULL, but must not be", column.name));
            }
        }
    }
    assert!(expected.len() > 50);
    guarded.breaks(statements, expected).await;

    let sql = "SELECT conrelid::regclass::text, quote_ident(conname), contype = 'f' FROM pg_constraint
               WHERE conrelid = ANY ($1::text[]::regclass[]) AND contype IN ('p', 'u', 'f') AND conislocal
               ORDER BY contype = 'f' DESC";
    let constraints = guarded.owner.query(sql, &[&tables]).await.unwrap();
    for row in &constraints {
        let (table, name): (&str, &str) = (row.get(0), row.get(1));
        // Objects that depend on a key are dropped with it, and are reported too.
        guarded
            .owner
            .batch_execute(&format!("ALTER TABLE {table} DROP CONSTRAINT {name} CASCADE"))
            .await
            .unwrap();
    }
    let found = guarded.unsafe_ones().await;
    let keys = |words: &str| found.iter().filter(|finding| finding.message.starts_with(words)).count();
    assert_eq!(keys("it has no FOREIGN KEY"), constraints.iter().filter(|row| row.get(2)).count());
    let of_tables =
        guarded.catalog.tables().iter().filter(|it| tables.contains(&it.sql_name.replace('"', "")));
    assert!(keys("no unique index has") >= of_tables.count());
}
