//! Checks the rules about a database with queries of Postgres's catalog.
//!
//! Most rules are a query that returns the objects that break them. It uses the names that [`PRELUDE`] defines, which cover only
//! the schemas to check. Rules about policy expressions are written in Rust, over their syntax trees.

mod code;
mod columns;
mod grants;
mod indexes;
mod keys;
mod orphans;
mod policies;
mod tables;

use sea_orm::sqlx::{self, AssertSqlSafe, PgConnection, Row as _, postgres::PgRow};
use serde_json::json;

use super::{Config, Finding, LintError, Rule};

/// The oldest version of Postgres whose catalog has the columns that the rules read.
const OLDEST: i32 = 15;

/// A rule with the query that finds its violations. Each row has an object, a message and a remedy.
struct CatalogRule {
    rule: Rule,
    sql: &'static str,
}

/// The common table expressions that the queries use. `$1` is the configuration, with the schemas to check.
const PRELUDE: &str = r"
WITH schemas AS (
  SELECT s.oid, s.nspname::text AS schema, c.tenant, coalesce(c.forbid_jsonb, false) AS forbid_jsonb,
    coalesce(c.internal, false) AS internal
  FROM jsonb_to_recordset($1::text::jsonb -> 'schemas')
    AS c (name text, tenant text, forbid_jsonb boolean, internal boolean)
  JOIN pg_catalog.pg_namespace AS s ON s.nspname = c.name
), clients AS (
  SELECT oid, rolname::text AS client, rolname = $1::text::jsonb ->> 'anonymous' AS is_anonymous
  FROM pg_catalog.pg_roles
  WHERE rolname IN (SELECT jsonb_array_elements_text($1::text::jsonb -> 'clients'))
), relations AS (
  SELECT r.oid, relkind, relname::text AS name, format('%I.%I', schema, relname) AS object, relowner, relacl, reloptions,
    relrowsecurity AS is_secured, relforcerowsecurity AS is_forced, schemas.schema, tenant, forbid_jsonb,
    NOT EXISTS (SELECT FROM clients) OR EXISTS (
      SELECT FROM clients WHERE has_schema_privilege(clients.oid, relnamespace, 'USAGE') AND (
        NOT internal OR has_any_column_privilege(clients.oid, r.oid, 'SELECT, INSERT, UPDATE')
        OR has_table_privilege(clients.oid, r.oid, 'DELETE'))) AS is_reachable
  FROM pg_catalog.pg_class AS r JOIN schemas ON schemas.oid = relnamespace
  WHERE relkind IN ('r', 'p', 'v', 'm')
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend WHERE objid = r.oid AND classid = 'pg_class'::regclass AND deptype = 'e')
), tables AS (
  SELECT * FROM relations WHERE relkind IN ('r', 'p')
), views AS (
  SELECT * FROM relations WHERE relkind IN ('v', 'm')
), columns AS (
  SELECT relations.oid AS relation, relkind, is_reachable, forbid_jsonb, attnum, attname::text AS name,
    format('%s.%I', object, attname) AS object, relations.object AS relation_object, attacl,
    format_type(atttypid, NULL) AS type, typcategory AS category
  FROM relations
  JOIN pg_catalog.pg_attribute ON attrelid = relations.oid AND attnum > 0 AND NOT attisdropped
  JOIN pg_catalog.pg_type AS t ON t.oid = atttypid
), granted AS (
  SELECT relations.oid AS relation, grantee, privilege_type AS privilege FROM relations, aclexplode(relacl)
  WHERE grantee <> relowner
  UNION SELECT relation, grantee, privilege_type FROM columns, aclexplode(attacl)
  WHERE grantee <> (SELECT relowner FROM relations WHERE relations.oid = relation)
), constraints AS (
  SELECT c.*, tables.object AS table_object, format('%s.%I', tables.object, conname) AS object
  FROM pg_catalog.pg_constraint AS c JOIN tables ON tables.oid = conrelid WHERE conparentid = 0
), indexes AS (
  SELECT i.*, relname::text AS name, format('%I.%I', schema, relname) AS object, tables.name AS table_name,
    tables.object AS table_object, amname AS method, pg_get_expr(indexprs, indrelid) AS expressions,
    coalesce(pg_get_expr(indpred, indrelid), '') AS predicate,
    EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x')) AS is_constraint
  FROM pg_catalog.pg_index AS i JOIN tables ON tables.oid = indrelid
  JOIN pg_catalog.pg_class AS c ON c.oid = indexrelid JOIN pg_catalog.pg_am AS am ON am.oid = relam
), compared AS (
  -- Columns that policies for reading compare with the caller: Postgres writes `column = ( SELECT …` and `column = ANY (( SELECT …`.
  SELECT DISTINCT tables.oid AS relation, tables.object AS table_object, format('%s.%I', tables.object, attname) AS object,
    attname::text AS name, attnum AS number, conkey AS key
  FROM tables JOIN pg_catalog.pg_policy ON polrelid = tables.oid AND polcmd IN ('r', '*')
  JOIN pg_catalog.pg_constraint ON conrelid = tables.oid AND contype = 'p',
    regexp_matches(pg_get_expr(polqual, polrelid), '(?<![.\w])(\w+) = (?:ANY \()?\( SELECT', 'g') AS found
  JOIN pg_catalog.pg_attribute ON attname = found[1] WHERE attrelid = tables.oid AND is_reachable
)";

