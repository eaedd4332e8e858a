//! Lists below a row, and below the rows of a list.

use praxis::graph::catalog::{Catalog, Relation, Table};
use serde_json::Value;
use tokio_postgres::Client;

use super::list::{compare, keys_seen, pages};
use super::{Caller, PARENTS};
use crate::people::{Key, key_arguments, key_fields, text};

/// Lists that no index serves: a score has its substance from its protocol, and an integration score its instrument from the kind
/// of scale. docs/queries.md names them.
const JOINED: [(&str, &str); 2] = [("assessment", "scoreTrends"), ("substance", "scoreTrends")];

/// A list below the rows of a table.
pub(super) struct Below<'c> {
    pub(super) parent: &'c Table,
    pub(super) field: Option<&'c str>,
    pub(super) relation: &'c Relation,
    pub(super) table: &'c Table,
}

/// Returns every list of a system that can grow and is below a row.
pub(super) fn below<'c>(catalog: &'c Catalog, system: &str) -> Vec<Below<'c>> {
    let namespace = catalog.systems().iter().find(|it| it.name == system).unwrap();
    let parents = catalog.tables().iter().filter(|table| catalog.systems()[table.system].name == system);
    let all = parents.filter(|table| table.function.is_none()).flat_map(|parent| {
        parent.relations.iter().filter(|relation| relation.many).map(move |relation| Below {
            parent,
            field: namespace.field.as_deref(),
            relation,
            table: catalog.table(relation.target),
        })
    });
    let is_joined = |it: &Below<'_>| JOINED.contains(&(&*it.parent.single_field, &*it.relation.field));
    all.filter(|it| !it.table.is_reference && it.table.function.is_none() && !is_joined(it)).collect()
}

impl Below<'_> {
    /// Requests the first page, the last, and those on both sides of the middle: below the first parent that the caller sees, the
    /// last, and several at each end. Also requests the first page below the first and the last row of all: a list below a row is
    /// loaded together with it, before the row's visibility is known.
    pub(super) async fn ask(&self, caller: &Caller<'_>, owner: &Client, compares: bool) {
        let (list, parents) = (&self.relation.field, &self.parent.list_field);
        let ask = async |fields: &str| caller.ask(self.field, fields).await;
        ask(&self.below_ends(owner).await).await;
        let local = self.relation.local.iter().map(|id| &*self.parent.column(*id).field);
        let keys: Vec<&str> = key_fields(self.parent).into_iter().chain(local).collect();
        let wants = format!(
            "{} n: {list}(first: 1) {{ totalCount }} {}",
            keys.join(" "),
            pages(list, "", self.table, None)
        );
        let end =
            |name: &str, end: &str| format!("{name}: {parents}({end}: {PARENTS}) {{ nodes {{ {wants} }} }} ");
        let found = ask(&(end("p", "first") + &end("q", "last"))).await;
        let of = |end: &str| found[end]["nodes"].as_array().cloned().unwrap_or_default();
        let (some, others) = (of("p"), of("q"));
        let parents: Vec<(&str, &Value)> = [("p", some.first()), ("q", others.last())]
            .into_iter()
            .filter_map(|(name, parent)| Some((name, parent?)))
            .collect();
        if parents.is_empty() {
            return;
        }

        let below = |name: &str, parent: &Value, wants: &str| {
            let key = key_fields(self.parent).iter().map(|field| text(&parent[*field])).collect();
            self.below(name, &key, wants)
        };
        let middle = |(name, parent): &(&str, &Value)| {
            let middle = parent["n"]["totalCount"].as_u64().unwrap_or_default() / 2;
            below(name, parent, &format!("m: {list}(first: 1, offset: {middle}) {{ edges {{ cursor }} }}"))
        };
        let found = ask(&parents.iter().map(middle).collect::<String>()).await;
        let asked: String = parents
            .iter()
            .map(|(name, parent)| {
                let cursor = found[name]["m"]["edges"][0]["cursor"].as_str();
                below(name, parent, &pages(list, "", self.table, cursor))
            })
            .collect();
        let answer = ask(&asked).await;
        for (name, parent) in parents.into_iter().filter(|_| compares) {
            let remote = self.relation.remote.iter().zip(&self.relation.local).map(|(remote, local)| {
                let value = text(&parent[&self.parent.column(*local).field]);
                format!("t.{} = '{value}'", self.table.column(*remote).sql_name)
            });
            let condition = remote.collect::<Vec<_>>().join(" AND ");
            let all = keys_seen(caller, owner, self.table, &condition).await;
            compare(&answer[name], self.table, &all, caller);
        }
    }

    /// Returns fields for the first pages below the first and the last row of the parents' table, whoever sees these.
    async fn below_ends(&self, owner: &Client) -> String {
        let Table { sql_name, primary_key, .. } = self.parent;
        let columns = primary_key.iter().map(|id| self.parent.column(*id));
        let (keys, order): (Vec<_>, Vec<_>) = columns
            .map(|column| (format!("{}::text", column.sql_name), format!("{} DESC", column.sql_name)))
            .unzip();
        let keys = keys.join(", ");
        let ends = format!(
            "(SELECT {keys} FROM {sql_name} ORDER BY {} LIMIT 1) UNION ALL (SELECT {keys} FROM {sql_name} ORDER BY {} LIMIT 1)",
            order.join(", ").replace(" DESC", ""),
            order.join(", ")
        );
        let ends = owner.query(&ends, &[]).await.unwrap();
        let wants = pages(&self.relation.field, "", self.table, None);
        let asked = ends.iter().enumerate().map(|(at, row)| {
            let key = (0..primary_key.len()).map(|part| row.get(part)).collect();
            self.below(&format!("e{at}"), &key, &wants)
        });
        asked.collect()
    }

    /// Returns a field for fields of the parent with this key.
    pub(super) fn below(&self, name: &str, key: &Key, wants: &str) -> String {
        format!("{name}: {}({}) {{ {wants} }} ", self.parent.single_field, key_arguments(self.parent, key))
    }
}
