//! Reads entities into the catalog.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use entity::TableName;
use sea_orm::{
    ColumnTrait, ColumnType as SeaType, EntityTrait, Iden, Identity, Iterable, PrimaryKeyToColumn,
    RelationDef, RelationTrait,
};
use thiserror::Error;

use super::names::{camel_case, pascal_case, plural, singular, uncapitalise};
use super::{
    Bounds, ByName, Catalog, Column, ColumnId, ColumnType, EnumType, EnumValue, FieldId, MutationTarget,
    Namespace, Relation, RelationId, Scalar, Table, TableId, TableOperation, Writes, quote,
};
use super::{functions, scopes, subscriptions};

/// What the engine needs to know of a system besides its entities.
#[derive(Clone, Copy)]
pub struct System {
    /// Name as in `--systems`: `therapyflow`.
    pub name: &'static str,
    /// Prefix of its types and its field in `Query`; empty: it stands at the root of `Query`.
    pub prefix: &'static str,
    /// The schemas of the database that hold its tables. The prefix of a schema follows that of the system.
    pub schemas: &'static [entity::Schema],
    /// Description of its field in `Query`.
    pub doc: &'static str,
    /// Tables whose GraphQL type does not follow from their name: `("log_clinical_records", "Protocol")`. The name of the table
    /// stands for tables of that name in all schemas, and with its schema, `"public.log_clinical_records"`, for one.
    pub type_names: &'static [(&'static str, &'static str)],
    /// Hands the system's entities to a visitor.
    pub visit: fn(&mut Reader<'_>),
    /// Functions of the database that are served beside the tables.
    pub functions: &'static [entity::Function],
    /// Feeds of changes beside those that every table has.
    pub feeds: &'static [super::Feed],
    /// What its policies for reading say, as strips of rows.
    pub scopes: &'static [super::Scope],
}

/// Why the entities do not make a catalog. Each is a mistake in the source, found at the first start.
#[derive(Debug, Error)]
pub enum CatalogError {
    /// A column type that has no GraphQL counterpart yet.
    #[error("{table}.{column}: the type {ty} is not supported")]
    Type {
        /// The table, with its schema.
        table: String,
        /// Column's name.
        column: String,
        /// sea-orm's name of the type.
        ty: String,
    },
    /// A relation whose other table is not among the chosen systems' entities.
    #[error("{table}.{relation}: no entity for its table {target}")]
    Target {
        /// The table, with its schema.
        table: String,
        /// Relation's name.
        relation: String,
        /// The missing table, with its schema.
        target: String,
    },
    /// A relation over columns that do not exist or differ in type.
    #[error("{table}.{relation}: its columns do not match those of {target}")]
    RelationColumns {
        /// The table, with its schema.
        table: String,
        /// Relation's name.
        relation: String,
        /// The other table, with its schema.
        target: String,
    },
    /// A function that cannot be served as it is declared.
    #[error("{function}: {reason}")]
    Function {
        /// Function's name.
        function: String,
        /// What is wrong.
        reason: String,
    },
    /// A feed of a table or column that does not exist, or of a table that cannot be written.
    #[error("the feed {feed} speaks of {name}, which is not there to be watched")]
    Feed {
        /// The feed's field.
        feed: String,
        /// Name of the table or column.
        name: String,
    },
    /// A table that its system does not expect there, or whose name announcements of changes cannot hold.
    #[error("{table}: {reason}")]
    Table {
        /// The table, with its schema.
        table: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// Two things that would have the same GraphQL name.
    #[error("{scope}: the name {name} is taken twice")]
    Name {
        /// Where.
        scope: String,
        /// The name.
        name: String,
    },
}

/// A table whose relations are not resolved yet.
pub(super) struct Draft {
    pub(super) table: Table,
    relations: Vec<(&'static entity::RelationSource, RelationDef)>,
}

/// Collects the entities of one system; see [`entity::Visitor`].
pub struct Reader<'a> {
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
            (system.visit)(&mut Reader { drafts: &mut drafts, errors: &mut errors, system: *system, index });
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
        let feeds = subscriptions::read(systems, &tables, &by_name)?;
        let scopes = scopes::Scopes::new(systems, &tables);
        let namespaces = systems
            .iter()
            .map(|system| Namespace {
                name: system.name,
                field: (!system.prefix.is_empty()).then(|| uncapitalise(system.prefix)),
                doc: system.doc,
            })
            .collect();
        let catalog =
            Self { tables, systems: namespaces, functions, by_name, by_type_name, mutations, feeds, scopes };
        Ok(catalog)
    }
}

impl entity::Visitor for Reader<'_> {
    fn visit<E: EntityTrait>(&mut self, _: E, table: TableName, source: &'static entity::Source) {
        match self.read::<E>(table, source) {
            Ok(draft) => self.drafts.push(draft),
            Err(error) => self.errors.push(error),
        }
    }
}

impl Reader<'_> {
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
                shown_name: if self.system.schemas.len() > 1 {
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

    /// `session_events` → `SessionEvent`; the prefix `ref_` says how a table is used, not what it holds.
    fn type_name(&self, schema: &entity::Schema, table: TableName) -> String {
        let named = |wanted: &str| self.system.type_names.iter().find(|(named, _)| *named == wanted);
        let name = match named(&table.to_string()).or_else(|| named(table.name)) {
            Some((_, name)) => (*name).to_owned(),
            None => pascal_case(&singular(table.name.strip_prefix("ref_").unwrap_or(table.name))),
        };
        format!("{}{}{name}", self.system.prefix, schema.prefix)
    }
}

