//! The plan of a mutation: the writes, and the rows that it returns.

mod objects;

pub(in crate::graph) use objects::Objects;
use objects::{one, only};

use super::{Keyed, LoadId, Plan, RequestPlace, RowSelection};
use crate::database::Statement;
use crate::graph::catalog::TableId;
use crate::graph::question::write::Insert;

/// The plan of a mutation. Its fields run one after the other.
#[derive(Debug)]
pub(in crate::graph) struct Mutation {
    pub(in crate::graph) fields: Vec<Keyed<MutationField>>,
    /// True if the mutation writes a reference table, which makes the cache of that table outdated.
    pub(in crate::graph) writes_reference: bool,
    /// The largest number of objects in the answer.
    pub(in crate::graph) cost: u64,
}

/// A field of `Mutation`.
#[derive(Debug)]
pub(in crate::graph) enum MutationField {
    /// `__typename`
    Typename,
    /// A write.
    MutationStep(Box<MutationStep>),
}

/// A write, and the payload that it returns.
#[derive(Debug)]
pub(in crate::graph) struct MutationStep {
    /// The table whose rows are returned.
    pub(in crate::graph) table: TableId,
    pub(in crate::graph) write: Write,
    pub(in crate::graph) payload: Payload,
    /// The loads of the payload's rows.
    pub(in crate::graph) plan: Plan,
    pub(in crate::graph) place: RequestPlace,
}

/// The statements of a write. Each returns the primary keys of the rows that it wrote.
#[derive(Debug)]
pub(in crate::graph) enum Write {
    /// The step adds rows.
    Insert(Insert),
    /// The step changes a row.
    Update(RowWrite),
    /// The step deletes a row.
    Delete(RowWrite),
    /// The step calls a function of the database.
    Call(FunctionWrite),
}

/// The statements that change or delete a row.
#[derive(Debug)]
pub(in crate::graph) struct RowWrite {
    /// The statement that writes the row, and returns its primary key if it was written.
    pub(in crate::graph) statement: Statement,
    /// The statement that looks up the row: its primary key, followed by true if it is unchanged since the given moment.
    pub(in crate::graph) look: Statement,
}

/// The call of a function that writes.
#[derive(Debug)]
pub(in crate::graph) struct FunctionWrite {
    pub(in crate::graph) statement: Statement,
    /// The list of objects among the arguments, if there is one.
    pub(in crate::graph) objects: Option<Objects>,
    /// The places of its values, as dotted paths, `doseMg` or `events.doseMg`, each with true if the request gives the value.
    pub(in crate::graph) places: Vec<(String, bool)>,
    /// The argument that names the row to change: the only required value.
    pub(in crate::graph) key: Option<String>,
    /// The place of the first number that is too large for the column of its name, if there is one.
    pub(in crate::graph) too_large: Option<String>,
}

impl FunctionWrite {
    /// Returns the place of the value that a refusal is about: the only given one of `values`, or else the only possible place of one. If
    /// `values` is empty, it is the place of the only value that was given. Each value is a list of its names.
    pub(in crate::graph) fn place_of(&self, values: &[Vec<String>]) -> Option<&str> {
        let places: Vec<(&str, bool)> =
            self.places.iter().map(|(place, given)| (place.as_str(), *given)).collect();
        if values.is_empty() && self.objects.is_none() {
            return one(places.iter().filter(|(_, given)| *given)).map(|(place, _)| *place);
        }
        only(values, &places)
    }
}

/// The shape of a payload: the rows that were written.
#[derive(Debug)]
pub(in crate::graph) struct Payload {
    pub(in crate::graph) type_name: String,
    pub(in crate::graph) fields: Vec<Keyed<PayloadField>>,
}

/// A field of a payload.
#[derive(Debug)]
pub(in crate::graph) enum PayloadField {
    /// `__typename`
    Typename,
    /// The only row, with its load and the selected fields.
    Row(LoadId, RowSelection),
    /// All rows, with their load and the selected fields.
    Nodes(LoadId, RowSelection),
    /// `affectedCount`
    AffectedCount,
}
