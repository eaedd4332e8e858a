//! Splits text into tokens, by the lexical grammar of GraphQL.

use async_graphql::Pos;

use super::refusal;
use super::strings::escape;
use crate::graph::error::{Code, Error};

/// A position in the text. Columns count characters; lines and columns begin with 1, like async-graphql's positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// Number of bytes before it.
    pub(super) at: usize,
    pub(super) line: usize,
    pub(super) column: usize,
}

impl From<Position> for Pos {
    fn from(place: Position) -> Self {
        Self { line: place.line, column: place.column }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// One of `! $ & ( ) : = @ [ ] { | }`.
    Mark(u8),
    /// `...`
    Spread,
    Name,
    /// A number without fraction and exponent.
    Int,
    Float,
    /// `"…"`; `newer`: it has an escape that the parser does not know.
    String {
        newer: bool,
    },
    /// `"""…"""`; `quotes`: it contains `\"""`.
    Block {
        quotes: bool,
    },
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind,
    pub(super) text: &'t str,
    pub(super) from: Position,
    /// The position of its end.
    pub(super) to: Position,
    /// True if a comment precedes it directly.
    pub(super) after_comment: bool,
}

impl Token<'_> {
    pub(super) fn is(&self, mark: u8) -> bool {
        self.kind == Kind::Mark(mark)
    }

    pub(super) fn is_string(&self) -> bool {
        matches!(self.kind, Kind::String { .. } | Kind::Block { .. })
    }

    pub(super) fn is_name(&self, name: &str) -> bool {
        self.kind == Kind::Name && self.text == name
    }
}

/// Reads one token after another. Lines end with `\n` or `\r\n`.
#[derive(Clone)]
pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
    line: usize,
    /// The byte at which the line begins.
    begin: usize,
    /// Number of continuation bytes of characters in the line so far.
    inner: usize,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0, line: 1, begin: 0, inner: 0 }
    }

    /// Returns the current position.
    pub(super) fn here(&self) -> Position {
        Position { at: self.at, line: self.line, column: self.at - self.begin - self.inner + 1 }
    }

    /// Returns the next token; `None` at the end of the text.
    pub(super) fn next(&mut self) -> Result<Option<Token<'t>>, Error> {
        let after_comment = self.skip_ignored();
        let from = self.here();
        let Some(byte) = self.byte(0) else { return Ok(None) };
        let kind = match byte {
            b'!' | b'$' | b'&' | b'(' | b')' | b':' | b'=' | b'@' | b'[' | b']' | b'{' | b'|' | b'}' => {
                self.at += 1;
                Kind::Mark(byte)
            }
            b'.' if self.starts(b"...") => {
                self.at += 3;
                Kind::Spread
            }
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => {
                while self.byte(0).is_some_and(goes_on) {
                    self.at += 1;
                }
                Kind::Name
            }
            b'-' | b'0'..=b'9' => self.number(from)?,
            b'"' if self.starts(b"\"\"\"") => self.block(from)?,
            b'"' => self.string(from)?,
            _ => {
                let found = self.text.get(self.at..).and_then(|rest| rest.chars().next()).unwrap_or_default();
                return Err(refused(from, format!("`{}` means nothing here.", found.escape_debug())));
            }
        };
        let text = self.text.get(from.at..self.at).unwrap_or_default();
        Ok(Some(Token { kind, text, from, to: self.here(), after_comment }))
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    fn starts(&self, with: &[u8]) -> bool {
        self.text.as_bytes().get(self.at..).is_some_and(|rest| rest.starts_with(with))
    }

    /// Advances past a byte of a comment or a string.
    fn pass(&mut self, byte: u8) {
        self.at += 1;
        if byte == b'\n' {
            (self.line, self.begin, self.inner) = (self.line + 1, self.at, 0);
        } else if byte & 0xC0 == 0x80 {
            self.inner += 1;
        }
    }

    /// Skips white space, commas and comments; returns true if there was a comment.
    fn skip_ignored(&mut self) -> bool {
        let mut comment = false;
        while let Some(byte) = self.byte(0) {
            match byte {
                b' ' | b'\t' | b',' | b'\r' | b'\n' => self.pass(byte),
                b'#' => {
                    comment = true;
                    while let Some(byte) = self.byte(0).filter(|byte| *byte != b'\n') {
                        self.pass(byte);
                    }
                }
                // A byte order mark.
                0xEF if self.starts(b"\xEF\xBB\xBF") => {
                    self.at += 3;
                    self.inner += 2;
                }
                _ => break,
            }
        }
        comment
    }

    fn digits(&mut self) -> usize {
        let from = self.at;
        while self.byte(0).is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - from
    }

    fn number(&mut self, from: Position) -> Result<Kind, Error> {
        let wrong = || refused(from, "This is not a number as GraphQL writes it.");
        if self.byte(0) == Some(b'-') {
            self.at += 1;
        }
        let leading_zero = self.byte(0) == Some(b'0');
        let digits = self.digits();
        if digits == 0 || (leading_zero && digits > 1) {
            return Err(wrong());
        }
        let mut kind = Kind::Int;
        if self.byte(0) == Some(b'.') {
            kind = Kind::Float;
            self.at += 1;
            if self.digits() == 0 {
                return Err(wrong());
            }
        }
        if matches!(self.byte(0), Some(b'e' | b'E')) {
            kind = Kind::Float;
            self.at += 1;
            if matches!(self.byte(0), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if self.digits() == 0 {
                return Err(wrong());
            }
        }
        if self.byte(0).is_some_and(|byte| goes_on(byte) || byte == b'.') {
            return Err(wrong());
        }
        Ok(kind)
    }

    fn string(&mut self, from: Position) -> Result<Kind, Error> {
        self.at += 1;
        let mut newer = false;
        loop {
            match self.byte(0) {
                None | Some(b'\n' | b'\r') => {
                    return Err(refused(from, "The string does not end on its line."));
                }
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Kind::String { newer });
                }
                Some(b'\\') => {
                    let rest = self.text.get(self.at..).unwrap_or_default();
                    let Some(escape) = escape(rest) else {
                        return Err(refused(self.here(), "A string has no such escape."));
                    };
                    newer |= escape.newer;
                    self.at += escape.length;
                }
                Some(byte) => self.pass(byte),
            }
        }
    }

    fn block(&mut self, from: Position) -> Result<Kind, Error> {
        self.at += 3;
        let mut quotes = false;
        loop {
            match self.byte(0) {
                None => return Err(refused(from, "The block string does not end.")),
                Some(b'"') if self.starts(b"\"\"\"") => {
                    self.at += 3;
                    return Ok(Kind::Block { quotes });
                }
                Some(b'\\') if self.starts(b"\\\"\"\"") => {
                    quotes = true;
                    self.at += 4;
                }
                Some(byte) => self.pass(byte),
            }
        }
    }
}

