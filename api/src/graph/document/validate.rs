//! Validation by async-graphql.
//!
//! Its rules can be had only through `Schema::execute`, so an extension stops there: nothing is executed. Where a rule of its
//! own is wrong or incomplete, [`super::rules`] has it, and async-graphql gets a document that it has nothing to say of, or what it
//! says is dropped by the place. Nobody reads its English.

use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::async_trait;
use async_graphql::dynamic::{Schema, SchemaBuilder};
use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextValidation};
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{Request, ServerError, ValidationResult};
use futures_util::FutureExt as _;

use super::apart;
use super::expanded::DEEPEST;

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
    let verdict = Verdict::default();
    let mut request = Request::new("").data(verdict.clone());
    request.set_parsed_query(apart::taken_apart(document));
    // Nothing in it waits.
    schema.execute(request).now_or_never()?;
    let errors = verdict.0.lock().unwrap_or_else(PoisonError::into_inner).take()?;
    // A variable that an operation does not define has two places, its own and the operation's.
    let is_told =
        |error: &ServerError| error.locations.len() == 1 && !error.locations.contains(&apart::NOWHERE);
    Some(errors.into_iter().filter(is_told).collect())
}
