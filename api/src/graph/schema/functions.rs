//! Functions: their arguments.

use super::sdl::{Sdl, quoted};
use crate::graph::catalog::{Argument, ArgumentType, Catalog, Function, Table};

/// The arguments of the function that gives a table's rows.
pub(super) fn arguments_of(catalog: &Catalog, table: &Table) -> String {
    catalog.function_of(table).map(|function| arguments(&function.arguments)).unwrap_or_default()
}

/// Arguments, one below the other, to stand within parentheses.
pub(super) fn arguments(arguments: &[Argument]) -> String {
    arguments.iter().map(argument).collect()
}

/// The types of objects that a function takes.
pub(super) fn inputs(sdl: &mut Sdl, function: &Function) {
    for argument in &function.arguments {
        let ArgumentType::Objects { name, fields } = &argument.ty else { continue };
        sdl.open(&format!("One of `{}` of `{}`.", argument.field, function.field), &format!("input {name}"));
        for field in fields {
            let ArgumentType::Value(ty) = &field.ty else { continue };
            let mark = if field.required { "!" } else { "" };
            sdl.field(&doc(field), &format!("{}: {}{mark}", field.field, ty.graphql_name()));
        }
        sdl.close();
    }
}

fn argument(argument: &Argument) -> String {
    let ty = match &argument.ty {
        ArgumentType::Value(ty) => ty.graphql_name(),
        ArgumentType::Objects { name, .. } => format!("[{name}!]"),
    };
    let mark = if argument.required { "!" } else { "" };
    format!("\n    {}\n    {}: {ty}{mark}", quoted(&doc(argument)), argument.field)
}

/// What an argument is for, and which numbers it takes.
fn doc(argument: &Argument) -> String {
    match argument.bounds.least {
        Some(least) => format!("{} At least {least}.", argument.doc),
        None => argument.doc.clone(),
    }
}
