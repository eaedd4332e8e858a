//! Returns the definitions of a document in the order of the text; the parser keeps them in hash maps.

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, FragmentDefinition, OperationDefinition,
};
use async_graphql::{Name, Pos, Positioned};

/// An operation or a fragment.
#[derive(Clone, Copy)]
pub(super) enum Definition<'d> {
    Operation(&'d Positioned<OperationDefinition>),
    Fragment(&'d Name, &'d Positioned<FragmentDefinition>),
}

impl Definition<'_> {
    pub(super) fn place(&self) -> Pos {
        match self {
            Self::Operation(operation) => operation.pos,
            Self::Fragment(_, fragment) => fragment.pos,
        }
    }
}

pub(super) fn definitions(document: &ExecutableDocument) -> Vec<Definition<'_>> {
    let operations = document.operations.iter().map(|(_, operation)| Definition::Operation(operation));
    let fragments = document.fragments.iter().map(|(name, fragment)| Definition::Fragment(name, fragment));
    let mut definitions: Vec<_> = operations.chain(fragments).collect();
    definitions.sort_unstable_by_key(Definition::place);
    definitions
}

/// Returns the operations, in any order.
pub(super) fn operations_mut(
    document: &mut ExecutableDocument,
) -> impl Iterator<Item = &mut OperationDefinition> {
    let (single, multiple) = match &mut document.operations {
        DocumentOperations::Single(single) => (Some(single), None),
        DocumentOperations::Multiple(multiple) => (None, Some(multiple.values_mut())),
    };
    single.into_iter().chain(multiple.into_iter().flatten()).map(|operation| &mut operation.node)
}

/// Returns the operations with their names, in the order of the text.
pub(super) fn operations(document: &ExecutableDocument) -> Vec<(Option<&Name>, &OperationDefinition)> {
    let mut operations: Vec<_> = document.operations.iter().collect();
    operations.sort_unstable_by_key(|(_, operation)| operation.pos);
    operations.into_iter().map(|(name, operation)| (name, &operation.node)).collect()
}
