//! Reports missing privileges of callers and of the gateway: the database is safe then, but requests are refused.

use std::collections::HashSet;

use super::checks::PRELUDE;
use super::{Finding, Guard, text};
use crate::database::DatabaseError;

/// The query for missing privileges, which the migrations grant to the roles of callers and of the gateway, and for a missing event
/// trigger, which notifies of schema changes. It returns object, message and remedy.
const MISSING: &str = "
, own (object, privilege) AS (
  VALUES ('praxis.changes', 'SELECT'), ('praxis.changes_forgotten', 'SELECT'), ('praxis.idempotency_keys', 'SELECT'),
    ('praxis.idempotency_keys', 'INSERT'), ('praxis.idempotency_keys', 'UPDATE')
), missing (object, client, privilege) AS (
  SELECT served.object, client, 'SELECT' FROM served JOIN shipped USING (object) JOIN clients ON client = ANY (readers)
  WHERE EXISTS (
    SELECT FROM jsonb_to_recordset(columns) AS c (name text)
    JOIN pg_catalog.pg_attribute ON attrelid = served.oid AND attname = c.name AND attnum > 0 AND NOT attisdropped
    WHERE NOT has_column_privilege(clients.oid, served.oid, attnum, 'SELECT'))
  UNION ALL
  SELECT object, client, format('%s (%s)', privilege, string_agg(quote_ident(attname), ', ' ORDER BY attnum))
  FROM served, clients, LATERAL (VALUES ('INSERT', inserts), ('UPDATE', updates)) AS p (privilege, written)
  JOIN pg_catalog.pg_attribute ON attname = ANY (written) AND attnum > 0 AND NOT attisdropped
  WHERE attrelid = served.oid AND client = 'authenticated' AND NOT has_column_privilege(clients.oid, served.oid, attnum, privilege)
  GROUP BY object, client, privilege
  UNION ALL
  SELECT object, client, 'DELETE' FROM served, clients
  WHERE deletes AND client = 'authenticated' AND NOT has_table_privilege(clients.oid, served.oid, 'DELETE')
  UNION ALL
  SELECT object, session_user::text, privilege FROM own JOIN served USING (object)
  WHERE NOT has_table_privilege(session_user, served.oid, privilege)
), used (schema, client) AS (
  SELECT schema, client FROM served JOIN shipped USING (object) JOIN clients ON client = ANY (readers)
  UNION
  SELECT split_part(object, '.', 1), client FROM of_migrations
  JOIN clients ON client = ANY (may_call) OR 'PUBLIC' = ANY (may_call) AND client IN ('anon', 'authenticated')
)
SELECT object, format('%I has no %s', client, privilege), format('GRANT %s ON %s TO %I;', privilege, object, client) FROM missing
UNION ALL
SELECT format('the schema %I', nspname), format('%I may not use it', client), format('GRANT USAGE ON SCHEMA %I TO %I;', nspname, client)
FROM used JOIN pg_catalog.pg_namespace AS n ON nspname = schema WHERE NOT has_schema_privilege(client, n.oid, 'USAGE')
UNION ALL
SELECT of_migrations.object, format('%I may not call it', session_user),
  format('GRANT EXECUTE ON FUNCTION %s TO %I;', of_migrations.object, session_user)
FROM of_migrations WHERE 'praxis_gateway' = ANY (may_call) AND NOT has_function_privilege(session_user, oid, 'EXECUTE')
UNION ALL
SELECT 'the event trigger praxis_schema', 'it is missing, so that schema changes are detected only within 15 s',
  'CREATE EVENT TRIGGER praxis_schema ON ddl_command_end EXECUTE FUNCTION praxis.tell_schema_change(); '
  || 'ALTER EVENT TRIGGER praxis_schema ENABLE ALWAYS;'
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_event_trigger WHERE evtname = 'praxis_schema')
UNION ALL
SELECT 'the event trigger praxis_schema', format('%s, so that schema changes are detected only within 15 s',
    CASE evtenabled WHEN 'O' THEN 'it does not fire if session_replication_role is replica' ELSE 'it is disabled' END),
  'ALTER EVENT TRIGGER praxis_schema ENABLE ALWAYS;'
FROM pg_catalog.pg_event_trigger WHERE evtname = 'praxis_schema' AND evtenabled <> 'A'
ORDER BY 1, 2";

impl Guard {
    /// Returns the missing privileges on served objects, except those that `found` has reported.
    pub async fn missing_privileges(&self, found: &[Finding]) -> Result<Vec<Finding>, DatabaseError> {
        let reported: HashSet<(&str, &str)> =
            found.iter().map(|it| (it.object.as_str(), it.message.as_str())).collect();
        let rows = self.query(&format!("{PRELUDE}\n{MISSING}")).await?;
        let missing = rows.iter().map(|row| Finding {
            object: text(row, 0),
            message: text(row, 1),
            remedy: text(row, 2),
            is_unsafe: false,
        });
        Ok(missing.filter(|it| !reported.contains(&(it.object.as_str(), it.message.as_str()))).collect())
    }
}
