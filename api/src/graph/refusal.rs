//! Explains to the caller why the database refuses a write.
//!
//! The explanation of a constraint is its comment in the database. Without a comment, the message names the constraint.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::catalog::{Catalog, ColumnId, Relation, Table};
use super::error::{Code, Error, Rule};
use crate::database::{DatabaseError, Parameter, ServerError, Session, SqlState, Statement};

/// The query for the comment and the columns of a constraint; only the gateway's login role may run it.
const DESCRIBE: &str =
    "SELECT words, array_to_string(columns, ',') FROM praxis.describe_constraint($1, $2, $3)";

/// The SQLSTATE of a function that has not found a row.
const NOT_FOUND: &str = "PR404";

/// The message for a write that exceeds its time, usually because it waits for a lock.
const TOO_LONG: &str =
    "Writing took too long; others may be writing the same rows. Nothing was written; try again.";

/// A constraint: schema, table, name.
type Constraint = [String; 3];

/// The comment of a constraint, and its columns.
#[derive(Clone, Debug, Default)]
struct Description {
    comment: Option<String>,
    columns: Vec<String>,
}

/// The kind of a write that the database has refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WriteKind {
    /// Rows are added.
    Insert,
    /// A row is changed.
    Update,
    /// A row is deleted.
    Delete,
    /// A function is called, which may do any of these.
    Call,
}

/// The explanation of a refused write.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) error: Error,
    /// The field that the refusal is about, if it is about a single one.
    pub(super) field: Option<String>,
    /// The values that the refusal is about, each with the names that it may have among a function's arguments.
    pub(super) names: Vec<Names>,
    /// True if the refusal is about the written rows, and not about other rows that refer to them.
    pub(super) is_about: bool,
}

/// The names that a value may have among a function's arguments: relations whose key it is, and its field. A function with both
/// arguments looks the row up by the first.
pub(super) type Names = Vec<String>;

impl Refusal {
    fn of(error: Error) -> Self {
        Self { error, field: None, names: Vec::new(), is_about: false }
    }
}

/// Explains refusals, and caches the descriptions of constraints.
#[derive(Default)]
pub(super) struct Refusals {
    /// The descriptions of constraints; it cannot outgrow the schema of the database.
    known: Mutex<HashMap<Constraint, Description>>,
}

impl Refusals {
    /// Returns the explanation of an error of a statement that writes rows of a table. It ends the session, and uses its connection to
    /// describe an unknown constraint: a second connection might never be free while the session holds the first.
    pub(super) async fn explain(
        &self,
        catalog: &Catalog,
        table: &Table,
        kind: WriteKind,
        error: &DatabaseError,
        session: &mut Session,
    ) -> Refusal {
        let server = match error {
            DatabaseError::Postgres(server) => server,
            DatabaseError::StatementTimeout => return Refusal::of(Error::new(Code::Timeout, TOO_LONG)),
            error => return Refusal::of(error.into()),
        };
        let described = self.describe(server, session).await;
        let columns = server.column.as_ref().map_or(described.columns.as_slice(), std::slice::from_ref);
        let fields: Vec<&str> = columns
            .iter()
            .filter_map(|name| table.column_named(name).map(|id| table.column(id).field.as_str()))
            .collect();
        let is_about = is_about(table, server);
        // Rows overlap by all values of the constraint, some of which are computed.
        let is_shared = server.code == SqlState::EXCLUSION_VIOLATION || !is_about;
        let field = match fields.as_slice() {
            [field] if !is_shared => Some((*field).to_owned()),
            _ => None,
        };
        let names = match server.code.code() {
            NOT_FOUND => keys_of(catalog, table, server).iter().map(|field| names(table, field)).collect(),
            _ if is_shared => Vec::new(),
            _ => fields.iter().map(|field| names(table, field)).collect(),
        };
        let refers = refers(table, kind, server);
        let Some(mut explained) = violation(catalog, table, server, refers, &fields) else {
            return Refusal { error: error.into(), field, names, is_about };
        };
        // The comment of a foreign key is for callers who write the referring row, not for those who write the referenced one.
        let is_kept = server.code == SqlState::FOREIGN_KEY_VIOLATION && !refers;
        if let Some(comment) = described.comment.filter(|_| !is_kept) {
            explained.message = comment;
        }
        explained.rule = Some(Box::new(Rule::of(server)));
        Refusal { error: explained, field, names, is_about: is_about && !is_kept }
    }

    /// Clears the cache, because comments of constraints may have changed.
    pub(super) fn clear(&self) {
        self.known().clear();
    }

