//! Reads a document: scans, parses, counts and validates its text.

use std::collections::{HashMap, HashSet};

use async_graphql::dynamic::Schema;
use async_graphql::parser::parse_query;
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{Pos, ServerError, parser};

use super::rules::{Findings, Known, Mistake, Remoteness, Unknown};
use super::scan::{Numbers, Scanned, place_of_part, refusal, scan};
use super::{LONGEST_MESSAGE, MOST_ERRORS, expanded, rules, stand_ins, validate};
use crate::graph::error::{Code, Error};
use crate::graph::limits::Limits;
use crate::graph::suggest;

/// A document that is valid for a schema.
pub(in crate::graph) struct ReadDocument {
    pub(in crate::graph) document: ExecutableDocument,
    /// The number literals, with exact text.
    pub(in crate::graph) numbers: Numbers,
    /// The number of tokens in its text.
    pub(in crate::graph) tokens: usize,
}

/// Reads a document, or returns its errors. The schema must be [`super::readable`].
pub(super) fn read(schema: &Schema, limits: &Limits, text: &str) -> Result<ReadDocument, Vec<Error>> {
    let mut read = read_whole(schema, limits, text);
    if let Err(errors) = &mut read {
        errors.truncate(MOST_ERRORS);
        errors.iter_mut().for_each(shorten);
    }
    read
}

/// Shortens a message, which repeats names of the document.
pub(super) fn shorten(error: &mut Error) {
    if let Some((end, _)) = error.message.char_indices().nth(LONGEST_MESSAGE) {
        error.message.truncate(end);
        error.message.push('…');
    }
}

fn read_whole(schema: &Schema, limits: &Limits, text: &str) -> Result<ReadDocument, Vec<Error>> {
    let scanned = scan(text, limits.tokens).map_err(|error| vec![error])?;
    let Scanned { text: mended, numbers, tokens, begins, mark } = scanned;
    let mut document = parse_query(&mended).map_err(|error| vec![refused(&error, begins)])?;
    if let Some(mark) = mark {
        stand_ins::replace(&mut document, mark);
    }
    // Limits come before validation, whose work they bound.
    expanded::check(limits, &document).map_err(|error| vec![error])?;
    let Some(errors) = validate::errors(schema, &document) else {
        return Err(vec![Error::internal(&"the schema is not made for reading documents")]);
    };
    let findings = rules::check(schema.registry(), &document, &numbers);
    if errors.is_empty() && findings.mistakes.is_empty() {
        return Ok(ReadDocument { document, numbers, tokens });
    }
    Err(worded(limits, text, merged(errors, findings)))
}

/// Returns the parser's error, without its picture of the text. `begins`: the document's position.
fn refused(error: &parser::Error, begins: Pos) -> Error {
    let invalid = |place, message: String| refusal(Code::GraphqlInvalid, place, message);
    match error {
        parser::Error::Syntax { message, start, .. } => {
            let expected = message.lines().last().and_then(|line| line.split_once("= "));
            let expected = expected
                .map_or("syntax error".into(), |(_, expected)| expected.replace('_', " ").replace(" ,", ","));
            invalid(*start, format!("This is not GraphQL: {expected}."))
        }
        parser::Error::MultipleOperations { anonymous, .. } => {
            invalid(*anonymous, "An operation without a name is the only one of its document.".into())
        }
        parser::Error::OperationDuplicated { operation, second, .. } => {
            invalid(*second, format!("There can only be one operation named `{operation}`."))
        }
        parser::Error::FragmentDuplicated { fragment, second, .. } => {
            invalid(*second, format!("There can only be one fragment named `{fragment}`."))
        }
        parser::Error::MissingOperation => invalid(begins, "The document has no operation.".into()),
        // The scan has counted brackets already; the other errors concern documents that define schemas.
        error => invalid(begins, format!("The document is refused: {error}.")),
    }
}

/// Merges all errors, each once, causes first.
fn merged(errors: Vec<ServerError>, findings: Findings<'_>) -> Vec<Mistake<'_>> {
    let Findings { mut mistakes, unknown } = findings;
    let mut unknown: HashMap<Pos, Unknown<'_>> = unknown.into_iter().collect();
    let reported: HashSet<Pos> = mistakes.iter().filter_map(|mistake| mistake.reported_at).collect();
    let mut seen = HashSet::new();
    for error in errors {
        let place = error.locations.first().copied().unwrap_or_default();
        if reported.contains(&place) || !seen.insert((place, error.message.clone())) {
            continue;
        }
        // An unknown name is reported before other errors at the same position.
        let found = unknown.remove(&place);
        let remoteness = match &found {
            Some(_) => Remoteness::Cause,
            None => Remoteness::Consequence,
        };
        let argument = match &found {
            Some(Unknown { name, known: Known::Arguments(_) }) => Some(name.to_string()),
            _ => None,
        };
        mistakes.push(Mistake { remoteness, unknown: found, argument, ..Mistake::new(place, error.message) });
    }
    mistakes.sort_by_key(|mistake| (mistake.remoteness, mistake.place));
    mistakes
}

/// Returns the first errors, worded for the caller.
fn worded(limits: &Limits, text: &str, mistakes: Vec<Mistake<'_>>) -> Vec<Error> {
    let word = |mistake: Mistake<'_>| {
        let mut message = mistake.message;
        if let Some(Unknown { name, known }) = mistake.unknown.filter(|_| limits.suggestions)
            && let Some(similar) = suggest::similar(&name, known.names())
        {
            message.truncate(message.trim_end_matches('.').len());
            message = format!("{message}. {similar}");
        }
        let argument = mistake.argument;
        let part = argument.as_deref().and_then(|argument| place_of_part(text, mistake.place, argument));
        Error { argument, ..refusal(mistake.code, part.unwrap_or(mistake.place), message) }
    };
    mistakes.into_iter().take(MOST_ERRORS).map(word).collect()
}
