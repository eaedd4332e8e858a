//! Finds rows that reference a missing row: through a foreign key that was never validated, or without a foreign key.

use sea_orm::sqlx::{self, AssertSqlSafe};

use super::super::rule::{Rule, Severity, source};
use super::super::{Config, Finding, LintError};
use super::{Catalog, texts};

const ORPHAN: Rule = Rule {
    id: "orphan-row",
    severity: Severity::Error,
    what: "No row references a missing row, including references without a foreign key.",
    why: "Every query that joins omits such a row.",
    source: source::BRIEF_METRICS,
    remedy: "Find out what the row belongs to; then add a validated foreign key.",
};

/// The query for foreign keys that were never validated: object, parent, a query that counts orphans, and whether policies hide
/// rows.
const UNVALIDATED: &str = "
    SELECT object, confrelid::regclass::text, format(
        'SELECT count(*) FROM %s AS child WHERE %s AND NOT EXISTS (SELECT FROM %s AS parent WHERE %s)',
        table_object, string_agg(format('child.%I IS NOT NULL', own.attname), ' AND '),
        confrelid::regclass, string_agg(format('parent.%I = child.%I', other.attname, own.attname), ' AND ')),
      conrelid::regclass::text, confrelid::regclass::text
    FROM constraints AS k, unnest(conkey, confkey) AS pair (own_number, other_number)
    JOIN pg_catalog.pg_attribute AS own ON true JOIN pg_catalog.pg_attribute AS other ON true
    WHERE contype = 'f' AND NOT convalidated AND own.attrelid = conrelid AND own.attnum = own_number
      AND other.attrelid = confrelid AND other.attnum = other_number
    GROUP BY object, table_object, conrelid, confrelid ORDER BY 1";

/// The query for a configured reference, with the same columns; no row if one of its columns does not exist.
const SOFT: &str = "
    SELECT own.attrelid::regclass || '.' || quote_ident(own.attname), other.attrelid::regclass::text, CASE
      WHEN (SELECT typcategory FROM pg_catalog.pg_type WHERE oid = own.atttypid) = 'A' THEN format(
        'SELECT count(*) FROM %s AS child WHERE EXISTS (SELECT FROM unnest(child.%I) AS element WHERE element IS NOT NULL
           AND NOT EXISTS (SELECT FROM %s AS parent WHERE parent.%I = element))',
        own.attrelid::regclass, own.attname, other.attrelid::regclass, other.attname)
      ELSE format(
        'SELECT count(*) FROM %s AS child WHERE child.%I IS NOT NULL
           AND NOT EXISTS (SELECT FROM %s AS parent WHERE parent.%I = child.%I)',
        own.attrelid::regclass, own.attname, other.attrelid::regclass, other.attname, own.attname) END,
      own.attrelid::regclass::text, other.attrelid::regclass::text
    FROM pg_catalog.pg_attribute AS own, pg_catalog.pg_attribute AS other
    WHERE own.attrelid = to_regclass($1) AND own.attname = $2 AND other.attrelid = to_regclass($3) AND other.attname = $4
      AND own.attnum > 0 AND other.attnum > 0";

/// The SQL condition that row-level security hides rows of a table from the current user. An owner whom a policy admits
/// sees all rows.
const HIDDEN: &str = "
    SELECT row_security_active($1::text::regclass) AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_policy, unnest(polroles) AS role
      WHERE polrelid = $1::text::regclass AND polpermissive AND polcmd IN ('r', '*')
        AND pg_get_expr(polqual, polrelid) = 'true'
        AND CASE WHEN role = 0 THEN true ELSE pg_has_role(role, 'USAGE') END)";

pub(super) fn rules() -> impl Iterator<Item = &'static Rule> {
    [&ORPHAN].into_iter()
}

pub(super) async fn check(
    catalog: &mut Catalog<'_>,
    config: &Config,
    findings: &mut Vec<Finding>,
    notes: &mut Vec<String>,
) -> Result<(), LintError> {
    let failed = |error: sqlx::Error| LintError::database(&ORPHAN, &error);
    let mut references = catalog.rows(&ORPHAN, UNVALIDATED).await?;
    let known = catalog.schemas.clone();
    let is_known = |column: &str| known.iter().any(|schema| column.split('.').next() == Some(schema));
    for reference in config.references.iter().filter(|it| is_known(&it.from)) {
        let [own_table, own_column] = split(&reference.from);
        let [other_table, other_column] = split(&reference.to);
        let row = sqlx::query(SOFT)
            .bind(own_table)
            .bind(own_column)
            .bind(other_table)
            .bind(other_column)
            .fetch_optional(&mut *catalog.connection)
            .await
            .map_err(failed)?;
        match row {
            Some(row) => references.push(row),
            None => findings.push(ORPHAN.finding(
                reference.from.clone(),
                format!(
                    "the configuration says that it references {}, but one of the two does not exist",
                    reference.to
                ),
                "correct the reference in the configuration".into(),
            )),
        }
    }
    for row in references {
        let [object, parent, count, own_table, other_table] = texts(&ORPHAN, &row)?;
        let mut is_hidden = false;
        for table in [own_table, other_table] {
            is_hidden |= sqlx::query_scalar::<_, bool>(HIDDEN)
                .bind(table)
                .fetch_one(&mut *catalog.connection)
                .await
                .map_err(failed)?;
        }
        if is_hidden {
            notes.push(format!("{} of {object}: row-level security hides rows from this role", ORPHAN.id));
            continue;
        }
        let orphans: i64 = sqlx::query_scalar(AssertSqlSafe(count))
            .fetch_one(&mut *catalog.connection)
            .await
            .map_err(failed)?;
        if orphans > 0 {
            findings.push(ORPHAN.finding(
                object,
                format!("{orphans} rows reference a missing row of {parent}"),
                format!("find out what they belong to, and then add a validated foreign key to {parent}"),
            ));
        }
    }
    Ok(())
}

/// Splits `schema.table.column` into the table and the column.
fn split(column: &str) -> [&str; 2] {
    column.rsplit_once('.').map_or([column, ""], |(table, column)| [table, column])
}
