//! Checks the rule Leaf Field Selections. async-graphql's rule names another type than the field's.

use async_graphql::registry::{MetaTypeName, Registry};

use super::Mistake;
use super::outline::Outline;

pub(super) fn check(registry: &Registry, outline: &Outline<'_, '_>, mistakes: &mut Vec<Mistake<'_>>) {
    for (field, ty) in &outline.fields {
        let Some(of) = registry.types.get(MetaTypeName::concrete_typename(ty)) else { continue };
        let (name, selects) = (&field.node.name.node, !field.node.selection_set.node.items.is_empty());
        let message = match (of.is_leaf(), selects) {
            (true, true) => format!("The field `{name}` of type `{ty}` has no fields to select."),
            (false, false) => format!("Of the field `{name}` of type `{ty}`, fields have to be selected."),
            _ => continue,
        };
        mistakes.push(Mistake { reported_at: Some(field.pos), ..Mistake::new(field.pos, message) });
    }
}
