//! Tracks the open brackets of a document.

use super::lexer::{Position, Token};
use super::{refusal, unexpected};
use crate::graph::error::{Code, Error};

/// The most nested brackets. The parser recurses for each, on a stack of limited size.
const DEEPEST: usize = 64;

/// The content of a pair of brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Open {
    /// `{` fields `}`
    Selection,
    /// `(` definitions of variables `)`
    Variables,
    /// `(` arguments `)`
    Arguments,
    /// `[` values, or a type `]`
    List,
    /// `{` fields of a value `}`
    Object,
}

impl Open {
    fn closing(self) -> u8 {
        match self {
            Self::Selection | Self::Object => b'}',
            Self::Variables | Self::Arguments => b')',
            Self::List => b']',
        }
    }
}

/// The open brackets, and the keys of the objects among them.
#[derive(Default)]
pub(super) struct Brackets<'t> {
    /// The open brackets, each with the number of keys before it.
    open: Vec<(Open, Position, usize)>,
    keys: Vec<(&'t str, Position)>,
}

impl<'t> Brackets<'t> {
    pub(super) fn innermost(&self) -> Option<Open> {
        self.open.last().map(|(open, ..)| *open)
    }

    pub(super) fn open(&mut self, open: Open, token: &Token<'t>) -> Result<(), Error> {
        if self.open.len() == DEEPEST {
            let message = format!("A document nests brackets at most {DEEPEST} levels deep.");
            return Err(refusal(Code::LimitExceeded, token.from, message));
        }
        self.open.push((open, token.from, self.keys.len()));
        Ok(())
    }

    /// Closes the innermost brackets. `last`: the previous token.
    pub(super) fn close(
        &mut self,
        mark: u8,
        token: &Token<'t>,
        last: Option<&Token<'t>>,
    ) -> Result<(), Error> {
        let Some((open, from, keys)) = self.open.pop() else {
            return Err(unexpected(token, "an operation or a fragment"));
        };
        if open.closing() != mark {
            return Err(unexpected(token, &format!("`{}`", char::from(open.closing()))));
        }
        let is_empty = last.is_some_and(|last| last.from == from);
        match open {
            Open::Selection if is_empty => Err(unexpected(token, "a field or a fragment")),
            Open::Variables if is_empty => Err(unexpected(token, "a variable")),
            Open::Arguments if is_empty => Err(unexpected(token, "an argument")),
            Open::Object => self.end_object(keys),
            _ => Ok(()),
        }
    }

    /// Records a key of the innermost object.
    pub(super) fn key(&mut self, key: Token<'t>) {
        self.keys.push((key.text, key.from));
    }

    /// Refuses keys that an object has twice, of which the parser keeps only the last.
    fn end_object(&mut self, from: usize) -> Result<(), Error> {
        if self.keys.len() - from < 2 {
            self.keys.truncate(from);
            return Ok(());
        }
        let mut keys = self.keys.split_off(from);
        keys.sort_unstable_by_key(|(key, place)| (*key, place.at));
        let twice = keys.windows(2).filter(|pair| pair[0].0 == pair[1].0).map(|pair| pair[1]);
        match twice.min_by_key(|(_, place)| place.at) {
            None => Ok(()),
            Some((key, place)) => {
                let message = format!("An input object has the field `{key}` twice.");
                Err(refusal(Code::GraphqlInvalid, place, message))
            }
        }
    }

    /// Refuses brackets that are open at the end of the text.
    pub(super) fn end(&self, end: Position) -> Result<(), Error> {
        match self.open.last() {
            None => Ok(()),
            Some((open, from, _)) => {
                let (line, column, mark) = (from.line, from.column, char::from(open.closing()));
                let message = format!("Expected `{mark}` for the bracket at {line}:{column}, found the end.");
                Err(refusal(Code::GraphqlInvalid, end, message))
            }
        }
    }
}
