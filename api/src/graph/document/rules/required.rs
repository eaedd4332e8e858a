//! Checks the rule Required Arguments. async-graphql's rule names another type than the argument's.

use super::outline::{Missing, Outline};
use super::{Mistake, Remoteness};

pub(super) fn check(outline: &Outline<'_, '_>, mistakes: &mut Vec<Mistake<'_>>) {
    for Missing { of, place, reported_at, definition } in &outline.missing {
        let (name, ty) = (&definition.name, &definition.ty);
        let message =
            format!("The argument `{name}` of `{of}` is required, of type `{ty}`, and is not provided.");
        let argument = if of.starts_with('@') { format!("{of}.{name}") } else { name.clone() };
        let (reported_at, argument) = (Some(*reported_at), Some(argument));
        // The argument may be misspelt.
        let remoteness = Remoteness::Consequence;
        mistakes.push(Mistake { remoteness, reported_at, argument, ..Mistake::new(*place, message) });
    }
}
