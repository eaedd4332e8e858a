//! Lists below a row, and below the rows of a list.

use praxis::graph::catalog::{Catalog, Relation, Table};
use serde_json::{Value, json};

use super::list::wants;
use super::{Caller, PAGE, PARENTS};
use crate::people::{Key, key_arguments, key_fields, text};

/// A list below the rows of a table.
pub(super) struct Below<'c> {
    parent: &'c Table,
    field: Option<&'c str>,
    relation: &'c Relation,
    table: &'c Table,
}

/// Every list of a system that can grow and belongs to a row. Those of a row that is for everybody, such as a substance, are a filter
/// on the caller's.
pub(super) fn below<'c>(catalog: &'c Catalog, system: &str) -> Vec<Below<'c>> {
    let namespace = catalog.systems().iter().find(|it| it.name == system).unwrap();
    let parents = catalog.tables().iter().filter(|table| catalog.systems()[table.system].name == system);
    let all = parents.filter(|table| !table.is_reference && table.function.is_none()).flat_map(|parent| {
        parent.relations.iter().filter(|relation| relation.many).map(move |relation| Below {
            parent,
            field: namespace.field.as_deref(),
            relation,
            table: catalog.table(relation.target),
        })
    });
    all.filter(|it| !it.table.is_reference && it.table.function.is_none()).collect()
}

impl Below<'_> {
    /// Asks for the first page, the last, and those on both sides of the middle: below the first parent that the caller sees, the
    /// last, and several at each end.
    pub(super) async fn ask(&self, caller: &Caller<'_>) {
        let (list, wants) = (&self.relation.field, wants(self.table));
        let ends = format!("a: {list}(first: {PAGE}) {{ {wants} }} b: {list}(last: {PAGE}) {{ {wants} }}");
        for end in ["first", "last"] {
            let parents = format!("p: {}({end}: {PARENTS}) {{ nodes {{ {ends} }} }}", self.parent.list_field);
            self.twice(caller, &parents).await;

            let keys = key_fields(self.parent).join(" ");
            let parent = format!("p: {}({end}: 1) {{ nodes {{ {keys} }} }}", self.parent.list_field);
            let parent = self.answer(caller, &parent).await;
            let Some(parent) = parent["nodes"].get(0) else { continue };
            let key: Key = key_fields(self.parent).iter().map(|field| text(&parent[*field])).collect();
            let parent = format!("p: {}({})", self.parent.single_field, key_arguments(self.parent, &key));
            let size = self.answer(caller, &format!("{parent} {{ {list} {{ totalCount }} }}")).await;
            let middle = size[list]["totalCount"].as_u64().unwrap_or_default() / 2;
            let found = format!("{parent} {{ {list}(first: 1, offset: {middle}) {{ edges {{ cursor }} }} }}");
            let found = self.answer(caller, &found).await;
            let cursor = &found[list]["edges"][0]["cursor"];
            let middle = if cursor.is_string() {
                format!(
                    "c: {list}(first: {PAGE}, after: {cursor}) {{ {wants} }} d: {list}(last: {PAGE}, before: {cursor}) {{ {wants} }}"
                )
            } else {
                String::new()
            };
            self.twice(caller, &format!("{parent} {{ {ends} {middle} }}")).await;
        }
    }

    /// The second time nothing is read of the catalog.
    async fn twice(&self, caller: &Caller<'_>, parents: &str) {
        self.answer(caller, parents).await;
        self.answer(caller, parents).await;
    }

    /// What is answered to a field `p`.
    async fn answer(&self, caller: &Caller<'_>, field: &str) -> Value {
        let query = self
            .field
            .map_or_else(|| format!("{{ {field} }}"), |system| format!("{{ {system} {{ {field} }} }}"));
        let data = caller.actor.ask_with(&query, &json!({})).await.data().clone();
        self.field.map_or_else(|| data["p"].clone(), |system| data[system]["p"].clone())
    }
}
