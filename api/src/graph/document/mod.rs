//! Parses and validates documents, once for each text: valid ones are cached.

mod apart;
mod expanded;
mod fold;
mod order;
mod read;
mod rules;
mod scan;
mod stand_ins;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod tree;
mod uses;
mod validate;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_graphql::dynamic::Schema;
use async_graphql_value::Value;

pub(super) use self::fold::literal;
pub(super) use self::tree::{
    Condition, Document, Field, FragmentId, Operation, OperationKind, Selected, Selection, VariableDefinition,
};
pub(super) use self::uses::Use;
pub(super) use self::validate::readable;
use super::definitions::Definitions;
use super::error::Error;
use super::limits::Limits;
use crate::cache::Cache;

/// The most errors that are reported for a document; each may need a search for similar names.
const MOST_ERRORS: usize = 20;
/// The most characters of a message: it repeats names of the document.
const LONGEST_MESSAGE: usize = 500;
/// The most bytes that a token of a document takes in its tree: those of a field, which has two names.
const TOKEN: usize = size_of::<Selection>() + 64;

/// The cache of valid documents, by their text.
pub(super) struct Documents {
    kept: Cache<Arc<str>, Arc<Document>>,
    /// Number of documents that were read because they were not kept.
    read: AtomicU64,
}

impl Documents {
    /// Returns an empty cache that holds up to this many bytes.
    pub(super) fn new(most_bytes: usize) -> Self {
        Self { kept: Cache::new(most_bytes), read: AtomicU64::new(0) }
    }

    /// Returns how many documents were read so far because they were not kept.
    pub(super) fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Returns the document of a text, or its errors.
    pub(super) fn get(
        &self,
        schema: &Schema,
        definitions: &Definitions,
        limits: &Limits,
        text: &str,
    ) -> Result<Arc<Document>, Vec<Error>> {
        if let Some(document) = self.kept.get(text) {
            return Ok(document);
        }
        self.read.fetch_add(1, Ordering::Relaxed);
        let read = read::read(schema, limits, text)?;
        let bytes = text.len() + read.tokens * TOKEN;
        let text: Arc<str> = text.into();
        let document = Arc::new(fold::fold(definitions, Arc::clone(&text), &read));
        self.kept.put(text, Arc::clone(&document), bytes);
        Ok(document)
    }
}

/// Reads text from a fuzzer as a document, with the schema of all systems and the limits of a request. A refusal must have a
/// reason and a location.
///
/// # Panics
///
/// Panics if it has not, which is what the fuzzer searches for.
#[cfg(fuzzing)]
#[expect(clippy::unwrap_used, reason = "a panic is a finding")]
pub fn fuzz(text: &str) {
    use std::sync::LazyLock;

    static SCHEMA: LazyLock<(Schema, Definitions)> = LazyLock::new(|| {
        let catalog = super::catalog::Catalog::new(&crate::systems::ALL).unwrap();
        let schema = super::schema::build(&catalog).unwrap();
        let definitions = Definitions::of(schema.registry());
        (schema, definitions)
    });
    let (schema, definitions) = &*SCHEMA;
    if let Err(errors) = Documents::new(0).get(schema, definitions, &Limits::default(), text) {
        assert!(!errors.is_empty() && errors.len() <= MOST_ERRORS);
        assert!(
            errors.iter().all(|error| !error.message.is_empty() && error.locations.len() == 1),
            "{errors:?}"
        );
    }
}

/// Returns the document of a text, for tests.
#[cfg(test)]
pub(super) fn document(
    schema: &Schema,
    definitions: &Definitions,
    text: &str,
) -> Result<Arc<Document>, Vec<Error>> {
    let limits = Limits { tokens: 100_000, fields: 10_000, ..Limits::default() };
    Documents::new(0).get(schema, definitions, &limits, text)
}
