//! Reads the functions of the database that are served besides the tables.

use heck::{ToLowerCamelCase as _, ToUpperCamelCase as _};

use super::build::{CatalogError, Draft, System};
use super::names::{singular, uncapitalise};
use super::{Bounds, ColumnType, Scalar, TableId, quote};

/// The index of a function in [`super::Catalog::functions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FunctionId(pub usize);

/// A function of the database that the schema serves.
#[derive(Debug)]
pub struct Function {
    /// The index in the catalog.
    pub id: FunctionId,
    /// The index of its system in [`super::Catalog::systems`].
    pub system: usize,
    /// The schema in the database.
    pub schema: String,
    /// The name in the database.
    pub name: String,
    /// The quoted name with its schema, for SQL.
    pub sql_name: String,
    /// The name of the GraphQL field.
    pub field: String,
    /// The description of the field.
    pub doc: String,
    /// The arguments.
    pub arguments: Vec<Argument>,
    /// The kind of result.
    pub returns: Returns,
}

/// An argument of a function, or a field of the objects that an argument holds.
#[derive(Debug)]
pub struct Argument {
    /// The name in the database.
    pub name: String,
    /// The quoted name, for SQL: `name => value`.
    pub sql_name: String,
    /// The name of the GraphQL argument.
    pub field: String,
    /// The description of the argument.
    pub doc: String,
    /// The type.
    pub ty: ArgumentType,
    /// True if callers must pass the argument, and not null. An optional argument has a default in the database.
    pub required: bool,
    /// The bounds of the numbers that the argument accepts.
    pub bounds: Bounds,
}

/// The type of an argument.
#[derive(Debug)]
pub enum ArgumentType {
    /// The argument is a value, or a list of values.
    Value(ColumnType),
    /// The argument is a list of objects. The function takes one array for each of their fields, under the field's name; all arrays
    /// have the same length.
    Objects {
        /// The name of the GraphQL input type.
        name: String,
        /// The fields, none of which are objects.
        fields: Vec<Argument>,
    },
}

/// The kind of result of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returns {
    /// The function only reads, and returns rows.
    Rows(TableId),
    /// The function only reads, and returns at most one row.
    Row(TableId),
    /// The function writes, and returns the row that it wrote.
    Written(TableId),
    /// The function writes, and returns the rows that it wrote.
    AllWritten(TableId),
}

impl Function {
    /// Returns the table that describes the rows of the result.
    pub fn table(&self) -> TableId {
        match self.returns {
            Returns::Rows(table)
            | Returns::Row(table)
            | Returns::Written(table)
            | Returns::AllWritten(table) => table,
        }
    }

    /// Returns the argument that names the row to change: the only required value.
    pub fn key(&self) -> Option<&Argument> {
        let is_value = |it: &&Argument| it.required && matches!(it.ty, ArgumentType::Value(_));
        let mut required = self.arguments.iter().filter(is_value);
        required.next().filter(|_| required.next().is_none())
    }

    /// Returns true if the result is at most one row.
    pub fn is_single(&self) -> bool {
        matches!(self.returns, Returns::Row(_) | Returns::Written(_))
    }

    /// Returns true if the function writes.
    pub fn writes(&self) -> bool {
        matches!(self.returns, Returns::Written(_) | Returns::AllWritten(_))
    }
}

/// The arguments that every list has: a function may not use their names.
const LIST_ARGUMENTS: [&str; 14] = [
    "first", "after", "last", "before", "offset", "filter", "orderBy", "groupBy", "having", "time", "bucket",
    "from", "to", "fill",
];

/// Reads the functions of the systems, and makes the entities that describe their rows into tables with arguments.
pub(super) fn read(systems: &[System], drafts: &mut [Draft]) -> Result<Vec<Function>, CatalogError> {
    let mut functions = Vec::new();
    for (index, system) in systems.iter().enumerate() {
        for source in system.functions {
            let id = FunctionId(functions.len());
            let refuse = |reason: String| CatalogError::Function { function: source.name.to_owned(), reason };
            let function = read_function(id, index, system, source, drafts).map_err(refuse)?;
            if !function.writes() {
                serve_as_table(&function, &mut drafts[function.table().0]).map_err(refuse)?;
            }
            functions.push(function);
        }
    }
    let written = |function: &&Function| function.writes();
    match functions.iter().filter(written).find(|it| drafts[it.table().0].table.function.is_some()) {
        Some(function) => Err(CatalogError::Function {
            function: function.name.clone(),
            reason: "it writes a table that is a function's rows".to_owned(),
        }),
        None => Ok(functions),
    }
}

