//! The pool of values for operations: those in the database, whoever may see them.

use std::collections::{BTreeMap, HashMap};

use praxis::graph::catalog::{Catalog, ColumnId, ColumnType, Scalar, Table};
use serde_json::Value;
use tokio_postgres::Client;

use super::dice::Dice;
use super::inputs::order;
use super::{Argument, Schema};
use crate::harness::Actor;

/// The pseudo-type of paths to values within JSON.
pub(super) const PATH: &str = "path";
/// The number of values that are kept of each column.
const OF_A_COLUMN: usize = 12;
/// Orders of each list whose pages are kept, in addition to that of the key.
const ORDERS: usize = 3;
/// The number of rows at the beginning and at the end of each list from which some are kept.
const FIRST: usize = 60;
const LAST: usize = 10;
/// One of this many rows is kept.
const KEPT: usize = 6;

/// Values by the names of fields and by their types.
#[derive(Clone, Default)]
pub(crate) struct Pool {
    of_fields: HashMap<(String, String), Vec<String>>,
    of_types: HashMap<String, Vec<String>>,
    /// Unique keys of rows by their types.
    keys: BTreeMap<String, Vec<Vec<(String, Argument)>>>,
    /// Global ids by the types of their rows.
    ids: BTreeMap<String, Vec<String>>,
    /// Pages by the types of their rows.
    pages: BTreeMap<String, Vec<Page>>,
    /// The number of rows up to and with that of a cursor, in the whole list.
    places: HashMap<String, usize>,
}

/// Positions in a list in one order.
#[derive(Clone)]
pub(crate) struct Page {
    pub(crate) cursors: Vec<String>,
    pub(crate) order: Option<Argument>,
}

impl Pool {
    /// Reads values of every served column, past every policy.
    pub(crate) async fn of(owner: &Client, catalog: &Catalog) -> Self {
        let mut pool = Self::default();
        for table in catalog.tables().iter().filter(|table| table.function.is_none()) {
            for id in table.column_ids() {
                let column = table.column(id);
                let (ColumnType::Scalar(scalar) | ColumnType::List(scalar)) = &column.ty else { continue };
                let value = match &column.ty {
                    ColumnType::List(_) => format!("unnest({})", column.sql_name),
                    _ => column.sql_name.clone(),
                };
                let values = values(owner, &format!("to_jsonb({value})"), &table.sql_name).await;
                let ty = scalar.graphql_name().to_owned();
                pool.of_types.entry(ty.clone()).or_default().extend(values.clone());
                pool.of_fields.entry((column.field.clone(), ty)).or_default().extend(values);
                if *scalar == Scalar::Json {
                    // Keys within the JSON.
                    let objects = format!("{} WHERE jsonb_typeof({value}) = 'object'", table.sql_name);
                    let keys = format!("to_jsonb(jsonb_object_keys({value}))");
                    let keys = self::values(owner, &keys, &objects).await;
                    pool.of_fields.entry(("at".into(), "String".into())).or_default().extend(keys);
                    let (paths, within) = within(owner, &value, &table.sql_name).await;
                    pool.of_fields.entry((column.field.clone(), "JSON".into())).or_default().extend(within);
                    pool.of_types.entry(PATH.into()).or_default().extend(paths.clone());
                    pool.of_fields.entry((column.field.clone(), PATH.into())).or_default().extend(paths);
                }
            }
            let keys = keys(owner, table).await;
            pool.keys.entry(table.type_name.clone()).or_default().extend(keys);
        }
        pool
    }

    /// Adds the global ids and cursors that a caller gets.
    pub(crate) async fn look_as(&mut self, actor: &Actor<'_>, catalog: &Catalog, schema: &Schema) {
        let mut dice = Dice::of(0);
        for table in catalog.tables().iter().filter(|table| table.has_global_id()) {
            let one = |dice: &mut Dice| {
                let entry = order(dice, schema, &format!("{}OrderBy", table.type_name), &|_| true);
                Some(Argument::List(vec![entry]))
            };
            let orders: Vec<_> = std::iter::once(None).chain((0..ORDERS).map(|_| one(&mut dice))).collect();
            let list = |(at, order): (usize, &Option<Argument>)| {
                let ordered = order.as_ref().map(|it| format!(", orderBy: {it}")).unwrap_or_default();
                let edges = "totalCount edges { cursor node { id } }";
                format!(
                    "f{at}: {0}(first: {FIRST}{ordered}) {{ {edges} }} l{at}: {0}(last: {LAST}{ordered}) {{ {edges} }} ",
                    table.list_field
                )
            };
            let lists = orders.iter().enumerate().map(list).collect::<Vec<_>>().concat();
            let namespace = catalog.systems()[table.system].field.as_deref();
            let query = namespace.map_or(format!("{{ {lists} }}"), |it| format!("{{ {it} {{ {lists} }} }}"));
            let answer = actor.ask(&query).await;
            let data = namespace.map_or(answer.data(), |it| &answer.data()[it]);
            for (number, order) in orders.into_iter().enumerate() {
                let mut page = Page { cursors: Vec::new(), order };
                for end in ["f", "l"] {
                    let list = &data[format!("{end}{number}")];
                    let edges = list["edges"].as_array().unwrap();
                    let total = usize::try_from(list["totalCount"].as_u64().unwrap()).unwrap();
                    let before = if end == "l" { total - edges.len() } else { 0 };
                    for (at, edge) in edges.iter().enumerate().filter(|_| dice.below(KEPT) == 0) {
                        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                        self.ids.entry(table.type_name.clone()).or_default().push(text(&edge["node"]["id"]));
                        let cursor = text(&edge["cursor"]);
                        self.places.insert(cursor.clone(), before + at + 1);
                        page.cursors.push(cursor);
                    }
                }
                self.pages.entry(table.type_name.clone()).or_default().push(page);
            }
        }
    }