    /// Returns the description of the constraint that an error names.
    async fn describe(&self, server: &ServerError, session: &mut Session) -> Description {
        let (Some(schema), Some(table), Some(name)) = (&server.schema, &server.table, &server.constraint)
        else {
            return Description::default();
        };
        let constraint = [schema.clone(), table.clone(), name.clone()];
        if let Some(known) = self.known().get(&constraint) {
            return known.clone();
        }
        let parameters = constraint.iter().map(|name| Parameter::from(name.clone())).collect();
        let describe = Statement { text: DESCRIBE.into(), parameters };
        let rows = match session.end_with(&describe).await {
            Ok(rows) => rows,
            Err(error) => {
                tracing::warn!(%error, constraint = name, "cannot ask about a constraint");
                return Description::default();
            }
        };
        let text = |at: usize| rows.first().and_then(|row| row.get::<String>(at));
        let columns = text(1).unwrap_or_default();
        let columns = columns.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        let described = Description { comment: text(0), columns };
        self.known().insert(constraint, described.clone());
        described
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<Constraint, Description>> {
        // A panic while the lock was held leaves descriptions, which are still right.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the error for the caller if a constraint or a type is violated; `None` for other errors. `refers`: true if a violated
/// foreign key belongs to a written row; `fields`: the fields of the violated constraint.
fn violation(
    catalog: &Catalog,
    table: &Table,
    server: &ServerError,
    refers: bool,
    fields: &[&str],
) -> Option<Error> {
    let named =
        if fields.is_empty() { "these values".to_owned() } else { format!("this {}", fields.join(", ")) };
    let code = &server.code;
    let (kind, message) = if *code == SqlState::UNIQUE_VIOLATION {
        (
            Code::Conflict,
            format!("There is {} {} with {named} already.", article(&table.type_name), table.type_name),
        )
    } else if *code == SqlState::FOREIGN_KEY_VIOLATION && refers {
        (Code::BadUserInput, format!("There is no row for {named}."))
    } else if *code == SqlState::FOREIGN_KEY_VIOLATION {
        let other = server.table.as_deref().unwrap_or_default();
        let schema = server.schema.as_deref().unwrap_or_default();
        let by = catalog.table_named(schema, other);
        let by = by.map_or(other, |table| table.type_name.as_str());
        (Code::Conflict, format!("This {} is still in use by {} {by}.", table.type_name, article(by)))
    } else if *code == SqlState::NOT_NULL_VIOLATION {
        (Code::BadUserInput, format!("{}: a value is needed.", fields.join(", ")))
    } else if *code == SqlState::CHECK_VIOLATION {
        let rule = server.constraint.as_deref().unwrap_or_default();
        (Code::BadUserInput, format!("The row violates the constraint {rule}."))
    } else if *code == SqlState::EXCLUSION_VIOLATION {
        (Code::Conflict, format!("It overlaps with a {} that is there already.", table.type_name))
    } else if code.code().starts_with("22") {
        // Postgres's message describes only the value, not other rows.
        (Code::BadUserInput, server.message.clone())
    } else if code.code().starts_with("54") {
        (Code::BadUserInput, "A value is too long or too deep for the database.".into())
    } else {
        return None;
    };
    Some(Error::new(kind, message))
}

/// Returns true if a violated foreign key belongs to the written row, which refers to a missing row. Otherwise other rows refer to the
/// written row. Postgres names the same constraint and the same table in both cases.
fn refers(table: &Table, kind: WriteKind, error: &ServerError) -> bool {
    match kind {
        WriteKind::Insert => true,
        WriteKind::Delete => false,
        WriteKind::Update | WriteKind::Call => is_about(table, error),
    }
}

/// Returns the names of the relations to one row whose key is this field, and of the field: a function may take `eventTypeId` as
/// `eventType`.
fn names(table: &Table, field: &str) -> Names {
    let is_key = |relation: &&Relation| match relation.local.as_slice() {
        [column] if !relation.many => table.column(*column).field == field,
        _ => false,
    };
    let relations = table.relations.iter().filter(is_key).map(|relation| relation.field.clone());
    relations.chain([field.to_owned()]).collect()
}

/// Returns the fields that identify the row which a function has not found: the table's own key, or the foreign key that refers to
/// the other table. It returns none if several foreign keys refer to that table.
fn keys_of<'a>(catalog: &Catalog, table: &'a Table, server: &'a ServerError) -> Vec<&'a str> {
    let field = |id: ColumnId| table.column(id).field.as_str();
    if is_about(table, server) {
        let column = server.column.as_ref().map(|name| Vec::from_iter(table.column_named(name)));
        return column.unwrap_or_else(|| table.primary_key.clone()).into_iter().map(field).collect();
    }
    let is_meant = |relation: &&Relation| {
        let target = catalog.table(relation.target);
        !relation.many && relation.local.len() == 1 && server.table.is_some() && is_about(target, server)
    };
    match table.relations.iter().filter(is_meant).collect::<Vec<_>>().as_slice() {
        [relation] => relation.local.iter().copied().map(field).collect(),
        _ => Vec::new(),
    }
}

fn article(name: &str) -> &'static str {
    if name.starts_with(['A', 'E', 'I', 'O']) { "an" } else { "a" }
}

/// Returns true if an error names this table, and not one that refers to it.
fn is_about(table: &Table, error: &ServerError) -> bool {
    error.table.as_deref().is_none_or(|name| name == table.name)
        && error.schema.as_deref().is_none_or(|name| name == table.schema)
}
