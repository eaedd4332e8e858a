//! How errors name a value within an argument.

/// A step from a value to one within it.
#[derive(Clone, Copy)]
pub(super) enum Part<'v> {
    Field(&'v str),
    Item(usize),
}

/// An argument, of a directive with the directive's name: `@skip.if`.
pub(super) fn argument(directive: Option<&str>, name: &str) -> String {
    directive.map_or_else(|| name.to_owned(), |directive| format!("@{directive}.{name}"))
}

/// A value within an argument, as a dotted path: `filter.or.0`.
pub(super) fn dotted(argument: &str, path: &[Part<'_>]) -> String {
    path.iter().fold(argument.to_owned(), |dotted, part| match part {
        Part::Field(name) => dotted + "." + name,
        Part::Item(at) => dotted + "." + &at.to_string(),
    })
}
