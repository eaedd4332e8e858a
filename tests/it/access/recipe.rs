//! Recipes: who may write the rows of a table, with inputs and a patch to try it with.

use praxis::graph::catalog::{Catalog, Table};
use serde_json::Value;
use tokio_postgres::Client;

use super::{Declaration, access, examples};

/// The conditions for writing a table, with inputs.
pub(crate) struct Recipe {
    /// The condition for inserting a row.
    pub(crate) insert: String,
    /// The condition for changing a row.
    pub(crate) update: String,
    /// The condition for deleting a row.
    pub(crate) delete: String,
    /// Inputs of new rows: of the caller's tenant and of another, if the rows have tenants. The first row of a reference table exists
    /// already, and nothing references it.
    pub(crate) inputs: Vec<Value>,
    /// A patch that changes any row; null if callers change none.
    pub(crate) patch: Value,
}

/// Returns the recipe of a table: by its own entry, and otherwise by its rule and by the types and checks of its columns.
pub(crate) async fn recipe(owner: &Client, catalog: &Catalog, table: &Table) -> Recipe {
    let declaration = Declaration::of(table);
    let (rule, own) = (declaration.rule(table), declaration.own(table));
    let access = access(table);
    let may = |condition: Option<String>, may: bool, what: &str| {
        assert!(!may || condition.is_some(), "write down who {what} rows of {}", table.full_name());
        condition.unwrap_or_else(|| "false".to_owned())
    };
    let (own_inputs, own_patch) = own.map_or((None, None), |own| (own.inputs, own.patch));
    let inputs = match own_inputs {
        Some(sql) => objects(owner, &sql).await,
        None => examples::inputs(owner, catalog, table, rule.as_ref()).await.unwrap(),
    };
    let patch = match own_patch {
        Some(patch) => patch,
        None => examples::patch(owner, table).await.unwrap(),
    };
    Recipe {
        insert: may(access.insert, !table.writes.insert.is_empty(), "inserts"),
        update: may(access.update, !table.writes.update.is_empty(), "changes"),
        delete: may(access.delete, table.writes.delete, "deletes"),
        inputs,
        patch,
    }
}

/// Returns the objects that a query returns.
pub(crate) async fn objects(owner: &Client, sql: &str) -> Vec<Value> {
    let sql = format!("SELECT object::text FROM ({sql}) AS given(object)");
    let rows = owner.query(&sql, &[]).await.unwrap_or_else(|error| panic!("{error:?}: {sql}"));
    rows.iter().map(|row| serde_json::from_str(row.get(0)).unwrap()).collect()
}
