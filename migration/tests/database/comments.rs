//! TherapyFlow's tables have their descriptions as comments in the database too.

use std::collections::BTreeSet;

use entity::{Source, TableName, Visitor};
use sea_orm::EntityTrait;

use crate::cluster::migrated;

/// Statements that describe the tables and views as the entities do.
#[derive(Default)]
struct Comments(BTreeSet<String>);

impl Visitor for Comments {
    fn visit<E: EntityTrait>(&mut self, _: E, table: TableName, source: &'static Source) {
        let is_rows = |function: &entity::Function| {
            function.returns.has_no_table() && function.returns.table() == table
        };
        if entity_therapyflow::functions::FUNCTIONS.iter().any(is_rows) {
            return;
        }
        let quoted = |doc: &str| doc.replace('\'', "''").replace('\n', " ");
        let mut say = |what: String, doc: &str| {
            self.0.insert(format!("COMMENT ON {what} IS '{}';", quoted(doc)));
        };
        let kind = if table.name.starts_with("upcoming_") { "VIEW" } else { "TABLE" };
        say(format!("{kind} {table}"), source.doc);
        for column in source.columns {
            say(format!("COLUMN {table}.{}", column.name), column.doc);
        }
    }
}

#[tokio::test]
async fn tables_and_columns_are_described_as_their_entities_describe_them() {
    let mut described = Comments::default();
    entity_therapyflow::visit(&mut described);
    let query = "
        SELECT format('COMMENT ON %s therapyflow.%s IS ''%s'';', CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END,
          relname, replace(obj_description(oid, 'pg_class'), '''', ''''''))
        FROM pg_class WHERE relnamespace = 'therapyflow'::regnamespace AND relkind IN ('r', 'v')
        UNION ALL
        SELECT format('COMMENT ON COLUMN therapyflow.%s.%s IS ''%s'';', relname, attname,
          replace(col_description(attrelid, attnum), '''', ''''''))
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'therapyflow'::regnamespace AND relkind IN ('r', 'v') AND attnum > 0 AND NOT attisdropped";
    let known: BTreeSet<String> = migrated().await.connect().await.rows(query).await.into_iter().collect();
    let missing: Vec<&String> = described.0.difference(&known).collect();
    assert!(
        missing.is_empty(),
        "to be said in a migration:\n{}",
        missing.iter().map(|it| it.as_str()).collect::<Vec<_>>().join("\n")
    );
}
