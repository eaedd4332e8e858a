//! Walks an operation and makes its plan.

use std::collections::HashMap;

use apollo_compiler::Node;
use apollo_compiler::executable::{ExecutableDocument, Field, Operation, SelectionSet};
use apollo_compiler::response::{JsonMap, JsonValue};

use super::collect::{Collected, collect};
use super::groups;
use super::input::{ArgumentError, arguments};
use super::order::Path;
use super::page::{self, Page};
use super::statement::{self, Expression, PageQuery};
use super::{
    AggregateField, Connection, ConnectionField, CursorShape, EdgeField, GroupField, Groups, KeyField, Keyed,
    Load, LoadId, LoadKind, Lookup, Nodes, PageInfoField, Place, Plan, RootField, RowField, RowSelection,
    cursor,
};
use crate::graph::aggregate::{self, Function};
use crate::graph::catalog::names::capitalise;
use crate::graph::catalog::{Catalog, ColumnId, FieldId, RelationId, Table, TableId};
use crate::graph::error::{Code, Error, PathSegment};
use crate::graph::global_id;
use crate::graph::limits::Limits;
use crate::graph::value::key_part;

/// Plans a validated query whose variables are coerced.
pub(crate) fn plan(
    catalog: &Catalog,
    limits: &Limits,
    document: &ExecutableDocument,
    operation: &Operation,
    variables: &JsonMap,
) -> Result<Plan, Error> {
    let mut planner = Planner {
        catalog,
        limits,
        document,
        variables,
        drafts: Vec::new(),
        interned: HashMap::new(),
        path: Vec::new(),
        fields: 0,
        cost: 0,
    };
    let fields = planner.root(&[&operation.selection_set], "Query", None)?;
    let loads = planner
        .drafts
        .iter()
        .map(|draft| {
            planner
                .finish(draft)
                .map_err(|error| error.into_error().at(&draft.place.path, draft.place.location))
        })
        .collect::<Result<_, _>>()?;
    Ok(Plan { fields, loads })
}

struct Planner<'a> {
    catalog: &'a Catalog,
    limits: &'a Limits,
    document: &'a ExecutableDocument,
    variables: &'a JsonMap,
    drafts: Vec<Draft>,
    interned: HashMap<Question, LoadId>,
    path: Vec<PathSegment>,
    fields: usize,
    cost: u64,
}

/// What makes two loads the same.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Question {
    kind: &'static str,
    table: TableId,
    columns: Vec<ColumnId>,
    /// Arguments as JSON text.
    arguments: String,
}

/// A load whose projection still grows.
struct Draft {
    table: TableId,
    kind: DraftKind,
    columns: Vec<ColumnId>,
    filter: Option<JsonValue>,
    projection: Vec<ColumnId>,
    cursors: bool,
    place: Place,
}

enum DraftKind {
    ByKey,
    Page(Page),
    Aggregate(Vec<Expression>),
    Groups(groups::Groups),
}

type Planned<T> = Result<T, Error>;

