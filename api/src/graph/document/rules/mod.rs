//! Checks the rules of validation that async-graphql lacks or does not implement correctly.

mod directives;
mod introspection;
mod leaves;
mod merging;
mod outline;
mod path;
mod required;
mod spreads;
mod subscription;
mod typename;
mod types;
mod usages;
mod values;
mod variables;

use async_graphql::parser::types::ExecutableDocument;
use async_graphql::registry::{MetaEnumValue, MetaField, MetaInputValue, Registry};
use async_graphql::{Name, Pos, indexmap::IndexMap};

use self::outline::Outline;
use super::scan::Numbers;
use crate::graph::error::Code;

/// The distance of an error from its cause: a misspelt name causes a missing argument, and unused names within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Remoteness {
    Cause,
    Consequence,
    LeftOver,
}

/// An error in a document.
pub(super) struct Mistake<'r> {
    pub(super) place: Pos,
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) remoteness: Remoteness,
    /// The position at which async-graphql would report the same error.
    pub(super) reported_at: Option<Pos>,
    /// The unknown name, if the error is about one.
    pub(super) unknown: Option<Unknown<'r>>,
    /// The argument that the error is about, or its part; `place` is then the position of the whole value, or of the field.
    pub(super) argument: Option<String>,
}

impl Mistake<'_> {
    pub(super) fn new(place: Pos, message: impl Into<String>) -> Self {
        Self {
            place,
            code: Code::GraphqlInvalid,
            message: message.into(),
            remoteness: Remoteness::Cause,
            reported_at: None,
            unknown: None,
            argument: None,
        }
    }
}

/// An unknown name, and the known ones.
pub(super) struct Unknown<'r> {
    pub(super) name: Name,
    pub(super) known: Known<'r>,
}

/// The names that the schema allows in a place.
#[derive(Clone, Copy)]
pub(super) enum Known<'r> {
    Fields(&'r IndexMap<String, MetaField>),
    Arguments(&'r IndexMap<String, MetaInputValue>),
    Values(&'r IndexMap<String, MetaEnumValue>),
    Types(&'r Registry),
    Directives(&'r Registry),
}

impl<'r> Known<'r> {
    pub(super) fn names(self) -> Vec<&'r str> {
        match self {
            Self::Fields(fields) => fields.keys().map(String::as_str).collect(),
            Self::Arguments(arguments) => arguments.keys().map(String::as_str).collect(),
            Self::Values(values) => values.keys().map(String::as_str).collect(),
            Self::Types(registry) => registry.types.keys().map(String::as_str).collect(),
            Self::Directives(registry) => registry.directives.keys().map(String::as_str).collect(),
        }
    }
}

/// The results of the rules.
pub(super) struct Findings<'r> {
    /// Errors that async-graphql may not report.
    pub(super) mistakes: Vec<Mistake<'r>>,
    /// Names that async-graphql reports as unknown, by the position of the error.
    pub(super) unknown: Vec<(Pos, Unknown<'r>)>,
}

/// Applies the rules. The document is within the limits: its fragments have no cycles.
pub(super) fn check<'r>(
    registry: &'r Registry,
    document: &ExecutableDocument,
    numbers: &Numbers,
) -> Findings<'r> {
    let mut outline = Outline::of(registry, document);
    let mut mistakes = Vec::new();
    let usages = values::check(registry, &outline, numbers, &mut mistakes);
    let operations = outline.operations();
    spreads::check(&outline, &operations, &mut mistakes);
    variables::check(document, &outline, &operations, &mut mistakes);
    usages::check(registry, &operations, &usages, &mut mistakes);
    required::check(&outline, &mut mistakes);
    leaves::check(registry, &outline, &mut mistakes);
    types::check(registry, &outline, &mut mistakes);
    directives::check(&mut outline, &mut mistakes);
    typename::check(&outline, &mut mistakes);
    subscription::check(document, &mut mistakes);
    introspection::check(document, &mut mistakes);
    merging::check(registry, document, numbers, &mut mistakes);
    Findings { mistakes, unknown: outline.unknown }
}
