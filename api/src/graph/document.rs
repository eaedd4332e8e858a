//! Parse and validate, once for each text: documents are kept.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use apollo_compiler::parser::{Parser, SourceSpan};
use apollo_compiler::validation::{DiagnosticList, Valid};
use apollo_compiler::{ExecutableDocument, Name, Node, Schema, ast};
use lru::LruCache;

use super::error::{Code, Error};
use super::limits::Limits;
use super::suggest::suggestion;

/// Documents kept at most.
const MOST_DOCUMENTS: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();
/// A document longer than this is not kept: a client that sends many such would fill the memory.
const LONGEST_KEPT: usize = 64 * 1024;
/// Nesting that the parser follows; deeper text is refused before the limit of depth applies.
const RECURSION: usize = 200;

/// Documents that were valid, by their text.
pub(super) struct Documents {
    kept: Mutex<LruCache<String, Arc<Valid<ExecutableDocument>>>>,
}

impl Documents {
    pub(super) fn new() -> Self {
        Self { kept: Mutex::new(LruCache::new(MOST_DOCUMENTS)) }
    }

    /// The document of a text; the errors say what is wrong with it.
    pub(super) fn get(
        &self,
        schema: &Valid<Schema>,
        limits: &Limits,
        text: &str,
    ) -> Result<Arc<Valid<ExecutableDocument>>, Vec<Error>> {
        if let Some(document) = self.kept().get(text) {
            return Ok(Arc::clone(document));
        }
        let document = Arc::new(read(schema, limits, text)?);
        if text.len() <= LONGEST_KEPT {
            self.kept().put(text.to_owned(), Arc::clone(&document));
        }
        Ok(document)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, LruCache<String, Arc<Valid<ExecutableDocument>>>> {
        // A panic while the lock was held leaves a cache of valid documents.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(
    schema: &Valid<Schema>,
    limits: &Limits,
    text: &str,
) -> Result<Valid<ExecutableDocument>, Vec<Error>> {
    let mut parser = Parser::new().token_limit(limits.tokens).recursion_limit(RECURSION);
    let parsed = parser.parse_ast(text, "request");
    if parser.tokens_reached() > limits.tokens {
        return Err(vec![Error::new(
            Code::LimitExceeded,
            format!("A document has at most {} tokens.", limits.tokens),
        )]);
    }
    let ast = parsed.map_err(|invalid| errors(schema, limits, &invalid.errors))?;
    // Counted before validation, whose work grows with them.
    count(limits, &ast)?;
    ast.to_executable_validate(schema).map_err(|invalid| errors(schema, limits, &invalid.errors))
}

fn errors(schema: &Schema, limits: &Limits, diagnostics: &DiagnosticList) -> Vec<Error> {
    diagnostics
        .iter()
        .map(|diagnostic| {
            let mut message = diagnostic.error.to_string();
            if limits.suggestions
                && let Some(similar) = suggestion(schema, &message)
            {
                message.push_str(". ");
                message.push_str(&similar);
            }
            let mut error = Error::new(Code::GraphqlInvalid, message);
            error.locations = diagnostic.line_column_range().map(|range| range.start).into_iter().collect();
            error
        })
        .collect()
}

/// Limits on what stands in the document, whatever of it is run.
fn count(limits: &Limits, document: &ast::Document) -> Result<(), Vec<Error>> {
    let mut counts = Counts::default();
    for definition in &document.definitions {
        match definition {
            ast::Definition::OperationDefinition(operation) => {
                counts.directives(&operation.directives);
                for variable in &operation.variables {
                    counts.directives(&variable.directives);
                }
                counts.selections(&operation.selection_set);
            }
            ast::Definition::FragmentDefinition(fragment) => {
                counts.directives(&fragment.directives);
                counts.selections(&fragment.selection_set);
            }
            // Validation refuses whatever else a document may hold.
            _ => {}
        }
    }
    for (places, most, what) in
        [(counts.aliases, limits.aliases, "aliases"), (counts.directives, limits.directives, "directives")]
    {
        if let Some(place) = places.get(most) {
            let mut error = Error::new(Code::LimitExceeded, format!("A document has at most {most} {what}."));
            error.locations =
                place.and_then(|place| place.line_column(&document.sources)).into_iter().collect();
            return Err(vec![error]);
        }
    }
    Ok(())
}

/// Where aliases and directives stand, in the order of the text.
#[derive(Default)]
struct Counts {
    aliases: Vec<Option<SourceSpan>>,
    directives: Vec<Option<SourceSpan>>,
}

impl Counts {
    fn selections(&mut self, selections: &[ast::Selection]) {
        for selection in selections {
            match selection {
                ast::Selection::Field(field) => {
                    self.aliases.extend(field.alias.as_ref().map(Name::location));
                    self.directives(&field.directives);
                    self.selections(&field.selection_set);
                }
                ast::Selection::FragmentSpread(spread) => self.directives(&spread.directives),
                ast::Selection::InlineFragment(fragment) => {
                    self.directives(&fragment.directives);
                    self.selections(&fragment.selection_set);
                }
            }
        }
    }

    fn directives(&mut self, directives: &ast::DirectiveList) {
        self.directives.extend(directives.iter().map(Node::location));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::catalog::Catalog;
    use crate::graph::schema;
    use crate::systems;

    /// What is said of a document, one error after another.
    fn said_of(text: &str, limits: &Limits) -> Vec<String> {
        let schema = schema::build(&Catalog::new(&systems::ALL).unwrap()).unwrap();
        match read(&schema, limits, text) {
            Ok(_) => Vec::new(),
            Err(errors) => errors.into_iter().map(|error| error.message).collect(),
        }
    }

    #[test]
    fn a_misspelt_name_is_answered_with_similar_ones() {
        for (text, suggestion) in [
            ("{ protocolls { totalCount } }", "Did you mean `protocols`, `protocol`?"),
            ("{ protocols { nodes { sesionDate } } }", "Did you mean `sessionDate`, `sessionType`?"),
            ("{ protocols(frist: 1) { totalCount } }", "Did you mean `first`?"),
            ("{ protocols(filter: {sessionDay: {eq: \"2026-01-01\"}}) { totalCount } }", "`sessionDate`"),
            ("{ protocols(filter: {sessionType: {eq: DOSNG}}) { totalCount } }", "Did you mean `DOSING`?"),
        ] {
            let said = said_of(text, &Limits::default());
            assert!(said.iter().any(|message| message.contains(suggestion)), "{text}: {said:?}");
        }
    }

    #[test]
    fn a_name_like_no_other_is_answered_without_suggestions() {
        let said = said_of("{ protocols { nodes { zzzzzzzzzzzz } } }", &Limits::default());
        assert!(!said.is_empty());
        assert!(said.iter().all(|message| !message.contains("Did you mean")), "{said:?}");
    }

    #[test]
    fn a_server_may_keep_its_names_to_itself() {
        let limits = Limits { suggestions: false, ..Limits::default() };
        let said = said_of("{ protocolls { totalCount } }", &limits);
        assert!(!said.is_empty());
        assert!(said.iter().all(|message| !message.contains("Did you mean")), "{said:?}");
    }

    #[test]
    fn limits_of_the_document_hold_whatever_of_it_is_run() {
        let limits = Limits { aliases: 1, directives: 1, tokens: 60, ..Limits::default() };
        for (text, said) in [
            ("{ a: __typename }", ""),
            ("{ a: __typename b: __typename }", "A document has at most 1 aliases."),
            (
                "query A { __typename } query B { a: __typename b: __typename }",
                "A document has at most 1 aliases.",
            ),
            (
                "{ ...f } fragment f on Query { a: __typename ... { b: __typename } }",
                "A document has at most 1 aliases.",
            ),
            ("{ __typename @skip(if: true) }", ""),
            (
                "{ ... @skip(if: true) { __typename @skip(if: true) } }",
                "A document has at most 1 directives.",
            ),
            (&format!("{{ {} }}", "__typename ".repeat(60)), "A document has at most 60 tokens."),
        ] {
            assert_eq!(said_of(text, &limits).join(" "), said, "{text}");
        }
    }
}
