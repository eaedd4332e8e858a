//! Generates the code that passes the tables to a visitor.

use std::fmt::{Error, Write as _};

use crate::read::{Column, Relation, Table, Value};

/// The schema or schemas of a table.
pub(crate) enum Place {
    /// The table exists in one schema.
    Schema(String),
    /// The table exists in each schema that the function `schemas` of this module returns.
    Each(String),
}

/// A table, with the path of its module within the crate, and its schemas.
pub(crate) struct Described {
    pub(crate) table: Table,
    pub(crate) path: String,
    pub(crate) place: Place,
}

/// Returns the groups of columns that share a `unique_key`.
fn unique_keys(columns: &[Column]) -> Vec<Vec<&str>> {
    let mut keys: Vec<(&str, Vec<&str>)> = Vec::new();
    for column in columns {
        let Some(key) = column.unique_key.as_deref() else { continue };
        match keys.iter_mut().find(|(name, _)| *name == key) {
            Some((_, columns)) => columns.push(&column.name),
            None => keys.push((key, vec![&column.name])),
        }
    }
    keys.into_iter().map(|(_, columns)| columns).collect()
}

/// Returns the function `visit`, and a static `Source` for each table.
pub(crate) fn module(tables: &[Described]) -> Result<String, Error> {
    let mut out = String::from(
        "/// Hands each table of the system to a visitor, in alphabetical order of the files.\n\
         pub fn visit(visitor: &mut impl entity::Visitor) {\n",
    );
    for Described { table, path, place } in tables {
        let (name, source) = (&table.name, source_name(path));
        match place {
            Place::Schema(schema) => writeln!(
                out,
                "    visitor.visit({path}::Entity, entity::TableName::new({schema:?}, {name:?}), &{source});"
            )?,
            Place::Each(module) => writeln!(
                out,
                "    for schema in {module}::schemas() {{\n        \
                 visitor.visit({path}::Entity, schema.table({name:?}), &{source});\n    }}"
            )?,
        }
    }
    writeln!(out, "}}")?;
    for Described { table, path, .. } in tables {
        write_source(&mut out, table, path)?;
    }
    Ok(out)
}

/// Converts a path to the name of a static: `a_schema::a_table` → `A_SCHEMA_A_TABLE`.
fn source_name(path: &str) -> String {
    path.replace("::", "_").to_uppercase()
}

fn write_source(out: &mut String, table: &Table, path: &str) -> Result<(), Error> {
    let upper = source_name(path);
    for (index, item) in table.enums.iter().enumerate() {
        write!(
            out,
            "static {upper}_ENUM_{index}: entity::EnumSource = entity::EnumSource {{ name: {:?}, doc: {:?}, values: &[",
            item.name, item.doc
        )?;
        for value in &item.values {
            let Value { name, text, doc } = value;
            write!(out, "entity::ValueSource {{ name: {name:?}, value: {text:?}, doc: {doc:?} }}, ")?;
        }
        writeln!(out, "] }};")?;
    }
    write!(out, "static {upper}: entity::Source = entity::Source {{ doc: {:?}, columns: &[", table.doc)?;
    for Column { name, doc, values, .. } in &table.columns {
        let values = values.map_or("None".to_owned(), |index| format!("Some(&{upper}_ENUM_{index})"));
        write!(out, "entity::ColumnSource {{ name: {name:?}, doc: {doc:?}, values: {values} }}, ")?;
    }
    write!(out, "], unique_keys: &[")?;
    for key in unique_keys(&table.columns) {
        write!(out, "&{key:?}, ")?;
    }
    write!(out, "], relations: &[")?;
    for Relation { name, variant, many, doc } in &table.relations {
        write!(
            out,
            "entity::RelationSource {{ name: {name:?}, relation: {variant:?}, many: {many}, doc: {doc:?} }}, "
        )?;
    }
    let writes = if table.writes { format!("{path}::WRITES") } else { "entity::Writes::NONE".to_owned() };
    writeln!(out, "], writes: {writes} }};")
}
