//! Why the database refuses to write something, in words for the caller.
//!
//! The words for a constraint are its comment in the database: they stand beside the rule, and whoever adds a rule adds
//! them. A constraint without a comment is named.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio_postgres::types::Type;

use super::catalog::{Catalog, Table};
use super::error::{Code, Error, Rule};
use crate::database::{DatabaseError, Parameter, Pool, ServerError, SqlState, Statement};

/// Only the gateway's own role may ask for comments; see the migration that creates the function.
const WORDS: &str = "SELECT praxis.constraint_words($1, $2, $3)";

/// A constraint: schema, table, name.
type Constraint = [String; 3];

/// Explains refusals.
pub(super) struct Refusals {
    pool: Pool,
    /// Comments of constraints, of which there are as many as somebody wrote.
    words: Mutex<HashMap<Constraint, Option<String>>>,
}

impl Refusals {
    pub(super) fn new(pool: Pool) -> Self {
        Self { pool, words: Mutex::new(HashMap::new()) }
    }

    /// The error of a statement that writes rows of a table. `argument`: where these were given.
    pub(super) async fn explain(
        &self,
        catalog: &Catalog,
        table: &Table,
        argument: &str,
        error: &DatabaseError,
    ) -> Error {
        let DatabaseError::Postgres(server) = error else { return error.into() };
        let mut told = match self.violation(catalog, table, server).await {
            Some(told) => told,
            None => return error.into(),
        };
        let field = columns(server).and_then(|names| {
            let [name] = names.as_slice() else { return None };
            table.column_named(name).map(|id| table.column(id).field.clone())
        });
        told.rule = Some(Rule::of(server));
        if is_about(table, server) {
            told.argument = Some(field.map_or_else(|| argument.to_owned(), |it| format!("{argument}.{it}")));
        }
        told
    }

    async fn violation(&self, catalog: &Catalog, table: &Table, server: &ServerError) -> Option<Error> {
        let fields = columns(server).unwrap_or_default();
        let fields: Vec<&str> = fields
            .iter()
            .filter_map(|name| table.column_named(name).map(|id| table.column(id).field.as_str()))
            .collect();
        let named = fields.join(", ");
        let code = &server.code;
        let (kind, fallback) = if *code == SqlState::UNIQUE_VIOLATION {
            let by = if named.is_empty() { String::new() } else { format!(" with this {named}") };
            (Code::Conflict, format!("There is a {}{by} already.", table.type_name))
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
            return Some(Error::new(Code::BadUserInput, &server.message));
        } else {
            return None;
        };
        let message = self.comment(server).await.unwrap_or(fallback);
        Some(Error::new(kind, message))
    }

    /// The comment of the constraint that an error names.
    async fn comment(&self, server: &ServerError) -> Option<String> {
        let constraint: Constraint =
            [server.schema.clone()?, server.table.clone()?, server.constraint.clone()?];
        if let Some(known) = self.words().get(&constraint) {
            return known.clone();
        }
        let parameters =
            constraint.iter().map(|name| Parameter::new(Type::TEXT, name.clone().into_bytes())).collect();
        let asked = self.pool.query(&Statement { text: WORDS.into(), parameters }).await;
        let rows = match asked {
            Ok(rows) => rows,
            Err(error) => {
                tracing::warn!(%error, constraint = constraint[2], "cannot read the comment of a constraint");
                return None;
            }
        };
        let words = rows.first().and_then(|row| row.bytes(0)).map(String::from_utf8_lossy);
        let words = words.map(std::borrow::Cow::into_owned);
        self.words().insert(constraint, words.clone());
        words
    }

    fn words(&self) -> std::sync::MutexGuard<'_, HashMap<Constraint, Option<String>>> {
        // A panic while the lock was held leaves comments, which are still right.
        self.words.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an error is about the table itself, not about one that refers to it.
fn is_about(table: &Table, error: &ServerError) -> bool {
    error.table.as_deref().is_none_or(|name| name == table.name)
        && error.schema.as_deref().is_none_or(|name| name == table.schema)
}

/// The columns that an error is about. Of keys Postgres names them only in its words: `Key (a, b)=(1, 2) …`.
fn columns(error: &ServerError) -> Option<Vec<String>> {
    if let Some(column) = &error.column {
        return Some(vec![column.clone()]);
    }
    let (before, _) = error.detail.as_deref()?.split_once(")=(")?;
    let (_, names) = before.split_once('(')?;
    Some(names.split(", ").map(|name| name.trim_matches('"').to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(detail: Option<&str>, column: Option<&str>) -> ServerError {
        ServerError {
            code: SqlState::UNIQUE_VIOLATION,
            message: String::new(),
            detail: detail.map(str::to_owned),
            schema: None,
            table: None,
            column: column.map(str::to_owned),
            constraint: None,
        }
    }

    #[test]
    fn columns_are_named_by_the_error_or_its_words() {
        let words = "Key (protocol_id, \"Odd\")=(1, (2)) already exists.";
        assert_eq!(columns(&error(Some(words), None)).unwrap(), ["protocol_id", "Odd"]);
        assert_eq!(columns(&error(Some(words), Some("score"))).unwrap(), ["score"]);
        assert_eq!(columns(&error(Some("Failing row contains (1)."), None)), None);
        assert_eq!(columns(&error(None, None)), None);
    }
}
