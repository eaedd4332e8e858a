//! Converts async-graphql's document to ours. Planning and execution do not depend on the library.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{self as parsed, ExecutableDocument, OperationType};
use async_graphql::{Name, Pos, Positioned};

use super::Value;
use super::order;
use super::read::ReadDocument;
use super::scan::Numbers;
use super::tree::{
    Condition, Document, Field, Fragment, FragmentId, Operation, OperationKind, Selected, Selection,
    VariableDefinition,
};
use crate::graph::definitions::{Definitions, Literal, Type};
use crate::graph::error::Location;

/// Converts a valid document.
pub(super) fn fold(definitions: &Definitions, text: Arc<str>, read: &ReadDocument) -> Document {
    let ReadDocument { document, numbers, tokens: _ } = read;
    let fragments: Vec<_> = document.fragments.iter().collect();
    let ids = fragments.iter().enumerate().map(|(at, (name, _))| (*name, FragmentId(at))).collect();
    let folder = Folder { definitions, numbers, ids };
    Document {
        text,
        operations: order::operations(document)
            .into_iter()
            .map(|(name, operation)| folder.operation(name, operation))
            .collect(),
        fragments: fragments
            .iter()
            .map(|(_, fragment)| {
                let on = fragment.node.type_condition.node.on.node.as_str();
                let selections = folder.selections(on, &fragment.node.selection_set.node);
                Fragment { on: on.into(), selections }
            })
            .collect(),
    }
}

/// Parses a constant; returns `None` for other text.
pub(in crate::graph) fn literal(text: &str) -> Option<Literal> {
    let document: ExecutableDocument = parse_query(format!("{{ of(value: {text}) }}")).ok()?;
    let (_, operation) = document.operations.iter().next()?;
    let parsed::Selection::Field(field) = &operation.node.selection_set.node.items.first()?.node else {
        return None;
    };
    let value = &field.node.arguments.first()?.1.node;
    Some(written(value, &mut std::iter::empty()))
}

struct Folder<'a> {
    definitions: &'a Definitions,
    numbers: &'a Numbers,
    ids: HashMap<&'a Name, FragmentId>,
}

impl Folder<'_> {
    fn operation(&self, name: Option<&Name>, operation: &parsed::OperationDefinition) -> Operation {
        let kind = match operation.ty {
            OperationType::Query => OperationKind::Query,
            OperationType::Mutation => OperationKind::Mutation,
            OperationType::Subscription => OperationKind::Subscription,
        };
        let variable = |variable: &Positioned<parsed::VariableDefinition>| {
            let parsed::VariableDefinition { name, var_type, default_value, .. } = &variable.node;
            let default = default_value.as_ref().map(|default| {
                let value = default.node.clone().into_value();
                written(&value, &mut self.numbers.within(default.pos))
            });
            VariableDefinition {
                name: name.node.as_str().into(),
                ty: Type::of(&var_type.node.to_string()),
                default,
            }
        };
        Operation {
            kind,
            name: name.map(|name| name.as_str().into()),
            variables: operation.variable_definitions.iter().map(variable).collect(),
            selections: self.selections(kind.type_name(), &operation.selection_set.node),
        }
    }

    /// Converts selections on a type.
    fn selections(&self, parent: &str, set: &parsed::SelectionSet) -> Vec<Selection> {
        let selection = |selection: &Positioned<parsed::Selection>| {
            let of = match &selection.node {
                parsed::Selection::Field(field) => Selected::Field(self.field(parent, &field.node)),
                parsed::Selection::InlineFragment(fragment) => {
                    let parsed::InlineFragment { type_condition, selection_set, .. } = &fragment.node;
                    let on = type_condition.as_ref().map(|on| on.node.on.node.as_str());
                    let selections = self.selections(on.unwrap_or(parent), &selection_set.node);
                    Selected::Inline(on.map(Box::from), selections)
                }
                // Validation has refused missing fragments.
                parsed::Selection::FragmentSpread(spread) => {
                    Selected::Spread(*self.ids.get(&spread.node.fragment_name.node)?)
                }
            };
            Some(Selection { conditions: self.conditions(selection.node.directives()), of })
        };
        let mut selections: Vec<_> = set.items.iter().filter_map(selection).collect();
        // The cache counts what they use, without spare capacity.
        selections.shrink_to_fit();
        selections
    }

    fn field(&self, parent: &str, field: &parsed::Field) -> Field {
        let definition = self.definitions.field(parent, &field.name.node);
        let definitions = definition.map(|it| Arc::clone(&it.arguments)).unwrap_or_default();
        let given = field.arguments.iter().filter_map(|(name, value)| {
            let at = definitions.iter().position(|it| *it.name == *name.node.as_str())?;
            Some((at, self.literal(value)))
        });
        let ty = definition.map_or("", |definition| &*definition.ty);
        Field {
            key: field.response_key().node.as_str().into(),
            name: field.name.node.as_str().into(),
            location: location(field.name.pos),
            given: given.collect(),
            selections: self.selections(ty, &field.selection_set.node),
            definitions,
        }
    }

    fn conditions(&self, directives: &[Positioned<parsed::Directive>]) -> Vec<Condition> {
        let condition = |(name, includes)| {
            let directive = directives.iter().find(|directive| directive.node.name.node == name)?;
            let value = directive.node.get_argument("if")?;
            Some(Condition { includes, location: location(directive.pos), value: self.literal(value) })
        };
        [("skip", false), ("include", true)].into_iter().filter_map(condition).collect()
    }

    fn literal(&self, value: &Positioned<Value>) -> Literal {
        written(&value.node, &mut self.numbers.within(value.pos))
    }
}

fn location(place: Pos) -> Location {
    Location { line: place.line, column: place.column }
}

/// Converts a value with the exact text of its numbers; without that, with the parser's numbers.
fn written<'n>(value: &Value, numbers: &mut impl Iterator<Item = &'n str>) -> Literal {
    match value {
        // No document contains bytes.
        Value::Null | Value::Binary(_) => Literal::Null,
        Value::Boolean(value) => Literal::Boolean(*value),
        Value::Number(number) => {
            Literal::Number(numbers.next().map_or_else(|| number.to_string().into(), Box::from))
        }
        Value::String(text) => Literal::Text(text.as_str().into()),
        Value::Enum(name) => Literal::Text(name.as_str().into()),
        Value::Variable(name) => Literal::Variable(name.as_str().into()),
        Value::List(items) => Literal::List(items.iter().map(|item| written(item, numbers)).collect()),
        Value::Object(fields) => Literal::Object(
            fields.iter().map(|(name, value)| (name.as_str().into(), written(value, numbers))).collect(),
        ),
    }
}
