//! Fragments taken apart, for async-graphql's validation: it walks through a fragment each time that it is spread, and where fragments
//! spread others twice there are more ways than it would ever come to the end of.
//!
//! Nearly all of its rules look at a definition by itself; only variables and unused fragments are looked for along the spreads.
//! So a fragment becomes two: under its name, what may be spread where, with nothing in it, and under a name that no document has,
//! what it holds. An operation spreads the latter of all fragments that it has, once each.

use std::collections::HashMap;

use async_graphql::parser::types::{
    ExecutableDocument, FragmentDefinition, FragmentSpread, InlineFragment, Selection, SelectionSet,
};
use async_graphql::{Name, Pos, Positioned};

use super::order::operations_mut;

/// Where stands what a document has not; what is said of it is not told.
pub(super) const NOWHERE: Pos = Pos { line: 0, column: 0 };

/// Takes the fragments of a document apart. `whole`: the same document, whose spreads make no cycle.
pub(super) fn take(document: &mut ExecutableDocument, whole: &ExecutableDocument) {
    for operation in operations_mut(document) {
        let spreads = spread_in(whole, &operation.selection_set.node).into_iter().map(spread);
        let spreads: Vec<_> = spreads.collect();
        operation.selection_set.node.items.extend(spreads);
    }
    for (name, fragment) in std::mem::take(&mut document.fragments) {
        let FragmentDefinition { type_condition, .. } = &fragment.node;
        let named = FragmentDefinition {
            type_condition: type_condition.clone(),
            directives: Vec::new(),
            selection_set: Positioned::default(),
        };
        document.fragments.insert(contents(&name), Positioned::new(fragment.node, NOWHERE));
        document.fragments.insert(name, Positioned::new(named, fragment.pos));
    }
}

/// The name of what a fragment holds.
fn contents(fragment: &Name) -> Name {
    Name::new(format!("{fragment} holds"))
}

/// Spreads what a fragment holds, within a selection on the fragment's type.
fn spread((name, fragment): (&Name, &FragmentDefinition)) -> Positioned<Selection> {
    let nowhere = |selection| Positioned::new(selection, NOWHERE);
    let fragment_name = Positioned::new(contents(name), NOWHERE);
    let spread = FragmentSpread { fragment_name, directives: Vec::new() };
    let items = vec![nowhere(Selection::FragmentSpread(Positioned::new(spread, NOWHERE)))];
    let on_type = InlineFragment {
        type_condition: Some(fragment.type_condition.clone()),
        directives: Vec::new(),
        selection_set: Positioned::new(SelectionSet { items }, NOWHERE),
    };
    nowhere(Selection::InlineFragment(Positioned::new(on_type, NOWHERE)))
}

/// The fragments of a document that a selection spreads, also deep within it and by other fragments.
fn spread_in<'d>(
    document: &'d ExecutableDocument,
    set: &SelectionSet,
) -> HashMap<&'d Name, &'d FragmentDefinition> {
    let mut found = HashMap::new();
    let mut open = vec![set];
    while let Some(set) = open.pop() {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => open.push(&field.node.selection_set.node),
                Selection::InlineFragment(fragment) => open.push(&fragment.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    let fragment = document.fragments.get_key_value(&spread.node.fragment_name.node);
                    if let Some((name, fragment)) = fragment
                        && found.insert(name, &fragment.node).is_none()
                    {
                        open.push(&fragment.node.selection_set.node);
                    }
                }
            }
        }
    }
    found
}
