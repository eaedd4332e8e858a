//! The reasons why the database refuses a write, in words for the caller.
//!
//! The words for a constraint are its comment in the database, beside the rule. A constraint without a comment is named.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::catalog::{Catalog, ColumnId, Relation, Table};
use super::error::{Code, Error, Rule};
use crate::database::{DatabaseError, Parameter, ServerError, Session, SqlState, Statement};

/// Only the gateway's own role may ask; see the migration that creates the function.
const DESCRIBE: &str =
    "SELECT words, array_to_string(columns, ',') FROM praxis.describe_constraint($1, $2, $3)";

/// The SQLSTATE of what a function of the database has not found.
const NOT_FOUND: &str = "PR404";

/// What is told of a statement that writes and does not end: mostly it waits.
const TOO_LONG: &str =
    "Writing took too long; others may be writing the same rows. Nothing was written; try again.";

/// A constraint: schema, table, name.
type Constraint = [String; 3];

/// What the database says of a constraint.
#[derive(Clone, Debug, Default)]
struct Description {
    words: Option<String>,
    columns: Vec<String>,
}

/// What was being done to rows when the database refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// They are added.
    Insert,
    /// One is changed.
    Update,
    /// One is deleted.
    Delete,
    /// Whatever a function does.
    Call,
}

/// A refusal in words.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) error: Error,
    /// The field that it is about, if it is one.
    pub(super) field: Option<String>,
    /// The values that it is about, each by the names that a function may be given it by.
    pub(super) names: Vec<Names>,
    /// Whether it is about the rows that were written, and not about others that have to do with them.
    pub(super) is_about: bool,
}

/// Holds the names that a value has among a function's arguments: relations whose key it is, and its field. A function that is given
/// both looks the row up by the first.
pub(super) type Names = Vec<String>;

impl Told {
    fn of(error: Error) -> Self {
        Self { error, field: None, names: Vec::new(), is_about: false }
    }
}

/// Explains refusals.
#[derive(Default)]
pub(super) struct Refusals {
    /// Of constraints, of which there are as many as somebody wrote.
    known: Mutex<HashMap<Constraint, Description>>,
}

impl Refusals {
    /// The error of a statement that writes rows of a table, and the field of these that it is about. The session ends: what
    /// is not known yet is asked on its own connection, for a second one might never be free while it holds the first.
    pub(super) async fn explain(
        &self,
        catalog: &Catalog,
        table: &Table,
        deed: Deed,
        error: &DatabaseError,
        session: &mut Session,
    ) -> Told {
        let server = match error {
            DatabaseError::Postgres(server) => server,
            DatabaseError::StatementTimeout => return Told::of(Error::new(Code::Timeout, TOO_LONG)),
            error => return Told::of(error.into()),
        };
        let described = self.describe(server, session).await;
        let columns = server.column.as_ref().map_or(described.columns.as_slice(), std::slice::from_ref);
        let fields: Vec<&str> = columns
            .iter()
            .filter_map(|name| table.column_named(name).map(|id| table.column(id).field.as_str()))
            .collect();
        let is_about = is_about(table, server);
        // What overlaps does so by all of the rule's values, of which some are computed.
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
        let refers = refers(table, deed, server);
        let Some(mut told) = violation(catalog, table, server, refers, &fields) else {
            return Told { error: error.into(), field, names, is_about };
        };
        // The words of a foreign key are for those whose rows it is of, not for those whose rows it keeps.
        let is_kept = server.code == SqlState::FOREIGN_KEY_VIOLATION && !refers;
        if let Some(words) = described.words.filter(|_| !is_kept) {
            told.message = words;
        }
        told.rule = Some(Box::new(Rule::of(server)));
        Told { error: told, field, names, is_about: is_about && !is_kept }
    }

    /// Forgets the words of constraints: somebody may have written others.
    pub(super) fn forget(&self) {
        self.known().clear();
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
        let described = Description { words: text(0), columns };
        self.known().insert(constraint, described.clone());
        described
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<Constraint, Description>> {
        // A panic while the lock was held leaves descriptions, which are still right.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a broken rule means for the caller; `None` where the error is none of a rule. `refers`: whether a broken foreign key
/// is that of a row which was written. `fields`: those that it is about.
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
        (Code::BadUserInput, format!("The rule {rule} is not kept."))
    } else if *code == SqlState::EXCLUSION_VIOLATION {
        (Code::Conflict, format!("It overlaps with a {} that is there already.", table.type_name))
    } else if code.code().starts_with("22") {
        // Postgres's own words say what is wrong with a value, and nothing of other rows.
        (Code::BadUserInput, server.message.clone())
    } else if code.code().starts_with("54") {
        (Code::BadUserInput, "A value is too long or too deep for the database.".into())
    } else {
        return None;
    };
    Some(Error::new(kind, message))
}

/// Whether a broken foreign key is that of the row which was written: it refers to one that is not there. Otherwise others
/// refer to the row, which goes away. Postgres names the same constraint and the same table for both.
fn refers(table: &Table, deed: Deed, error: &ServerError) -> bool {
    match deed {
        Deed::Insert => true,
        Deed::Delete => false,
        Deed::Update | Deed::Call => is_about(table, error),
    }
}

/// Returns the relations to one row whose key is this field, and the field: what has `eventTypeId` in a row is given as `eventType`.
fn names(table: &Table, field: &str) -> Names {
    let is_key = |relation: &&Relation| match relation.local.as_slice() {
        [column] if !relation.many => table.column(*column).field == field,
        _ => false,
    };
    let relations = table.relations.iter().filter(is_key).map(|relation| relation.field.clone());
    relations.chain([field.to_owned()]).collect()
}

/// Returns the fields by which a row names the one that a function has not found: its own key, or the one that refers to the other
/// table. There is none where several refer to it.
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

/// Whether an error is about the table itself, not about one that refers to it.
fn is_about(table: &Table, error: &ServerError) -> bool {
    error.table.as_deref().is_none_or(|name| name == table.name)
        && error.schema.as_deref().is_none_or(|name| name == table.schema)
}
