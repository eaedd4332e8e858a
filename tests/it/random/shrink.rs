//! Shrinks an operation as long as a condition holds.

use super::operation::{Argument, Field, Operation};

impl Operation {
    /// Returns the smallest operation for which the condition holds: every part that can be omitted is omitted.
    pub(crate) async fn shrink(mut self, mut holds: impl AsyncFnMut(&Self) -> bool) -> Self {
        let mut at = 0;
        while let Some(smaller) = self.without(at) {
            if holds(&smaller).await {
                self = smaller;
            } else {
                at += 1;
            }
        }
        self
    }

    /// Returns the operation without its nth part; `None` after the last.
    fn without(&self, part: usize) -> Option<Self> {
        let (mut smaller, mut left) = (self.clone(), part);
        drop_field(&mut smaller.fields, &mut left).then_some(smaller)
    }
}

/// Returns true if it is this part's turn.
fn is_it(left: &mut usize) -> bool {
    let is_it = *left == 0;
    *left = left.saturating_sub(1);
    is_it
}

/// Removes the part with this number from a selection; returns true if there was one.
fn drop_field(fields: &mut Vec<Field>, left: &mut usize) -> bool {
    for at in 0..fields.len() {
        // A selection is never empty.
        if fields.len() > 1 && is_it(left) {
            fields.remove(at);
            return true;
        }
        if fields[at].on.is_some() && is_it(left) {
            let fragment = fields.remove(at);
            fields.splice(at..at, fragment.fields);
            return true;
        }
        let field = &mut fields[at];
        if field.include.is_some() && is_it(left) {
            field.include = None;
            return true;
        }
        if drop_member(&mut field.arguments, left) || drop_field(&mut field.fields, left) {
            return true;
        }
    }
    false
}

fn drop_member(members: &mut Vec<(String, Argument)>, left: &mut usize) -> bool {
    for at in 0..members.len() {
        if is_it(left) {
            members.remove(at);
            return true;
        }
        if drop_below(&mut members[at].1, left) {
            return true;
        }
    }
    false
}

fn drop_below(argument: &mut Argument, left: &mut usize) -> bool {
    match argument {
        Argument::Literal(_) => false,
        Argument::Variable(_, _, value) => {
            // Several fields may share a variable: it becomes a copy before it is changed.
            let is_it = is_it(left);
            if is_it {
                *argument = (**value).clone();
            }
            is_it
        }
        Argument::Object(members) => drop_member(members, left),
        Argument::List(items) => {
            for at in 0..items.len() {
                if is_it(left) {
                    items.remove(at);
                    return true;
                }
                if drop_below(&mut items[at], left) {
                    return true;
                }
            }
            false
        }
    }
}
