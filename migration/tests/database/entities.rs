//! Entities and tables have the same columns, types, keys, relations and lists of values, in both directions. Of a view the
//! database knows only the columns; the rest of its entity is checked against its rows.

use std::collections::{BTreeMap, BTreeSet};

use entity::{Source, TableName, Visitor};
use sea_orm::{
    ColumnDef, ColumnTrait, ColumnType, DbBackend, EntityTrait, IdenStatic, Iterable, PrimaryKeyToColumn,
    QueryTrait, RelationTrait, RelationType, Schema,
    sea_query::{PostgresQueryBuilder, Query, Value},
};

use crate::access::DATA;
use crate::cluster::{Session, migrated};
use crate::systems::{self, functions};

type Set = BTreeSet<String>;

/// The facts that the entities state, one line each.
#[derive(Default)]
struct Facts {
    columns: Set,
    keys: Set,
    references: Set,
    values: Set,
    tables: usize,
    /// True if they are about the rows of functions, not about tables and views.
    are_rows_of_functions: bool,
}

/// Returns true if an entity describes the rows of a function, and no table.
fn is_rows_of_a_function(schema: &str, name: &str) -> bool {
    let rows = functions().map(|function| function.returns).filter(|returns| returns.has_no_table());
    rows.map(entity::Returns::table).any(|table| (table.schema, table.name) == (schema, name))
}

pub(crate) fn type_name(column: &ColumnType) -> String {
    match column {
        ColumnType::BigInteger => "bigint".into(),
        ColumnType::Integer => "integer".into(),
        ColumnType::Text => "text".into(),
        ColumnType::Boolean => "boolean".into(),
        ColumnType::Float => "real".into(),
        ColumnType::Double => "double precision".into(),
        ColumnType::Uuid => "uuid".into(),
        ColumnType::Date => "date".into(),
        ColumnType::JsonBinary => "jsonb".into(),
        ColumnType::TimestampWithTimeZone => "timestamp with time zone".into(),
        ColumnType::Decimal(None) => "numeric".into(),
        ColumnType::Decimal(Some((precision, scale))) => format!("numeric({precision},{scale})"),
        ColumnType::Array(of) => format!("{}[]", type_name(of)),
        other => panic!("no name for {other:?}"),
    }
}

fn default_of(definition: &ColumnDef) -> String {
    let Some(default) = definition.get_column_default() else { return String::new() };
    let text = Query::select().expr(default.clone()).to_string(PostgresQueryBuilder);
    let text = text.trim_start_matches("SELECT ").to_lowercase();
    text.strip_prefix('(').and_then(|it| it.strip_suffix(')')).unwrap_or(&text).to_owned()
}

