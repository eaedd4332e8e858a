//! Rewrites a document for async-graphql's validation, so that the time grows with the text, not with products of operations and
//! fragments.
//!
//! The library walks through a fragment each time that it is spread, collects variables anew for each operation, and reports each
//! of them with the operation's name. Nearly all of its rules check a definition by itself, though. So a fragment becomes two:
//! one under its name, without content, for the rules about spreads, and one under a new name with its content. One more
//! operation spreads all of the latter, once each. [`super::rules`] alone checks variables and the merging of fields: in the
//! library's document no two fields have the same key, and each operation uses its variables.

use std::collections::HashMap;

use async_graphql::parser::types::{
    Directive, DocumentOperations, ExecutableDocument, FragmentDefinition, FragmentSpread, InlineFragment,
    OperationDefinition, OperationType, Selection, SelectionSet, TypeCondition, VariableDefinition,
};
use async_graphql::{Name, Pos, Positioned};

use super::Value;
use super::order::operations_mut;

/// The position of added parts; errors about them are not reported.
pub(super) const NOWHERE: Pos = Pos { line: 0, column: 0 };

/// Returns the document that async-graphql validates.
pub(super) fn taken_apart(document: &ExecutableDocument) -> ExecutableDocument {
    let mut apart = document.clone();
    let mut keys = 0;
    for operation in operations_mut(&mut apart) {
        give_keys(&mut operation.selection_set.node, &mut keys);
        let uses = uses(&operation.variable_definitions);
        operation.selection_set.node.items.push(uses);
        for variable in &mut operation.variable_definitions {
            // It panics at a default within a list of an unknown type.
            variable.node.default_value = None;
        }
    }
    let mut spreads = Vec::new();
    for (name, mut fragment) in std::mem::take(&mut apart.fragments) {
        give_keys(&mut fragment.node.selection_set.node, &mut keys);
        let FragmentDefinition { type_condition, .. } = &fragment.node;
        let named = FragmentDefinition {
            type_condition: type_condition.clone(),
            directives: Vec::new(),
            selection_set: Positioned::default(),
        };
        let contents = Name::new(format!("{name} holds"));
        spreads.extend([spread(&name, &fragment.node), spread(&contents, &fragment.node)]);
        apart.fragments.insert(contents, Positioned::new(fragment.node, NOWHERE));
        apart.fragments.insert(name, Positioned::new(named, fragment.pos));
    }
    apart.operations = short_named(apart.operations, spreads);
    apart
}

/// Returns the operations with short names, and one that spreads these fragments.
fn short_named(operations: DocumentOperations, spreads: Vec<Positioned<Selection>>) -> DocumentOperations {
    let operations: Vec<_> = match operations {
        DocumentOperations::Single(single) => vec![single],
        DocumentOperations::Multiple(multiple) => multiple.into_values().collect(),
    };
    let all = OperationDefinition {
        ty: OperationType::Query,
        variable_definitions: Vec::new(),
        directives: Vec::new(),
        selection_set: Positioned::new(SelectionSet { items: spreads }, NOWHERE),
    };
    let all = Positioned::new(all, NOWHERE);
    let named = operations.into_iter().chain([all]).enumerate();
    DocumentOperations::Multiple(
        named.map(|(at, operation)| (Name::new(at.to_string()), operation)).collect::<HashMap<_, _>>(),
    )
}

/// Spreads a fragment within a selection on the fragment's type.
fn spread(name: &Name, fragment: &FragmentDefinition) -> Positioned<Selection> {
    let fragment_name = Positioned::new(name.clone(), NOWHERE);
    let spread = FragmentSpread { fragment_name, directives: Vec::new() };
    let items = vec![nowhere(Selection::FragmentSpread(Positioned::new(spread, NOWHERE)))];
    inline(Some(fragment.type_condition.clone()), Vec::new(), items)
}

/// Returns a selection that uses all variables of an operation.
fn uses(variables: &[Positioned<VariableDefinition>]) -> Positioned<Selection> {
    let using = |variable: &Positioned<VariableDefinition>| {
        let value = Value::Variable(variable.node.name.node.clone());
        (Positioned::new(Name::new("uses"), NOWHERE), Positioned::new(value, NOWHERE))
    };
    let arguments = variables.iter().map(using).collect();
    let directive = Directive { name: Positioned::new(Name::new("uses"), NOWHERE), arguments };
    inline(None, vec![Positioned::new(directive, NOWHERE)], Vec::new())
}

fn inline(
    type_condition: Option<Positioned<TypeCondition>>,
    directives: Vec<Positioned<Directive>>,
    items: Vec<Positioned<Selection>>,
) -> Positioned<Selection> {
    let selection_set = Positioned::new(SelectionSet { items }, NOWHERE);
    let fragment = InlineFragment { type_condition, directives, selection_set };
    nowhere(Selection::InlineFragment(Positioned::new(fragment, NOWHERE)))
}

fn nowhere(selection: Selection) -> Positioned<Selection> {
    Positioned::new(selection, NOWHERE)
}

/// Gives each field a unique alias. `__typename`, whose directives async-graphql does not check, becomes an unknown field at a
/// position whose errors are not reported.
fn give_keys(set: &mut SelectionSet, keys: &mut usize) {
    for selection in &mut set.items {
        match &mut selection.node {
            Selection::Field(field) => {
                *keys += 1;
                field.node.alias = Some(Positioned::new(Name::new(keys.to_string()), NOWHERE));
                if field.node.name.node == "__typename" {
                    field.pos = NOWHERE;
                    field.node.name = Positioned::new(Name::new("typename"), NOWHERE);
                    field.node.arguments.clear();
                    field.node.selection_set = Positioned::default();
                } else {
                    give_keys(&mut field.node.selection_set.node, keys);
                }
            }
            Selection::InlineFragment(fragment) => give_keys(&mut fragment.node.selection_set.node, keys),
            Selection::FragmentSpread(_) => {}
        }
    }
}
