//! Limits on what stands in a document, whatever of it is run: validation's work grows with it.

use std::collections::HashMap;

use async_graphql::parser::types::{Directive, ExecutableDocument, Selection, SelectionSet};
use async_graphql::{Pos, Positioned};

use super::order::{Definition, definitions};
use super::scan::refusal;
use crate::graph::error::{Code, Error};
use crate::graph::limits::Limits;

/// Selections within one another, once fragments are put in. Validation calls itself for each.
pub(super) const DEEPEST: usize = 100;
/// How many times as many fields as a request may have a document may have before equal ones are merged: clients that
/// write a fragment for each component ask for the same fields many times.
const REPEATED: u64 = 10;

/// Counts aliases, directives, and fields once fragments are put in, each time that they are. Each fragment is looked at once.
pub(super) fn check(limits: &Limits, document: &ExecutableDocument) -> Result<(), Error> {
    let definitions = definitions(document);
    let mut counts = Counts::default();
    for definition in &definitions {
        let set = match definition {
            Definition::Operation(operation) => {
                counts.directives(&operation.node.directives);
                &operation.node.selection_set.node
            }
            Definition::Fragment(_, fragment) => {
                counts.directives(&fragment.node.directives);
                &fragment.node.selection_set.node
            }
        };
        counts.selections(set);
    }
    for (places, most, what) in
        [(&counts.aliases, limits.aliases, "aliases"), (&counts.directives, limits.directives, "directives")]
    {
        if let Some(place) = places.get(most) {
            let message = format!("A document has at most {most} {what}.");
            return Err(refusal(Code::LimitExceeded, *place, message));
        }
    }
    let most = (limits.fields as u64).saturating_mul(REPEATED);
    let mut expansion = Expansion { document, sizes: HashMap::new() };
    for definition in &definitions {
        let size = match definition {
            Definition::Operation(operation) => expansion.size(&operation.node.selection_set.node, 0)?,
            Definition::Fragment(name, fragment) => expansion.fragment(name, fragment.pos, 0)?,
        };
        if size.fields > most {
            let message = format!("An operation has at most {most} fields, once fragments are put in.");
            return Err(refusal(Code::LimitExceeded, definition.place(), message));
        }
    }
    Ok(())
}

/// Where aliases and directives stand, in the order of the text.
#[derive(Default)]
struct Counts {
    aliases: Vec<Pos>,
    directives: Vec<Pos>,
}

impl Counts {
    fn selections(&mut self, set: &SelectionSet) {
        for selection in &set.items {
            if let Selection::Field(field) = &selection.node {
                self.aliases.extend(field.node.alias.as_ref().map(|alias| alias.pos));
            }
            self.directives(selection.node.directives());
            match &selection.node {
                Selection::Field(field) => self.selections(&field.node.selection_set.node),
                Selection::InlineFragment(fragment) => self.selections(&fragment.node.selection_set.node),
                Selection::FragmentSpread(_) => {}
            }
        }
    }

    fn directives(&mut self, directives: &[Positioned<Directive>]) {
        self.directives.extend(directives.iter().map(|directive| directive.pos));
    }
}

/// What a selection is once fragments are put in.
#[derive(Clone, Copy, Default)]
struct Size {
    fields: u64,
    /// Levels of selections.
    height: usize,
}

/// The sizes of fragments, each found once.
struct Expansion<'d> {
    document: &'d ExecutableDocument,
    /// `None`: it is being found, so whoever asks for it stands within it.
    sizes: HashMap<&'d str, Option<Size>>,
}

impl<'d> Expansion<'d> {
    /// The size of a selection below so many others.
    fn size(&mut self, set: &'d SelectionSet, depth: usize) -> Result<Size, Error> {
        let mut whole = Size::default();
        for selection in &set.items {
            let (fields, below) = match &selection.node {
                Selection::Field(field) => (1, self.below(&field.node.selection_set.node, field.pos, depth)?),
                Selection::InlineFragment(fragment) => {
                    (0, self.below(&fragment.node.selection_set.node, fragment.pos, depth)?)
                }
                Selection::FragmentSpread(spread) => {
                    (0, self.fragment(&spread.node.fragment_name.node, spread.pos, depth + 1)?)
                }
            };
            whole.fields = whole.fields.saturating_add(fields).saturating_add(below.fields);
            whole.height = whole.height.max(below.height + 1);
        }
        Ok(whole)
    }

    fn below(&mut self, set: &'d SelectionSet, place: Pos, depth: usize) -> Result<Size, Error> {
        if depth + 1 > DEEPEST { Err(too_deep(place)) } else { self.size(set, depth + 1) }
    }

    /// The size of a fragment that is spread at a place.
    fn fragment(&mut self, name: &'d str, place: Pos, depth: usize) -> Result<Size, Error> {
        let size = match self.sizes.get(name) {
            Some(Some(size)) => *size,
            Some(None) => {
                let message = format!("The fragment `{name}` is spread within itself.");
                return Err(refusal(Code::GraphqlInvalid, place, message));
            }
            None => {
                // Validation tells that there is no such fragment.
                let Some(fragment) = self.document.fragments.get(name) else {
                    return Ok(Size { fields: 1, height: 0 });
                };
                if depth > DEEPEST {
                    return Err(too_deep(place));
                }
                self.sizes.insert(name, None);
                let size = self.size(&fragment.node.selection_set.node, depth)?;
                self.sizes.insert(name, Some(size));
                size
            }
        };
        if depth + size.height > DEEPEST { Err(too_deep(place)) } else { Ok(size) }
    }
}

fn too_deep(place: Pos) -> Error {
    let message = format!("A document nests selections at most {DEEPEST} levels, once fragments are put in.");
    refusal(Code::LimitExceeded, place, message)
}
