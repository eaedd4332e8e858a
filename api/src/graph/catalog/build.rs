//! Reads entities into the catalog.

use std::collections::{HashMap, HashSet};

use entity::TableName;
use heck::ToUpperCamelCase as _;
use sea_orm::{ColumnTrait, EntityTrait, Iden, Iterable, PrimaryKeyToColumn, RelationDef, RelationTrait};
use thiserror::Error;

use super::columns::read_column;
use super::names::{plural, singular, uncapitalise};
use super::relations::resolve;
use super::{
    ByName, Catalog, Column, ColumnId, FieldId, MutationTarget, Namespace, Relation, RelationId, Table,
    TableId, TableOperation, Writes, quote,
};
use super::{functions, scopes, subscriptions};

/// A system, as the engine sees it: its names, its entities, and the functions, subscriptions and scopes that it declares.
#[derive(Clone, Copy)]
pub struct System {
    /// The name as in `--systems`: `therapyflow`.
    pub name: &'static str,
    /// The prefix of its types, and its field in `Query`; if it is empty, the system's fields belong to `Query` itself.
    pub prefix: &'static str,
    /// The schemas of the database that hold its tables. In names of types, a schema's prefix follows the system's.
    pub schemas: &'static [entity::Schema],
    /// The description of its field in `Query`.
    pub doc: &'static str,
    /// The tables whose GraphQL type does not follow from their name: `("log_clinical_records", "Protocol")`. A name without a schema
    /// means the tables of that name in all schemas; with a schema, `"public.log_clinical_records"`, it means one.
    pub type_names: &'static [(&'static str, &'static str)],
    /// The function that hands the system's entities to a visitor.
    pub visit: fn(&mut EntityReader<'_>),
    /// The functions of the database that are served besides the tables.
    pub functions: &'static [entity::Function],
    /// The subscriptions that the system declares, besides those that every watched table has.
    pub subscriptions: &'static [super::DeclaredSubscription],
    /// The scopes: the read policies that the engine knows, each with the columns by which it finds a caller's rows.
    pub scopes: &'static [super::Scope],
}

/// A mistake in the source of the entities or systems, found when the catalog is built at the first start.
#[derive(Debug, Error)]
pub enum CatalogError {
    /// A column has a type without a GraphQL counterpart.
    #[error("{table}.{column}: the type {ty} is not supported")]
    Type {
        /// The table, with its schema.
        table: String,
        /// Column's name.
        column: String,
        /// sea-orm's name of the type.
        ty: String,
    },
    /// A relation leads to a table that no entity of the chosen systems describes.
    #[error("{table}.{relation}: no entity for its table {target}")]
    Target {
        /// The table, with its schema.
        table: String,
        /// Relation's name.
        relation: String,
        /// The missing table, with its schema.
        target: String,
    },
    /// A relation uses columns that do not exist or differ in type.
    #[error("{table}.{relation}: its columns do not match those of {target}")]
    RelationColumns {
        /// The table, with its schema.
        table: String,
        /// Relation's name.
        relation: String,
        /// The other table, with its schema.
        target: String,
    },
    /// A function cannot be served as it is declared.
    #[error("{function}: {reason}")]
    Function {
        /// Function's name.
        function: String,
        /// The mistake, in words for a developer.
        reason: String,
    },
    /// A declared subscription names a table or column that does not exist, or a table that cannot be written.
    #[error("the subscription {field} names {name}, which does not exist or cannot be watched")]
    Subscription {
        /// The subscription's field.
        field: String,
        /// Name of the table or column.
        name: String,
    },
    /// A table is described twice, belongs to a schema that its system does not have, or has a dot in its name.
    #[error("{table}: {reason}")]
    Table {
        /// The table, with its schema.
        table: String,
        /// The mistake, in words for a developer.
        reason: &'static str,
    },
    /// Two types or fields would have the same GraphQL name.
    #[error("{scope}: the name {name} is taken twice")]
    Name {
        /// The type, or the schema, that would hold both.
        scope: String,
        /// The name.
        name: String,
    },
}

/// A table that is being built: its relations are not resolved yet.
pub(super) struct Draft {
    pub(super) table: Table,
    relations: Vec<(&'static entity::RelationSource, RelationDef)>,
}

/// Collects the entities of one system; see [`entity::Visitor`].
pub struct EntityReader<'a> {
    drafts: &'a mut Vec<Draft>,
    errors: &'a mut Vec<CatalogError>,
    system: System,
    index: usize,
}

impl Catalog {
    /// Builds the catalog of the given systems.
    pub fn new(systems: &[System]) -> Result<Self, CatalogError> {
        let mut drafts = Vec::new();
        let mut errors = Vec::new();
        for (index, system) in systems.iter().enumerate() {
            (system.visit)(&mut EntityReader {
                drafts: &mut drafts,
                errors: &mut errors,
                system: *system,
                index,
            });
        }
        if let Some(error) = errors.into_iter().next() {
            return Err(error);
        }

        let functions = functions::read(systems, &mut drafts)?;

        let mut by_name = ByName::default();
        for Draft { table, .. } in &drafts {
            if by_name.insert(&table.schema, &table.name, table.id).is_some() {
                let reason = "two entities describe it";
                return Err(CatalogError::Table { table: table.full_name(), reason });
            }
        }
        let relations = drafts
            .iter()
            .map(|draft| {
                draft
                    .relations
                    .iter()
                    .map(|(source, def)| resolve(&drafts, &by_name, draft, source, def))
                    // sea-orm wants both sides of a relation. No row leads to those of a function: they are found by
                    // arguments, not by key.
                    .filter(|found| {
                        !found.as_ref().is_ok_and(|it| drafts[it.target.0].table.function.is_some())
                    })
                    .collect()
            })
            .collect::<Result<Vec<Vec<Relation>>, _>>()?;
        let mut tables: Vec<Table> = drafts.into_iter().map(|draft| draft.table).collect();
        for (table, relations) in tables.iter_mut().zip(relations) {
            table.relations = relations;
            table.fields = fields(table)?;
        }

        let mut by_type_name = HashMap::new();
        for table in &tables {
            if by_type_name.insert(table.type_name.clone(), table.id).is_some() {
                return Err(CatalogError::Name { scope: "the schema".into(), name: table.type_name.clone() });
            }
        }
        let of_tables = tables.iter().flat_map(|table| {
            let named = move |it: TableOperation| (it.field(table), MutationTarget::Table(it, table.id));
            table.operations().map(named)
        });
        let of_functions = functions.iter().filter(|function| function.writes());
        let of_functions = of_functions.map(|it| (it.field.clone(), MutationTarget::Function(it.id)));
        let mut mutations = HashMap::new();
        for (name, mutation) in of_tables.chain(of_functions) {
            if mutations.insert(name.clone(), mutation).is_some() {
                return Err(CatalogError::Name { scope: "Mutation".into(), name });
            }
        }
        let subscriptions = subscriptions::read(systems, &tables, &by_name)?;
        let scopes = scopes::Scopes::new(systems, &tables);
        let namespaces = systems
            .iter()
            .map(|system| Namespace {
                name: system.name,
                field: (!system.prefix.is_empty()).then(|| uncapitalise(system.prefix)),
                doc: system.doc,
            })
            .collect();
        let catalog = Self {
            tables,
            systems: namespaces,
            functions,
            by_name,
            by_type_name,
            mutations,
            subscriptions,
            scopes,
        };
        Ok(catalog)
    }
}

impl entity::Visitor for EntityReader<'_> {
    fn visit<E: EntityTrait>(&mut self, _: E, table: TableName, source: &'static entity::Source) {
        match self.read::<E>(table, source) {
            Ok(draft) => self.drafts.push(draft),
            Err(error) => self.errors.push(error),
        }
    }
}

