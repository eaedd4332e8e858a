//! What a mutation writes, and what it returns.

mod objects;

pub(in crate::graph) use objects::Objects;
use objects::{one, only};

use super::{Keyed, LoadId, Plan, RequestPlace, RowSelection};
use crate::database::Statement;
use crate::graph::catalog::TableId;
use crate::graph::question::write::Insert;

/// A mutation, ready to run: its fields, which are carried out one after the other.
#[derive(Debug)]
pub(in crate::graph) struct Mutation {
    pub(in crate::graph) fields: Vec<Keyed<MutationField>>,
    /// Whether some reference table is written: what is kept of it in memory is out of date then.
    pub(in crate::graph) writes_reference: bool,
    /// Objects that its answer could have.
    pub(in crate::graph) cost: u64,
}

/// A field of `Mutation`.
#[derive(Debug)]
pub(in crate::graph) enum MutationField {
    /// `__typename`
    Typename,
    /// Something to be written.
    MutationStep(Box<MutationStep>),
}

/// Something to be written, and what to return of it.
#[derive(Debug)]
pub(in crate::graph) struct MutationStep {
    /// The table whose rows are returned.
    pub(in crate::graph) table: TableId,
    pub(in crate::graph) write: Write,
    pub(in crate::graph) payload: Payload,
    /// The loads of the payload.
    pub(in crate::graph) plan: Plan,
    pub(in crate::graph) place: RequestPlace,
}

/// What is written. Each statement returns the primary keys of the rows that it wrote.
#[derive(Debug)]
pub(in crate::graph) enum Write {
    /// New rows.
    Insert(Insert),
    /// A row is changed.
    Update(RowWrite),
    /// A row is deleted.
    Delete(RowWrite),
    /// Whatever a function of the database does.
    Call(FunctionWrite),
}

/// A row that is changed or deleted.
#[derive(Debug)]
pub(in crate::graph) struct RowWrite {
    /// Writes, if it may. Returns the primary key of the row that it wrote, if there was one.
    pub(in crate::graph) statement: Statement,
    /// Looks for the row: its primary key and, behind it, whether it is unchanged since the given moment.
    pub(in crate::graph) look: Statement,
}

/// The call of a function that writes.
#[derive(Debug)]
pub(in crate::graph) struct FunctionWrite {
    pub(in crate::graph) statement: Statement,
    /// The objects that it is given a list of, if it is.
    pub(in crate::graph) objects: Option<Objects>,
    /// Where its values may be given, as dotted paths, `doseMg` or `events.doseMg`; and whether they were.
    pub(in crate::graph) places: Vec<(String, bool)>,
    /// The argument that names the row which the function is about: the only value that is required.
    pub(in crate::graph) key: Option<String>,
    /// Where a number was given that is too large for the column of that name, if one was.
    pub(in crate::graph) too_large: Option<String>,
}

impl FunctionWrite {
    /// Returns the place of the only one of these values that was given, or might have been. Where a refusal is about no value in
    /// particular, it is the place of the function's only value. `values`: each by its names.
    pub(in crate::graph) fn place_of(&self, values: &[Vec<String>]) -> Option<&str> {
        let places: Vec<(&str, bool)> =
            self.places.iter().map(|(place, given)| (place.as_str(), *given)).collect();
        if values.is_empty() && self.objects.is_none() {
            return one(places.iter().filter(|(_, given)| *given)).map(|(place, _)| *place);
        }
        only(values, &places)
    }
}

/// What is returned of the rows that were written.
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
    /// The only row: the load by its key, and what to return of it.
    Row(LoadId, RowSelection),
    /// All rows.
    Nodes(LoadId, RowSelection),
    /// `affectedCount`
    AffectedCount,
}
