//! Limits nested lists of introspection: its types refer to themselves, so an answer could grow without end.

use std::collections::HashMap;

use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};
use async_graphql::{Pos, Positioned};

use super::super::order::{Definition, definitions};
use super::Mistake;
use crate::graph::error::Code;

/// The number of nested lists at which a document is refused, as in graphql-js.
const MOST_LISTS: usize = 3;

pub(super) fn check(document: &ExecutableDocument, mistakes: &mut Vec<Mistake<'_>>) {
    let mut search = Search { document, visited: HashMap::new() };
    for definition in definitions(document) {
        let set = match definition {
            Definition::Operation(operation) => &operation.node.selection_set,
            Definition::Fragment(_, fragment) => &fragment.node.selection_set,
        };
        if let Some(place) = search.roots(set) {
            let message = format!("Introspection may nest lists at most {} levels deep.", MOST_LISTS - 1);
            mistakes.push(Mistake { code: Code::LimitExceeded, ..Mistake::new(place, message) });
        }
    }
}

struct Search<'d> {
    document: &'d ExecutableDocument,
    /// Fragments, by the most lists that contained them so far.
    visited: HashMap<&'d str, usize>,
}

impl<'d> Search<'d> {
    /// Returns the position of too many nested lists below `__schema` or `__type`.
    fn roots(&mut self, set: &'d Positioned<SelectionSet>) -> Option<Pos> {
        set.node.items.iter().find_map(|selection| match &selection.node {
            Selection::Field(field) => match field.node.name.node.as_str() {
                "__schema" | "__type" => self.lists(&field.node.selection_set.node, 0),
                _ => self.roots(&field.node.selection_set),
            },
            Selection::InlineFragment(fragment) => self.roots(&fragment.node.selection_set),
            // Fragments are checked where they are defined.
            Selection::FragmentSpread(_) => None,
        })
    }

    fn lists(&mut self, set: &'d SelectionSet, lists: usize) -> Option<Pos> {
        set.items.iter().find_map(|selection| match &selection.node {
            Selection::Field(field) => {
                let name = field.node.name.node.as_str();
                let is_list = matches!(name, "fields" | "interfaces" | "possibleTypes" | "inputFields");
                let lists = lists + usize::from(is_list);
                if lists >= MOST_LISTS {
                    Some(field.pos)
                } else {
                    self.lists(&field.node.selection_set.node, lists)
                }
            }
            Selection::InlineFragment(fragment) => self.lists(&fragment.node.selection_set.node, lists),
            Selection::FragmentSpread(spread) => {
                let name = spread.node.fragment_name.node.as_str();
                if self.visited.get(name).is_some_and(|before| *before >= lists) {
                    return None;
                }
                self.visited.insert(name, lists);
                let fragment = self.document.fragments.get(name)?;
                self.lists(&fragment.node.selection_set.node, lists)
            }
        })
    }
}
