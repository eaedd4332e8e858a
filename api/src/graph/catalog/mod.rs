//! The catalog: every table's shape, read once from the entities.
//!
//! The only module of the engine that knows sea-orm. The rest of `graph` asks the catalog and never names a table.

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

/// GraphQL scalar of what is a date or a moment, as the column says that it is of.
pub const DATE_OR_DATE_TIME: &str = "DateOrDateTime";

/// Index of a table in [`Catalog::tables`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableId(pub usize);

/// Index of a column in [`Table::columns`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ColumnId(pub usize);

/// Index of a relation in [`Table::relations`].
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

/// Tables by schema and name.
#[derive(Debug, Default)]
struct ByName(HashMap<String, HashMap<String, TableId>>);

/// Where a system's root fields stand in `Query`.
#[derive(Debug)]
pub struct Namespace {
    /// The system's name as in `--systems`.
    pub name: &'static str,
    /// Field of `Query` that holds the system's own fields; `None`: they stand in `Query` itself.
    pub field: Option<String>,
    /// Description of that field.
    pub doc: &'static str,
}

/// A table or view, or what a function gives.
#[derive(Debug)]
pub struct Table {
    /// Its place in the catalog.
    pub id: TableId,
    /// Index of its system in [`Catalog::systems`].
    pub system: usize,
    /// Quoted name with its schema, for SQL; of a function, the call without arguments.
    pub sql_name: String,
    /// Name within its schema, as the database knows it. Tables of several schemas may share it.
    pub name: String,
    /// Schema as the database knows it.
    pub schema: String,
    /// Name for descriptions: with its schema, where the system has several.
    pub display_name: String,
    /// GraphQL type: `SessionEvent`.
    pub type_name: String,
    /// Root field of one row: `sessionEvent`.
    pub single_field: String,
    /// Root field of a list: `sessionEvents`.
    pub list_field: String,
    /// Root field of series: `sessionEventsSeries`.
    pub series_field: String,
    /// Root field of a grouped list: `sessionEventsGroups`.
    pub groups_field: String,
    /// Description.
    pub doc: String,
    /// Columns in the entity's order.
    pub columns: Vec<Column>,
    /// The primary key's columns.
    pub primary_key: Vec<ColumnId>,
    /// Unique keys by which a row can be looked up, the primary key first.
    pub keys: Vec<Vec<ColumnId>>,
    /// Foreign keys to and from other tables.
    pub relations: Vec<Relation>,
    /// Small, and the same for everybody who may read it: kept in memory.
    pub is_reference: bool,
    /// What can be written.
    pub writes: Writes,
    /// The function that gives the rows, where no table holds them.
    pub function: Option<FunctionId>,
    fields: HashMap<String, FieldId>,
}

/// What a field of a table's type stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldId {
    /// The global id.
    GlobalId,
    /// A column.
    Column(ColumnId),
    /// A related row or connection.
    Relation(RelationId),
    /// Groups of related rows.
    Groups(RelationId),
    /// Series of related rows.
    Series(RelationId),
}

/// A column.
#[derive(Debug)]
pub struct Column {
    /// Name in the database.
    pub name: String,
    /// Quoted name, for SQL.
    pub sql_name: String,
    /// GraphQL field.
    pub field: String,
    /// Description.
    pub doc: String,
    /// Type.
    pub ty: ColumnType,
    /// Which numbers it takes.
    pub bounds: Bounds,
    /// Whether it may be NULL.
    pub nullable: bool,
    /// Whether the database has a value for a row that is given none.
    pub has_default: bool,
}

/// A foreign key, seen from one of its two tables.
#[derive(Debug)]
pub struct Relation {
    /// GraphQL field.
    pub field: String,
    /// Description.
    pub doc: String,
    /// The other table.
    pub target: TableId,
    /// Columns of this table, in the order of `remote`.
    pub local: Vec<ColumnId>,
    /// Columns of the other table.
    pub remote: Vec<ColumnId>,
    /// `true`: many rows of the other table belong to one of this.
    pub many: bool,
}

impl Column {
    /// Name in the enums of columns: `MEASURED_AT`.
    pub fn enum_name(&self) -> String {
        self.name.to_uppercase()
    }

    /// Field of the range that a number lies in, where groups are made of ranges.
    pub fn range_field(&self) -> String {
        format!("{}Range", self.field)
    }

    /// Name in the enum of the columns that a series can run along; `None` if it holds no time.
    pub fn time_name(&self) -> Option<String> {
        self.ty.is_time().then(|| self.enum_name())
    }
}

impl Relation {
    /// GraphQL field of the related rows as series.
    pub fn series_field(&self) -> String {
        format!("{}Series", self.field)
    }

    /// GraphQL field of the related rows in groups.
    pub fn groups_field(&self) -> String {
        format!("{}Groups", self.field)
    }
}

impl Catalog {
    /// All tables.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// The chosen systems.
    pub fn systems(&self) -> &[Namespace] {
        &self.systems
    }

    /// The functions that are served beside the tables.
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// A function by its id.
    pub fn function(&self, id: FunctionId) -> &Function {
        &self.functions[id.0]
    }

