//! Limits on what stands in a document, whatever of it is run.

use std::collections::{HashMap, HashSet};

use apollo_compiler::parser::SourceSpan;
use apollo_compiler::{Name, Node, ast};

use crate::graph::error::{Code, Error, Location};
use crate::graph::limits::Limits;

/// Fragments within one another.
const DEEPEST: usize = 200;
/// How many times as many fields as a request may have a document may have before equal ones are merged: clients that
/// write a fragment for each component ask for the same fields many times.
const REPEATED: u64 = 10;

/// Counts what makes validation work.
pub(super) fn check(limits: &Limits, document: &ast::Document) -> Result<(), Error> {
    let mut counts = Counts::default();
    let mut fragments = Fragments::default();
    for definition in &document.definitions {
        match definition {
            ast::Definition::OperationDefinition(operation) => {
                counts.directives(&operation.directives);
                for variable in &operation.variables {
                    counts.directives(&variable.directives);
                }
                counts.selections(&operation.selection_set);
            }
            ast::Definition::FragmentDefinition(fragment) => {
                counts.directives(&fragment.directives);
                counts.selections(&fragment.selection_set);
                fragments.sets.insert(&fragment.name, &fragment.selection_set);
            }
            // Validation refuses whatever else a document may hold.
            _ => {}
        }
    }
    let refuse = |place: Option<SourceSpan>, message: String| {
        let mut error = Error::new(Code::LimitExceeded, message);
        error.locations = place
            .and_then(|place| place.line_column(&document.sources))
            .map(|place| Location { line: place.line, column: place.column })
            .into_iter()
            .collect();
        Err(error)
    };
    for (places, most, what) in
        [(counts.aliases, limits.aliases, "aliases"), (counts.directives, limits.directives, "directives")]
    {
        if let Some(place) = places.get(most) {
            return refuse(*place, format!("A document has at most {most} {what}."));
        }
    }
    let most = (limits.fields as u64).saturating_mul(REPEATED);
    for definition in &document.definitions {
        let (set, place) = match definition {
            ast::Definition::OperationDefinition(it) => (&it.selection_set, it.location()),
            ast::Definition::FragmentDefinition(it) => (&it.selection_set, it.location()),
            _ => continue,
        };
        match fragments.fields(set, 0) {
            None => {
                return refuse(place, format!("A document nests fragments at most {DEEPEST} levels."));
            }
            Some(fields) if fields > most => {
                let message = format!("An operation has at most {most} fields, once fragments are put in.");
                return refuse(place, message);
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Where aliases and directives stand, in the order of the text.
#[derive(Default)]
struct Counts {
    aliases: Vec<Option<SourceSpan>>,
    directives: Vec<Option<SourceSpan>>,
}

impl Counts {
    fn selections(&mut self, selections: &[ast::Selection]) {
        for selection in selections {
            match selection {
                ast::Selection::Field(field) => {
                    self.aliases.extend(field.alias.as_ref().map(Name::location));
                    self.directives(&field.directives);
                    self.selections(&field.selection_set);
                }
                ast::Selection::FragmentSpread(spread) => self.directives(&spread.directives),
                ast::Selection::InlineFragment(fragment) => {
                    self.directives(&fragment.directives);
                    self.selections(&fragment.selection_set);
                }
            }
        }
    }

    fn directives(&mut self, directives: &ast::DirectiveList) {
        self.directives.extend(directives.iter().map(Node::location));
    }
}

/// Numbers of fields, once fragments are put in.
#[derive(Default)]
struct Fragments<'a> {
    sets: HashMap<&'a Name, &'a [ast::Selection]>,
    /// What was counted already; a fragment that is being counted has none, so that a cycle ends.
    counted: HashMap<&'a Name, u64>,
}

impl<'a> Fragments<'a> {
    /// Fields of a selection; `None`: fragments lie too deep within one another.
    fn fields(&mut self, set: &'a [ast::Selection], depth: usize) -> Option<u64> {
        if depth > DEEPEST { None } else { self.flat(set, depth, &mut HashSet::new()) }
    }

    /// `spread`: the fragments that were spread in the selection already; the same once more adds nothing.
    fn flat(
        &mut self,
        set: &'a [ast::Selection],
        depth: usize,
        spread: &mut HashSet<&'a Name>,
    ) -> Option<u64> {
        let mut fields = 0_u64;
        for selection in set {
            fields = fields.saturating_add(match selection {
                ast::Selection::Field(field) => self.fields(&field.selection_set, depth)?.saturating_add(1),
                ast::Selection::InlineFragment(fragment) => {
                    self.flat(&fragment.selection_set, depth, spread)?
                }
                ast::Selection::FragmentSpread(fragment) if spread.insert(&fragment.fragment_name) => {
                    self.spread(&fragment.fragment_name, depth)?
                }
                ast::Selection::FragmentSpread(_) => 0,
            });
        }
        Some(fields)
    }

    fn spread(&mut self, name: &'a Name, depth: usize) -> Option<u64> {
        if let Some(counted) = self.counted.get(name) {
            return Some(*counted);
        }
        let Some(set) = self.sets.get(name).copied() else { return Some(0) };
        self.counted.insert(name, 0);
        let fields = self.fields(set, depth + 1)?;
        self.counted.insert(name, fields);
        Some(fields)
    }
}
