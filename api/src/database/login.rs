//! Refuses a login role that could see past row-level security.

use thiserror::Error;

use super::{DatabaseError, Pool};

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
    let client = pool.get().await?;
    let rows = client
        .query(
            "SELECT session_user::text, r.rolname::text, r.rolsuper, r.rolbypassrls,
                    (SELECT format('%I.%I', n.nspname, c.relname)
                       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                      WHERE c.relowner = r.oid AND c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname = ANY ($1)
                      LIMIT 1)
               FROM pg_roles r
              WHERE pg_has_role(session_user, r.oid, 'MEMBER')
              ORDER BY r.rolname <> session_user, r.rolname",
            &[&schemas],
        )
        .await
        .map_err(DatabaseError::from)?;
    let login: String = rows.first().map(|row| row.get(0)).unwrap_or_default();
    for row in &rows {
        let (name, superuser, bypass, owned): (String, bool, bool, Option<String>) =
            (row.get(1), row.get(2), row.get(3), row.get(4));
        let power = if superuser {
            "is a superuser".to_owned()
        } else if bypass {
            "has BYPASSRLS".to_owned()
        } else if let Some(table) = owned {
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
        if !rows.iter().any(|row| row.get::<_, &str>(1) == role) {
            return Err(LoginError::Missing { role: login, missing: role.clone() });
        }
    }
    Ok(())
}