fn ids(columns: &[Column], names: &[&str]) -> Vec<ColumnId> {
    let position = |name: &&str| columns.iter().position(|column| column.name == *name).map(ColumnId);
    names.iter().filter_map(position).collect()
}

fn read_column<E: EntityTrait>(
    column: E::Column,
    source: &'static entity::Source,
    table: TableName,
    type_name: &str,
) -> Result<Column, CatalogError> {
    let name = column.unquoted().to_owned();
    let def = column.def();
    let described = source.columns.iter().find(|described| described.name == name);
    let field = if name == "id" { "rowId".to_owned() } else { camel_case(&name) };
    let ty = match described.and_then(|described| described.values) {
        Some(values) => ColumnType::Enum(Arc::new(read_enum(values, type_name, &name))),
        None => column_type(def.get_column_type()).ok_or_else(|| CatalogError::Type {
            table: table.to_string(),
            column: name.clone(),
            ty: format!("{:?}", def.get_column_type()),
        })?,
    };
    Ok(Column {
        sql_name: quote(&name),
        field,
        doc: described.map(|described| described.doc.to_owned()).unwrap_or_default(),
        ty,
        bounds: match def.get_column_type() {
            SeaType::Decimal(Some((precision, scale))) => {
                Bounds { whole: Some(precision.saturating_sub(*scale)), scale: Some(*scale), least: None }
            }
            _ => Bounds::default(),
        },
        nullable: def.is_null(),
        has_default: def.get_column_default().is_some(),
        name,
    })
}

/// An enum is named after its column: `status` of `supervision_relationships` is `SupervisionRelationshipStatus`.
fn read_enum(source: &'static entity::EnumSource, type_name: &str, column: &str) -> EnumType {
    let name = format!("{type_name}{}", pascal_case(column));
    let values = source
        .values
        .iter()
        .map(|value| EnumValue {
            name: value.name.to_owned(),
            text: value.value.to_owned(),
            doc: value.doc.to_owned(),
        })
        .collect();
    EnumType { name, doc: source.doc.to_owned(), values }
}

fn column_type(ty: &SeaType) -> Option<ColumnType> {
    Some(match ty {
        SeaType::Array(element) => match column_type(element)? {
            ColumnType::Scalar(scalar) => ColumnType::List(scalar),
            ColumnType::Enum(_) | ColumnType::List(_) => return None,
        },
        ty => ColumnType::Scalar(scalar(ty)?),
    })
}

fn scalar(ty: &SeaType) -> Option<Scalar> {
    /// Decimal digits that a double holds exactly.
    const EXACT_DIGITS: u32 = 15;
    Some(match ty {
        SeaType::Boolean => Scalar::Boolean,
        SeaType::SmallInteger | SeaType::TinyInteger => Scalar::SmallInt,
        SeaType::Integer => Scalar::Int,
        SeaType::BigInteger => Scalar::BigInt,
        SeaType::Float => Scalar::Real,
        SeaType::Double => Scalar::Double,
        SeaType::Decimal(Some((precision, _))) if *precision <= EXACT_DIGITS => Scalar::Numeric,
        SeaType::Decimal(_) => Scalar::Decimal,
        SeaType::Text | SeaType::String(_) | SeaType::Char(_) => Scalar::Text,
        SeaType::Uuid => Scalar::Uuid,
        SeaType::Date => Scalar::Date,
        SeaType::DateTime | SeaType::Timestamp => Scalar::LocalDateTime,
        SeaType::TimestampWithTimeZone => Scalar::DateTime,
        SeaType::JsonBinary => Scalar::Json,
        _ => return None,
    })
}

fn resolve(
    drafts: &[Draft],
    by_name: &ByName,
    draft: &Draft,
    source: &'static entity::RelationSource,
    def: &RelationDef,
) -> Result<Relation, CatalogError> {
    let (schema, name) = target_name(draft, def);
    let target = by_name.get(&schema, &name).ok_or_else(|| CatalogError::Target {
        table: draft.table.full_name(),
        relation: source.name.to_owned(),
        target: format!("{schema}.{name}"),
    })?;
    let other = &drafts[target.0].table;
    let columns = |table: &Table, identity: &Identity| {
        identity.iter().map(|column| table.column_named(&column.to_string())).collect::<Option<Vec<_>>>()
    };
    columns(&draft.table, &def.from_col)
        .zip(columns(other, &def.to_col))
        .filter(|(local, remote)| {
            local.len() == remote.len()
                && local.iter().zip(remote).all(|(mine, theirs)| {
                    draft.table.column(*mine).ty.postgres() == other.column(*theirs).ty.postgres()
                })
        })
        .map(|(local, remote)| Relation {
            field: camel_case(source.name),
            doc: source.doc.to_owned(),
            target,
            local,
            remote,
            many: source.many,
        })
        .ok_or_else(|| CatalogError::RelationColumns {
            table: draft.table.full_name(),
            relation: source.name.to_owned(),
            target: other.full_name(),
        })
}

/// Schema and name of the table that a relation leads to. One that is named without a schema stands beside the table itself.
fn target_name(draft: &Draft, def: &RelationDef) -> (String, String) {
    match &def.to_tbl {
        sea_orm::sea_query::TableRef::Table(name, _) => {
            let schema = name.0.as_ref().map(|schema| schema.1.to_string());
            (schema.unwrap_or_else(|| draft.table.schema.clone()), name.1.to_string())
        }
        // sea-orm makes relations between tables only; anything else is reported as a missing target.
        other => (String::new(), format!("{other:?}")),
    }
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
