//! Validates documents with async-graphql.
//!
//! Its rules run only as part of `Schema::execute`, so an extension stops there: nothing is executed. Where a rule of the library
//! is wrong or incomplete, [`super::rules`] replaces it, and async-graphql either gets a document without such errors, or its
//! error at that position is dropped. No code parses its messages.

use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::async_trait;
use async_graphql::dynamic::{Schema, SchemaBuilder};
use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextValidation};
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{Request, ServerError, ValidationResult};
use futures_util::FutureExt as _;

use super::apart;
use super::expanded::DEEPEST;

/// The result of async-graphql's validation; `None` before, then the errors.
#[derive(Clone, Default)]
struct Verdict(Arc<Mutex<Option<Vec<ServerError>>>>);

/// Prepares a schema for reading documents.
pub(in crate::graph) fn readable(schema: SchemaBuilder) -> SchemaBuilder {
    // The time for its suggestions grows with the square of a name's length. Selections are counted already, and the rewritten
    // ones are at most two levels deeper.
    schema.extension(ValidateOnly).disable_suggestions().limit_recursive_depth(DEEPEST + 2)
}

/// An extension that makes a schema validate a document without executing it. It does not affect other requests.
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

/// Returns async-graphql's errors about a document; `None` if the schema is not [`readable`].
pub(super) fn errors(schema: &Schema, document: &ExecutableDocument) -> Option<Vec<ServerError>> {
    let verdict = Verdict::default();
    let mut request = Request::new("").data(verdict.clone());
    request.set_parsed_query(apart::taken_apart(document));
    // Nothing in it is asynchronous.
    schema.execute(request).now_or_never()?;
    let errors = verdict.0.lock().unwrap_or_else(PoisonError::into_inner).take()?;
    // The error of an undefined variable has two positions, its own and the operation's.
    let is_reported =
        |error: &ServerError| error.locations.len() == 1 && !error.locations.contains(&apart::NOWHERE);
    Some(errors.into_iter().filter(is_reported).collect())
}
