//! Refuses a login role that could see past row-level security.

use thiserror::Error;
use tokio_postgres::types::Type;

use super::{DatabaseError, Parameter, Pool, Row, Statement};

/// The roles that the login role can become, itself first: what each can do, and a table of the schemas that it owns.
const CAPABILITIES: &str = "
SELECT session_user::text, r.rolname::text, r.rolsuper, r.rolbypassrls,
  (SELECT format('%I.%I', n.nspname, c.relname)
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relowner = r.oid AND c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname = ANY ($1)
    LIMIT 1)
FROM pg_roles r
WHERE pg_has_role(session_user, r.oid, 'MEMBER')
ORDER BY r.rolname <> session_user, r.rolname";

/// Why the gateway does not serve with this login role, and what to do about it.
#[derive(Debug, Error)]
pub enum LoginError {
    /// The role itself is too powerful.
    #[error("the role {role} {power}, so row-level security would not bind it; {remedy}")]
    Power {
        /// The login role.
        role: String,
        /// What it can do.
        power: String,
        /// What to do.
        remedy: String,
    },
    /// The role cannot become the roles of its callers.
    #[error("the role {role} cannot act as {missing}; run: GRANT {missing} TO {role};")]
    Missing {
        /// The login role.
        role: String,
        /// The role that it should be a member of.
        missing: String,
    },
    /// The database did not answer.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Checks the login role of a pool: it must be able to become each of `roles`, and neither it nor any role that it can
/// become may be a superuser, bypass row-level security or own a table of the given schemas.
pub async fn check_login(pool: &Pool, roles: &[String], schemas: &[String]) -> Result<(), LoginError> {
    let names = schemas.iter().map(String::as_bytes);
    let statement = Statement {
        text: CAPABILITIES.into(),
        parameters: vec![Parameter::array(Type::TEXT_ARRAY, &Type::TEXT, names)],
    };
    let rows = pool.query(&statement).await?;
    let text =
        |row: &Row, column: usize| row.bytes(column).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let login = rows.first().and_then(|row| text(row, 0)).unwrap_or_default();
    for row in &rows {
        let name = text(row, 1).unwrap_or_default();
        let is = |column: usize| row.bytes(column) == Some(&[1]);
        let power = if is(2) {
            "is a superuser".to_owned()
        } else if is(3) {
            "has BYPASSRLS".to_owned()
        } else if let Some(table) = text(row, 4) {
            format!("owns the table {table}")
        } else {
            continue;
        };
        return Err(if name == login {
            LoginError::Power {
                role: login,
                power,
                remedy: "log in as a role made for the gateway: CREATE ROLE praxis_gateway LOGIN NOINHERIT; \
                         GRANT anon, authenticated TO praxis_gateway;"
                    .into(),
            }
        } else {
            LoginError::Power {
                power: format!("can become {name}, which {power}"),
                remedy: format!("run: REVOKE {name} FROM {login};"),
                role: login,
            }
        });
    }
    for role in roles {
        if !rows.iter().any(|row| row.bytes(1) == Some(role.as_bytes())) {
            return Err(LoginError::Missing { role: login, missing: role.clone() });
        }
    }
    Ok(())
}
