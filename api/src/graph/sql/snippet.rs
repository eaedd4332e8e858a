//! The pieces of SQL.
//!
//! Only this folder makes SQL: from literals of its source, names of the catalog, numbers, and places of parameters. Text of a request
//! is none of these, and so does not compile as SQL.

use std::fmt;

use tokio_postgres::types::Type;

use crate::graph::catalog::{Column, Function, quote};

/// A piece of SQL, which can be appended to a statement.
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

/// SQL that was made from other pieces. A statement may contain it more than once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Snippet(String);

impl Snippet {
    /// Returns a snippet with one piece.
    pub(super) fn of(piece: impl Piece) -> Self {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = piece.write(&mut text);
        Self(text)
    }

    /// Returns a name of the database, quoted.
    pub(super) fn identifier(name: &str) -> Self {
        Self(quote(name))
    }

    /// Returns a value of an enum of the catalog as a quoted text.
    pub(super) fn word(word: &str) -> Self {
        Self(format!("'{}'::text", word.replace('\'', "''")))
    }

    /// Returns snippets with a separator between them.
    pub(super) fn join(snippets: &[Self], separator: &'static str) -> Self {
        let texts: Vec<&str> = snippets.iter().map(|snippet| snippet.0.as_str()).collect();
        Self(texts.join(separator))
    }

    /// Removes the text of a statement from the byte `start` on, and returns it.
    pub(super) fn split_off(statement: &mut String, start: usize) -> Self {
        Self(statement.split_off(start))
    }

    /// Returns true if the snippet has no text.
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

/// A template with its places filled, made by [`text!`].
pub(super) struct Template<'a>(fmt::Arguments<'a>);

impl<'a> Template<'a> {
    /// Returns the template that [`text!`] has checked. Nothing else calls this function.
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

/// Fills the places of a literal template with pieces, which are listed after it: `text!("{alias}.{column}", alias, column)`.
///
/// `concat!` keeps the template from using variables that are not listed, and so are not checked to be pieces.
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

    /// Only [`text!`] checks templates, so nothing else may make one.
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
