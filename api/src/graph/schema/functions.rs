//! Makes the arguments of functions, and the inputs that they take.

use async_graphql::dynamic::{InputValue, TypeRef};

use super::types::{Part, Types, given, input, required_if};
use crate::graph::catalog::{Argument, ArgumentType, Catalog, Function, Table};

/// Returns the arguments of the function that returns a table's rows; none for a table without a function.
pub(super) fn arguments_of(catalog: &Catalog, table: &Table) -> Vec<Part<InputValue>> {
    catalog.function_of(table).map(|function| arguments(&function.arguments)).unwrap_or_default()
}

pub(super) fn arguments(arguments: &[Argument]) -> Vec<Part<InputValue>> {
    arguments.iter().map(argument).collect()
}

/// Makes the input types of the objects that a function takes.
pub(super) fn inputs(types: &mut Types, function: &Function) {
    for argument in &function.arguments {
        if let ArgumentType::Objects { name, fields } = &argument.ty {
            let doc = format!("Holds one of the `{}` of `{}`.", argument.field, function.field);
            types.input(name, &doc, arguments(fields));
        }
    }
}

fn argument(argument: &Argument) -> Part<InputValue> {
    let ty = match &argument.ty {
        ArgumentType::Value(ty) => given(ty),
        ArgumentType::Objects { name, .. } => TypeRef::named_nn_list(name),
    };
    input(&argument.field, required_if(argument.required, ty), &doc(argument))
}

/// Returns the description of an argument, with the range of its numbers.
fn doc(argument: &Argument) -> String {
    match argument.bounds.least {
        Some(least) => format!("{} At least {least}.", argument.doc),
        None => argument.doc.clone(),
    }
}
