//! Translates an operation to one statement of plain SQL that returns its answer as JSON: simple, slow, and derived from the
//! operation alone. Fields of a row are subqueries of that row, a page is a range of row numbers, and relations are counted.

mod aggregates;
mod bucket;
mod filter;
mod groups;
mod lists;
mod order;
mod rows;
mod selection;
mod series;
mod values;

use std::cell::Cell;

use praxis::graph::Limits;
use praxis::graph::catalog::{Catalog, Function, Table};
use serde_json::{Map, Value};

use crate::random::{Field, Operation, Pool, Schema};

use self::rows::{Set, global_id};
use self::selection::collect;
use self::values::{literal, object, quote};

/// SQL, or the reason why the operation has none.
type Sql = Result<String, String>;

/// Translates operations to plain SQL.
pub(super) struct Oracle<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) schema: &'a Schema,
    pub(super) pool: &'a Pool,
    /// The default size of a page.
    pub(super) default_page: u64,
    /// A cursor of the list or groups of the operation, and the number of rows or groups up to it.
    pub(super) turned: Option<(&'a str, u64)>,
    aliases: Cell<usize>,
}

impl<'a> Oracle<'a> {
    pub(super) fn new(
        catalog: &'a Catalog,
        schema: &'a Schema,
        pool: &'a Pool,
        turned: Option<(&'a str, u64)>,
    ) -> Self {
        let default_page = Limits::default().default_page;
        Self { catalog, schema, pool, default_page, turned, aliases: Cell::new(0) }
    }

    /// Returns a statement of one row with one column: the answer's data as JSON text.
    pub(super) fn statement(&self, operation: &Operation) -> Sql {
        Ok(format!("SELECT ({})::text", self.root(&operation.fields, "Query", None)?))
    }

    /// Returns a name that is unique in the statement.
    fn alias(&self) -> String {
        self.aliases.set(self.aliases.get() + 1);
        format!("t{}", self.aliases.get())
    }

    /// Returns the number of rows or groups before a page.
    fn skipped(&self, given: &Map<String, Value>) -> u64 {
        let after = given.get("after").and_then(Value::as_str);
        self.turned.filter(|(cursor, _)| after == Some(*cursor)).map_or(0, |(_, count)| count)
    }

    fn root(&self, fields: &[Field], ty: &str, system: Option<usize>) -> Sql {
        let mut members = Vec::new();
        for field in collect(fields, &[ty]) {
            members.push((field.key().to_owned(), self.root_field(&field, ty, system)?));
        }
        Ok(object(&members))
    }

    fn root_field(&self, field: &Field, ty: &str, system: Option<usize>) -> Sql {
        let name = field.name.as_str();
        let systems = self.catalog.systems();
        let arguments = arguments(field);
        if name == "__typename" {
            return Ok(quote(ty));
        }
        if system.is_none() {
            if let Some(at) = systems.iter().position(|system| system.field.as_deref() == Some(name)) {
                let ty = &self.schema.field(ty, name).ok_or("no such field")?.ty.name;
                return self.root(&field.fields, ty, Some(at));
            }
            if name == "node" {
                return self.node(&arguments["id"], &field.fields);
            }
            if name == "nodes" {
                let ids = arguments["ids"].as_array().cloned().unwrap_or_default();
                let rows = ids.iter().map(|id| self.node(id, &field.fields));
                let rows = rows.collect::<Result<Vec<_>, String>>()?.join(", ");
                return Ok(format!("jsonb_build_array({rows})"));
            }
        }
        let is_here = |table: &&Table| match system {
            Some(at) => table.system == at,
            None => systems[table.system].field.is_none(),
        };
        for table in self.catalog.tables().iter().filter(is_here) {
            let all = || Ok::<_, String>(Set::all(table, self.source(table, &arguments)?));
            let is_single = self.catalog.function_of(table).is_some_and(Function::is_single);
            if name == table.list_field && is_single {
                let t = self.alias();
                return Ok(format!(
                    "(SELECT {} FROM {} {t})",
                    self.row(table, &t, &field.fields)?,
                    all()?.source
                ));
            }
            if name == table.list_field {
                return self.connection(&all()?, &arguments, &field.fields);
            }
            if name == table.groups_field {
                return self.groups(&all()?, &arguments, &field.fields);
            }
            if name == table.series_field {
                return self.series(&all()?, &arguments, &field.fields);
            }
            if name == table.single_field {
                return self.by_key(table, &arguments, &field.fields);
            }
        }
        Err(format!("the judge does not know the field {name} of {ty}"))
    }

    /// Returns the relation that holds the rows of a table.
    fn source(&self, table: &Table, given: &Map<String, Value>) -> Sql {
        let Some(function) = self.catalog.function_of(table) else { return Ok(table.sql_name.clone()) };
        let mut arguments = Vec::new();
        for argument in &function.arguments {
            let Some(value) = given.get(&argument.field).filter(|value| !value.is_null()) else { continue };
            let praxis::graph::catalog::ArgumentType::Value(ty) = &argument.ty else {
                return Err(format!("the judge does not know what {} is", argument.field));
            };
            arguments.push(format!("{} => {}", argument.sql_name, literal(value, ty)?));
        }
        Ok(format!("{}({})", function.sql_name, arguments.join(", ")))
    }

    fn by_key(&self, table: &Table, arguments: &Map<String, Value>, fields: &[Field]) -> Sql {
        let t = self.alias();
        let mut conditions = Vec::new();
        for (name, value) in arguments {
            let column = table.columns.iter().find(|column| column.field == *name).ok_or("no such key")?;
            conditions.push(format!("{t}.{} = {}", column.sql_name, literal(value, &column.ty)?));
        }
        let row = self.row(table, &t, fields)?;
        Ok(format!("(SELECT {row} FROM {} {t} WHERE {})", table.sql_name, conditions.join(" AND ")))
    }

    /// Returns the row with a global id, which is in the pool.
    fn node(&self, id: &Value, fields: &[Field]) -> Sql {
        let id = id.as_str().ok_or("no id")?;
        let Some(table) = self.pool.type_of(id).and_then(|ty| self.catalog.table_of_type(ty)) else {
            return Err(format!("the judge does not know whose id {id} is"));
        };
        let t = self.alias();
        let row = self.row(table, &t, fields)?;
        let is_it = format!("{} = to_jsonb({}::text)", global_id(table, &t), quote(id));
        Ok(format!("(SELECT {row} FROM {} {t} WHERE {is_it})", table.sql_name))
    }
}

/// Returns the arguments of a field as JSON.
fn arguments(field: &Field) -> Map<String, Value> {
    field.arguments.iter().map(|(name, value)| (name.clone(), value.value())).collect()
}

/// Returns a number from an argument.
fn number(arguments: &Map<String, Value>, name: &str) -> Option<u64> {
    arguments.get(name).and_then(Value::as_u64)
}
