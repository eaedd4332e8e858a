//! Comments on tables, views and columns, made from descriptions: the descriptions stand with the entities alone.

use sea_orm::sqlx::{self, AssertSqlSafe, Row, postgres::PgPool};

use crate::error::{DatabaseError, MigrationError};
use crate::runner::Run;

/// The description of a table or view, or of one of its columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The schema.
    pub schema: String,
    /// The table or view.
    pub table: String,
    /// The column; `None` describes the table itself.
    pub column: Option<String>,
    /// The text.
    pub text: String,
}

/// Returns the statements that make the comments equal to the descriptions. It leaves out objects that do not exist, belong to
/// another role, or were there before the first migration.
const DIFFERENT: &str = "
    SELECT CASE WHEN attname IS NULL
      THEN format('COMMENT ON %s %I.%I IS %L', CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, nspname, relname, text)
      ELSE format('COMMENT ON COLUMN %I.%I.%I IS %L', nspname, relname, attname, text) END
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS described(of_schema, of_table, of_column, text)
    JOIN pg_catalog.pg_namespace AS s ON nspname = of_schema
    JOIN pg_catalog.pg_class AS c ON relnamespace = s.oid AND relname = of_table AND relkind IN ('r', 'p', 'v')
    LEFT JOIN pg_catalog.pg_attribute ON attrelid = c.oid AND attname = of_column AND NOT attisdropped
    WHERE (of_column IS NULL OR attname IS NOT NULL) AND pg_has_role(relowner, 'USAGE')
      AND text IS DISTINCT FROM CASE WHEN attname IS NULL
        THEN obj_description(c.oid, 'pg_class') ELSE col_description(c.oid, attnum) END
      AND NOT praxis.was_there_before(c.oid)";

/// Sets the comments of these tables, views and columns, in one transaction, and returns the number of changed ones.
pub async fn describe(database_url: &str, descriptions: &[Description]) -> Result<usize, MigrationError> {
    let run = Run::begin(database_url).await?;
    let outcome = set(&run.pool, descriptions).await;
    run.end().await;
    outcome.map_err(|error| MigrationError::Undescribed(DatabaseError::from_sqlx(&error, None).into()))
}

async fn set(pool: &PgPool, descriptions: &[Description]) -> Result<usize, sqlx::Error> {
    let each = |part: fn(&Description) -> Option<String>| descriptions.iter().map(part).collect::<Vec<_>>();
    let mut transaction = pool.begin().await?;
    let different = sqlx::query(DIFFERENT)
        .bind(each(|it| Some(it.schema.clone())))
        .bind(each(|it| Some(it.table.clone())))
        .bind(each(|it| it.column.clone()))
        .bind(each(|it| Some(it.text.clone())))
        .fetch_all(&mut *transaction)
        .await?;
    let statements: Vec<String> =
        different.iter().map(|row| row.try_get(0)).collect::<Result<_, sqlx::Error>>()?;
    if !statements.is_empty() {
        // Postgres has quoted the names and texts.
        sqlx::raw_sql(AssertSqlSafe(statements.join(";\n"))).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(statements.len())
}
