//! Rewrites text that the parser wrongly refuses, with the same meaning.

use std::borrow::Cow;

use super::lexer::{Lexer, Position};

/// Replaces parts of a text without moving the line and column of later parts.
pub(super) struct Mender<'t> {
    text: &'t str,
    /// The new text so far; empty while it equals the old one.
    mended: String,
    /// Number of bytes of the old text that the new one covers.
    done: usize,
}

impl<'t> Mender<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, mended: String::new(), done: 0 }
    }

    /// Replaces the text between two positions. The new part has no line breaks, and is not longer than an old part of a single
    /// line: blanks fill the rest.
    pub(super) fn replace(&mut self, from: Position, to: Position, part: &str) {
        self.mended.push_str(self.text.get(self.done..from.at).unwrap_or_default());
        self.mended.push_str(part);
        let lines = to.line - from.line;
        let blanks = if lines == 0 {
            (to.column - from.column).saturating_sub(part.chars().count())
        } else {
            to.column - 1
        };
        self.mended.extend(std::iter::repeat_n('\n', lines));
        self.mended.extend(std::iter::repeat_n(' ', blanks));
        self.done = to.at;
    }

    /// Returns the whole text.
    pub(super) fn finish(mut self) -> Cow<'t, str> {
        if self.done == 0 {
            return Cow::Borrowed(self.text);
        }
        self.mended.push_str(self.text.get(self.done..).unwrap_or_default());
        Cow::Owned(self.mended)
    }
}

/// Returns the text with a line feed for each carriage return without one; `None` if there are none.
pub(super) fn with_line_feeds(text: &str) -> Option<String> {
    let ends: Vec<usize> =
        text.match_indices('\r').map(|(at, _)| at).filter(|at| !text[at + 1..].starts_with('\n')).collect();
    if ends.is_empty() {
        return None;
    }
    let mut fed = String::with_capacity(text.len());
    let mut from = 0;
    for at in ends {
        fed.push_str(&text[from..at]);
        fed.push('\n');
        from = at + 1;
    }
    fed.push_str(&text[from..]);
    Some(fed)
}

/// Returns the tokens of a type without anything between them.
pub(super) fn in_one_piece(ty: &str) -> String {
    let mut lexer = Lexer::new(ty);
    let mut piece = String::with_capacity(ty.len());
    while let Ok(Some(token)) = lexer.next() {
        piece.push_str(token.text);
    }
    piece
}

/// Returns the position after a text.
pub(super) fn behind(from: Position, text: &str) -> Position {
    let line = from.line + text.matches('\n').count();
    let column = match text.rfind('\n') {
        None => from.column + text.chars().count(),
        Some(end) => text[end + 1..].chars().count() + 1,
    };
    Position { at: from.at + text.len(), line, column }
}