impl Visitor for Facts {
    fn visit<E: EntityTrait>(&mut self, _: E, table: TableName, source: &'static Source) {
        if self.are_rows_of_functions != is_rows_of_a_function(table.schema, table.name) {
            return;
        }
        self.tables += 1;
        let name = |column: E::Column| column.as_str().to_owned();

        let mut uniques: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for column in E::Column::iter() {
            let definition = column.def();
            let nullable = if definition.is_null() { "" } else { " not null" };
            let default = default_of(&definition);
            let default = if default.is_empty() { default } else { format!(" default {default}") };
            let ty = type_name(definition.get_column_type());
            self.columns.insert(format!("{table}.{} {ty}{nullable}{default}", name(column)));
            if definition.is_unique() {
                uniques.insert(name(column), vec![name(column)]);
            }
            if let Some(key) = unique_key(E::default(), column.as_str()) {
                uniques.entry(key).or_default().push(name(column));
            }
        }
        let primary: Vec<_> = E::PrimaryKey::iter().map(|it| name(it.into_column())).collect();
        self.keys.insert(format!("{table} primary ({})", primary.join(", ")));
        for mut columns in uniques.into_values() {
            columns.sort();
            self.keys.insert(format!("{table} unique ({})", columns.join(", ")));
        }

        for relation in E::Relation::iter() {
            let definition = relation.def();
            let columns =
                |of: &sea_orm::Identity| of.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let sea_orm::sea_query::TableRef::Table(far, _) = &definition.to_tbl else {
                panic!("{:?}", definition.to_tbl)
            };
            let far_schema = far.0.as_ref().map_or(table.schema.to_owned(), |schema| schema.1.to_string());
            // The rows of a function are in no table to query.
            if is_rows_of_a_function(&far_schema, &far.1.to_string()) {
                continue;
            }
            let (near, far) = (table.to_string(), format!("{far_schema}.{}", far.1));
            let (from, to) = (columns(&definition.from_col), columns(&definition.to_col));
            // Both sides of a relation state the same fact, and each must exist.
            let (fact, side) = match (definition.rel_type, definition.is_owner) {
                (RelationType::HasMany, _) => (format!("{far} ({to}) → {near} ({from})"), "many"),
                (RelationType::HasOne, true) => (format!("{far} ({to}) → {near} ({from})"), "only"),
                (RelationType::HasOne, false) => (format!("{near} ({from}) → {far} ({to})"), "one"),
            };
            self.references.insert(format!("{fact} {side}"));
        }
        for column in source.columns {
            if let Some(values) = column.values {
                let mut texts: Vec<_> = values.values.iter().map(|it| it.value).collect();
                texts.sort_unstable();
                self.values.insert(format!("{table}.{} in {}", column.name, texts.join(", ")));
            }
        }
        // The entity can be selected.
        assert!(E::find().build(DbBackend::Postgres).values.is_none_or(|it| it.0 == Vec::<Value>::new()));
    }
}

fn unique_key<E: EntityTrait>(entity: E, column: &str) -> Option<String> {
    Schema::new(DbBackend::Postgres).create_index_from_entity(entity).iter().find_map(|index| {
        let text = index.to_string(PostgresQueryBuilder);
        let (name, columns) = text.strip_prefix("CREATE UNIQUE INDEX ")?.split_once(" ON ")?;
        columns.contains(&format!("\"{column}\"")).then(|| name.to_owned())
    })
}

fn facts() -> Facts {
    let mut facts = Facts::default();
    systems::visit(&mut facts);
    entity_auth::visit(&mut facts);
    facts
}

async fn database() -> Session {
    migrated().await.connect().await
}

