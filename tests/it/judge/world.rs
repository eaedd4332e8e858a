//! The database of the judge's callers, and their connections beside the gateway.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use praxis::graph::catalog::{Catalog, ColumnId, ColumnType, Table};
use praxis::systems;
use serde_json::Value;
use tokio_postgres::Client;

use crate::harness::{Actor, App, clone_database, connect, database_url};
use crate::random::{Pool, Schema};

/// The callers; `None` has no token.
const PEOPLE: [Option<&str>; 9] = [
    Some("clinician.north@praxis.example"),
    Some("both.sites@praxis.example"),
    Some("network@praxis.example"),
    Some("admin.north@praxis.example"),
    Some("therapist@mindful.example"),
    Some("patient@mindful.example"),
    Some("admin@mindful.example"),
    Some("newcomer@praxis.example"),
    None,
];

/// A gateway and its catalog.
pub(super) struct World {
    pub(super) app: App,
    pub(super) catalog: Catalog,
    pub(super) schema: Schema,
    pub(super) people: Vec<Person>,
}

/// A caller, the values for their operations, and a connection with the same rights.
pub(super) struct Person {
    pub(super) name: String,
    pub(super) token: Option<String>,
    pub(super) pool: Pool,
    pub(super) database: Client,
}

impl World {
    pub(super) async fn make() -> Self {
        let database = clone_database().await;
        let catalog = Catalog::new(&systems::ALL).unwrap();
        let owner = connect(&database_url("postgres", &database)).await;
        roughen(&owner, &catalog).await;
        let pool = Pool::of(&owner, &catalog).await;
        let app = App::over(&database, |_| {}).await;
        let schema = Schema::of(&app.clinician_north().await).await;
        let mut people = Vec::new();
        for email in PEOPLE {
            let actor = match email {
                Some(email) => app.user(email).await,
                None => app.anonymous(),
            };
            let mut pool = pool.clone();
            pool.look_as(&actor, &catalog, &schema).await;
            people.push(Person {
                name: email.unwrap_or("somebody without a token").to_owned(),
                pool,
                database: session(&app, &actor).await,
                token: actor.token.clone(),
            });
        }
        Self { app, catalog, schema, people }
    }
}

/// Opens a connection with a caller's role and claims, and one snapshot.
async fn session(app: &App, actor: &Actor<'_>) -> Client {
    let client = connect(&app.database_url("praxis_gateway")).await;
    let claims = actor.token.as_ref().and_then(|token| {
        let payload = token.split('.').nth(1)?;
        String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
    });
    let role = if claims.is_some() { "authenticated" } else { "anon" };
    let claims = claims.unwrap_or_else(|| "{}".to_owned());
    let subject: Value = serde_json::from_str(&claims).unwrap();
    let subject = subject["sub"].as_str().unwrap_or_default();
    client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.unwrap();
    client
        .execute(
            "SELECT set_config('request.jwt.claims', $1, false), set_config('request.jwt.claim.sub', $2, false),
               set_config('request.jwt.claim.role', $3, false), set_config('search_path', '', false),
               set_config('TimeZone', 'UTC', false), set_config('jit', 'off', false),
               set_config('statement_timeout', '5s', false), set_config('role', $3, false)",
            &[&claims, &subject, &role],
        )
        .await
        .unwrap();
    client
}

/// Removes some values, and makes some equal and some unusual, past every trigger: with only distinct values no order has ties
/// and no condition is unknown.
async fn roughen(owner: &Client, catalog: &Catalog) {
    owner.batch_execute("SET session_replication_role = replica; SET praxis.announce = off").await.unwrap();
    for table in catalog.tables().iter().filter(|table| table.function.is_none()) {
        for id in table.column_ids().filter(|id| !is_key(table, *id)) {
            let column = table.column(id);
            let (name, table) = (&column.sql_name, &table.sql_name);
            let some =
                |one_in: usize| format!("abs(hashtext(ctid::text || '{}')) % {one_in} = 0", column.name);
            let alike =
                format!("(SELECT {name} FROM {table} WHERE {name} IS NOT NULL ORDER BY ctid LIMIT 1)");
            let mut changes = vec![format!("UPDATE {table} SET {name} = {alike} WHERE {}", some(7))];
            if column.nullable {
                changes.push(format!("UPDATE {table} SET {name} = NULL WHERE {}", some(5)));
            }
            if matches!(column.ty, ColumnType::List(_)) {
                changes.push(format!("UPDATE {table} SET {name} = {name} || {name} WHERE {}", some(3)));
            }
            if column.ty.postgres().name() == "text" {
                for (strange, one_in) in [(r#"'O''Neil 100%_\ "é" İ'"#, 11), (r"'%_\ it''s'", 13)] {
                    changes.push(format!("UPDATE {table} SET {name} = {strange} WHERE {}", some(one_in)));
                }
            }
            if column.ty.postgres().name() == "jsonb" {
                // Numbers as texts, beside those of other rows.
                let said = format!(
                    "(SELECT jsonb_object_agg(k, CASE jsonb_typeof(v) WHEN 'number' THEN to_jsonb(v #>> '{{}}') ELSE v END)
                        FROM jsonb_each({name}) AS e (k, v))"
                );
                let is_object = format!("jsonb_typeof({name}) = 'object' AND {name} <> '{{}}'");
                changes.push(format!("UPDATE {table} SET {name} = {said} WHERE {is_object} AND {}", some(4)));
            }
            for change in changes {
                // A view or a constraint may refuse it.
                let _ = owner.batch_execute(&change).await;
            }
        }
    }
    owner.batch_execute("RESET session_replication_role; RESET praxis.announce; ANALYZE").await.unwrap();
}

/// Returns true if a column identifies or references rows.
fn is_key(table: &Table, id: ColumnId) -> bool {
    table.keys.iter().flatten().any(|it| *it == id)
        || table.relations.iter().any(|relation| relation.local.contains(&id))
}
