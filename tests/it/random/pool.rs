//! Values that operations are made of: those that are in the database, whoever may see them.

use std::collections::HashMap;

use praxis::graph::catalog::{Catalog, ColumnType};
use serde_json::Value;
use tokio_postgres::Client;

use super::Argument;
use super::dice::Dice;
use crate::harness::Actor;

/// So many values of each column are kept.
const OF_A_COLUMN: usize = 12;

/// Values by the names of fields and by their types.
#[derive(Default)]
pub(crate) struct Pool {
    of_fields: HashMap<String, Vec<String>>,
    of_types: HashMap<String, Vec<String>>,
    /// Global ids by the types of their rows.
    ids: HashMap<String, Vec<String>>,
    pages: HashMap<String, Vec<Page>>,
}

/// A page of a list that somebody has turned to.
#[derive(Clone)]
pub(crate) struct Page {
    pub(crate) cursor: String,
    pub(crate) order: Option<Argument>,
}

impl Pool {
    /// Reads values of every column that is served, past every policy.
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
                // The last and the first of the table, which belong to different people.
                let sql = format!(
                    "WITH it AS (SELECT DISTINCT value FROM (SELECT to_jsonb({value}) AS value FROM {}) AS given
                       WHERE value <> 'null')
                     (SELECT value::text FROM it ORDER BY value LIMIT {half})
                     UNION (SELECT value::text FROM it ORDER BY value DESC LIMIT {half})",
                    table.sql_name,
                    half = OF_A_COLUMN / 2
                );
                let rows = owner.query(&sql, &[]).await.unwrap_or_else(|error| panic!("{error:?}: {sql}"));
                let values = rows.iter().map(|row| row.get::<_, String>(0));
                let values: Vec<String> = values.filter(|value| value.len() < 200).collect();
                pool.of_types.entry(scalar.graphql_name().to_owned()).or_default().extend(values.clone());
                pool.of_fields.entry(column.field.clone()).or_default().extend(values);
            }
        }
        pool
    }

    /// Adds global ids and cursors that somebody is given.
    pub(crate) async fn look_as(&mut self, actor: &Actor<'_>, catalog: &Catalog) {
        for table in catalog.tables().iter().filter(|table| table.function.is_none() && table.has_global_id())
        {
            let orders = table.columns.iter().filter(|column| column.ty.is_ordered()).take(3).map(|column| {
                let entry = vec![(column.field.clone(), Argument::Literal("DESC".into()))];
                Some(Argument::List(vec![Argument::Object(entry)]))
            });
            for order in std::iter::once(None).chain(orders) {
                let ordered = order.as_ref().map(|it| format!(", orderBy: {it}")).unwrap_or_default();
                let list =
                    format!("{}(first: 4{ordered}) {{ edges {{ cursor node {{ id }} }} }}", table.list_field);
                let namespace = catalog.systems()[table.system].field.as_deref();
                let query =
                    namespace.map_or(format!("{{ {list} }}"), |it| format!("{{ {it} {{ {list} }} }}"));
                let answer = actor.ask(&query).await;
                let data = namespace.map_or(answer.data(), |it| &answer.data()[it]);
                for edge in data[&table.list_field]["edges"].as_array().unwrap() {
                    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                    self.ids.entry(table.type_name.clone()).or_default().push(text(&edge["node"]["id"]));
                    let page = Page { cursor: text(&edge["cursor"]), order: order.clone() };
                    self.pages.entry(table.list_field.clone()).or_default().push(page);
                }
            }
        }
    }

    /// A page of a list, if somebody has turned to one.
    pub(super) fn page(&self, dice: &mut Dice, list: &str) -> Option<&Page> {
        dice.pick(self.pages.get(list)?)
    }

    /// The id of a row, mostly one of this type.
    pub(super) fn id(&self, dice: &mut Dice, ty: Option<&str>) -> Argument {
        let mut types: Vec<&String> = self.ids.keys().collect();
        types.sort_unstable();
        let of_type = ty.and_then(|ty| self.ids.get(ty)).filter(|_| dice.percent(95));
        let ids = of_type.or_else(|| self.ids.get(*dice.pick(&types)?));
        ids.and_then(|ids| dice.pick(ids)).map_or_else(|| Argument::text("none"), |id| Argument::text(id))
    }

    /// A value of a field: mostly one that a column of this name has somewhere, else one of the type.
    pub(super) fn value(&self, dice: &mut Dice, field: &str, ty: &str) -> Option<&String> {
        let named = self.of_fields.get(field).filter(|_| dice.percent(85));
        dice.pick(named.or_else(|| self.of_types.get(ty))?)
    }
}
