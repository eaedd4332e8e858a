//! Deletes the rows that a caller may not see.

use praxis::graph::catalog::Catalog;
use tokio_postgres::Client;

use crate::access::readable;
use crate::people::{Caller, MEMBERSHIPS};

/// Deletes, without triggers and foreign keys, all rows of served tables that the literal policies hide from the caller, and all
/// other accounts. Returns the tables that lose rows.
pub(super) async fn take_away(owner: &Client, catalog: &Catalog, caller: &Caller<'_>) -> Vec<String> {
    let mut hidden = vec![("auth.users".to_owned(), "id = auth.uid()".to_owned())];
    let kind = "SELECT relkind::text FROM pg_class WHERE oid = $1::text::regclass";
    for table in catalog.tables().iter().filter(|table| table.function.is_none()) {
        // The rows of a view disappear with those of its tables.
        if owner.query_one(kind, &[&table.sql_name]).await.unwrap().get::<_, &str>(0) == "r" {
            hidden.push((table.sql_name.clone(), readable(table)));
        }
    }
    // Policies read other tables: first find the rows, then delete them.
    for (at, (table, policy)) in hidden.iter().enumerate() {
        let policy = caller.ask_for(policy);
        let find = format!(
            "CREATE TEMP TABLE hidden_{at} AS {MEMBERSHIPS}
             SELECT it.place FROM (SELECT ctid AS place, ({policy}) AS is_seen FROM {table}) AS it
             WHERE is_seen IS NOT TRUE"
        );
        owner.batch_execute(&find).await.unwrap_or_else(|error| panic!("{error:?}: {find}"));
    }
    owner.batch_execute("SET session_replication_role = replica; SET praxis.announce = off").await.unwrap();
    let mut lose = Vec::new();
    for (at, (table, _)) in hidden.iter().enumerate() {
        let delete = format!("DELETE FROM {table} WHERE ctid IN (SELECT place FROM hidden_{at})");
        if owner.execute(&delete, &[]).await.unwrap() > 0 {
            lose.push(table.clone());
        }
    }
    owner.batch_execute("RESET session_replication_role; RESET praxis.announce; ANALYZE").await.unwrap();
    lose
}
