//! Scans a document's text once before it is parsed.
//!
//! async-graphql's parser does not limit tokens, and limits nesting only of selections; it accepts some text that is not GraphQL
//! and refuses some that is; it converts numbers to doubles. So the scan counts, refuses what the parser should refuse, and
//! rewrites text that the parser wrongly refuses (same tokens at the same positions).

mod brackets;
mod lexer;
mod mend;
mod numbers;
mod part;
mod strings;

use std::borrow::Cow;

use async_graphql::Pos;

use self::brackets::{Brackets, Open};
use self::lexer::{Kind, Lexer, Position, Token};
use self::mend::{Mender, behind, in_one_piece, with_line_feeds};
pub(in crate::graph) use self::numbers::{Literals, Numbers};
pub(super) use self::part::place_of_part;
use self::strings::in_older_escapes;
use crate::graph::error::{Code, Error, Location};

/// Words that the parser reads as whole values, even at the beginning of a longer name.
const WORDS: [&str; 3] = ["null", "true", "false"];

/// The most characters of a name: messages repeat names.
const LONGEST_NAME: usize = 500;

/// The result of a scan.
pub(super) struct Scanned<'t> {
    /// A text that the parser accepts, if it is GraphQL.
    pub(super) text: Cow<'t, str>,
    pub(super) numbers: Numbers,
    pub(super) tokens: usize,
    /// The position of the first token.
    pub(super) begins: Pos,
    /// The character that marks stand-ins in the text; see [`super::stand_ins`].
    pub(super) mark: Option<char>,
}

/// Returns an error at a position.
pub(super) fn refusal(code: Code, place: impl Into<Pos>, message: impl Into<String>) -> Error {
    let Pos { line, column } = place.into();
    Error { locations: vec![Location { line, column }], ..Error::new(code, message) }
}

/// Scans a text with at most this many tokens.
pub(super) fn scan(text: &str, most_tokens: usize) -> Result<Scanned<'_>, Error> {
    // The parser does not count a line that ends with a carriage return alone.
    match with_line_feeds(text) {
        None => Scan::run(text, most_tokens),
        Some(fed) => {
            let Scanned { text, numbers, tokens, begins, mark } = Scan::run(&fed, most_tokens)?;
            Ok(Scanned { text: Cow::Owned(text.into_owned()), numbers, tokens, begins, mark })
        }
    }
}

/// The part of a variable's type that was scanned so far.
struct Type {
    from: Position,
    /// True if there is anything between its tokens.
    gaps: bool,
}

/// The state of a scan.
struct Scan<'t> {
    text: &'t str,
    mender: Mender<'t>,
    brackets: Brackets<'t>,
    numbers: Numbers,
    mark: Option<char>,
    /// The last token, and the one before it.
    last: Option<Token<'t>>,
    last_but_one: Option<Token<'t>>,
    /// The type of a variable, while it continues.
    ty: Option<Type>,
    /// True if the last token describes a definition.
    described: bool,
}

