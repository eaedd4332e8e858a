//! The catalog: the shapes of all tables, read once from the entities.
//!
//! Only this module of the engine uses sea-orm. The rest of `graph` reads the catalog and never names a table.

mod build;
mod columns;
mod functions;
pub mod names;
mod relations;
mod scopes;
mod subscriptions;
mod types;
mod writes;

use std::collections::{BTreeSet, HashMap};

pub use build::{CatalogError, System};
pub use functions::{Argument, ArgumentType, Function, FunctionId, Returns};
pub use scopes::{CallerKeys, Policies, Scope, Strip};
pub use subscriptions::{ChangeOperation, DeclaredSubscription, SubscriptionKind, TableSubscription};
pub use types::{Bounds, ColumnType, EnumType, EnumValue, Scalar};
pub use writes::{MutationTarget, TableOperation, Writes};

/// The GraphQL scalar of a date or a moment, for tables that have columns of both kinds.
pub const DATE_OR_DATE_TIME: &str = "DateOrDateTime";

/// The index of a table in [`Catalog::tables`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableId(pub usize);

/// The index of a column in [`Table::columns`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ColumnId(pub usize);

/// The index of a relation in [`Table::relations`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RelationId(pub usize);

/// All tables of the chosen systems.
#[derive(Debug, Default)]
pub struct Catalog {
    tables: Vec<Table>,
    systems: Vec<Namespace>,
    functions: Vec<Function>,
    by_name: ByName,
    by_type_name: HashMap<String, TableId>,
    mutations: HashMap<String, MutationTarget>,
    subscriptions: Vec<TableSubscription>,
    scopes: scopes::Scopes,
}

/// The tables by schema and name.
#[derive(Debug, Default)]
struct ByName(HashMap<String, HashMap<String, TableId>>);

/// A system's place in `Query`: its fields belong to a field of their own, or to `Query` itself.
#[derive(Debug)]
pub struct Namespace {
    /// The system's name as in `--systems`.
    pub name: &'static str,
    /// The field of `Query` that holds the system's fields; `None` if they belong to `Query` itself.
    pub field: Option<String>,
    /// The description of that field.
    pub doc: &'static str,
}

/// A table or view, or the rows that a function returns.
#[derive(Debug)]
pub struct Table {
    /// The index in the catalog.
    pub id: TableId,
    /// The index of its system in [`Catalog::systems`].
    pub system: usize,
    /// The quoted name with its schema, for SQL; for a function, the call without arguments.
    pub sql_name: String,
    /// The name in the database, without the schema. Tables of several schemas may share it.
    pub name: String,
    /// The schema in the database.
    pub schema: String,
    /// The name in descriptions, with the schema if the system has several.
    pub display_name: String,
    /// The GraphQL type of a row: `SessionEvent`.
    pub type_name: String,
    /// The root field of one row: `sessionEvent`.
    pub single_field: String,
    /// The root field of a list: `sessionEvents`.
    pub list_field: String,
    /// The root field of series: `sessionEventsSeries`.
    pub series_field: String,
    /// The root field of a grouped list: `sessionEventsGroups`.
    pub groups_field: String,
    /// The description of the type.
    pub doc: String,
    /// The columns, in the entity's order.
    pub columns: Vec<Column>,
    /// The columns of the primary key.
    pub primary_key: Vec<ColumnId>,
    /// The unique keys by which a row can be looked up, the primary key first.
    pub keys: Vec<Vec<ColumnId>>,
    /// The relations to other tables: foreign keys of this table and to it.
    pub relations: Vec<Relation>,
    /// True if the table is a reference table: small, the same for every caller who may read it, and so cached in memory.
    pub is_reference: bool,
    /// The columns that callers may write.
    pub writes: Writes,
    /// The function that returns the rows; `None` if a table or view holds them.
    pub function: Option<FunctionId>,
    fields: HashMap<String, FieldId>,
}

/// The kind of a field of a table's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldId {
    /// The field is the global id.
    GlobalId,
    /// The field is a column.
    Column(ColumnId),
    /// The field is a related row, or a connection of related rows.
    Relation(RelationId),
    /// The field holds groups of related rows.
    Groups(RelationId),
    /// The field holds series of related rows.
    Series(RelationId),
}

