//! Functions of the made-up tools: those of several schemas share a name, as their tables do.

use entity::{Argument, ArgumentType, Function, Returns, TableName, required};

/// The functions of the first two tools.
pub const FUNCTIONS: &[Function] =
    &[submit("made_up_00"), entries("made_up_00"), submit("made_up_01"), entries("made_up_01")];

const ENTRY: &[Argument] = &[required("entry", ArgumentType::BigInt, "Key of the entry.")];
const COMPANY: &[Argument] = &[required("company", ArgumentType::BigInt, "Key of the company.")];

const fn submit(schema: &'static str) -> Function {
    Function {
        schema,
        name: "submit",
        doc: "Hands in an entry of the caller's.",
        arguments: ENTRY,
        returns: Returns::Written(TableName::new(schema, "tool_data")),
    }
}

const fn entries(schema: &'static str) -> Function {
    Function {
        schema,
        name: "entries_of_company",
        doc: "The caller's entries of a company.",
        arguments: COMPANY,
        returns: Returns::Rows(TableName::new(schema, "company_entries")),
    }
}
