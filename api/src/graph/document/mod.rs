//! Parse and validate, once for each text: documents are kept.

mod count;
mod fold;
mod tree;

use std::sync::Arc;

use apollo_compiler::parser::Parser;
use apollo_compiler::validation::{DiagnosticList, Valid};
use apollo_compiler::{ExecutableDocument, Schema};

use super::definitions::Definitions;
use super::error::{Code, Error, Location};
use super::limits::Limits;
use super::suggest::suggestion;
use crate::cache::Cache;

pub(super) use tree::{
    Condition, Document, Field, FragmentId, Operation, OperationKind, Selected, Selection, VariableDefinition,
};

/// Nesting that the parser follows; deeper text is refused before the limit of depth applies.
const RECURSION: usize = 200;
/// Errors that are told of a document; each may take a search for similar names.
const MOST_ERRORS: usize = 20;
/// Characters of what is told of one: it repeats names of the document.
const LONGEST_MESSAGE: usize = 500;
/// Bytes that a token of a document takes once it is parsed and validated, at most.
const TOKEN: usize = 160;

/// Documents that were valid, by their text.
pub(super) struct Documents {
    kept: Cache<Arc<str>, Arc<Document>>,
}

impl Documents {
    /// None yet, and as many as take so many bytes.
    pub(super) fn new(most_bytes: usize) -> Self {
        Self { kept: Cache::new(most_bytes) }
    }

    /// The document of a text; the errors say what is wrong with it.
    pub(super) fn get(
        &self,
        schema: &Valid<Schema>,
        definitions: &Definitions,
        limits: &Limits,
        text: &str,
    ) -> Result<Arc<Document>, Vec<Error>> {
        if let Some(document) = self.kept.get(text) {
            return Ok(document);
        }
        let (document, tokens) = read(schema, limits, text)?;
        let document = Arc::new(fold::fold(definitions, &document));
        let bytes = text.len() + tokens * TOKEN;
        self.kept.put(text.into(), Arc::clone(&document), bytes);
        Ok(document)
    }
}

/// The document of a text, and its number of tokens.
fn read(
    schema: &Valid<Schema>,
    limits: &Limits,
    text: &str,
) -> Result<(Valid<ExecutableDocument>, usize), Vec<Error>> {
    let mut parser = Parser::new().token_limit(limits.tokens).recursion_limit(RECURSION);
    let parsed = parser.parse_ast(text, "request");
    let tokens = parser.tokens_reached();
    if tokens > limits.tokens {
        let message = format!("A document has at most {} tokens.", limits.tokens);
        return Err(vec![Error::new(Code::LimitExceeded, message)]);
    }
    let ast = parsed.map_err(|invalid| errors(schema, limits, &invalid.errors))?;
    // Counted before validation, whose work grows with them.
    count::check(limits, &ast).map_err(|error| vec![error])?;
    let document =
        ast.to_executable_validate(schema).map_err(|invalid| errors(schema, limits, &invalid.errors))?;
    Ok((document, tokens))
}

/// The document of a text, for tests.
#[cfg(test)]
pub(super) fn document(
    schema: &Valid<Schema>,
    definitions: &Definitions,
    text: &str,
) -> Result<Arc<Document>, Vec<Error>> {
    Documents::new(0).get(
        schema,
        definitions,
        &Limits { tokens: 100_000, fields: 10_000, ..Limits::default() },
        text,
    )
}

/// How far an error of this name may be from the mistake: what is misspelt is missing elsewhere, and leaves unused what stood
/// within it.
fn remoteness(error: Option<&str>) -> u8 {
    match error {
        Some("UnusedVariable" | "UnusedFragment") => 2,
        Some(
            "RequiredArgument"
            | "RequiredField"
            | "MissingSubselection"
            | "UndefinedFragment"
            | "DisallowedVariableUsage",
        ) => 1,
        _ => 0,
    }
}