/// A column of a table.
#[derive(Debug)]
pub struct Column {
    /// The name in the database.
    pub name: String,
    /// The quoted name, for SQL.
    pub sql_name: String,
    /// The name of the GraphQL field.
    pub field: String,
    /// The description of the field.
    pub doc: String,
    /// The type.
    pub ty: ColumnType,
    /// The bounds of the numbers that the column accepts.
    pub bounds: Bounds,
    /// True if the column may be NULL.
    pub nullable: bool,
    /// True if the database sets the column of a new row when the caller does not.
    pub has_default: bool,
}

/// A foreign key, seen from one of its two tables.
#[derive(Debug)]
pub struct Relation {
    /// The name of the GraphQL field.
    pub field: String,
    /// The description of the field.
    pub doc: String,
    /// The other table.
    pub target: TableId,
    /// The columns of this table, in the order of `remote`.
    pub local: Vec<ColumnId>,
    /// The columns of the other table.
    pub remote: Vec<ColumnId>,
    /// True if many rows of the other table belong to one row of this table.
    pub many: bool,
}

impl Column {
    /// Returns the name in enums of columns: `MEASURED_AT`.
    pub fn enum_name(&self) -> String {
        self.name.to_uppercase()
    }

    /// Returns the field of a group's key that holds a range of the column's numbers.
    pub fn range_field(&self) -> String {
        format!("{}Range", self.field)
    }

    /// Returns the name in the enum of the columns that can be the time of a series; `None` if the column holds no time.
    pub fn time_name(&self) -> Option<String> {
        self.ty.is_time().then(|| self.enum_name())
    }
}

impl Relation {
    /// Returns the GraphQL field that holds series of the related rows.
    pub fn series_field(&self) -> String {
        format!("{}Series", self.field)
    }

    /// Returns the GraphQL field that holds groups of the related rows.
    pub fn groups_field(&self) -> String {
        format!("{}Groups", self.field)
    }
}

impl Catalog {
    /// Returns all tables.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// Returns the chosen systems.
    pub fn systems(&self) -> &[Namespace] {
        &self.systems
    }

    /// Returns the functions that are served besides the tables.
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// Returns a function by its id.
    pub fn function(&self, id: FunctionId) -> &Function {
        &self.functions[id.0]
    }

    /// Returns the function that returns the rows of a table; `None` if a table or view holds them.
    pub fn function_of(&self, table: &Table) -> Option<&Function> {
        table.function.map(|id| self.function(id))
    }

    /// Returns the schemas of the database that hold the tables.
    pub fn schemas(&self) -> Vec<String> {
        let schemas: BTreeSet<&String> = self.tables.iter().map(|table| &table.schema).collect();
        schemas.into_iter().cloned().collect()
    }

    /// Returns a table by its id.
    pub fn table(&self, id: TableId) -> &Table {
        &self.tables[id.0]
    }

    /// Returns a table by its schema and name.
    pub fn table_named(&self, schema: &str, name: &str) -> Option<&Table> {
        self.by_name.get(schema, name).map(|id| self.table(id))
    }

    /// Returns a table by the name of its GraphQL type.
    pub fn table_of_type(&self, type_name: &str) -> Option<&Table> {
        self.by_type_name.get(type_name).map(|id| self.table(*id))
    }

    /// Returns the operation that a field of `Mutation` runs.
    pub fn mutation(&self, field: &str) -> Option<MutationTarget> {
        self.mutations.get(field).copied()
    }
}

impl ByName {
    /// Adds a table, and returns the table that had the name before.
    fn insert(&mut self, schema: &str, name: &str, table: TableId) -> Option<TableId> {
        self.0.entry(schema.to_owned()).or_default().insert(name.to_owned(), table)
    }

    fn get(&self, schema: &str, name: &str) -> Option<TableId> {
        self.0.get(schema)?.get(name).copied()
    }
}

