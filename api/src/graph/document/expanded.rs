//! Limits on what stands in a document, whatever of it is run: validation's work grows with it.

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

/// Selections within one another, once fragments are put in. Validation calls itself for each.
pub(super) const DEEPEST: usize = 100;
/// How many times as many parts as a request may have fields a document may have, all operations together, before equal ones are
/// merged: clients that write a fragment for each component ask for the same fields many times.
const REPEATED: u64 = 10;

/// Counts aliases, directives, and all parts of the operations once fragments are put in. What a fragment spreads is counted once for
/// each selection that it stands in, and not for each way there. Whatever is looked at for each operation that reaches it, and for
/// each selection that spreads it, is bounded by this count: variables, merging, the one field of a subscription.
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
        // What no operation reaches is looked at once.
        let Definition::Operation(operation) = definition else { continue };
        counted = counted.saturating_add(parts.of_operation(&operation.node));
        if counted > most {
            let message = format!(
                "The operations of a document have at most {most} fields, fragments, directives and values \
                 together, once fragments are put in."
            );
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

/// How many levels of selections there are once fragments are put in; each fragment is looked at once.
struct Nesting<'d> {
    document: &'d ExecutableDocument,
    /// `None`: it is being found, so whoever asks for it stands within it.
    heights: HashMap<&'d str, Option<usize>>,
}

impl<'d> Nesting<'d> {
    /// The levels of a selection below so many others.
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

    /// The levels of a fragment that is spread at a place.
    fn fragment(&mut self, name: &'d str, place: Pos, depth: usize) -> Result<usize, Error> {
        let height = match self.heights.get(name) {
            Some(Some(height)) => *height,
            Some(None) => {
                let message = format!("The fragment `{name}` is spread within itself.");
                return Err(refusal(Code::GraphqlInvalid, place, message));
            }
            None => {
                // Validation tells that there is no such fragment.
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

/// How many parts an operation has once fragments are put in: fields, spreads, directives, and values. Within one selection a
/// fragment adds its parts once, however often and by whatever other fragments it is spread there: its fields merge. The document
/// nests no deeper than [`DEEPEST`], without cycles.
struct Parts<'d> {
    document: &'d ExecutableDocument,
    /// Those of selections, by their addresses.
    known: HashMap<usize, u64>,
    /// Parts that have been looked at; each counts for an operation at least once.
    looks: u64,
    most: u64,
}

impl<'d> Parts<'d> {
    fn new(document: &'d ExecutableDocument, most: u64) -> Self {
        Self { document, known: HashMap::new(), looks: 0, most }
    }

    fn of_operation(&mut self, operation: &'d OperationDefinition) -> u64 {
        let variables = operation.variable_definitions.len() as u64;
        of_directives(&operation.directives)
            .saturating_add(variables)
            .saturating_add(self.of(&operation.selection_set.node))
    }

    /// Those of a selection, or more than the most.
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
                self.looks += own;
                if self.looks > self.most {
                    return self.looks;
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

/// How many values there are in one, with itself. The scan has counted its brackets.
pub(super) fn of_value(value: &Value) -> u64 {
    match value {
        Value::List(items) => 1 + items.iter().map(of_value).sum::<u64>(),
        Value::Object(fields) => 1 + fields.values().map(of_value).sum::<u64>(),
        _ => 1,
    }
}

fn too_deep(place: Pos) -> Error {
    let message = format!("A document nests selections at most {DEEPEST} levels, once fragments are put in.");
    refusal(Code::LimitExceeded, place, message)
}
