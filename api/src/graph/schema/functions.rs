//! Functions: their arguments.

use super::sdl::quoted;
use crate::graph::catalog::{Argument, ArgumentType, Catalog, Table};

/// The arguments of the function that gives a table's rows.
pub(super) fn arguments_of(catalog: &Catalog, table: &Table) -> String {
    catalog.function_of(table).map(|function| arguments(&function.arguments)).unwrap_or_default()
}

/// Arguments, one below the other, to stand within parentheses.
pub(super) fn arguments(arguments: &[Argument]) -> String {
    arguments.iter().map(argument).collect()
}

fn argument(argument: &Argument) -> String {
    let ty = match &argument.ty {
        ArgumentType::Value(ty) => ty.graphql_name(),
        ArgumentType::Objects { name, .. } => format!("[{name}!]"),
    };
    let mark = if argument.required { "!" } else { "" };
    format!("\n    {}\n    {}: {ty}{mark}", quoted(&argument.doc), argument.field)
}
