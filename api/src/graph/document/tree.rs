//! Defines a valid document in the form that the planner reads.

use std::sync::Arc;

use async_graphql::Pos;

use super::read::shorten;
use super::scan::place_of_part;
use crate::graph::definitions::{InputValue, Literal, Type};
use crate::graph::error::{Code, Error, Location};

/// The operations of a document and the fragments that they share.
#[derive(Debug)]
pub(in crate::graph) struct Document {
    /// The text of the document.
    pub(super) text: Arc<str>,
    /// The operations, in the order of the text.
    pub(super) operations: Vec<Operation>,
    pub(super) fragments: Vec<Fragment>,
}

/// A query, a mutation or a subscription.
#[derive(Debug)]
pub(in crate::graph) struct Operation {
    pub(in crate::graph) kind: OperationKind,
    pub(in crate::graph) name: Option<Box<str>>,
    pub(in crate::graph) variables: Vec<VariableDefinition>,
    pub(in crate::graph) selections: Vec<Selection>,
}

/// The kind of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::graph) enum OperationKind {
    Query,
    Mutation,
    Subscription,
}

impl OperationKind {
    /// Returns the name of the root type of such an operation.
    pub(super) fn type_name(self) -> &'static str {
        match self {
            Self::Query => "Query",
            Self::Mutation => "Mutation",
            Self::Subscription => "Subscription",
        }
    }
}

/// A variable that an operation declares.
#[derive(Debug)]
pub(in crate::graph) struct VariableDefinition {
    pub(in crate::graph) name: Box<str>,
    pub(in crate::graph) ty: Type,
    pub(in crate::graph) default: Option<Literal>,
}

/// Selections that are written once and can be spread by name.
#[derive(Debug)]
pub(super) struct Fragment {
    pub(super) on: Box<str>,
    pub(super) selections: Vec<Selection>,
}

/// A selection of an object, with its conditions.
#[derive(Debug)]
pub(in crate::graph) struct Selection {
    pub(in crate::graph) conditions: Vec<Condition>,
    pub(in crate::graph) of: Selected,
}

#[derive(Debug)]
pub(in crate::graph) enum Selected {
    Field(Field),
    /// Selections on this type, or on any.
    Inline(Option<Box<str>>, Vec<Selection>),
    /// A fragment.
    Spread(FragmentId),
}

/// The index of a fragment in its document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) struct FragmentId(pub(super) usize);

/// `@skip` or `@include`.
#[derive(Debug)]
pub(in crate::graph) struct Condition {
    /// True if the selection is included when `value` is true.
    pub(in crate::graph) includes: bool,
    pub(in crate::graph) location: Location,
    pub(in crate::graph) value: Literal,
}

/// A field, with its arguments and selections.
#[derive(Debug)]
pub(in crate::graph) struct Field {
    /// Response key: alias or name.
    pub(in crate::graph) key: Box<str>,
    pub(in crate::graph) name: Box<str>,
    pub(in crate::graph) location: Location,
    /// The definitions of its arguments, in the order of the schema.
    pub(super) definitions: Arc<[InputValue]>,
    /// The given arguments, by their indexes among the definitions.
    pub(super) given: Vec<(usize, Literal)>,
    pub(in crate::graph) selections: Vec<Selection>,
}

impl Document {
    /// Returns the index of the operation of this name, or of the only one.
    pub(in crate::graph) fn index_of(&self, name: Option<&str>) -> Result<usize, Error> {
        let invalid = |message: String| {
            let mut error = Error::new(Code::GraphqlInvalid, message);
            shorten(&mut error);
            error
        };
        match (name, self.operations.as_slice()) {
            (None, [_]) => Ok(0),
            (None, []) => Err(invalid("The document has no operation.".to_owned())),
            (None, _) => Err(invalid(
                "The document has several operations: say which with `operationName`.".to_owned(),
            )),
            (Some(name), operations) => operations
                .iter()
                .position(|operation| operation.name.as_deref() == Some(name))
                .ok_or_else(|| invalid(format!("The document has no operation `{name}`."))),
        }
    }

    /// Returns the operation at an index.
    pub(in crate::graph) fn operation_at(&self, index: usize) -> Option<&Operation> {
        self.operations.get(index)
    }

    /// Returns the only operation of a document.
    #[cfg(test)]
    pub(in crate::graph) fn only_operation(&self) -> &Operation {
        &self.operations[self.index_of(None).unwrap()]
    }

    /// Moves an argument's error, which so far has the position of the field or directive, to the position of the value.
    pub(in crate::graph) fn pinpoint(&self, mut error: Error) -> Error {
        if let (Some(argument), [place]) = (&error.argument, error.locations.as_mut_slice()) {
            let from = Pos { line: place.line, column: place.column };
            if let Some(Pos { line, column }) = place_of_part(&self.text, from, argument) {
                *place = Location { line, column };
            }
        }
        error
    }

    /// Returns type and selections of a fragment.
    pub(in crate::graph) fn fragment(&self, id: FragmentId) -> Option<(&str, &[Selection])> {
        self.fragments.get(id.0).map(|fragment| (&*fragment.on, fragment.selections.as_slice()))
    }
}

impl Condition {
    /// Returns the directive's text.
    pub(in crate::graph) fn directive(&self) -> &'static str {
        if self.includes { "@include" } else { "@skip" }
    }
}

impl Field {
    /// Returns the definition of each argument, and its given value.
    pub(in crate::graph) fn arguments(&self) -> impl Iterator<Item = (&InputValue, Option<&Literal>)> {
        self.definitions.iter().enumerate().map(|(at, definition)| {
            let given = self.given.iter().find(|(of, _)| *of == at);
            (definition, given.map(|(_, value)| value))
        })
    }
}