impl EntityReader<'_> {
    fn read<E: EntityTrait>(
        &self,
        table: TableName,
        source: &'static entity::Source,
    ) -> Result<Draft, CatalogError> {
        let refuse = |reason| CatalogError::Table { table: table.to_string(), reason };
        let found = self.system.schemas.iter().find(|schema| schema.name == table.schema);
        let schema = found.ok_or_else(|| refuse("its system has no such schema"))?;
        if table.schema.contains('.') || table.name.contains('.') {
            return Err(refuse("changes of tables with a dot in their name cannot be told apart"));
        }
        let type_name = self.type_name(schema, table);
        let columns = E::Column::iter()
            .map(|column| read_column::<E>(column, source, table, &type_name))
            .collect::<Result<Vec<_>, _>>()?;

        let position = |wanted: &str| columns.iter().position(|column| column.name == wanted).map(ColumnId);
        let primary_key: Vec<ColumnId> =
            E::PrimaryKey::iter().filter_map(|key| position(key.into_column().unquoted())).collect();
        let mut keys = vec![primary_key.clone()];
        keys.extend(
            E::Column::iter()
                .filter(|column| column.def().is_unique())
                .filter_map(|column| position(column.unquoted()))
                .filter(|column| primary_key != [*column])
                .map(|column| vec![column]),
        );
        keys.extend(
            source
                .unique_keys
                .iter()
                .map(|key| key.iter().filter_map(|column| position(column)).collect::<Vec<_>>())
                .filter(|key| *key != primary_key),
        );

        let relations = E::Relation::iter()
            .filter_map(|relation| {
                let variant = format!("{relation:?}");
                let described = source.relations.iter().find(|described| described.relation == variant)?;
                Some((described, relation.def()))
            })
            .collect();

        let single_field = uncapitalise(&type_name);
        let list_field = plural(&single_field);
        let unprefixed = |field: String| match field.strip_prefix(&uncapitalise(self.system.prefix)) {
            Some(rest) if !self.system.prefix.is_empty() => uncapitalise(rest),
            _ => field,
        };
        Ok(Draft {
            table: Table {
                id: TableId(self.drafts.len()),
                system: self.index,
                sql_name: format!("{}.{}", quote(table.schema), quote(table.name)),
                is_reference: table.name.starts_with("ref_"),
                single_field: unprefixed(single_field),
                series_field: unprefixed(format!("{list_field}Series")),
                groups_field: unprefixed(format!("{list_field}Groups")),
                list_field: unprefixed(list_field),
                type_name,
                name: table.name.to_owned(),
                schema: table.schema.to_owned(),
                display_name: if self.system.schemas.len() > 1 {
                    table.to_string()
                } else {
                    table.name.to_owned()
                },
                doc: source.doc.replace("{schema}", schema.title),
                writes: Writes {
                    insert: ids(&columns, source.writes.insert),
                    update: ids(&columns, source.writes.update),
                    delete: source.writes.delete,
                },
                columns,
                primary_key,
                keys,
                relations: Vec::new(),
                function: None,
                fields: HashMap::new(),
            },
            relations,
        })
    }

    /// Returns the name of a table's type: `session_events` → `SessionEvent`, and `ref_substances` → `Substance`.
    fn type_name(&self, schema: &entity::Schema, table: TableName) -> String {
        let named = |wanted: &str| self.system.type_names.iter().find(|(named, _)| *named == wanted);
        let name = match named(&table.to_string()).or_else(|| named(table.name)) {
            Some((_, name)) => (*name).to_owned(),
            None => singular(table.name.strip_prefix("ref_").unwrap_or(table.name)).to_upper_camel_case(),
        };
        format!("{}{}{name}", self.system.prefix, schema.prefix)
    }
}