/// Returns the schemas of all systems, as a list in SQL.
pub(crate) fn schemas() -> String {
    systems::schemas()
        .chain(entity_auth::SCHEMAS)
        .map(|schema| format!("'{}'", schema.name))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Returns the first column of a query, in which `{schemas}` is replaced by the schemas of all systems.
async fn set(session: &mut Session, query: &str) -> Set {
    session.rows(query.replace("{schemas}", &schemas())).await.into_iter().collect()
}

const VIEWS: &str = "SELECT nspname || '.' || relname FROM pg_class
    JOIN pg_namespace AS s ON s.oid = relnamespace AND nspname IN ({schemas}) WHERE relkind = 'v'";

/// Splits facts into those of tables and those of views.
fn apart(facts: Set, views: &Set) -> (Set, Set) {
    let of_view = |fact: &String| {
        let object = fact.split_once(' ').map_or("", |it| it.0);
        let is_it = |view: &String| {
            object.strip_prefix(view).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        views.iter().any(is_it)
    };
    facts.into_iter().partition(|fact| !of_view(fact))
}

#[tokio::test]
async fn columns_with_types_nullability_and_defaults() {
    let query = r"
        SELECT format('%s.%s.%s %s%s%s', nspname, relname, attname, format_type(atttypid, atttypmod),
          CASE WHEN attnotnull THEN ' not null' END,
          CASE WHEN adbin IS NOT NULL AND pg_get_expr(adbin, adrelid) NOT LIKE 'nextval(%'
            THEN ' default ' || lower(regexp_replace(
              replace(pg_get_expr(adbin, adrelid), 'now()', 'CURRENT_TIMESTAMP'), '::\w+$', '')) END)
        FROM pg_attribute
        JOIN pg_class AS t ON t.oid = attrelid AND relkind IN ('r', 'p', 'v')
        JOIN pg_namespace AS s ON s.oid = relnamespace AND nspname IN ({schemas})
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE attnum > 0 AND NOT attisdropped
          -- What only a text search looks at is not served, and GraphQL has no type for it.
          AND atttypid <> 'tsvector'::regtype";
    let mut session = database().await;
    let (mut entities, of_views) = apart(facts().columns, &set(&mut session, VIEWS).await);
    entities.extend(of_views.iter().map(|it| it.replace(" not null", "")));
    let database = set(&mut session, query).await;
    assert_eq!(
        entities.difference(&database).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "only in the entities"
    );
    assert_eq!(
        database.difference(&entities).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "only in the database"
    );
}

#[tokio::test]
async fn primary_and_unique_keys() {
    // A unique key that contains the primary key is no rule of its own: a foreign key references it.
    let query = "
        SELECT format('%s.%s %s (%s)', nspname, relname, CASE WHEN indisprimary THEN 'primary' ELSE 'unique' END,
          (SELECT string_agg(attname, ', ' ORDER BY CASE WHEN indisprimary THEN to_char(place, '0000') ELSE attname END)
           FROM unnest(indkey) WITH ORDINALITY AS key(number, place)
           JOIN pg_attribute ON attrelid = indrelid AND attnum = number))
        FROM pg_index JOIN pg_class AS t ON t.oid = indrelid
        JOIN pg_namespace AS s ON s.oid = relnamespace AND nspname IN ({schemas})
        WHERE indisunique AND NOT EXISTS (
          SELECT FROM pg_index AS own WHERE own.indrelid = pg_index.indrelid AND own.indisprimary
            AND own.indexrelid <> pg_index.indexrelid AND own.indkey::int2[] <@ pg_index.indkey::int2[])";
    let mut session = database().await;
    let (keys, _) = apart(facts().keys, &set(&mut session, VIEWS).await);
    assert_eq!(keys, set(&mut session, query).await);
}

#[tokio::test]
async fn foreign_keys_are_relations_on_both_sides() {
    // Foreign keys to auth.users are not relations: accounts are never exposed. The keys that tie the site or the organization of
    // a row to that of its parent repeat the key to the parent.
    let query = "
        SELECT format('%s (%s) → %s (%s) %s', near.relnamespace::regnamespace::text || '.' || near.relname,
          (SELECT string_agg(attname, ', ') FROM pg_attribute WHERE attrelid = conrelid AND attnum = ANY (conkey)),
          far.relnamespace::regnamespace::text || '.' || far.relname,
          (SELECT string_agg(attname, ', ') FROM pg_attribute WHERE attrelid = confrelid AND attnum = ANY (confkey)),
          side)
        FROM pg_constraint JOIN pg_class AS near ON near.oid = conrelid JOIN pg_class AS far ON far.oid = confrelid,
          unnest(ARRAY['one', 'many']) AS side
        WHERE contype = 'f' AND confrelid <> 'auth.users'::regclass AND conname NOT LIKE '%_site_of_protocol' AND conname NOT LIKE '%_org_of_%'";
    let mut session = database().await;
    let (references, of_views) = apart(facts().references, &set(&mut session, VIEWS).await);
    assert_eq!(references, set(&mut session, query).await);
    // A table that a view references need not lead back to the view's rows.
    for reference in of_views.iter().filter(|it| !it.ends_with(" one")) {
        let fact = reference.rsplit_once(' ').unwrap().0;
        assert!(of_views.contains(&format!("{fact} one")), "{reference}, and not the other side");
    }
}

#[tokio::test]
async fn lists_of_values_are_the_checks() {
    let query = r"
        SELECT format('%s.%s.%s in %s', nspname, relname, attname,
          (SELECT string_agg(value[1], ', ' ORDER BY value[1])
           FROM regexp_matches(pg_get_constraintdef(c.oid), '''([^'']+)''::text', 'g') AS value))
        FROM pg_constraint AS c JOIN pg_class AS t ON t.oid = conrelid
        JOIN pg_namespace AS s ON s.oid = relnamespace AND nspname IN ({schemas})
        JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
        WHERE contype = 'c' AND pg_get_constraintdef(c.oid) LIKE '%= ANY (ARRAY[%'";
    let mut session = database().await;
    let (values, _) = apart(facts().values, &set(&mut session, VIEWS).await);
    assert_eq!(values, set(&mut session, query).await);
}

/// A session with all phases and quiet stretches, and homework in every state.
const COURSE: &str = "
    INSERT INTO log_clinical_records (site_id) VALUES (3);
    INSERT INTO session_events (protocol_id, event_type_id, event_timestamp, intensity_level)
    SELECT 5, 1, timestamptz '2026-01-13T10:00:00Z' + place * interval '40 minutes', intensity
    FROM unnest(ARRAY[2, 5, 9, 5, 2]) WITH ORDINALITY AS course(intensity, place);
    INSERT INTO integration_homework (protocol_id, assigned_date, due_date, completed_date)
    SELECT 5, today - 10, today + due, today + completed
    FROM (SELECT (now() AT TIME ZONE 'UTC')::date AS today) AS calendar,
      (VALUES (-1, NULL), (0, NULL), (1, NULL), (-1, -1), (-1, 0)) AS homework(due, completed);
";

#[tokio::test]
async fn the_rows_of_a_view_are_as_its_entity_says() {
    let mut session = database().await;
    session.run(DATA).await.unwrap();
    session.run(COURSE).await.unwrap();
    session.run(crate::isolation::DATA).await.unwrap();
    let views = set(&mut session, VIEWS).await;
    let mut wrong = Vec::new();
    // None of these may have a row.
    let mut never = Vec::new();
    for column in apart(facts().columns, &views).1.iter().filter(|it| it.contains(" not null")) {
        let (table, name) = column.split_once(' ').unwrap().0.rsplit_once('.').unwrap();
        never.push(format!("SELECT FROM {table} WHERE {name} IS NULL"));
    }
    for key in apart(facts().keys, &views).1 {
        let (table, columns) = key.trim_end_matches(')').split_once(" primary (").unwrap();
        never.push(format!("SELECT FROM {table} GROUP BY {columns} HAVING count(*) > 1"));
        never.push(format!("SELECT WHERE NOT EXISTS (SELECT FROM {table})"));
    }
    for reference in apart(facts().references, &views).1 {
        let parts: Vec<&str> = reference.split([' ', '(', ')', '→']).filter(|it| !it.is_empty()).collect();
        let [near, from, far, to, _] = parts[..] else { panic!("{reference}: a key of several columns") };
        never.push(format!(
            "SELECT FROM {near} WHERE {from} IS NOT NULL AND {from} NOT IN (SELECT {to} FROM {far})"
        ));
    }
    assert!(never.len() > 20, "{never:#?}");
    for query in never {
        if !session.rows(format!("SELECT 'a row' FROM ({query}) AS found LIMIT 1")).await.is_empty() {
            wrong.push(query);
        }
    }
    for values in apart(facts().values, &views).1 {
        let (column, texts) = values.split_once(" in ").unwrap();
        let (table, column) = column.rsplit_once('.').unwrap();
        let query = format!("SELECT string_agg(DISTINCT {column}, ', ' ORDER BY {column}) FROM {table}");
        if session.one(&query).await != texts {
            wrong.push(query);
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test]
async fn every_table_and_view_is_an_entity() {
    let query = "SELECT count(*)::text FROM pg_class
        WHERE relkind IN ('r', 'p', 'v') AND relnamespace::regnamespace::text IN ({schemas})";
    let count = set(&mut database().await, query).await;
    assert_eq!(count, Set::from([facts().tables.to_string()]));
}
