//! Lists at the root.

use praxis::graph::catalog::{Catalog, Returns, Table};
use serde_json::{Value, json};
use tokio_postgres::Client;

use super::{Caller, PAGE, SHOWN};
use crate::people::{Key, arguments, key_fields, key_list, text};

/// A list of a system.
pub(super) struct List<'c> {
    table: &'c Table,
    field: Option<&'c str>,
    /// Filter, order and arguments of a function.
    arguments: &'static str,
}

/// Returns every list that can grow, by key and in the documented orders, and the rows of every function.
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
    /// Requests the first page, the last, and those on both sides of the middle.
    pub(super) async fn ask(&self, caller: &Caller<'_>, owner: &Client, compares: bool) {
        let (list, arguments) = (self.table.list_field.as_str(), self.arguments);
        let ask = async |fields: &str| caller.ask(self.field, fields).await;
        let size = ask(&format!("n: {list}(first: 1, {arguments}) {{ totalCount }}")).await;
        let middle = size["n"]["totalCount"].as_u64().unwrap_or_default() / 2;
        let found =
            ask(&format!("m: {list}(first: 1, offset: {middle}, {arguments}) {{ edges {{ cursor }} }}"))
                .await;

        let pages = pages(list, arguments, self.table, found["m"]["edges"][0]["cursor"].as_str());
        let answer = ask(&pages).await;
        if compares && arguments.is_empty() && self.table.function.is_none() {
            compare(&answer, self.table, &keys_seen(caller, owner, self.table, "true").await, caller);
        }
    }
}

/// Returns fields for the first page of a list, the last, and those on both sides of the middle, given by its cursor.
pub(super) fn pages(list: &str, arguments: &str, table: &Table, middle: Option<&str>) -> String {
    let columns = table.columns.iter().map(|it| it.field.as_str()).collect::<Vec<_>>().join(" ");
    // All columns of a row: Postgres prefers an index that contains all selected columns.
    let wants = format!("edges {{ cursor node {{ {columns} }} }} pageInfo {{ hasNextPage }}");
    let page = |name: &str, page: &str| format!("{name}: {list}({page}, {arguments}) {{ {wants} }} ");
    let ends = page("a", &format!("first: {PAGE}")) + &page("b", &format!("last: {PAGE}"));
    let Some(cursor) = middle else { return ends };
    ends + &page("c", &format!("first: {PAGE}, after: {cursor:?}"))
        + &page("d", &format!("last: {PAGE}, before: {cursor:?}"))
}

/// Compares the keys on pages with those of the whole list.
pub(super) fn compare(answer: &Value, table: &Table, all: &[Key], caller: &Caller<'_>) {
    let fields = key_fields(table);
    let key = |edge: &Value| fields.iter().map(|field| text(&edge["node"][field])).collect::<Key>();
    let (size, middle) = (all.len(), all.len() / 2);
    for (page, expected) in [
        ("a", &all[..PAGE.min(size)]),
        ("b", &all[size.saturating_sub(PAGE)..]),
        ("c", &all[(middle + 1).min(size)..(middle + 1 + PAGE).min(size)]),
        ("d", &all[middle.saturating_sub(PAGE)..middle]),
    ] {
        let Some(edges) = answer[page]["edges"].as_array() else {
            assert!(all.is_empty(), "{page} of {} as {}", table.list_field, caller.name);
            continue;
        };
        let found: Vec<Key> = edges.iter().map(key).collect();
        assert_eq!(found, expected, "{page} of {} as {}", table.list_field, caller.name);
    }
}

/// Returns the keys of all rows of a table that meet a condition and that the policies show to a caller, in order, by a plain
/// query.
pub(super) async fn keys_seen(
    caller: &Caller<'_>,
    owner: &Client,
    table: &Table,
    condition: &str,
) -> Vec<Key> {
    let (role, id) = match &caller.id {
        Some(id) => ("authenticated", id.as_str()),
        None => ("anon", ""),
    };
    let key = table.primary_key.iter().map(|id| format!("t.{}", table.column(*id).sql_name));
    let sql = format!(
        "SELECT {} FROM {} AS t WHERE {condition} ORDER BY {}",
        key_list(table),
        table.sql_name,
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