/// Returns true if a byte can continue a name.
fn goes_on(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}

fn refused(place: Position, message: impl Into<String>) -> Error {
    refusal(Code::GraphqlInvalid, place, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Result<Vec<(Kind, &str, usize, usize)>, String> {
        let mut lexer = Lexer::new(text);
        let mut tokens = Vec::new();
        while let Some(token) = lexer.next().map_err(|error| error.message)? {
            tokens.push((token.kind, token.text, token.from.line, token.from.column));
        }
        Ok(tokens)
    }

    #[test]
    fn tokens_know_their_places() {
        let text = "\u{feff}query {# ä\r\n  a(x: \"äö\", y: -1.5e3) ...f\n}";
        let (mark, newer) = (Kind::Mark, false);
        let expected = [
            (Kind::Name, "query", 1, 2),
            (mark(b'{'), "{", 1, 8),
            (Kind::Name, "a", 2, 3),
            (mark(b'('), "(", 2, 4),
            (Kind::Name, "x", 2, 5),
            (mark(b':'), ":", 2, 6),
            (Kind::String { newer }, "\"äö\"", 2, 8),
            (Kind::Name, "y", 2, 14),
            (mark(b':'), ":", 2, 15),
            (Kind::Float, "-1.5e3", 2, 17),
            (mark(b')'), ")", 2, 23),
            (Kind::Spread, "...", 2, 25),
            (Kind::Name, "f", 2, 28),
            (mark(b'}'), "}", 3, 1),
        ];
        assert_eq!(tokens(text).unwrap(), expected);
    }

    #[test]
    fn numbers_are_those_of_the_specification() {
        for text in ["0", "-0", "10", "1.50", "1e9", "1E+9", "-0.0e-10"] {
            assert_eq!(tokens(text).unwrap().len(), 1, "{text}");
        }
        for text in ["01", "-", "1.", ".5", "1.e3", "1e", "1a", "0x1", "1_000", "1.5.2", "1...", "+1", "-01"]
        {
            assert!(tokens(text).is_err(), "{text}");
        }
    }

    #[test]
    fn strings_end_where_they_have_to() {
        for text in [
            r#""""#,
            r#""a""b""#,
            r#""\"\\\/\b\f\n\r\t\u00E4""#,
            r#""""a""""#,
            r#""""a""b""""#,
            "\"\"\"\\\"\"\"\"\"\"",
            "\"\"\"a\n\"b\"\"\"",
            r#""\uD83D\uDE00\u{1F600}""#,
        ] {
            assert!(tokens(text).is_ok(), "{text}");
        }
        for text in [
            "\"a",
            "\"a\nb\"",
            "\"a\rb\"",
            r#""\a""#,
            r#""\u12""#,
            r#""\uD83D""#,
            r#""\uDE00\uD83D""#,
            r#""\u{}""#,
            r#""\u{110000}""#,
            r#""\u{D800}""#,
            r#""\u{000000041}""#,
            r#""""a"#,
            r#""""a"b"#,
            "\"\\",
        ] {
            assert!(tokens(text).is_err(), "{text}");
        }
    }

    #[test]
    fn text_without_a_token_is_refused() {
        for text in ["%", "..", "ä", "a ; b", "\u{0}", "'a'"] {
            assert!(tokens(text).is_err(), "{text}");
        }
    }
}
