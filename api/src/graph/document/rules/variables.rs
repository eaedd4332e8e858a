//! Checks the rules All Variables Are Defined and All Variables Are Used. async-graphql's rules repeat work and errors for each
//! operation.

use std::cell::LazyCell;
use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{ExecutableDocument, OperationDefinition};
use async_graphql::{Name, Pos, Positioned};

use super::super::Value;
use super::outline::Outline;
use super::path::{Part, argument, dotted};
use super::{Mistake, Remoteness};

pub(super) fn check<'d>(
    document: &'d ExecutableDocument,
    outline: &Outline<'_, 'd>,
    operations: &[(&'d Positioned<OperationDefinition>, Vec<usize>)],
    mistakes: &mut Vec<Mistake<'_>>,
) {
    let names = LazyCell::new(|| names(document));
    // Operations may spread the same fragment; a variable that several do not define is reported once.
    let mut reported = HashSet::new();
    for (operation, reached) in operations {
        let definitions = &operation.node.variable_definitions;
        let defined: HashSet<&str> = definitions.iter().map(|it| it.node.name.node.as_str()).collect();
        let mut used: HashSet<&str> = HashSet::new();
        for given in reached.iter().flat_map(|at| &outline.scopes[*at].given) {
            variables(&given.value.node, &mut Vec::new(), &mut |variable, path| {
                if defined.contains(variable) {
                    used.insert(variable);
                } else if reported.insert((std::ptr::from_ref(given), variable)) {
                    let message = format!(
                        "The variable `${variable}` is not defined by {}.",
                        called(&names, operation)
                    );
                    let argument = Some(dotted(&argument(given.directive, given.name), path));
                    mistakes.push(Mistake { argument, ..Mistake::new(given.value.pos, message) });
                }
            });
        }
        for variable in definitions {
            let name = &variable.node.name.node;
            if !used.contains(name.as_str()) {
                let message = format!("The variable `${name}` is not used by {}.", called(&names, operation));
                // The usage may be misspelt.
                let remoteness = Remoteness::LeftOver;
                mistakes.push(Mistake { remoteness, ..Mistake::new(variable.pos, message) });
            }
        }
    }
}

/// Returns the names of operations, by their positions.
fn names(document: &ExecutableDocument) -> HashMap<Pos, &Name> {
    document.operations.iter().filter_map(|(name, operation)| Some((operation.pos, name?))).collect()
}

/// Names an operation in a message.
fn called(names: &HashMap<Pos, &Name>, operation: &Positioned<OperationDefinition>) -> String {
    match names.get(&operation.pos) {
        Some(name) => format!("the operation `{name}`"),
        None => "the operation".to_owned(),
    }
}

/// Passes each variable in a value to `visit`, with its path.
fn variables<'d>(value: &'d Value, path: &mut Vec<Part<'d>>, visit: &mut impl FnMut(&'d str, &[Part<'d>])) {
    match value {
        Value::Variable(name) => visit(name, path),
        Value::List(items) => {
            for (at, item) in items.iter().enumerate() {
                path.push(Part::Item(at));
                variables(item, path, visit);
                path.pop();
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                path.push(Part::Field(name));
                variables(field, path, visit);
                path.pop();
            }
        }
        _ => {}
    }
}
