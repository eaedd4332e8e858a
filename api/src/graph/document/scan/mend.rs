//! An equal text for a parser that does not take all of GraphQL.

use std::borrow::Cow;

use super::lexer::Place;

/// Replaces parts of a text so that whatever stands behind them keeps its line and column.
pub(super) struct Mender<'t> {
    text: &'t str,
    /// The new text so far; nothing, as long as it is the old one.
    mended: String,
    /// How much of the old text has gone into it.
    done: usize,
}

impl<'t> Mender<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, mended: String::new(), done: 0 }
    }

    /// Replaces what stands between two places. The new part ends on its first line, and is no longer than the old one where
    /// that has a single line: blanks fill up.
    pub(super) fn replace(&mut self, from: Place, to: Place, part: &str) {
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

    /// The whole text.
    pub(super) fn finish(mut self) -> Cow<'t, str> {
        if self.done == 0 {
            return Cow::Borrowed(self.text);
        }
        self.mended.push_str(self.text.get(self.done..).unwrap_or_default());
        Cow::Owned(self.mended)
    }
}