impl<'a> Planner<'a> {
    fn root(
        &mut self,
        sets: &[&'a SelectionSet],
        type_name: &str,
        system: Option<usize>,
    ) -> Planned<Vec<Keyed<RootField>>> {
        let collected = collect(self.document, self.variables, sets, type_name);
        if let Some(beyond) = collected.get(self.limits.root_fields) {
            let field = beyond.first();
            self.path.push(PathSegment::Field(field.response_key().to_string()));
            let most = self.limits.root_fields;
            return Err(
                self.exceeded(field, format!("A request has at most {most} fields in `{type_name}`."))
            );
        }
        self.each(&collected, |this, field, collected| {
            Ok(match field.name.as_str() {
                "__typename" => RootField::Typename(type_name.to_owned()),
                "__schema" | "__type" => RootField::Introspection,
                "node" if system.is_none() => this.node(field, &collected.selection_sets())?,
                "nodes" if system.is_none() => this.nodes(field, &collected.selection_sets())?,
                name => this.root_field(name, field, collected, system)?,
            })
        })
    }

    fn root_field(
        &mut self,
        name: &str,
        field: &'a Node<Field>,
        collected: &Collected<'a>,
        system: Option<usize>,
    ) -> Planned<RootField> {
        let catalog = self.catalog;
        if system.is_none()
            && let Some(at) =
                catalog.systems().iter().position(|system| system.field.as_deref() == Some(name))
        {
            let fields =
                self.root(&collected.selection_sets(), &format!("{}Query", capitalise(name)), Some(at))?;
            return Ok(RootField::Namespace(fields));
        }
        let here = |table: &&Table| match system {
            Some(at) => table.system == at,
            None => catalog.systems()[table.system].field.is_none(),
        };
        let mut tables = catalog.tables().iter().filter(here);
        if let Some(table) = tables.clone().find(|table| table.list_field == name) {
            return Ok(RootField::Connection(self.connection(table, &[], field, collected, 1)?));
        }
        if let Some(table) = tables.clone().find(|table| table.groups_field == name) {
            return Ok(RootField::Groups(self.groups(table, &[], field, collected, 1)?));
        }
        match tables.find(|table| table.single_field == name) {
            Some(table) => self.lookup_by_arguments(table, field, &collected.selection_sets()),
            // Validation has checked the field against the schema, which is made from the same catalog.
            None => Err(Error::internal(&format!("the schema has a field {name} that the catalog lacks"))),
        }
    }

    fn lookup_by_arguments(
        &mut self,
        table: &'a Table,
        field: &Node<Field>,
        sets: &[&'a SelectionSet],
    ) -> Planned<RootField> {
        let given = arguments(field, self.variables);
        let has = |column: &ColumnId| {
            given.get(table.column(*column).field.as_str()).is_some_and(|it| !it.is_null())
        };
        let present = given.values().filter(|value| !value.is_null()).count();
        let key =
            table.keys.iter().find(|key| key.len() == present && key.iter().all(has)).ok_or_else(|| {
                let message = format!("give exactly one key: {}", crate::graph::schema::keys(table));
                self.refuse(field, ArgumentError::new(&field.name, message))
            })?;
        let parts = key
            .iter()
            .map(|column| {
                let column = table.column(*column);
                let value = given.get(column.field.as_str()).unwrap_or(&JsonValue::Null);
                key_part(&column.ty, value)
                    .map_err(|error| self.refuse(field, ArgumentError::new(&column.field, error.to_string())))
            })
            .collect::<Planned<Vec<_>>>()?;
        self.lookup(table, key, parts, field, sets).map(RootField::One)
    }

    fn lookup(
        &mut self,
        table: &'a Table,
        columns: &[ColumnId],
        key: Vec<Vec<u8>>,
        field: &Node<Field>,
        sets: &[&'a SelectionSet],
    ) -> Planned<Lookup> {
        self.spend(field, 1)?;
        let load = self.by_key(table, columns, field);
        let selection = self.row(table, load, sets, 1)?;
        Ok(Lookup { load, key, selection })
    }

    fn node(&mut self, field: &'a Node<Field>, sets: &[&'a SelectionSet]) -> Planned<RootField> {
        let given = arguments(field, self.variables);
        let id = given.get("id").and_then(JsonValue::as_str).unwrap_or_default();
        let (table, key) = self.read_id(id, "id", field)?;
        self.lookup(table, &table.primary_key, key, field, sets).map(RootField::One)
    }

    fn nodes(&mut self, field: &'a Node<Field>, sets: &[&'a SelectionSet]) -> Planned<RootField> {
        let given = arguments(field, self.variables);
        let ids = given.get("ids").and_then(JsonValue::as_array).cloned().unwrap_or_default();
        if ids.len() as u64 > self.limits.largest_page {
            let mut error = ArgumentError::new("ids", format!("at most {} ids", self.limits.largest_page));
            error.code = Code::LimitExceeded;
            return Err(self.refuse(field, error));
        }
        // Each type is planned once, however many of its rows are asked for.
        let mut tables: Vec<&'a Table> = Vec::new();
        let mut keys = Vec::with_capacity(ids.len());
        for (at, id) in ids.iter().enumerate() {
            let (table, key) = self.read_id(id.as_str().unwrap_or_default(), &format!("ids.{at}"), field)?;
            let known = tables.iter().position(|known| known.id == table.id).unwrap_or_else(|| {
                tables.push(table);
                tables.len() - 1
            });
            keys.push((known, key));
        }
        let types = tables
            .iter()
            .enumerate()
            .map(|(at, table)| {
                let rows = keys.iter().filter(|(of, _)| *of == at).count() as u64;
                self.spend(field, rows)?;
                let load = self.by_key(table, &table.primary_key, field);
                Ok((load, self.row(table, load, sets, rows)?))
            })
            .collect::<Planned<_>>()?;
        Ok(RootField::Nodes(Nodes { types, ids: keys }))
    }

    fn read_id(&self, id: &str, argument: &str, field: &Node<Field>) -> Planned<(&'a Table, Vec<Vec<u8>>)> {
        let catalog = self.catalog;
        global_id::read(catalog, id).ok_or_else(|| {
            self.refuse(field, ArgumentError::new(argument, "this is not an id of this server"))
        })
    }

    /// Plans the fields of rows of a load. `rows`: how many there are at most.
    fn row(
        &mut self,
        table: &'a Table,
        load: LoadId,
        sets: &[&'a SelectionSet],
        rows: u64,
    ) -> Planned<RowSelection> {
        let collected = collect(self.document, self.variables, sets, &table.type_name);
        let fields = self.each(&collected, |this, field, collected| match table.field(&field.name) {
            Some(FieldId::GlobalId) => Ok(RowField::GlobalId(this.positions(load, &table.primary_key))),
            Some(FieldId::Column(id)) => {
                Ok(RowField::Column(this.position(load, id), table.column(id).ty.clone()))
            }
            Some(FieldId::Relation(id)) => this.relation(table, id, load, field, collected, rows),
            Some(FieldId::Groups(id)) => {
                let relation = table.relation(id);
                let key = this.positions(load, &relation.local);
                let target = this.catalog.table(relation.target);
                Ok(RowField::Groups {
                    key,
                    groups: this.groups(target, &relation.remote, field, collected, rows)?,
                })
            }
            // Validation leaves `__typename` only.
            None => Ok(RowField::Typename),
        })?;
        Ok(RowSelection { table: table.id, fields })
    }

    fn relation(
        &mut self,
        table: &'a Table,
        id: RelationId,
        load: LoadId,
        field: &'a Node<Field>,
        collected: &Collected<'a>,
        rows: u64,
    ) -> Planned<RowField> {
        let relation = table.relation(id);
        let target = self.catalog.table(relation.target);
        let key = self.positions(load, &relation.local);
        if relation.many {
            let connection = self.connection(target, &relation.remote, field, collected, rows)?;
            return Ok(RowField::Many { key, connection });
        }
        self.spend(field, rows)?;
        let load = self.by_key(target, &relation.remote, field);
        let selection = self.row(target, load, &collected.selection_sets(), rows)?;
        Ok(RowField::One { load, key, selection })
    }

    /// Plans a connection below `parents` rows, or of the whole table where `columns` is empty.
    fn connection(
        &mut self,
        table: &'a Table,
        columns: &[ColumnId],
        field: &'a Node<Field>,
        collected: &Collected<'a>,
        parents: u64,
    ) -> Planned<Connection> {
        let mut given = arguments(field, self.variables);
        let filter = given.get("filter").filter(|filter| !filter.is_null()).cloned();
        let page = page::read(self.catalog, table, &given, self.limits)
            .map_err(|error| self.refuse(field, error))?;
        let rows = parents.saturating_mul(page.limit.max(1));
        let (backward, starts_later) = if page.backward {
            (true, page.before.is_some())
        } else {
            (false, page.after.is_some() || page.offset > 0)
        };

        let page_question =
            Question { kind: "page", table: table.id, columns: columns.to_vec(), arguments: text(&given) };
        given.retain(|name, _| name.as_str() == "filter");
        let aggregate_question = Question {
            kind: "aggregate",
            table: table.id,
            columns: columns.to_vec(),
            arguments: text(&given),
        };
        let mut page_load = None;
        let mut aggregate_load = None;
        let place = self.place(field);
        // The planner stands at a part of the connection when it finds that its rows are too many.
        let here = |error: Error| error.at(&place.path, place.location);

        let type_name = format!("{}Connection", table.type_name);
        let parts = collect(self.document, self.variables, &collected.selection_sets(), &type_name);
        let fields = self.each(&parts, |this, part, part_collected| {
            let sets = part_collected.selection_sets();
            let mut load_page = |this: &mut Self| -> Planned<LoadId> {
                if page_load.is_none() {
                    this.spend(field, rows).map_err(here)?;
                }
                let kind = || DraftKind::Page(page.clone());
                Ok(*page_load
                    .get_or_insert_with(|| this.load(page_question.clone(), filter.clone(), &place, kind())))
            };
            let mut load_aggregate = |this: &mut Self| -> Planned<LoadId> {
                if aggregate_load.is_none() {
                    this.spend(field, parents).map_err(here)?;
                }
                let kind = DraftKind::Aggregate(Vec::new());
                Ok(*aggregate_load.get_or_insert_with(|| {
                    this.load(aggregate_question.clone(), filter.clone(), &place, kind)
                }))
            };
            Ok(match part.name.as_str() {
                "nodes" => {
                    let load = load_page(this)?;
                    ConnectionField::Nodes(this.row(table, load, &sets, rows)?)
                }
                "edges" => {
                    let load = load_page(this)?;
                    ConnectionField::Edges(this.edges(table, load, &sets, rows)?)
                }
                "pageInfo" => {
                    let load = load_page(this)?;
                    ConnectionField::PageInfo(this.page_info(load, &sets)?)
                }
                "totalCount" => {
                    let load = load_aggregate(this)?;
                    ConnectionField::TotalCount(this.expression(load, Expression::Count))
                }
                "aggregate" => {
                    let load = load_aggregate(this)?;
                    ConnectionField::Aggregate(this.aggregate(table, load, &sets)?)
                }
                _ => ConnectionField::Typename,
            })
        })?;
        Ok(Connection {
            page: page_load,
            aggregate: aggregate_load,
            starts_later,
            backward,
            type_name: table.type_name.clone(),
            fields,
        })
    }

    fn aggregate(
        &mut self,
        table: &'a Table,
        load: LoadId,
        sets: &[&'a SelectionSet],
    ) -> Planned<Vec<Keyed<AggregateField>>> {
        let type_name = format!("{}Aggregate", table.type_name);
        let collected = collect(self.document, self.variables, sets, &type_name);
        self.each(&collected, |this, field, collected| {
            match (field.name.as_str(), table.field(&field.name)) {
                ("count", _) => Ok(AggregateField::Count(this.expression(load, Expression::Count))),
                (_, Some(FieldId::Column(column))) => Ok(AggregateField::Column(this.functions(
                    table,
                    column,
                    load,
                    &collected.selection_sets(),
                )?)),
                // Validation leaves `__typename` only.
                _ => Ok(AggregateField::Typename(type_name.clone())),
            }
        })
    }

    /// The functions that are asked of one column.
    fn functions(
        &mut self,
        table: &'a Table,
        column: ColumnId,
        load: LoadId,
        sets: &[&'a SelectionSet],
    ) -> Planned<Vec<Keyed<AggregateField>>> {
        let ty = &table.column(column).ty;
        let type_name = aggregate::type_name(ty);
        let collected = collect(self.document, self.variables, sets, &type_name);
        self.each(&collected, |this, field, _| {
            let Some(described) =
                aggregate::functions(ty).iter().find(|described| described.field == field.name.as_str())
            else {
                return Ok(AggregateField::Typename(type_name.clone()));
            };
            let function = match described.function {
                Function::Percentile(_) => Function::Percentile(this.share(field)?),
                function => function,
            };
            let position = this.expression(load, Expression::Of(function, column));
            Ok(if function.is_count() {
                AggregateField::Count(position)
            } else {
                AggregateField::Value(position, function.result(ty))
            })
        })
    }

    /// The argument `p` of a percentile.
    fn share(&self, field: &Node<Field>) -> Planned<f64> {
        let given = arguments(field, self.variables);
        let share = given.get("p").and_then(JsonValue::as_f64).filter(|share| (0.0..=1.0).contains(share));
        share.ok_or_else(|| self.refuse(field, ArgumentError::new("p", "a share lies between 0 and 1")))
    }

    /// Position of a value in the row of an aggregate; asks for it where nobody has yet.
    fn expression(&mut self, load: LoadId, expression: Expression) -> usize {
        let expressions = match &mut self.drafts[load.0].kind {
            DraftKind::Aggregate(expressions) => expressions,
            DraftKind::Groups(groups) => return groups.expression(expression),
            DraftKind::ByKey | DraftKind::Page(_) => return 0,
        };
        expressions.iter().position(|known| *known == expression).unwrap_or_else(|| {
            expressions.push(expression);
            expressions.len() - 1
        })
    }

    /// Plans a grouped list below `parents` rows, or of the whole table where `columns` is empty.
    fn groups(
        &mut self,
        table: &'a Table,
        columns: &[ColumnId],
        field: &'a Node<Field>,
        collected: &Collected<'a>,
        parents: u64,
    ) -> Planned<Groups> {
        let given = arguments(field, self.variables);
        let filter = given.get("filter").filter(|filter| !filter.is_null()).cloned();
        let groups = groups::Groups::read(self.catalog, table, &given, self.limits)
            .map_err(|error| self.refuse(field, error))?;
        self.spend(field, parents.saturating_mul(groups.limit.max(1)))?;
        let question =
            Question { kind: "groups", table: table.id, columns: columns.to_vec(), arguments: text(&given) };
        let place = self.place(field);
        let keys = groups.clone();
        let load = self.load(question, filter, &place, DraftKind::Groups(groups));
        let type_name = format!("{}Group", table.type_name);
        let parts = collect(self.document, self.variables, &collected.selection_sets(), &type_name);
        let fields = self.each(&parts, |this, part, collected| {
            let sets = collected.selection_sets();
            Ok(match part.name.as_str() {
                "key" => GroupField::Key(this.group_key(table, &keys, &[], &sets)?),
                "aggregate" => GroupField::Aggregate(this.aggregate(table, load, &sets)?),
                "cursor" => GroupField::Cursor,
                _ => GroupField::Typename,
            })
        })?;
        Ok(Groups { load, type_name: table.type_name.clone(), fields })
    }

    fn group_key(
        &mut self,
        table: &'a Table,
        groups: &groups::Groups,
        relations: &[RelationId],
        sets: &[&'a SelectionSet],
    ) -> Planned<Vec<Keyed<KeyField>>> {
        let type_name = format!("{}GroupKey", table.type_name);
        let collected = collect(self.document, self.variables, sets, &type_name);
        self.each(&collected, |this, field, collected| match table.field(&field.name) {
            Some(FieldId::Column(column)) => {
                let at = Path { relations: relations.to_vec(), column };
                let position = groups.key(&at).ok_or_else(|| {
                    let error = ArgumentError::new("groupBy", format!("does not name `{}`", field.name));
                    this.refuse(field, error)
                })?;
                Ok(KeyField::Value(position, table.column(column).ty.clone()))
            }
            Some(FieldId::Relation(id)) => {
                let target = this.catalog.table(table.relation(id).target);
                let relations = [relations, &[id]].concat();
                this.group_key(target, groups, &relations, &collected.selection_sets())
                    .map(KeyField::Relation)
            }
            // Validation leaves `__typename` only.
            _ => Ok(KeyField::Typename(type_name.clone())),
        })
    }

    fn edges(
        &mut self,
        table: &'a Table,
        load: LoadId,
        sets: &[&'a SelectionSet],
        rows: u64,
    ) -> Planned<Vec<Keyed<EdgeField>>> {
        let collected = collect(self.document, self.variables, sets, &format!("{}Edge", table.type_name));
        self.each(&collected, |this, field, collected| {
            Ok(match field.name.as_str() {
                "cursor" => {
                    this.drafts[load.0].cursors = true;
                    EdgeField::Cursor
                }
                "node" => EdgeField::Node(this.row(table, load, &collected.selection_sets(), rows)?),
                _ => EdgeField::Typename,
            })
        })
    }

    fn page_info(&mut self, load: LoadId, sets: &[&'a SelectionSet]) -> Planned<Vec<Keyed<PageInfoField>>> {
        let collected = collect(self.document, self.variables, sets, "PageInfo");
        self.each(&collected, |this, field, _| {
            Ok(match field.name.as_str() {
                "hasNextPage" => PageInfoField::HasNextPage,
                "hasPreviousPage" => PageInfoField::HasPreviousPage,
                "startCursor" | "endCursor" => {
                    this.drafts[load.0].cursors = true;
                    if field.name == "startCursor" {
                        PageInfoField::StartCursor
                    } else {
                        PageInfoField::EndCursor
                    }
                }
                _ => PageInfoField::Typename,
            })
        })
    }

    /// Plans each collected field under its response key, within the limits of depth and number.
    fn each<T>(
        &mut self,
        collected: &[Collected<'a>],
        mut plan: impl FnMut(&mut Self, &'a Node<Field>, &Collected<'a>) -> Planned<T>,
    ) -> Planned<Vec<Keyed<T>>> {
        let mut planned = Vec::with_capacity(collected.len());
        for collected in collected {
            let field = collected.first();
            let key = field.response_key().to_string();
            self.path.push(PathSegment::Field(key.clone()));
            self.fields += 1;
            if self.path.len() > self.limits.depth {
                return Err(
                    self.exceeded(field, format!("A request nests at most {} levels.", self.limits.depth))
                );
            }
            if self.fields > self.limits.fields {
                return Err(
                    self.exceeded(field, format!("A request has at most {} fields.", self.limits.fields))
                );
            }
            let value = plan(self, field, collected)?;
            self.path.pop();
            planned.push(Keyed { key, value });
        }
        Ok(planned)
    }

    fn spend(&mut self, field: &Node<Field>, rows: u64) -> Planned<()> {
        self.cost = self.cost.saturating_add(rows);
        if self.cost <= self.limits.cost {
            return Ok(());
        }
        Err(self.exceeded(
            field,
            format!(
                "The answer could have more than {} rows (page sizes multiply down the tree). Ask for smaller pages \
                 with `first`.",
                self.limits.cost
            ),
        ))
    }

    fn by_key(&mut self, table: &Table, columns: &[ColumnId], field: &Node<Field>) -> LoadId {
        let question =
            Question { kind: "key", table: table.id, columns: columns.to_vec(), arguments: String::new() };
        let place = self.place(field);
        self.load(question, None, &place, DraftKind::ByKey)
    }

    /// The load that answers a question: the one that is planned already, or a new one.
    fn load(
        &mut self,
        question: Question,
        filter: Option<JsonValue>,
        place: &Place,
        kind: DraftKind,
    ) -> LoadId {
        if let Some(load) = self.interned.get(&question) {
            return *load;
        }
        let table = self.catalog.table(question.table);
        // An aggregate has no columns. The rows of a reference table are kept whole, so that every request can share them.
        let projection = match kind {
            DraftKind::Aggregate(_) | DraftKind::Groups(_) => Vec::new(),
            DraftKind::ByKey | DraftKind::Page(_) if table.is_reference => table.column_ids().collect(),
            DraftKind::ByKey | DraftKind::Page(_) => question.columns.clone(),
        };
        let load = LoadId(self.drafts.len());
        self.drafts.push(Draft {
            table: table.id,
            kind,
            columns: question.columns.clone(),
            filter,
            projection,
            cursors: false,
            place: place.clone(),
        });
        self.interned.insert(question, load);
        load
    }

    /// Position of a column in the rows of a load; asks for the column where nobody has yet.
    fn position(&mut self, load: LoadId, column: ColumnId) -> usize {
        let projection = &mut self.drafts[load.0].projection;
        projection.iter().position(|known| *known == column).unwrap_or_else(|| {
            projection.push(column);
            projection.len() - 1
        })
    }

    fn positions(&mut self, load: LoadId, columns: &[ColumnId]) -> Vec<usize> {
        columns.iter().map(|column| self.position(load, *column)).collect()
    }

    fn finish(&self, draft: &Draft) -> Result<Load, ArgumentError> {
        let table = self.catalog.table(draft.table);
        let parts = statement::parts(table, &draft.columns);
        let positions = draft
            .columns
            .iter()
            .filter_map(|column| draft.projection.iter().position(|known| known == column))
            .collect();
        let (sql, kind) = match &draft.kind {
            DraftKind::ByKey => (
                statement::by_key(table, &draft.columns, &draft.projection),
                LoadKind::ByKey { parts, positions, columns: draft.columns.clone() },
            ),
            DraftKind::Page(page) => {
                let query = PageQuery {
                    table,
                    columns: &draft.columns,
                    projection: &draft.projection,
                    page,
                    filter: draft.filter.as_ref(),
                    cursors: draft.cursors,
                };
                let cursor = draft.cursors.then(|| CursorShape {
                    signature: cursor::signature(table, &cursor::named(&page.order)),
                    parts: page
                        .order
                        .iter()
                        .enumerate()
                        .map(|(at, term)| (draft.projection.len() + at, term.sort.ty.clone()))
                        .collect(),
                });
                (
                    statement::page(self.catalog, &query, self.limits.conditions)?,
                    LoadKind::Page { parts, positions, limit: page.limit, backward: page.backward, cursor },
                )
            }
            DraftKind::Groups(groups) => {
                let filter = draft.filter.as_ref();
                let sql = groups.sql(self.catalog, table, &draft.columns, filter, self.limits.conditions)?;
                let width = groups.keys.len() + groups.expressions.len();
                let positions = (0..parts.len()).map(|at| width + at).collect();
                let cursor = Some(CursorShape {
                    signature: cursor::signature(table, &groups.named(table)),
                    parts: groups.cursor_parts(),
                });
                (sql, LoadKind::Page { parts, positions, limit: groups.limit, backward: false, cursor })
            }
            DraftKind::Aggregate(expressions) => {
                let filter = draft.filter.as_ref();
                let most = self.limits.conditions;
                let sql =
                    statement::aggregate(self.catalog, table, &draft.columns, expressions, filter, most)?;
                let positions = (0..parts.len()).map(|at| expressions.len() + at).collect();
                (sql, LoadKind::Aggregate { parts, positions })
            }
        };
        let only_reference = sql.only_reference;
        Ok(Load {
            table: draft.table,
            kind,
            statement: sql.finish(),
            only_reference,
            projection: draft.projection.clone(),
            place: draft.place.clone(),
        })
    }

    fn place(&self, field: &Node<Field>) -> Place {
        let location = field.name.location().and_then(|span| span.line_column(&self.document.sources));
        Place { path: self.path.clone(), location }
    }

    fn refuse(&self, field: &Node<Field>, error: ArgumentError) -> Error {
        let place = self.place(field);
        error.into_error().at(&place.path, place.location)
    }

    fn exceeded(&self, field: &Node<Field>, message: String) -> Error {
        let place = self.place(field);
        Error::new(Code::LimitExceeded, message).at(&place.path, place.location)
    }
}

fn text(arguments: &JsonMap) -> String {
    serde_json::to_string(arguments).unwrap_or_default()
}
