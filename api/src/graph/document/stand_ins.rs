//! Replaces the stand-ins that the scan passed to the parser by their values.
//!
//! The parser splits an enum value that begins with `null`, `true` or `false` into two values, and leaves `\"""` in a block
//! string unchanged. The scan puts a mark into such values, a character that the text does not contain otherwise.

use async_graphql::parser::types::{Directive, ExecutableDocument, Selection, SelectionSet};
use async_graphql::{Name, Positioned};

use super::Value;

/// Restores the values in a document.
pub(super) fn replace(document: &mut ExecutableDocument, mark: char) {
    let operations = super::order::operations_mut(document);
    for operation in operations {
        for variable in &mut operation.variable_definitions {
            if let Some(default) = &mut variable.node.default_value {
                let mut value = std::mem::take(&mut default.node).into_value();
                any(&mut value, mark);
                // A default contains no variables.
                default.node = value.into_const().unwrap_or_default();
            }
        }
        directives(&mut operation.directives, mark);
        selections(&mut operation.selection_set.node, mark);
    }
    for fragment in document.fragments.values_mut() {
        directives(&mut fragment.node.directives, mark);
        selections(&mut fragment.node.selection_set.node, mark);
    }
}

fn selections(set: &mut SelectionSet, mark: char) {
    for selection in &mut set.items {
        directives(selection.node.directives_mut(), mark);
        match &mut selection.node {
            Selection::Field(field) => {
                arguments(&mut field.node.arguments, mark);
                selections(&mut field.node.selection_set.node, mark);
            }
            Selection::InlineFragment(fragment) => selections(&mut fragment.node.selection_set.node, mark),
            Selection::FragmentSpread(_) => {}
        }
    }
}

fn directives(directives: &mut [Positioned<Directive>], mark: char) {
    for directive in directives {
        arguments(&mut directive.node.arguments, mark);
    }
}

fn arguments(arguments: &mut [(Positioned<Name>, Positioned<Value>)], mark: char) {
    for (_, value) in arguments {
        any(&mut value.node, mark);
    }
}

fn any(value: &mut Value, mark: char) {
    match value {
        Value::String(text) => match meant(text, mark) {
            Some(Meant::Enum(name)) => *value = Value::Enum(name),
            Some(Meant::Text(meant)) => *text = meant,
            None => {}
        },
        Value::List(items) => items.iter_mut().for_each(|item| any(item, mark)),
        Value::Object(fields) => fields.values_mut().for_each(|field| any(field, mark)),
        _ => {}
    }
}

enum Meant {
    Enum(Name),
    Text(String),
}

/// Returns the meaning of a string with marks: `⟨mark⟩nable` is the enum value `nullable`, four marks are three quotes.
fn meant(text: &str, mark: char) -> Option<Meant> {
    let word = |rest: &str| match rest.chars().next() {
        Some('n') => Some("null"),
        Some('t') => Some("true"),
        Some('f') => Some("false"),
        _ => None,
    };
    if let Some(rest) = text.strip_prefix(mark)
        && let Some(word) = word(rest)
    {
        return Some(Meant::Enum(Name::new(format!("{word}{}", &rest[1..]))));
    }
    let marks: String = std::iter::repeat_n(mark, 4).collect();
    text.contains(mark).then(|| Meant::Text(text.replace(&marks, "\"\"\"")))
}
