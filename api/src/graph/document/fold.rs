//! The parser's document → ours. No other file of the planner's knows the parser.

use std::collections::HashMap;
use std::sync::Arc;

use apollo_compiler::executable::{self as parsed, ExecutableDocument};
use apollo_compiler::parser::SourceSpan;
use apollo_compiler::validation::Valid;
use apollo_compiler::{Name, ast};

use super::tree::{
    Condition, Document, Field, Fragment, FragmentId, Operation, OperationKind, Selected, Selection,
    VariableDefinition,
};
use crate::graph::definitions::{Definitions, Literal, Type};
use crate::graph::error::Location;

/// Makes our document of a valid one.
pub(super) fn fold(definitions: &Definitions, document: &Valid<ExecutableDocument>) -> Document {
    let ids = document.fragments.keys().enumerate().map(|(at, name)| (name, FragmentId(at))).collect();
    let folder = Folder { definitions, document, ids };
    Document {
        operations: document.operations.iter().map(|operation| folder.operation(operation)).collect(),
        fragments: document
            .fragments
            .values()
            .map(|fragment| Fragment {
                on: fragment.selection_set.ty.as_str().into(),
                selections: folder.selections(&fragment.selection_set),
            })
            .collect(),
    }
}

struct Folder<'a> {
    definitions: &'a Definitions,
    document: &'a ExecutableDocument,
    ids: HashMap<&'a Name, FragmentId>,
}

impl Folder<'_> {
    fn operation(&self, operation: &parsed::Operation) -> Operation {
        Operation {
            kind: match operation.operation_type {
                ast::OperationType::Query => OperationKind::Query,
                ast::OperationType::Mutation => OperationKind::Mutation,
                ast::OperationType::Subscription => OperationKind::Subscription,
            },
            name: operation.name.as_ref().map(|name| name.as_str().into()),
            variables: operation
                .variables
                .iter()
                .map(|variable| VariableDefinition {
                    name: variable.name.as_str().into(),
                    ty: Type::of(&variable.ty),
                    default: variable.default_value.as_deref().map(Literal::of),
                })
                .collect(),
            selections: self.selections(&operation.selection_set),
        }
    }

    fn selections(&self, set: &parsed::SelectionSet) -> Vec<Selection> {
        let selection = |selection: &parsed::Selection| {
            let of = match selection {
                parsed::Selection::Field(field) => Selected::Field(self.field(&set.ty, field)),
                parsed::Selection::InlineFragment(fragment) => {
                    let on = fragment.type_condition.as_ref().map(|on| on.as_str().into());
                    Selected::Inline(on, self.selections(&fragment.selection_set))
                }
                // Validation has refused a fragment that is not there.
                parsed::Selection::FragmentSpread(spread) => {
                    Selected::Spread(*self.ids.get(&spread.fragment_name)?)
                }
            };
            Some(Selection { conditions: conditions(selection.directives()), of })
        };
        set.selections.iter().filter_map(selection).collect()
    }

    fn field(&self, parent: &str, field: &parsed::Field) -> Field {
        let definition = self.definitions.field(parent, &field.name);
        let definitions = definition.map(|it| Arc::clone(&it.arguments)).unwrap_or_default();
        let given = field.arguments.iter().filter_map(|argument| {
            let at = definitions.iter().position(|it| *it.name == *argument.name)?;
            Some((at, Literal::of(&argument.value)))
        });
        Field {
            key: field.response_key().as_str().into(),
            name: field.name.as_str().into(),
            location: self.location(field.name.location()),
            given: given.collect(),
            selections: self.selections(&field.selection_set),
            definitions,
        }
    }

    fn location(&self, span: Option<SourceSpan>) -> Location {
        let place = span.and_then(|span| span.line_column(&self.document.sources));
        place.map(|place| Location { line: place.line, column: place.column }).unwrap_or_default()
    }
}

fn conditions(directives: &ast::DirectiveList) -> Vec<Condition> {
    let condition = |(name, includes)| {
        let value = directives.get(name)?.specified_argument_by_name("if")?;
        Some(Condition { includes, value: Literal::of(value) })
    };
    [("skip", false), ("include", true)].into_iter().filter_map(condition).collect()
}
