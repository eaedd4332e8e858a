//! Finds the places where an operation uses variables. Only errors need it.

use std::collections::HashSet;

use super::tree::{Document, Field, FragmentId, Operation, Selected, Selection};
use crate::graph::definitions::Literal;
use crate::graph::error::Location;

/// A usage of a variable.
pub(in crate::graph) struct Use {
    pub(in crate::graph) variable: Box<str>,
    /// The location of the field or directive.
    pub(in crate::graph) location: Location,
    /// Dotted path from the argument inwards.
    pub(in crate::graph) argument: String,
}

impl Document {
    /// Returns all usages of variables in an operation, in its order.
    pub(in crate::graph) fn uses(&self, operation: &Operation) -> Vec<Use> {
        let mut search = Search { document: self, visited: HashSet::new(), found: Vec::new() };
        search.selections(&operation.selections);
        search.found
    }
}

impl Field {
    /// Returns all places where the arguments of a field use a variable, in their order.
    pub(in crate::graph) fn uses(&self) -> Vec<Use> {
        let mut found = Vec::new();
        for (definition, given) in self.arguments() {
            if let Some(given) = given {
                note(self.location, definition.name.to_string(), given, &mut found);
            }
        }
        found
    }
}

struct Search<'a> {
    document: &'a Document,
    visited: HashSet<FragmentId>,
    found: Vec<Use>,
}

impl Search<'_> {
    fn selections(&mut self, selections: &[Selection]) {
        for Selection { conditions, of } in selections {
            for condition in conditions {
                let argument = format!("{}.if", condition.directive());
                note(condition.location, argument, &condition.value, &mut self.found);
            }
            match of {
                Selected::Field(field) => {
                    self.found.extend(field.uses());
                    self.selections(&field.selections);
                }
                Selected::Inline(_, selections) => self.selections(selections),
                Selected::Spread(id) => {
                    let document = self.document;
                    if self.visited.insert(*id)
                        && let Some((_, selections)) = document.fragment(*id)
                    {
                        self.selections(selections);
                    }
                }
            }
        }
    }
}

/// Collects the variables within a literal.
fn note(location: Location, argument: String, literal: &Literal, found: &mut Vec<Use>) {
    match literal {
        Literal::Variable(name) => found.push(Use { variable: name.clone(), location, argument }),
        Literal::List(items) => {
            for (at, item) in items.iter().enumerate() {
                note(location, format!("{argument}.{at}"), item, found);
            }
        }
        Literal::Object(fields) => {
            for (name, value) in fields {
                note(location, format!("{argument}.{name}"), value, found);
            }
        }
        Literal::Null | Literal::Boolean(_) | Literal::Number(_) | Literal::Text(_) => {}
    }
}