fn errors(schema: &Schema, limits: &Limits, diagnostics: &DiagnosticList) -> Vec<Error> {
    let mut diagnostics: Vec<_> = diagnostics.iter().collect();
    diagnostics.sort_by_key(|diagnostic| remoteness(diagnostic.error.unstable_error_name()));
    diagnostics
        .into_iter()
        .take(MOST_ERRORS)
        .map(|diagnostic| {
            let mut message = diagnostic.error.to_string();
            if limits.suggestions
                && let Some(similar) = suggestion(schema, &message)
            {
                message.push_str(". ");
                message.push_str(&similar);
            }
            if let Some((end, _)) = message.char_indices().nth(LONGEST_MESSAGE) {
                message.truncate(end);
                message.push('…');
            }
            let mut error = Error::new(Code::GraphqlInvalid, message);
            error.locations = diagnostic
                .line_column_range()
                .map(|range| Location { line: range.start.line, column: range.start.column })
                .into_iter()
                .collect();
            error
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::catalog::Catalog;
    use crate::graph::schema;
    use crate::systems;

    /// What is said of a document, one error after another.
    fn said_of(text: &str, limits: &Limits) -> Vec<String> {
        let schema =
            schema::for_apollo(&schema::build(&Catalog::new(&systems::ALL).unwrap()).unwrap()).unwrap();
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
    fn the_mistake_is_told_before_what_follows_from_it() {
        for (text, mistake, follows) in [
            ("query($n: Int) { protocolls(first: $n) { totalCount } }", "`protocolls`", "unused variable"),
            (
                "{ protocolls { ...f } } fragment f on ProtocolConnection { totalCount }",
                "`protocolls`",
                "must be used",
            ),
            ("query($id: BigInt!) { protocol(recordid: $id) { id } }", "`recordid`", "is not provided"),
            (
                "mutation { createProtocol(input: {siteid: 1}) { protocol { id } } }",
                "`siteid`",
                "is not provided",
            ),
            ("{ protocol(recordId: 1) { sesionDate } }", "`sesionDate`", "subselection"),
            ("query($v: Int!) { protocols(first: $w) { totalCount } }", "`$w`", "unused variable"),
            ("query($v: Filter) { protocols(filter: $v) { totalCount } }", "`Filter`", "cannot be used"),
            (
                "{ ...f } fragment f on Queryy { protocols { totalCount } }",
                "`Queryy`",
                "cannot find fragment",
            ),
            ("{ protocols @skip(fi: true) { totalCount } }", "`fi`", "is not provided"),
        ] {
            let said = said_of(text, &Limits::default());
            assert!(said[0].contains(mistake), "{text}: {said:?}");
            assert!(said[1].contains(follows), "{text}: {said:?}");
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

    #[test]
    fn errors_are_few_and_short() {
        let text = format!("{{ {} {} }}", "a".repeat(100_000), "zz ".repeat(1_000));
        let said = said_of(&text, &Limits { suggestions: true, ..Limits::default() });
        assert!(said.len() <= MOST_ERRORS, "{}", said.len());
        assert!(said.iter().all(|message| message.chars().count() <= LONGEST_MESSAGE + 1));
    }

    #[test]
    fn fragments_are_counted_where_they_stand() {
        // Each holds the next twice: 2^n fields, in a text of n lines.
        let doubling = |levels: usize, field: &dyn Fn(usize) -> String| {
            let fragments: Vec<String> =
                (0..levels).map(|at| format!("fragment F{at} on Query {{ {} }} ", field(at + 1))).collect();
            let fragments = fragments.concat();
            format!("{{ ...F0 }} {fragments} fragment F{levels} on Query {{ __typename }}")
        };
        let limits = Limits { fields: 100, ..Limits::default() };
        let twice = |next: usize| format!("a {{ ...F{next} }} b {{ ...F{next} }}");
        let refused = "An operation has at most 1000 fields, once fragments are put in.";
        assert!(!said_of(&doubling(8, &twice), &limits).iter().any(|said| said == refused));
        assert_eq!(said_of(&doubling(9, &twice), &limits), [refused]);
        assert_eq!(said_of(&doubling(100, &twice), &limits), [refused]);
        // In one selection it is the same, however often it stands there.
        let again = |next: usize| format!("...F{next} ... {{ ...F{next} }} ...F{next}");
        assert_eq!(said_of(&doubling(50, &again), &limits), Vec::<String>::new());
        let chain = doubling(250, &|next| format!("...F{next}"));
        assert_eq!(said_of(&chain, &limits).join(" "), "A document nests fragments at most 200 levels.");
        // A cycle ends; validation says what it is.
        let cycle = "{ ...A } fragment A on Query { ...B } fragment B on Query { __typename ...A }";
        assert!(said_of(cycle, &limits).iter().all(|message| !message.contains("at most")));
    }
}
