//! One pass over a document's text before the parser sees it.
//!
//! async-graphql's parser has no limit of tokens, and of nesting only one for selections; it takes a little that is not GraphQL and
//! refuses a little that is; numbers become doubles. So the scan counts, refuses what the parser should, and makes an equal text
//! (same tokens at the same places) that the parser takes, where the text has something that it does not.

mod brackets;
mod lexer;
mod mend;
mod numbers;
mod part;
mod strings;

use std::borrow::Cow;

use async_graphql::Pos;

use self::brackets::{Brackets, Open};
use self::lexer::{Kind, Lexer, Place, Token};
use self::mend::{Mender, behind, in_one_piece, with_line_feeds};
pub(in crate::graph) use self::numbers::{Literals, Numbers};
pub(super) use self::part::place_of_part;
use self::strings::in_older_escapes;
use crate::graph::error::{Code, Error, Location};

/// Words that the parser takes for whole values where a name only begins with them.
const WORDS: [&str; 3] = ["null", "true", "false"];

/// Characters of a name: what is said of a document repeats names.
const LONGEST_NAME: usize = 500;

/// What the scan makes of a text.
pub(super) struct Scanned<'t> {
    /// A text that the parser takes, if it is GraphQL.
    pub(super) text: Cow<'t, str>,
    pub(super) numbers: Numbers,
    pub(super) tokens: usize,
    /// Where the first of them stands.
    pub(super) begins: Pos,
    /// The character that marks stand-ins in the text; see [`super::stand_ins`].
    pub(super) mark: Option<char>,
}

/// An error at a place.
pub(super) fn refusal(code: Code, place: impl Into<Pos>, message: impl Into<String>) -> Error {
    let Pos { line, column } = place.into();
    Error { locations: vec![Location { line, column }], ..Error::new(code, message) }
}

/// Scans a text; it has at most so many tokens.
pub(super) fn scan(text: &str, most_tokens: usize) -> Result<Scanned<'_>, Error> {
    // The parser counts no line where one ends with a carriage return alone.
    match with_line_feeds(text) {
        None => Scan::run(text, most_tokens),
        Some(fed) => {
            let Scanned { text, numbers, tokens, begins, mark } = Scan::run(&fed, most_tokens)?;
            Ok(Scanned { text: Cow::Owned(text.into_owned()), numbers, tokens, begins, mark })
        }
    }
}

/// What has been seen of a variable's type.
struct Type {
    from: Place,
    /// Whether something stands between its tokens.
    gaps: bool,
}

/// A scan under way.
struct Scan<'t> {
    text: &'t str,
    mender: Mender<'t>,
    brackets: Brackets<'t>,
    numbers: Numbers,
    mark: Option<char>,
    /// The last token, and the one before it.
    last: Option<Token<'t>>,
    last_but_one: Option<Token<'t>>,
    /// The type of a variable, while it goes on.
    ty: Option<Type>,
    /// The last token describes a definition.
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
            // Types have no values in them.
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

    /// A token outside all brackets.
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

    /// A token right within the brackets of variables.
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

    /// Blanks a description out: newer editions of the specification have them, and nobody reads them here.
    fn description(&mut self, token: &Token<'t>) {
        self.described = true;
        self.mender.replace(token.from, token.to, "");
    }

    /// Goes on with the type of a variable; says whether the token belongs to it.
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
        // The parser takes a type in one piece.
        if ty.gaps {
            let from = ty.from;
            let part = in_one_piece(self.text.get(from.at..last.to.at).unwrap_or_default());
            self.mender.replace(from, last.to, &part);
        }
        self.ty = None;
        Ok(false)
    }

    /// A token that is a value, or part of one.
    fn value(&mut self, token: &Token<'t>) -> Result<(), Error> {
        match token.kind {
            Kind::Int | Kind::Float => {
                self.numbers.push(token.from.into(), token.text);
                let is_held =
                    token.kind == Kind::Int && token.text != "-0" && token.text.parse::<i64>().is_ok();
                if !is_held {
                    self.numbers.differ = true;
                    // With the sign, or it would go on with a number right before it.
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
                    // Its quote would make a block string of the empty string's.
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

    /// The character that marks stand-ins: one that the text does not have.
    fn mark(&mut self, token: &Token<'t>) -> Result<char, Error> {
        // Unicode keeps these for a program's own use.
        let mark = self.mark.or_else(|| ('\u{FDD0}'..='\u{FDEF}').find(|mark| !self.text.contains(*mark)));
        self.mark = mark;
        mark.ok_or_else(|| {
            refusal(Code::GraphqlInvalid, token.from, "The document uses code points that are no characters.")
        })
    }

    /// Looks at what follows `on`.
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

/// Whether a token within brackets is a value or part of one: not the name of an argument, a field or a variable.
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

/// A description stands before a definition.
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
