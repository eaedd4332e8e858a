//! Checks the rule Argument Names for directives. async-graphql's rule adds suggestions that cannot be turned off.

use super::Mistake;
use super::outline::Outline;
use super::path::argument;

pub(super) fn check<'r>(outline: &mut Outline<'r, '_>, mistakes: &mut Vec<Mistake<'r>>) {
    for (directive, place, unknown) in outline.unknown_of_directives.drain(..) {
        let message =
            format!("The directive `@{}` has no argument `{}`.", directive.node.name.node, unknown.name);
        let argument = Some(argument(Some(&directive.node.name.node), &unknown.name));
        let (reported_at, unknown) = (Some(place), Some(unknown));
        mistakes.push(Mistake { reported_at, unknown, argument, ..Mistake::new(place, message) });
    }
}