impl<'t> Scan<'t> {
    fn run(text: &'t str, most_tokens: usize) -> Result<Scanned<'t>, Error> {
        let mut scan = Self {
            text,
            mender: Mender::new(text),
            brackets: Brackets::default(),
            numbers: Numbers::default(),
            mark: None,
            last: None,
            last_but_one: None,
            ty: None,
            described: false,
        };
        let mut lexer = Lexer::new(text);
        let (mut tokens, mut begins) = (0, None);
        while let Some(token) = lexer.next()? {
            if tokens == most_tokens {
                let message = format!("A document has at most {most_tokens} tokens.");
                return Err(refusal(Code::LimitExceeded, token.from, message));
            }
            if token.kind == Kind::Name && token.text.len() > LONGEST_NAME {
                let message = format!("A name has at most {LONGEST_NAME} characters.");
                return Err(refusal(Code::LimitExceeded, token.from, message));
            }
            tokens += 1;
            begins.get_or_insert(token.from);
            scan.take(token)?;
        }
        scan.brackets.end(lexer.here())?;
        let Some(begins) = begins else {
            return Err(refusal(Code::GraphqlInvalid, lexer.here(), "The document is empty."));
        };
        let Self { mender, numbers, mark, .. } = scan;
        Ok(Scanned { text: mender.finish(), numbers, tokens, begins: begins.into(), mark })
    }

    fn take(&mut self, token: Token<'t>) -> Result<(), Error> {
        let last = self.last;
        if std::mem::take(&mut self.described) {
            describes(&token, self.brackets.innermost())?;
        }
        if self.goes_on_with_type(&token)? {
            // Types contain no values.
        } else if self.brackets.innermost().is_none() {
            self.outside(&token)?;
        } else if self.brackets.innermost() == Some(Open::Variables) {
            self.variables(&token)?;
        } else if is_value(&token, last, self.brackets.innermost()) {
            self.value(&token)?;
        }
        self.after_on(&token)?;
        if let Kind::Mark(mark) = token.kind {
            self.bracket(mark, &token)?;
        }
        (self.last_but_one, self.last) = (last, Some(token));
        Ok(())
    }

    /// Scans a token outside all brackets.
    fn outside(&mut self, token: &Token<'t>) -> Result<(), Error> {
        let begins = self.last.is_none_or(|last| last.is(b'}') || last.is_string());
        if begins {
            match token.kind {
                Kind::Name if is_keyword(token.text) => {}
                Kind::Mark(b'{') => {}
                _ if token.is_string() => self.description(token),
                _ => return Err(unexpected(token, "an operation or a fragment")),
            }
        } else if token.is_name("on") && self.last.is_some_and(|last| last.is_name("fragment")) {
            // `fragment fragment on …`: the second is a name.
            if self.last_but_one.is_none_or(|before| !before.is_name("fragment")) {
                return Err(refusal(
                    Code::GraphqlInvalid,
                    token.from,
                    "A fragment cannot have the name `on`.",
                ));
            }
        }
        Ok(())
    }

    /// Scans a token directly within the brackets of variables.
    fn variables(&mut self, token: &Token<'t>) -> Result<(), Error> {
        let follows = |mark| self.last.is_some_and(|last| last.is(mark));
        match token.kind {
            Kind::Mark(b'@') => {
                let message = "A variable's definition takes no directives here.";
                return Err(refusal(Code::GraphqlInvalid, token.from, message));
            }
            _ if follows(b'=') => self.value(token)?,
            _ if token.is_string() => self.description(token),
            _ => {}
        }
        Ok(())
    }

    /// Replaces a description by blanks: newer editions of the specification have them, and nothing reads them here.
    fn description(&mut self, token: &Token<'t>) {
        self.described = true;
        self.mender.replace(token.from, token.to, "");
    }

    /// Continues the type of a variable; returns true if the token belongs to it.
    fn goes_on_with_type(&mut self, token: &Token<'t>) -> Result<bool, Error> {
        let last =
            self.last.filter(|last| last.is(b':') && self.brackets.innermost() == Some(Open::Variables));
        if last.is_some() {
            self.ty = Some(Type { from: token.from, gaps: false });
            return Ok(true);
        }
        let (Some(ty), Some(last)) = (&mut self.ty, self.last) else { return Ok(false) };
        let opens = token.kind == Kind::Name || token.is(b'[');
        if opens || token.is(b']') || token.is(b'!') {
            if opens && !last.is(b'[') {
                return Err(unexpected(token, "`=`, `$` or `)`"));
            }
            ty.gaps |= token.from.at != last.to.at;
            return Ok(true);
        }
        // The parser expects a type without gaps.
        if ty.gaps {
            let from = ty.from;
            let part = in_one_piece(self.text.get(from.at..last.to.at).unwrap_or_default());
            self.mender.replace(from, last.to, &part);
        }
        self.ty = None;
        Ok(false)
    }

    /// Scans a token that is a value, or part of one.
    fn value(&mut self, token: &Token<'t>) -> Result<(), Error> {
        match token.kind {
            Kind::Int | Kind::Float => {
                self.numbers.push(token.from.into(), token.text);
                let is_held =
                    token.kind == Kind::Int && token.text != "-0" && token.text.parse::<i64>().is_ok();
                if !is_held {
                    self.numbers.differ = true;
                    // Includes the sign, or it would continue a number right before it.
                    let stand_in = match (token.kind, token.text.starts_with('-')) {
                        (Kind::Int, false) => "0",
                        (Kind::Int, true) => "-1",
                        (_, false) => "0.0",
                        (_, true) => "-1.0",
                    };
                    self.mender.replace(token.from, token.to, stand_in);
                }
            }
            Kind::String { newer: true } => {
                self.mender.replace(token.from, token.to, &in_older_escapes(token.text));
            }
            Kind::Block { quotes: true } => {
                let mark = self.mark(token)?;
                let marks: String = std::iter::repeat_n(mark, 4).collect();
                self.replace_in_block(token, &marks);
            }
            Kind::Name => {
                let word =
                    WORDS.iter().find(|word| token.text.len() > word.len() && token.text.starts_with(*word));
                if let Some(word) = word {
                    // Without a gap its quote would turn the empty string into a block string.
                    if self.last.is_some_and(|last| last.text == "\"\"" && last.to == token.from) {
                        return Err(unexpected(token, "a space"));
                    }
                    let mark = self.mark(token)?;
                    let stand_in = format!("\"{mark}{}{}\"", &word[..1], &token.text[word.len()..]);
                    self.mender.replace(token.from, token.to, &stand_in);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Replaces each `\"""` of a block string.
    fn replace_in_block(&mut self, token: &Token<'t>, marks: &str) {
        const ESCAPE: &str = "\\\"\"\"";
        let (mut from, mut rest) = (token.from, token.text);
        while let Some(before) = rest.find(ESCAPE) {
            from = behind(from, &rest[..before]);
            let to = behind(from, ESCAPE);
            self.mender.replace(from, to, marks);
            (from, rest) = (to, &rest[before + ESCAPE.len()..]);
        }
    }

    /// Returns the character that marks stand-ins: one that the text does not contain.
    fn mark(&mut self, token: &Token<'t>) -> Result<char, Error> {
        // Unicode reserves these for internal use by programs.
        let mark = self.mark.or_else(|| ('\u{FDD0}'..='\u{FDEF}').find(|mark| !self.text.contains(*mark)));
        self.mark = mark;
        mark.ok_or_else(|| {
            refusal(
                Code::GraphqlInvalid,
                token.from,
                "The document uses code points that are not characters.",
            )
        })
    }

    /// Checks the token after `on`.
    fn after_on(&mut self, token: &Token<'t>) -> Result<(), Error> {
        let Some(last) = self.last.filter(|last| last.is_name("on")) else { return Ok(()) };
        let conditions = self.last_but_one.is_some_and(|before| before.kind == Kind::Spread);
        if conditions && token.kind != Kind::Name {
            return Err(unexpected(token, "a type"));
        }
        if token.after_comment && token.kind == Kind::Name {
            self.mender.replace(last.to, token.from, "");
        }
        Ok(())
    }

    fn bracket(&mut self, mark: u8, token: &Token<'t>) -> Result<(), Error> {
        let last_but_one = self.last_but_one;
        match mark {
            b'(' => {
                let of_directive = last_but_one.is_some_and(|before| before.is(b'@'));
                let open = if self.brackets.innermost().is_none() && !of_directive {
                    Open::Variables
                } else {
                    Open::Arguments
                };
                self.brackets.open(open, token)
            }
            b'{' => self.brackets.open(
                match self.brackets.innermost() {
                    None | Some(Open::Selection) => Open::Selection,
                    Some(_) => Open::Object,
                },
                token,
            ),
            b'[' => self.brackets.open(Open::List, token),
            b')' | b'}' | b']' => self.brackets.close(mark, token, self.last.as_ref()),
            b':' if self.brackets.innermost() == Some(Open::Object) => {
                if let Some(key) = self.last.filter(|last| last.kind == Kind::Name) {
                    self.brackets.key(key);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Returns true if a token within brackets is a value or part of one: not the name of an argument, a field or a variable.
fn is_value(token: &Token<'_>, last: Option<Token<'_>>, innermost: Option<Open>) -> bool {
    if token.kind != Kind::Name {
        return innermost != Some(Open::Selection);
    }
    let follows = |mark| last.is_some_and(|last| last.is(mark));
    match innermost {
        Some(Open::Arguments | Open::Object) => follows(b':'),
        Some(Open::List) => !follows(b'$'),
        _ => false,
    }
}

/// Checks that a description precedes a definition.
fn describes(token: &Token<'_>, innermost: Option<Open>) -> Result<(), Error> {
    match innermost {
        None if token.kind == Kind::Name => Ok(()),
        Some(_) if token.is(b'$') => Ok(()),
        _ => Err(unexpected(token, "a definition after its description")),
    }
}

fn is_keyword(name: &str) -> bool {
    matches!(name, "query" | "mutation" | "subscription" | "fragment")
}

fn unexpected(token: &Token<'_>, wanted: &str) -> Error {
    let message = format!("Expected {wanted}, found `{}`.", token.text);
    refusal(Code::GraphqlInvalid, token.from, message)
}

#[cfg(test)]
mod tests;
