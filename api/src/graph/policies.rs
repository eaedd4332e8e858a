//! Loads the row-level security policies, which decide the scopes that the planner may use.

use std::sync::Arc;
use std::time::Duration;

use super::catalog::Policies;
use super::engine::Engine;
use crate::database::{DatabaseError, Parameter, Row, Statement};

/// The pause before the policies are loaded again.
const EVERY: Duration = Duration::from_mins(1);

/// Schema, table and expression of each policy that lets callers of these roles (`$1`) read rows; a policy without an
/// expression lets them read all. Other columns are empty.
const POLICIES: &str = "SELECT nspname::text, relname::text, coalesce(pg_get_expr(polqual, polrelid), 'true')
    FROM pg_catalog.pg_policy JOIN pg_catalog.pg_class AS c ON c.oid = polrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = relnamespace
    WHERE polpermissive AND polcmd IN ('r', '*') AND EXISTS (
      SELECT FROM pg_catalog.pg_roles WHERE rolname = ANY ($1::text[]) AND EXISTS (
        SELECT FROM unnest(polroles) AS held WHERE held = 0 OR pg_has_role(pg_roles.oid, held, 'MEMBER')))";

/// Names of the functions among `$2` that callers of all these roles (`$1`) may use.
const FUNCTIONS: &str = "SELECT name FROM unnest($2::text[]) AS name
    JOIN pg_catalog.pg_proc AS p ON pronargs = 0 JOIN pg_catalog.pg_namespace AS n ON n.oid = pronamespace
      AND nspname || '.' || proname = name
    WHERE NOT EXISTS (
      SELECT FROM unnest($1::text[]) AS role WHERE NOT has_function_privilege(role, p.oid, 'EXECUTE')
        OR NOT has_schema_privilege(role, n.oid, 'USAGE'))";

impl Engine {
    /// Loads the policies by which callers of these roles read rows. Pages of tables whose policies are known are merged from index
    /// scans in order.
    pub async fn load_policies(&self, roles: &[String]) -> Result<(), DatabaseError> {
        let roles = Parameter::from(roles.to_vec());
        let functions = Parameter::from(self.catalog.scope_functions().into_iter().collect::<Vec<&str>>());
        let text = |row: &Row, at: usize| row.get::<String>(at).unwrap_or_default();
        let statement = Statement { text: POLICIES.into(), parameters: vec![roles.clone()] };
        let mut policies = Policies::default();
        for row in self.pool.query(&statement).await? {
            let table = (text(&row, 0), text(&row, 1));
            policies.of_tables.entry(table).or_default().push(text(&row, 2));
        }
        let statement = Statement { text: FUNCTIONS.into(), parameters: vec![roles, functions] };
        let usable = self.pool.query(&statement).await?;
        policies.functions = usable.iter().map(|row| text(row, 0)).collect();
        self.catalog.assign_scopes(&policies);
        Ok(())
    }
}

/// Loads the policies again every minute, until the future is dropped. So a policy that lets callers see more rows takes effect
/// without a restart.
pub async fn refresh_policies(engine: Arc<Engine>, roles: Vec<String>) {
    loop {
        tokio::time::sleep(EVERY).await;
        // The schema may have changed without a notification.
        engine.refusals.clear();
        if let Err(error) = engine.load_policies(&roles).await {
            tracing::warn!(%error, "cannot load the policies again");
        }
    }
}
