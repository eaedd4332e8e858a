//! Checks the rule Single Root Field: a subscription has one root field, which does not depend on variables.

use std::collections::HashSet;

use async_graphql::Pos;
use async_graphql::parser::types::{ExecutableDocument, OperationType, Selection, SelectionSet};

use super::super::order::{Definition, definitions};
use super::Mistake;

pub(super) fn check(document: &ExecutableDocument, mistakes: &mut Vec<Mistake<'_>>) {
    for definition in definitions(document) {
        let Definition::Operation(operation) = definition else { continue };
        if operation.node.ty != OperationType::Subscription {
            continue;
        }
        let mut root = Root {
            document,
            seen: HashSet::new(),
            keys: HashSet::new(),
            second: None,
            introspection: None,
            condition: None,
        };
        root.collect(&operation.node.selection_set.node);
        if let Some(place) = root.second {
            mistakes.push(Mistake::new(place, "A subscription has one field."));
        }
        if let Some((place, name)) = root.introspection {
            let message = format!("The field of a subscription cannot be `{name}`.");
            mistakes.push(Mistake::new(place, message));
        }
        if let Some(place) = root.condition {
            let message = "The field of a subscription is neither skipped nor included on a condition.";
            mistakes.push(Mistake::new(place, message));
        }
    }
}

/// The root fields of a subscription, with fragments expanded.
struct Root<'d> {
    document: &'d ExecutableDocument,
    seen: HashSet<&'d str>,
    keys: HashSet<&'d str>,
    /// The position of a second field.
    second: Option<Pos>,
    /// A field of introspection, with its position.
    introspection: Option<(Pos, &'d str)>,
    /// The position of a `@skip` or `@include`.
    condition: Option<Pos>,
}

impl<'d> Root<'d> {
    fn collect(&mut self, set: &'d SelectionSet) {
        for selection in &set.items {
            let condition = selection
                .node
                .directives()
                .iter()
                .find(|directive| matches!(directive.node.name.node.as_str(), "skip" | "include"));
            self.condition = self.condition.or(condition.map(|condition| condition.pos));
            match &selection.node {
                Selection::Field(field) => {
                    self.keys.insert(&field.node.response_key().node);
                    let name = field.node.name.node.as_str();
                    if name.starts_with("__") {
                        self.introspection.get_or_insert((field.pos, name));
                    } else if self.keys.len() > 1 {
                        self.second.get_or_insert(field.pos);
                    }
                }
                Selection::InlineFragment(fragment) => self.collect(&fragment.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    let name = spread.node.fragment_name.node.as_str();
                    if self.seen.insert(name)
                        && let Some(fragment) = self.document.fragments.get(name)
                    {
                        self.collect(&fragment.node.selection_set.node);
                    }
                }
            }
        }
    }
}