fn read_function(
    id: FunctionId,
    system: usize,
    declared: &System,
    source: &entity::Function,
    drafts: &[Draft],
) -> Result<Function, String> {
    let table = |name: entity::TableName| {
        let named = |draft: &&Draft| {
            let table = &draft.table;
            table.system == system && (&*table.schema, &*table.name) == (name.schema, name.name)
        };
        let draft = drafts.iter().find(named).ok_or_else(|| format!("no entity for its rows, {name}"))?;
        Ok::<_, String>(draft.table.id)
    };
    let returns = match source.returns {
        entity::Returns::Rows(name) => Returns::Rows(table(name)?),
        entity::Returns::Row(name) => Returns::Row(table(name)?),
        entity::Returns::Written(name) => Returns::Written(table(name)?),
        entity::Returns::AllWritten(name) => Returns::AllWritten(table(name)?),
    };
    let found = declared.schemas.iter().find(|schema| schema.name == source.schema);
    let schema = found.ok_or_else(|| format!("its system has no schema {}", source.schema))?;
    // In the system's own field its prefix is left out.
    let own_name = format!("{}{}", schema.prefix, source.name.to_upper_camel_case());
    let type_prefix = format!("{}{own_name}", declared.prefix);
    Ok(Function {
        id,
        system,
        schema: source.schema.to_owned(),
        name: source.name.to_owned(),
        sql_name: format!("{}.{}", quote(source.schema), quote(source.name)),
        field: match returns {
            // `Mutation` is flat, so the names carry the prefixes.
            Returns::Written(_) | Returns::AllWritten(_) => uncapitalise(&type_prefix),
            Returns::Rows(_) | Returns::Row(_) => uncapitalise(&own_name),
        },
        doc: source.doc.to_owned(),
        arguments: read_arguments(source.arguments, &type_prefix)?,
        returns,
    })
}

fn read_arguments(source: &[entity::Argument], type_prefix: &str) -> Result<Vec<Argument>, String> {
    let read = |argument: &entity::Argument| {
        Ok(Argument {
            name: argument.name.to_owned(),
            sql_name: quote(argument.name),
            field: argument.name.to_lower_camel_case(),
            doc: argument.doc.to_owned(),
            ty: read_type(argument, type_prefix)?,
            required: argument.required,
            bounds: Bounds {
                whole: None,
                scale: match argument.ty {
                    entity::ArgumentType::Numeric(scale) => Some(scale),
                    _ => None,
                },
                least: argument.least,
            },
        })
    };
    let arguments = source.iter().map(read).collect::<Result<Vec<_>, String>>()?;
    for (at, argument) in arguments.iter().enumerate() {
        if arguments[..at].iter().any(|other| other.field == argument.field) {
            return Err(format!("the argument {} is there twice", argument.field));
        }
    }
    Ok(arguments)
}

fn read_type(argument: &entity::Argument, type_prefix: &str) -> Result<ArgumentType, String> {
    use entity::ArgumentType as Source;
    let scalar = |scalar: Scalar| ArgumentType::Value(ColumnType::Scalar(scalar));
    let list = |element: Scalar| ArgumentType::Value(ColumnType::List(element));
    Ok(match argument.ty {
        Source::Boolean => scalar(Scalar::Boolean),
        Source::Int => scalar(Scalar::Int),
        Source::BigInt => scalar(Scalar::BigInt),
        Source::Numeric(_) => scalar(Scalar::Numeric),
        Source::Text => scalar(Scalar::Text),
        Source::Uuid => scalar(Scalar::Uuid),
        Source::Date => scalar(Scalar::Date),
        Source::DateTime => scalar(Scalar::DateTime),
        Source::TextList => list(Scalar::Text),
        Source::BigIntList => list(Scalar::BigInt),
        Source::Objects(fields) => {
            let name = format!("{type_prefix}{}Input", singular(argument.name).to_upper_camel_case());
            let fields = read_arguments(fields, &name)?;
            let is_value = |field: &Argument| {
                matches!(field.ty, ArgumentType::Value(ColumnType::Scalar(_) | ColumnType::Enum(_)))
            };
            // A list within an object would need an array of arrays, which must all have the same length in Postgres.
            if !fields.iter().all(is_value) {
                return Err(format!("objects in {} hold more than single values", argument.name));
            }
            ArgumentType::Objects { name, fields }
        }
    })
}

/// Turns the table of an entity into the rows of a function, which are found by its arguments alone.
fn serve_as_table(function: &Function, draft: &mut Draft) -> Result<(), String> {
    let table = &mut draft.table;
    if table.function.is_some() {
        return Err(format!("{} describes the rows of two functions", table.full_name()));
    }
    if table.primary_key.is_empty() {
        return Err(format!("{} has no key to decide ties of an order", table.full_name()));
    }
    let taken = |argument: &&Argument| LIST_ARGUMENTS.contains(&argument.field.as_str());
    if let Some(argument) = function.arguments.iter().find(taken) {
        return Err(format!("every list has an argument {} of its own", argument.field));
    }
    table.function = Some(function.id);
    table.sql_name = format!("{}()", function.sql_name);
    table.single_field.clone_from(&function.field);
    table.list_field.clone_from(&function.field);
    table.groups_field = format!("{}Groups", function.field);
    table.series_field = format!("{}Series", function.field);
    table.keys.clear();
    Ok(())
}
