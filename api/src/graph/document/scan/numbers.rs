//! Holds the number literals of a document, to the last digit.

use async_graphql::Pos;

/// The number literals of a document as text. The parser converts decimals to doubles, and cannot hold large numbers; these are
/// exact.
#[derive(Debug, Default)]
pub(in crate::graph) struct Numbers {
    /// The texts, concatenated.
    texts: String,
    /// The literals, in the order of the text.
    literals: Vec<Literal>,
    /// True if the parsed document contains other numbers than the text.
    pub(super) differ: bool,
}

#[derive(Debug)]
struct Literal {
    place: Pos,
    /// The end of its text.
    end: usize,
}

impl Numbers {
    /// Adds a literal after all others.
    pub(super) fn push(&mut self, place: Pos, text: &str) {
        self.texts.push_str(text);
        self.literals.push(Literal { place, end: self.texts.len() });
    }

    /// Returns true if the parsed document contains other numbers than the text: decimals, or whole numbers beyond 64 bits.
    pub(in crate::graph) fn differ(&self) -> bool {
        self.differ
    }

    /// Returns the literals of the value at a position. A caller that walks through the value in the order of the text (items of
    /// lists, and fields of objects as they were inserted) takes one for each number.
    pub(in crate::graph) fn within(&self, value: Pos) -> Literals<'_> {
        Literals { numbers: self, next: self.literals.partition_point(|literal| literal.place < value) }
    }
}

/// Consecutive literals.
#[derive(Clone)]
pub(in crate::graph) struct Literals<'n> {
    numbers: &'n Numbers,
    next: usize,
}

impl<'n> Iterator for Literals<'n> {
    type Item = &'n str;

    fn next(&mut self) -> Option<&'n str> {
        let literals = &self.numbers.literals;
        let end = literals.get(self.next)?.end;
        let from =
            self.next.checked_sub(1).and_then(|before| literals.get(before)).map_or(0, |before| before.end);
        self.next += 1;
        self.numbers.texts.get(from..end)
    }
}