    /// The function that gives the rows of a table.
    pub fn function_of(&self, table: &Table) -> Option<&Function> {
        table.function.map(|id| self.function(id))
    }

    /// Schemas of the database that hold the tables.
    pub fn schemas(&self) -> Vec<String> {
        let schemas: BTreeSet<&String> = self.tables.iter().map(|table| &table.schema).collect();
        schemas.into_iter().cloned().collect()
    }

    /// A table by its id.
    pub fn table(&self, id: TableId) -> &Table {
        &self.tables[id.0]
    }

    /// A table by its schema and name.
    pub fn table_named(&self, schema: &str, name: &str) -> Option<&Table> {
        self.by_name.get(schema, name).map(|id| self.table(id))
    }

    /// A table by the name of its GraphQL type.
    pub fn table_of_type(&self, type_name: &str) -> Option<&Table> {
        self.by_type_name.get(type_name).map(|id| self.table(*id))
    }

    /// What a field of `Mutation` does.
    pub fn mutation(&self, field: &str) -> Option<MutationTarget> {
        self.mutations.get(field).copied()
    }
}

impl ByName {
    /// Adds a table; the one that had the name before it.
    fn insert(&mut self, schema: &str, name: &str, table: TableId) -> Option<TableId> {
        self.0.entry(schema.to_owned()).or_default().insert(name.to_owned(), table)
    }

    fn get(&self, schema: &str, name: &str) -> Option<TableId> {
        self.0.get(schema)?.get(name).copied()
    }
}

impl Table {
    /// Name with its schema: `public.sites`.
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }

    /// A column by its id.
    pub fn column(&self, id: ColumnId) -> &Column {
        &self.columns[id.0]
    }

    /// A relation by its id.
    pub fn relation(&self, id: RelationId) -> &Relation {
        &self.relations[id.0]
    }

    /// Whether a row has a global id, by which it is found again.
    pub fn has_global_id(&self) -> bool {
        !self.primary_key.is_empty() && self.function.is_none()
    }

    /// True if rows can be drawn as series along time.
    pub fn has_series(&self) -> bool {
        self.holds_records() && self.columns.iter().any(|column| column.time_name().is_some())
    }

    /// True if rows can be drawn as points.
    pub fn has_points(&self) -> bool {
        self.holds_records() && self.measures().next().is_some()
    }

    /// True if rows record something: those of a reference table are a vocabulary, those of a link join rows of other tables.
    fn holds_records(&self) -> bool {
        !self.is_reference && !self.is_link()
    }

    /// True if a row only joins rows of other tables: one of its keys names these, and beside keys it holds times and states.
    fn is_link(&self) -> bool {
        let joins = |key: &Vec<ColumnId>| key.len() > 1 && key.iter().all(|id| self.is_reference_to_row(*id));
        let is_state = |ty: &ColumnType| {
            ty.is_time() || matches!(ty, ColumnType::Enum(_) | ColumnType::Scalar(Scalar::Boolean))
        };
        self.keys.iter().any(joins)
            && self.column_ids().all(|id| self.is_key(id) || is_state(&self.column(id).ty))
    }

    /// GraphQL scalar of the beginnings and ends of spans of time, of all columns that a series can run along.
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

    /// Columns that a chart can draw upwards: numbers that are no keys.
    pub fn measures(&self) -> impl Iterator<Item = ColumnId> {
        self.column_ids().filter(|id| self.column(*id).ty.is_number() && !self.is_key(*id))
    }

    /// The column whose ranges a field stands for.
    pub fn column_of_range(&self, field: &str) -> Option<ColumnId> {
        self.measures().find(|id| self.column(*id).range_field() == field)
    }

    /// Columns that a chart can draw along: times, and numbers that are no keys.
    pub fn axes(&self) -> impl Iterator<Item = ColumnId> {
        let times = self.column_ids().filter(|id| self.column(*id).ty.is_time());
        times.chain(self.measures())
    }

    /// Whether a column tells rows apart or names another, so that its size says nothing. Some name a row without a
    /// foreign key of their own, hence the name.
    fn is_key(&self, id: ColumnId) -> bool {
        self.primary_key.contains(&id) || self.is_reference_to_row(id)
    }

    fn is_reference_to_row(&self, id: ColumnId) -> bool {
        let points = |relation: &Relation| !relation.many && relation.local.contains(&id);
        self.relations.iter().any(points) || self.column(id).name.ends_with("_id")
    }

    /// True if a column is a key whose values can be counted, but neither added nor compared in a way that says anything.
    pub fn is_identifier(&self, id: ColumnId) -> bool {
        let ty = &self.column(id).ty;
        let is_text = matches!(ty, ColumnType::Scalar(Scalar::Text | Scalar::Uuid));
        self.is_key(id) && (ty.is_number() || is_text)
    }

    /// Ids of all columns.
    pub fn column_ids(&self) -> impl Iterator<Item = ColumnId> + use<> {
        (0..self.columns.len()).map(ColumnId)
    }

    /// What a GraphQL field of this type stands for.
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

    /// A column by its name in the database.
    pub fn column_named(&self, name: &str) -> Option<ColumnId> {
        self.columns.iter().position(|column| column.name == name).map(ColumnId)
    }
}

/// Quotes an identifier for SQL.
pub fn quote(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}
