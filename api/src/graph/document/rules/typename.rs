//! Checks that `__typename` has neither arguments nor fields, which async-graphql does not.

use super::Mistake;
use super::outline::Outline;

pub(super) fn check(outline: &Outline<'_, '_>, mistakes: &mut Vec<Mistake<'_>>) {
    for field in &outline.typenames {
        if let Some((name, _)) = field.node.arguments.first() {
            let message = format!("The field `__typename` has no argument `{}`.", name.node);
            mistakes.push(Mistake::new(name.pos, message));
        }
        if !field.node.selection_set.node.items.is_empty() {
            mistakes.push(Mistake::new(field.pos, "The field `__typename` has no fields."));
        }
    }
}
