//! Lists at the root.

use praxis::graph::catalog::{Catalog, Returns, Table};
use serde_json::{Value, json};
use tokio_postgres::Client;

use super::{Caller, PAGE, SHOWN};
use crate::people::{Key, arguments, key_fields, key_list};

/// All that a row has: of an index that has its key alone Postgres thinks better than of others.
pub(super) fn wants(table: &Table) -> String {
    let columns = table.columns.iter().map(|it| it.field.as_str()).collect::<Vec<_>>().join(" ");
    format!("edges {{ cursor node {{ {columns} }} }} pageInfo {{ hasNextPage }}")
}

/// A list of a system.
pub(super) struct List<'c> {
    table: &'c Table,
    field: Option<&'c str>,
    /// Filter, order and what a function is given.
    arguments: &'static str,
}

/// Every list that can grow, by key and as it is shown, and what every function gives.
pub(super) fn lists<'c>(catalog: &'c Catalog, system: &str) -> Vec<List<'c>> {
    let of_system = |table: &&Table| catalog.systems()[table.system].name == system;
    let tables: Vec<&Table> = catalog.tables().iter().filter(of_system).collect();
    let field = catalog.systems().iter().find(|it| it.name == system).unwrap().field.as_deref();
    let grows = |table: &&&Table| !table.is_reference && table.function.is_none();
    let by_key = tables.iter().filter(grows).map(|table| List { table, field, arguments: "" });
    let shown = SHOWN.iter().filter(|(of, ..)| *of == system).map(|(_, list, arguments)| List {
        table: tables.iter().find(|table| table.list_field == *list).unwrap(),
        field,
        arguments,
    });
    let lists_rows =
        |table: &&&Table| catalog.function_of(table).is_some_and(|it| matches!(it.returns, Returns::Rows(_)));
    let given =
        tables.iter().filter(lists_rows).map(|table| List { table, field, arguments: arguments(table) });
    by_key.chain(shown).chain(given).collect()
}

impl List<'_> {
    /// Asks for the first page, the last, and those on both sides of the middle.
    pub(super) async fn ask(&self, caller: &Caller<'_>, owner: &Client, compares: bool) {
        let wants = wants(self.table);
        let size = self.edges(caller, &self.query("first: 1", "totalCount")).await["totalCount"].clone();
        let middle = size.as_u64().unwrap_or_default() / 2;
        let found =
            self.edges(caller, &self.query(&format!("first: 1, offset: {middle}"), "edges { cursor }")).await;
        let cursor = found["edges"][0]["cursor"].as_str().map(ToOwned::to_owned);

        let mut pages = vec![format!("first: {PAGE}"), format!("last: {PAGE}")];
        if let Some(cursor) = &cursor {
            pages.push(format!("first: {PAGE}, after: {cursor:?}"));
            pages.push(format!("last: {PAGE}, before: {cursor:?}"));
        }
        let mut answers = Vec::new();
        for page in &pages {
            let query = self.query(page, &wants);
            self.edges(caller, &query).await;
            answers.push(self.keys_of(&self.edges(caller, &query).await));
        }
        if compares && self.arguments.is_empty() && self.table.function.is_none() {
            let all = self.keys_seen(caller, owner).await;
            let middle = usize::try_from(middle).unwrap();
            let mut expected =
                vec![all[..PAGE.min(all.len())].to_vec(), all[all.len().saturating_sub(PAGE)..].to_vec()];
            if cursor.is_some() {
                expected.push(all[middle + 1..(middle + 1 + PAGE).min(all.len())].to_vec());
                expected.push(all[middle.saturating_sub(PAGE)..middle].to_vec());
            }
            assert_eq!(answers, expected, "{} as {}", self.table.list_field, caller.name);
        }
    }

    fn query(&self, page: &str, wants: &str) -> String {
        let separator = if self.arguments.is_empty() { "" } else { ", " };
        let list = format!("{}({page}{separator}{}) {{ {wants} }}", self.table.list_field, self.arguments);
        self.field.map_or_else(|| format!("{{ {list} }}"), |field| format!("{{ {field} {{ {list} }} }}"))
    }

    async fn edges(&self, caller: &Caller<'_>, query: &str) -> Value {
        let data = caller.actor.ask_with(query, &json!({})).await.data().clone();
        let list = self.table.list_field.as_str();
        self.field.map_or_else(|| data[list].clone(), |field| data[field][list].clone())
    }

    fn keys_of(&self, connection: &Value) -> Vec<Key> {
        let fields = key_fields(self.table);
        let key =
            |edge: &Value| fields.iter().map(|field| crate::people::text(&edge["node"][field])).collect();
        connection["edges"].as_array().unwrap().iter().map(key).collect()
    }

    /// The keys of all rows that the policies let a caller see, in order, asked as plainly as can be.
    async fn keys_seen(&self, caller: &Caller<'_>, owner: &Client) -> Vec<Key> {
        let (role, id) = match &caller.id {
            Some(id) => ("authenticated", id.as_str()),
            None => ("anon", ""),
        };
        let key = self.table.primary_key.iter().map(|id| format!("t.{}", self.table.column(*id).sql_name));
        let sql = format!(
            "SELECT {} FROM {} AS t ORDER BY {}",
            key_list(self.table),
            self.table.sql_name,
            key.collect::<Vec<_>>().join(", ")
        );
        let claims = json!({ "sub": caller.id, "role": role }).to_string();
        let begin = format!(
            "BEGIN; SELECT set_config('request.jwt.claims', '{claims}', true),
               set_config('request.jwt.claim.sub', '{id}', true),
               set_config('request.jwt.claim.role', '{role}', true); SET LOCAL ROLE {role}"
        );
        owner.batch_execute(&begin).await.unwrap();
        let rows = owner.query(&sql, &[]).await.unwrap();
        owner.batch_execute("ROLLBACK").await.unwrap();
        rows.iter().map(|row| (0..row.len()).map(|at| row.get(at)).collect()).collect()
    }
}