impl Table {
    /// Returns the name with its schema: `public.sites`.
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }

    /// Returns a column by its id.
    pub fn column(&self, id: ColumnId) -> &Column {
        &self.columns[id.0]
    }

    /// Returns a relation by its id.
    pub fn relation(&self, id: RelationId) -> &Relation {
        &self.relations[id.0]
    }

    /// Returns true if a row has a global id.
    pub fn has_global_id(&self) -> bool {
        !self.primary_key.is_empty() && self.function.is_none()
    }

    /// Returns true if rows can be drawn as series along time.
    pub fn has_series(&self) -> bool {
        self.holds_records() && self.columns.iter().any(|column| column.time_name().is_some())
    }

    /// Returns true if rows can be drawn as points.
    pub fn has_points(&self) -> bool {
        self.holds_records() && self.measures().next().is_some()
    }

    /// Returns true if rows are records, neither entries of a reference table nor links between rows of other tables.
    fn holds_records(&self) -> bool {
        !self.is_reference && !self.is_link()
    }

    /// Returns true if a row only links rows of other tables: one of its keys consists of foreign keys, and its other columns are keys,
    /// times and states.
    fn is_link(&self) -> bool {
        let joins = |key: &Vec<ColumnId>| key.len() > 1 && key.iter().all(|id| self.is_reference_to_row(*id));
        let is_state = |ty: &ColumnType| {
            ty.is_time() || matches!(ty, ColumnType::Enum(_) | ColumnType::Scalar(Scalar::Boolean))
        };
        self.keys.iter().any(joins)
            && self.column_ids().all(|id| self.is_key(id) || is_state(&self.column(id).ty))
    }

    /// Returns the GraphQL scalar of the ends of a bucket, for any column that can be the time of a series.
    pub fn bucket_scalar(&self) -> &'static str {
        let mut times =
            self.columns.iter().filter(|column| column.ty.is_time()).map(|column| column.ty.scalar());
        let has_dates = times.clone().any(|scalar| scalar == Scalar::Date);
        match (has_dates, times.any(|scalar| scalar != Scalar::Date)) {
            (true, true) => DATE_OR_DATE_TIME,
            (true, false) => Scalar::Date.graphql_name(),
            (false, _) => Scalar::DateTime.graphql_name(),
        }
    }

    /// Returns the columns that can be the y-axis of a chart: numbers that are not keys.
    pub fn measures(&self) -> impl Iterator<Item = ColumnId> {
        self.column_ids().filter(|id| self.column(*id).ty.is_number() && !self.is_key(*id))
    }

    /// Returns the column whose ranges a field holds: `intensityLevelRange`.
    pub fn column_of_range(&self, field: &str) -> Option<ColumnId> {
        self.measures().find(|id| self.column(*id).range_field() == field)
    }

    /// Returns the columns that can be the x-axis of a chart: times, and numbers that are not keys.
    pub fn axes(&self) -> impl Iterator<Item = ColumnId> {
        let times = self.column_ids().filter(|id| self.column(*id).ty.is_time());
        times.chain(self.measures())
    }

    /// Returns true if a column identifies its row or another one, so that its size has no meaning. The suffix `_id` counts too: some
    /// columns identify a row without a foreign key.
    fn is_key(&self, id: ColumnId) -> bool {
        self.primary_key.contains(&id) || self.is_reference_to_row(id)
    }

    fn is_reference_to_row(&self, id: ColumnId) -> bool {
        let points = |relation: &Relation| !relation.many && relation.local.contains(&id);
        self.relations.iter().any(points) || self.column(id).name.ends_with("_id")
    }

    /// Returns true if a column is a key: counts of its values have a meaning, sums and comparisons have none.
    pub fn is_identifier(&self, id: ColumnId) -> bool {
        let ty = &self.column(id).ty;
        let is_text = matches!(ty, ColumnType::Scalar(Scalar::Text | Scalar::Uuid));
        self.is_key(id) && (ty.is_number() || is_text)
    }

    /// Returns the ids of all columns.
    pub fn column_ids(&self) -> impl Iterator<Item = ColumnId> + use<> {
        (0..self.columns.len()).map(ColumnId)
    }

    /// Returns the kind of a GraphQL field of the table's type.
    pub fn field(&self, name: &str) -> Option<FieldId> {
        self.fields.get(name).copied()
    }

    /// Returns the fields of each unique key: `medicationId, medicationName`; the columns of one key are joined by ` + `.
    pub fn key_names(&self) -> String {
        let key = |columns: &Vec<ColumnId>| {
            columns.iter().map(|column| self.column(*column).field.as_str()).collect::<Vec<_>>().join(" + ")
        };
        self.keys.iter().map(key).collect::<Vec<_>>().join(", ")
    }

    /// Returns the id of a column by its name in the database.
    pub fn column_named(&self, name: &str) -> Option<ColumnId> {
        self.columns.iter().position(|column| column.name == name).map(ColumnId)
    }
}

/// Quotes an identifier for SQL.
pub fn quote(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}
