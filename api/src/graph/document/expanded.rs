//! Limits on the size of a document, including parts that do not run, since validation reads all of it.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{
    Directive, ExecutableDocument, OperationDefinition, Selection, SelectionSet,
};
use async_graphql::{Name, Pos, Positioned};

use super::Value;
use super::order::{Definition, definitions};
use super::scan::refusal;
use crate::graph::error::{Code, Error};
use crate::graph::limits::Limits;

/// The most nested selections, with fragments expanded. Validation recurses for each.
pub(super) const DEEPEST: usize = 100;
/// The most parts of a document, all operations together and before equal ones are merged, as a multiple of a request's limit of
/// fields: clients with a fragment per component repeat fields many times.
const REPEATED: u64 = 10;

/// Checks the numbers of aliases, of directives, and of all parts of the operations with fragments expanded. The content of a
/// spread fragment counts once for each selection that contains it, not for each path to it. This count bounds all work that is
/// done for each operation that reaches a part and each selection that spreads it: variables, merging, the single field of a
/// subscription.
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
    let mut nesting = Nesting { document, heights: HashMap::new() };
    for definition in &definitions {
        match definition {
            Definition::Operation(operation) => {
                nesting.height(&operation.node.selection_set.node, 0)?;
            }
            Definition::Fragment(name, fragment) => {
                nesting.fragment(name, fragment.pos, 0)?;
            }
        }
    }
    let most = (limits.fields as u64).saturating_mul(REPEATED);
    let (mut parts, mut counted) = (Parts::new(document, most), 0_u64);
    for definition in &definitions {
        // Unreachable fragments are checked once.
        let Definition::Operation(operation) = definition else { continue };
        counted = counted.saturating_add(parts.of_operation(&operation.node));
        if counted > most {
            let message = format!(
                "The operations of a document have at most {most} fields, fragments, directives and values \
                 together, with fragments expanded."
            );
            return Err(refusal(Code::LimitExceeded, definition.place(), message));
        }
    }
    Ok(())
}

/// The positions of aliases and directives, in the order of the text.
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

/// Computes the depth of selections with fragments expanded; each fragment is visited once.
struct Nesting<'d> {
    document: &'d ExecutableDocument,
    /// `None` while the fragment's height is being computed, so that it spreads itself if it is requested.
    heights: HashMap<&'d str, Option<usize>>,
}

impl<'d> Nesting<'d> {
    /// Returns the height of a selection at a depth.
    fn height(&mut self, set: &'d SelectionSet, depth: usize) -> Result<usize, Error> {
        let mut height = 0;
        for selection in &set.items {
            let below = match &selection.node {
                Selection::Field(field) => self.below(&field.node.selection_set.node, field.pos, depth)?,
                Selection::InlineFragment(fragment) => {
                    self.below(&fragment.node.selection_set.node, fragment.pos, depth)?
                }
                Selection::FragmentSpread(spread) => {
                    self.fragment(&spread.node.fragment_name.node, spread.pos, depth + 1)?
                }
            };
            height = height.max(below + 1);
        }
        Ok(height)
    }

    fn below(&mut self, set: &'d SelectionSet, place: Pos, depth: usize) -> Result<usize, Error> {
        if depth + 1 > DEEPEST { Err(too_deep(place)) } else { self.height(set, depth + 1) }
    }

    /// Returns the height of a fragment that is spread at a position.
    fn fragment(&mut self, name: &'d str, place: Pos, depth: usize) -> Result<usize, Error> {
        let height = match self.heights.get(name) {
            Some(Some(height)) => *height,
            Some(None) => {
                let message = format!("The fragment `{name}` is spread within itself.");
                return Err(refusal(Code::GraphqlInvalid, place, message));
            }
            None => {
                // Validation reports the missing fragment.
                let Some(fragment) = self.document.fragments.get(name) else { return Ok(0) };
                if depth > DEEPEST {
                    return Err(too_deep(place));
                }
                self.heights.insert(name, None);
                let height = self.height(&fragment.node.selection_set.node, depth)?;
                self.heights.insert(name, Some(height));
                height
            }
        };
        if depth + height > DEEPEST { Err(too_deep(place)) } else { Ok(height) }
    }
}

/// Counts the parts of an operation with fragments expanded: fields, spreads, directives, and values. Within one selection a
/// fragment adds its parts once, even if it is spread there several times or by several fragments: its fields merge. The document
/// nests no deeper than [`DEEPEST`], without cycles.
struct Parts<'d> {
    document: &'d ExecutableDocument,
    /// The counts of selections, by their addresses.
    known: HashMap<usize, u64>,
    /// The number of visited parts; each counts for an operation at least once.
    visited: u64,
    most: u64,
}

impl<'d> Parts<'d> {
    fn new(document: &'d ExecutableDocument, most: u64) -> Self {
        Self { document, known: HashMap::new(), visited: 0, most }
    }

    fn of_operation(&mut self, operation: &'d OperationDefinition) -> u64 {
        let variables = operation.variable_definitions.len() as u64;
        of_directives(&operation.directives)
            .saturating_add(variables)
            .saturating_add(self.of(&operation.selection_set.node))
    }

    /// Returns the parts of a selection, or more than the limit.
    fn of(&mut self, set: &'d SelectionSet) -> u64 {
        let address = std::ptr::from_ref(set).addr();
        if let Some(known) = self.known.get(&address) {
            return *known;
        }
        let mut parts = 0_u64;
        let mut seen = HashSet::new();
        let mut open = vec![set];
        while let Some(set) = open.pop() {
            for selection in &set.items {
                let own = 1 + of_directives(selection.node.directives());
                let (own, below) = match &selection.node {
                    Selection::Field(field) => {
                        (own + of_arguments(&field.node.arguments), self.of(&field.node.selection_set.node))
                    }
                    Selection::InlineFragment(fragment) => {
                        open.push(&fragment.node.selection_set.node);
                        (own, 0)
                    }
                    Selection::FragmentSpread(spread) => {
                        let name = spread.node.fragment_name.node.as_str();
                        if seen.insert(name) {
                            let fragment = self.document.fragments.get(name);
                            open.extend(fragment.map(|fragment| &fragment.node.selection_set.node));
                        }
                        (own, 0)
                    }
                };
                parts = parts.saturating_add(own).saturating_add(below);
                self.visited += own;
                if self.visited > self.most {
                    return self.visited;
                }
            }
        }
        self.known.insert(address, parts);
        parts
    }
}

fn of_directives(directives: &[Positioned<Directive>]) -> u64 {
    directives.iter().map(|directive| 1 + of_arguments(&directive.node.arguments)).sum()
}

fn of_arguments(arguments: &[(Positioned<Name>, Positioned<Value>)]) -> u64 {
    arguments.iter().map(|(_, value)| of_value(&value.node)).sum()
}

/// Returns the number of values within a value, including itself. The scan has limited its brackets.
pub(super) fn of_value(value: &Value) -> u64 {
    match value {
        Value::List(items) => 1 + items.iter().map(of_value).sum::<u64>(),
        Value::Object(fields) => 1 + fields.values().map(of_value).sum::<u64>(),
        _ => 1,
    }
}

fn too_deep(place: Pos) -> Error {
    let message = format!("A document nests selections at most {DEEPEST} levels, with fragments expanded.");
    refusal(Code::LimitExceeded, place, message)
}