    /// Returns positions of a list in one of its orders, if a caller has seen a row of it.
    pub(super) fn page(&self, dice: &mut Dice, ty: &str) -> Option<&Page> {
        dice.pick(self.pages.get(ty)?).filter(|page| !page.cursors.is_empty())
    }

    /// Returns the types that have pages.
    pub(super) fn paged_types(&self) -> Vec<&String> {
        self.pages.keys().collect()
    }

    /// Returns a unique key of a row of a type.
    pub(super) fn key(&self, dice: &mut Dice, ty: &str) -> Option<Vec<(String, Argument)>> {
        dice.pick(self.keys.get(ty)?).cloned()
    }

    /// Returns the number of rows of the whole list up to a cursor.
    pub(crate) fn place(&self, cursor: &str) -> Option<usize> {
        self.places.get(cursor).copied()
    }

    /// Returns the type of a row with this global id.
    pub(crate) fn type_of(&self, id: &str) -> Option<&str> {
        self.ids.iter().find(|(_, ids)| ids.iter().any(|it| it == id)).map(|(ty, _)| ty.as_str())
    }

    /// Returns the id of a row, mostly one of this type.
    pub(super) fn id(&self, dice: &mut Dice, ty: Option<&str>) -> Argument {
        let types: Vec<&String> = self.ids.keys().collect();
        let of_type = ty.and_then(|ty| self.ids.get(ty)).filter(|_| dice.percent(95));
        let ids = of_type.or_else(|| self.ids.get(*dice.pick(&types)?));
        ids.and_then(|ids| dice.pick(ids)).map_or_else(|| Argument::text("none"), |id| Argument::text(id))
    }

    /// Returns the paths to values within the JSON of columns of this name, key by key.
    pub(super) fn paths(&self, field: &str) -> Vec<Vec<String>> {
        let known = self.of_fields.get(&(field.to_owned(), PATH.to_owned())).into_iter().flatten();
        known.filter_map(|keys| serde_json::from_str(keys).ok()).collect()
    }

    /// Returns true if columns of this name, in capitals, hold dates.
    pub(super) fn is_date(&self, column: &str) -> bool {
        let column = column.replace('_', "");
        self.of_fields.keys().any(|(field, ty)| ty == "Date" && field.eq_ignore_ascii_case(&column))
    }

    /// Returns a value for a field: mostly one that a column of this name has somewhere, otherwise one of the type.
    pub(super) fn value(&self, dice: &mut Dice, field: &str, ty: &str) -> Option<&String> {
        let named = self.of_fields.get(&(field.to_owned(), ty.to_owned())).filter(|_| dice.percent(85));
        dice.pick(named.or_else(|| self.of_types.get(ty))?)
    }
}

/// Returns values of a table as JSON: the last and the first, which belong to different people.
async fn values(owner: &Client, value: &str, table: &str) -> Vec<String> {
    let sql = format!(
        "WITH it AS (SELECT DISTINCT value FROM (SELECT {value} AS value FROM {table}) AS given
           WHERE value <> 'null')
         (SELECT value::text FROM it ORDER BY value LIMIT {half})
         UNION (SELECT value::text FROM it ORDER BY value DESC LIMIT {half}) ORDER BY 1",
        half = OF_A_COLUMN / 2
    );
    let rows = owner.query(&sql, &[]).await.unwrap_or_else(|error| panic!("{error:?}: {sql}"));
    let values = rows.iter().map(|row| row.get::<_, String>(0));
    values.filter(|value| value.len() < 200).collect()
}

/// Returns paths to values within JSON objects, as lists of one key and of two, and such values.
async fn within(owner: &Client, column: &str, table: &str) -> (Vec<String>, Vec<String>) {
    let each =
        |of: &str| format!("jsonb_each(CASE jsonb_typeof({of}) WHEN 'object' THEN {of} ELSE '{{}}' END)");
    let first = format!("{table}, {} AS e (k, v)", each(column));
    let second = format!("{first}, {} AS f (l, w)", each("v"));
    let mut paths = values(owner, "jsonb_build_array(k)", &first).await;
    paths.extend(values(owner, "jsonb_build_array(k, l)", &second).await);
    (paths, values(owner, "v", &first).await)
}

/// Returns unique keys of some rows of a table.
async fn keys(owner: &Client, table: &Table) -> Vec<Vec<(String, Argument)>> {
    let mut keys = Vec::new();
    for key in &table.keys {
        let columns: Vec<_> = key.iter().map(|id| table.column(*id).sql_name.as_str()).collect();
        let columns = columns.join(", ");
        let rows = format!("(SELECT {columns} FROM {}) it WHERE it IS NOT NULL", table.sql_name);
        for row in values(owner, "to_jsonb(it)", &rows).await {
            let row: Value = serde_json::from_str(&row).unwrap();
            let part = |id: &ColumnId| {
                let column = table.column(*id);
                let value = &row[&column.name];
                let value = match &column.ty {
                    ColumnType::Enum(it) => Argument::Literal(it.name_of(value.as_str()?.as_bytes())?.into()),
                    ColumnType::Scalar(Scalar::BigInt) => Argument::text(&value.to_string()),
                    _ => Argument::from(value),
                };
                Some((column.field.clone(), value))
            };
            keys.extend(key.iter().map(part).collect::<Option<Vec<_>>>());
        }
    }
    keys
}
