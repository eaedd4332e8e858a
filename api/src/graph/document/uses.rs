//! Where an operation uses variables. Only errors ask for it.

use std::collections::HashSet;

use super::tree::{Document, FragmentId, Operation, Selected, Selection};
use crate::graph::definitions::Literal;
use crate::graph::error::Location;

/// A place that a variable stands in.
pub(in crate::graph) struct Use {
    pub(in crate::graph) variable: Box<str>,
    /// Of the field or directive.
    pub(in crate::graph) location: Location,
    /// Dotted path from the argument inwards.
    pub(in crate::graph) argument: String,
}

impl Document {
    /// All places where an operation uses a variable, in its order.
    pub(in crate::graph) fn uses(&self, operation: &Operation) -> Vec<Use> {
        let mut search = Search { document: self, visited: HashSet::new(), found: Vec::new() };
        search.selections(&operation.selections);
        search.found
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
                self.literal(condition.location, format!("{}.if", condition.directive()), &condition.value);
            }
            match of {
                Selected::Field(field) => {
                    for (definition, given) in field.arguments() {
                        if let Some(given) = given {
                            self.literal(field.location, definition.name.to_string(), given);
                        }
                    }
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

    fn literal(&mut self, location: Location, argument: String, literal: &Literal) {
        match literal {
            Literal::Variable(name) => self.found.push(Use { variable: name.clone(), location, argument }),
            Literal::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.literal(location, format!("{argument}.{at}"), item);
                }
            }
            Literal::Object(fields) => {
                for (name, value) in fields {
                    self.literal(location, format!("{argument}.{name}"), value);
                }
            }
            Literal::Null | Literal::Boolean(_) | Literal::Number(_) | Literal::Text(_) => {}
        }
    }
}
