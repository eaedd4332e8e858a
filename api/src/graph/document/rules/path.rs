//! Names a value within an argument in errors.

/// A step from a value to one within it.
#[derive(Clone, Copy)]
pub(super) enum Part<'v> {
    Field(&'v str),
    Item(usize),
}

/// Returns the name of an argument, with that of its directive: `@skip.if`.
pub(super) fn argument(directive: Option<&str>, name: &str) -> String {
    directive.map_or_else(|| name.to_owned(), |directive| format!("@{directive}.{name}"))
}

/// Returns the dotted path of a value within an argument: `filter.or.0`.
pub(super) fn dotted(argument: &str, path: &[Part<'_>]) -> String {
    path.iter().fold(argument.to_owned(), |dotted, part| match part {
        Part::Field(name) => dotted + "." + name,
        Part::Item(at) => dotted + "." + &at.to_string(),
    })
}