fn catalog_rules() -> impl Iterator<Item = &'static CatalogRule> {
    [
        tables::CATALOG_RULES,
        grants::CATALOG_RULES,
        keys::CATALOG_RULES,
        indexes::CATALOG_RULES,
        columns::CATALOG_RULES,
        code::CATALOG_RULES,
    ]
    .into_iter()
    .flatten()
}

pub(super) fn rules() -> impl Iterator<Item = &'static Rule> {
    catalog_rules().map(|it| &it.rule).chain(policies::rules()).chain(orphans::rules())
}

/// The findings, and the schemas that were checked.
pub(super) struct Found {
    pub(super) findings: Vec<Finding>,
    pub(super) notes: Vec<String>,
    pub(super) schemas: Vec<String>,
}

/// Checks all rules in the given schemas, or in all schemas except Postgres's own.
pub(super) async fn check(
    connection: &mut PgConnection,
    config: &Config,
    schemas: &[String],
) -> Result<Found, LintError> {
    let mut catalog = Catalog::open(connection, config, schemas).await?;
    let mut findings = Vec::new();
    for CatalogRule { rule, sql } in catalog_rules() {
        for row in catalog.rows(rule, sql).await? {
            let [object, message, remedy] = texts(rule, &row)?;
            findings.push(rule.finding(object, message, remedy));
        }
    }
    findings.extend(policies::check(&mut catalog).await?);
    let mut notes = Vec::new();
    orphans::check(&mut catalog, config, &mut findings, &mut notes).await?;
    Ok(Found { findings, notes, schemas: catalog.schemas })
}

/// The catalog of a database, with the configuration.
struct Catalog<'connection> {
    connection: &'connection mut PgConnection,
    schemas: Vec<String>,
    parameter: String,
}

impl<'connection> Catalog<'connection> {
    async fn open(
        connection: &'connection mut PgConnection,
        config: &Config,
        wanted: &[String],
    ) -> Result<Self, LintError> {
        let failed = |error: sqlx::Error| LintError::Connect(error);
        let version: i32 = sqlx::query_scalar("SELECT current_setting('server_version_num')::int / 10000")
            .fetch_one(&mut *connection)
            .await
            .map_err(failed)?;
        if version < OLDEST {
            return Err(LintError::TooOld(version));
        }
        // An empty search path makes Postgres print every name with its schema.
        sqlx::query("SELECT set_config('search_path', '', false)")
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
        let schemas: Vec<String> = sqlx::query_scalar(
            r"SELECT nspname::text FROM pg_catalog.pg_namespace
              WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema' ORDER BY 1",
        )
        .fetch_all(&mut *connection)
        .await
        .map_err(failed)?;
        if let Some(missing) = wanted.iter().find(|it| !schemas.contains(it)) {
            return Err(LintError::Config(format!("there is no schema {missing}")));
        }
        let schemas: Vec<_> =
            schemas.into_iter().filter(|it| wanted.is_empty() || wanted.contains(it)).collect();
        let settings = schemas.iter().map(|name| {
            let schema = config.schema(name);
            json!({
                "name": name,
                "tenant": schema.tenant,
                "forbid_jsonb": schema.forbid_jsonb,
                "internal": schema.internal,
            })
        });
        let parameter = json!({
            "schemas": settings.collect::<Vec<_>>(),
            "clients": config.clients,
            "anonymous": config.anonymous,
            "bookkeeping": config.bookkeeping,
        });
        Ok(Self { connection, schemas, parameter: parameter.to_string() })
    }

    /// Returns the rows of a query that uses the prelude.
    async fn rows(&mut self, rule: &'static Rule, sql: &str) -> Result<Vec<PgRow>, LintError> {
        sqlx::query(AssertSqlSafe(format!("{PRELUDE}\n{sql}")))
            .bind(&self.parameter)
            .fetch_all(&mut *self.connection)
            .await
            .map_err(|error| LintError::database(rule, &error))
    }
}

/// Returns the first columns of a row, which are text.
fn texts<const N: usize>(rule: &'static Rule, row: &PgRow) -> Result<[String; N], LintError> {
    let mut texts = [const { String::new() }; N];
    for (place, text) in texts.iter_mut().enumerate() {
        *text = row.try_get(place).map_err(|error| LintError::database(rule, &error))?;
    }
    Ok(texts)
}