fn ids(columns: &[Column], names: &[&str]) -> Vec<ColumnId> {
    let position = |name: &&str| columns.iter().position(|column| column.name == *name).map(ColumnId);
    names.iter().filter_map(position).collect()
}

fn fields(table: &Table) -> Result<HashMap<String, FieldId>, CatalogError> {
    let global_id = table.has_global_id().then(|| ("id".to_owned(), FieldId::GlobalId));
    let columns = table
        .columns
        .iter()
        .enumerate()
        .map(|(at, column)| (column.field.clone(), FieldId::Column(ColumnId(at))));
    let relations = table
        .relations
        .iter()
        .enumerate()
        .map(|(at, relation)| (relation.field.clone(), FieldId::Relation(RelationId(at))));
    let many = || table.relations.iter().enumerate().filter(|(_, relation)| relation.many);
    let groups = many().map(|(at, relation)| (relation.groups_field(), FieldId::Groups(RelationId(at))));
    let series = many().map(|(at, relation)| (relation.series_field(), FieldId::Series(RelationId(at))));
    let mut taken = HashSet::new();
    let mut fields = HashMap::new();
    for (name, id) in global_id.into_iter().chain(columns).chain(relations).chain(groups).chain(series) {
        if !taken.insert(name.clone()) {
            return Err(CatalogError::Name { scope: table.type_name.clone(), name });
        }
        fields.insert(name, id);
    }
    Ok(fields)
}
