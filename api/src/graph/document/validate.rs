//! Validation by async-graphql.
//!
//! Its rules can be had only through `Schema::execute`, so an extension stops there: nothing is executed. Where a rule of its
//! own is wrong or incomplete, [`super::rules`] has it, and async-graphql gets a document that it has nothing to say of, or what it
//! says is dropped by the place. Nobody reads its English.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::async_trait;
use async_graphql::dynamic::{Schema, SchemaBuilder};
use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextValidation};
use async_graphql::parser::types::{ExecutableDocument, Field, InlineFragment, Selection, SelectionSet};
use async_graphql::{Pos, Positioned, Request, ServerError, ValidationResult};
use futures_util::FutureExt as _;

use super::apart;
use super::expanded::DEEPEST;
use super::order::operations_mut;

/// Where async-graphql's verdict goes; nothing yet, or the errors.
#[derive(Clone, Default)]
struct Verdict(Arc<Mutex<Option<Vec<ServerError>>>>);

/// Makes a schema one that documents can be read with.
pub(in crate::graph) fn readable(schema: SchemaBuilder) -> SchemaBuilder {
    // Its suggestions take a time that grows with the square of a name. Selections are counted already, and become two levels
    // deeper at most.
    schema.extension(ValidateOnly).disable_suggestions().limit_recursive_depth(DEEPEST + 2)
}

/// The extension that makes a schema validate a document without executing it. It leaves all other requests alone.
struct ValidateOnly;

impl ExtensionFactory for ValidateOnly {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait::async_trait]
impl Extension for ValidateOnly {
    async fn validation(
        &self,
        context: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        let result = next.run(context).await;
        let Some(Verdict(verdict)) = context.data_opt::<Verdict>() else { return result };
        *verdict.lock().unwrap_or_else(PoisonError::into_inner) = Some(result.err().unwrap_or_default());
        // An error ends the request here.
        Err(Vec::new())
    }
}

/// What async-graphql has against a document; `None` if the schema is not [`readable`].
pub(super) fn errors(schema: &Schema, document: &ExecutableDocument) -> Option<Vec<ServerError>> {
    let operations: HashSet<Pos> = document.operations.iter().map(|(_, operation)| operation.pos).collect();
    let verdict = Verdict::default();
    let mut request = Request::new("").data(verdict.clone());
    request.set_parsed_query(for_validation(document));
    // Nothing in it waits.
    schema.execute(request).now_or_never()?;
    let errors = verdict.0.lock().unwrap_or_else(PoisonError::into_inner).take()?;
    // Two fields that conflict have two places, of which none is an operation's; it finds a part of these, and some that do
    // not conflict.
    let conflict =
        |error: &ServerError| error.locations.len() == 2 && !operations.contains(&error.locations[0]);
    let is_told = |error: &ServerError| !conflict(error) && !error.locations.contains(&apart::NOWHERE);
    Some(errors.into_iter().filter(is_told).collect())
}

/// The same document with what async-graphql leaves out put where it looks, and without what it looks at in vain.
fn for_validation(document: &ExecutableDocument) -> ExecutableDocument {
    let mut validated = document.clone();
    for operation in operations_mut(&mut validated) {
        for variable in &mut operation.variable_definitions {
            // A default within a list of a type that is not known makes it panic.
            variable.node.default_value = None;
        }
        wrap_typenames(&mut operation.selection_set.node);
    }
    for fragment in validated.fragments.values_mut() {
        wrap_typenames(&mut fragment.node.selection_set.node);
    }
    apart::take(&mut validated, document);
    validated
}

/// Puts fragments around `__typename` that take its directives: async-graphql leaves that field out, and with it the directives and
/// their variables.
fn wrap_typenames(set: &mut SelectionSet) {
    for selection in &mut set.items {
        let place = selection.pos;
        match &mut selection.node {
            Selection::Field(field) if field.node.name.node == "__typename" => {
                let directives = std::mem::take(&mut field.node.directives);
                if !directives.is_empty() {
                    let items = vec![Positioned::new(Selection::Field(bare(field)), place)];
                    let selection_set = Positioned::new(SelectionSet { items }, place);
                    let fragment = InlineFragment { type_condition: None, directives, selection_set };
                    selection.node = Selection::InlineFragment(Positioned::new(fragment, place));
                }
            }
            Selection::Field(field) => wrap_typenames(&mut field.node.selection_set.node),
            Selection::InlineFragment(fragment) => wrap_typenames(&mut fragment.node.selection_set.node),
            Selection::FragmentSpread(_) => {}
        }
    }
}

fn bare(field: &Positioned<Field>) -> Positioned<Field> {
    let name = field.node.name.clone();
    let (arguments, directives) = (Vec::new(), Vec::new());
    let field = Field { alias: None, name, arguments, directives, selection_set: Positioned::default() };
    Positioned::new(field, Pos::default())
}
