//! Pieces that SQL is made of.
//!
//! SQL is made in this folder and nowhere else: of literals of its source, names of the catalog, numbers, and places of
//! parameters. Text that comes with a request is none of these, and so it does not compile as SQL.

use std::fmt;

use tokio_postgres::types::Type;

use crate::graph::catalog::{Column, Function, quote};

/// A piece of SQL.
pub(super) trait Piece {
    /// Writes the piece.
    fn write<W: fmt::Write>(&self, out: &mut W) -> fmt::Result;
}

/// A literal of the source.
impl Piece for &'static str {
    fn write<W: fmt::Write>(&self, out: &mut W) -> fmt::Result {
        out.write_str(self)
    }
}

/// SQL that was made of other pieces, and may be part of a statement more than once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Snippet(String);

impl Snippet {
    /// Makes a fragment of a piece.
    pub(super) fn of(piece: impl Piece) -> Self {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = piece.write(&mut text);
        Self(text)
    }

    /// Quotes a name of the database.
    pub(super) fn identifier(name: &str) -> Self {
        Self(quote(name))
    }

    /// Quotes a text as a value that the database compares with, known to be one of the catalog's words.
    pub(super) fn word(word: &str) -> Self {
        Self(format!("'{}'::text", word.replace('\'', "''")))
    }

    /// Joins fragments with a separator between them.
    pub(super) fn join(snippets: &[Self], separator: &'static str) -> Self {
        let texts: Vec<&str> = snippets.iter().map(|snippet| snippet.0.as_str()).collect();
        Self(texts.join(separator))
    }

    /// Takes what a statement has beyond its first bytes.
    pub(super) fn split_off(statement: &mut String, start: usize) -> Self {
        Self(statement.split_off(start))
    }

    /// Returns whether there is nothing of it.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Piece for Snippet {
    fn write<W: fmt::Write>(&self, out: &mut W) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl<P: Piece> Piece for &P {
    fn write<W: fmt::Write>(&self, out: &mut W) -> fmt::Result {
        (*self).write(out)
    }
}

/// A column, by its quoted name.
impl Piece for Column {
    fn write<W: fmt::Write>(&self, out: &mut W) -> fmt::Result {
        out.write_str(&self.sql_name)
    }
}

/// A function of the database, by its quoted name with its schema.
impl Piece for Function {
    fn write<W: fmt::Write>(&self, out: &mut W) -> fmt::Result {
        out.write_str(&self.sql_name)
    }
}

/// A type as casts write it.
impl Piece for Type {
    fn write<W: fmt::Write>(&self, out: &mut W) -> fmt::Result {
        match *self {
            Self::INT8_ARRAY => out.write_str("bigint[]"),
            // An array's internal name begins with an underscore: `_uuid`.
            ref ty => match ty.name().strip_prefix('_') {
                Some(element) => write!(out, "{element}[]"),
                None => out.write_str(ty.name()),
            },
        }
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Piece for $number {
            fn write<W: fmt::Write>(&self, out: &mut W) -> fmt::Result {
                write!(out, "{self}")
            }
        }
    )*};
}
numbers!(u64, usize);

/// A template whose places are filled, as [`text!`] makes it.
pub(super) struct Template<'a>(fmt::Arguments<'a>);

impl<'a> Template<'a> {
    /// Takes what [`text!`] has checked. Nothing else calls it.
    pub(super) fn checked(arguments: fmt::Arguments<'a>) -> Self {
        Self(arguments)
    }
}

impl Piece for Template<'_> {
    fn write<W: fmt::Write>(&self, out: &mut W) -> fmt::Result {
        out.write_fmt(self.0)
    }
}

/// A piece that fills a place of a template.
pub(super) struct Filled<'p, P>(pub(super) &'p P);

impl<P: Piece> fmt::Display for Filled<'_, P> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write(formatter)
    }
}

/// Fills the places of a literal template with pieces, which are listed behind it: `text!("{alias}.{column}", alias, column)`.
///
/// `concat!` keeps the template from taking variables that are not listed, whose text nobody has checked.
macro_rules! text {
    (@filled $name:ident) => { $crate::graph::sql::snippet::Filled(&$name) };
    (@filled $name:ident = $value:expr) => { $crate::graph::sql::snippet::Filled(&$value) };
    ($template:literal $(, $name:ident $(= $value:expr)?)* $(,)?) => {
        $crate::graph::sql::snippet::Template::checked(format_args!(
            concat!($template),
            $($name = $crate::graph::sql::snippet::text!(@filled $name $(= $value)?)),*
        ))
    };
}

/// Makes a [`Snippet`] of a template: see [`text!`].
macro_rules! snippet {
    ($($template:tt)*) => { $crate::graph::sql::snippet::Snippet::of($crate::graph::sql::snippet::text!($($template)*)) };
}

pub(super) use {snippet, text};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources;

    #[test]
    fn a_template_is_filled_with_names_numbers_and_snippets() {
        let name = Snippet::identifier("a \"b\"");
        let number = 7_u64;
        let filled = snippet!("{alias}.{name} = {number} OR {name} IS NULL", alias = "t", name, number);
        assert_eq!(filled.0, "t.\"a \"\"b\"\"\" = 7 OR \"a \"\"b\"\"\" IS NULL");
        assert_eq!(Snippet::word("it's").0, "'it''s'::text");
    }

    /// A template is checked by [`text!`] alone: it lists what fills its places.
    #[test]
    fn nobody_makes_sql_past_the_macros() {
        let files = sources::below("graph");
        for file in files.iter().filter(|file| file.path != "graph/sql/snippet.rs") {
            for forbidden in ["Template::checked", "Snippet::split_off", "Piece for ", "snippet::Filled"] {
                let is_allowed = forbidden == "Snippet::split_off" && file.path == "graph/sql/builder.rs";
                assert!(is_allowed || !file.text.contains(forbidden), "{forbidden} in {}", file.path);
            }
        }
        let own = files.iter().find(|file| file.path == "graph/sql/snippet.rs").unwrap();
        for name in ["fn checked(", "fn split_off(", "struct Template", "struct Snippet", "struct Filled"] {
            assert!(own.code().contains(name), "{name} has another name now");
        }
        assert!(files.len() > 100, "{} files", files.len());
    }
}
