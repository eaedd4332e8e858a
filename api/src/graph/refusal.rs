//! Why the database refuses to write something, in words for the caller.
//!
//! The words for a constraint are its comment in the database: they stand beside the rule, and whoever adds a rule adds
//! them. A constraint without a comment is named.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio_postgres::types::Type;

use super::catalog::{Catalog, Table};
use super::error::{Code, Error, Rule};
use crate::database::{DatabaseError, Parameter, ServerError, Session, SqlState, Statement};

/// Only the gateway's own role may ask; see the migration that creates the function.
const DESCRIBE: &str =
    "SELECT words, array_to_string(columns, ',') FROM praxis.describe_constraint($1, $2, $3)";

/// A constraint: schema, table, name.
type Constraint = [String; 3];

/// What the database says of a constraint.
#[derive(Clone, Debug, Default)]
struct Description {
    words: Option<String>,
    columns: Vec<String>,
}

/// Explains refusals.
#[derive(Default)]
pub(super) struct Refusals {
    /// Of constraints, of which there are as many as somebody wrote.
    known: Mutex<HashMap<Constraint, Description>>,
}

impl Refusals {
    /// The error of a statement that writes rows of a table. `argument`: where these were given. The session ends: what is
    /// not known yet is asked on its own connection, for a second one might never be free while it holds the first.
    pub(super) async fn explain(
        &self,
        catalog: &Catalog,
        table: &Table,
        argument: &str,
        error: &DatabaseError,
        session: &mut Session,
    ) -> Error {
        let DatabaseError::Postgres(server) = error else { return error.into() };
        let described = self.describe(server, session).await;
        let columns = server.column.as_ref().map_or(described.columns.as_slice(), std::slice::from_ref);
        let fields: Vec<&str> = columns
            .iter()
            .filter_map(|name| table.column_named(name).map(|id| table.column(id).field.as_str()))
            .collect();
        let Some(mut told) = violation(catalog, table, server, &fields) else { return error.into() };
        if let Some(words) = described.words {
            told.message = words;
        }
        told.rule = Some(Box::new(Rule::of(server)));
        if is_about(table, server) && !argument.is_empty() {
            told.argument = Some(match fields.as_slice() {
                [field] => format!("{argument}.{field}"),
                _ => argument.to_owned(),
            });
        }
        told
    }

    /// What the database says of the constraint that an error names.
    async fn describe(&self, server: &ServerError, session: &mut Session) -> Description {
        let (Some(schema), Some(table), Some(name)) = (&server.schema, &server.table, &server.constraint)
        else {
            return Description::default();
        };
        let constraint = [schema.clone(), table.clone(), name.clone()];
        if let Some(known) = self.known().get(&constraint) {
            return known.clone();
        }
        let parameters =
            constraint.iter().map(|name| Parameter::new(Type::TEXT, name.clone().into_bytes())).collect();
        let describe = Statement { text: DESCRIBE.into(), parameters };
        let rows = match session.end_with(&describe).await {
            Ok(rows) => rows,
            Err(error) => {
                tracing::warn!(%error, constraint = name, "cannot ask about a constraint");
                return Description::default();
            }
        };
        let text = |at: usize| {
            let bytes = rows.first().and_then(|row| row.bytes(at));
            bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        };
        let columns = text(1).unwrap_or_default();
        let columns = columns.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        let described = Description { words: text(0), columns };
        self.known().insert(constraint, described.clone());
        described
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<Constraint, Description>> {
        // A panic while the lock was held leaves descriptions, which are still right.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a broken rule means for the caller; `None` where the error is none of a rule. `fields`: those that it is about.
fn violation(catalog: &Catalog, table: &Table, server: &ServerError, fields: &[&str]) -> Option<Error> {
    let named = fields.join(", ");
    let code = &server.code;
    let (kind, message) = if *code == SqlState::UNIQUE_VIOLATION {
        (Code::Conflict, format!("There is a {} with this {named} already.", table.type_name))
    } else if *code == SqlState::FOREIGN_KEY_VIOLATION && is_about(table, server) {
        (Code::BadUserInput, format!("{named}: there is no such row."))
    } else if *code == SqlState::FOREIGN_KEY_VIOLATION {
        let other = server.table.as_deref().unwrap_or_default();
        let by = catalog.tables().iter().find(|table| table.name == other);
        let by = by.map_or(other, |table| table.type_name.as_str());
        (Code::Conflict, format!("This {} is still in use by a {by}.", table.type_name))
    } else if *code == SqlState::NOT_NULL_VIOLATION {
        (Code::BadUserInput, format!("{named}: a value is needed."))
    } else if *code == SqlState::CHECK_VIOLATION {
        let rule = server.constraint.as_deref().unwrap_or_default();
        (Code::BadUserInput, format!("The rule {rule} is not kept."))
    } else if *code == SqlState::EXCLUSION_VIOLATION {
        (Code::Conflict, format!("It overlaps with a {} that is there already.", table.type_name))
    } else if code.code().starts_with("22") {
        // Postgres's own words say what is wrong with a value, and nothing of other rows.
        (Code::BadUserInput, server.message.clone())
    } else {
        return None;
    };
    Some(Error::new(kind, message))
}

/// Whether an error is about the table itself, not about one that refers to it.
fn is_about(table: &Table, error: &ServerError) -> bool {
    error.table.as_deref().is_none_or(|name| name == table.name)
        && error.schema.as_deref().is_none_or(|name| name == table.schema)
}
