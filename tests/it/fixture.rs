//! Rows of a test's own, inserted past every policy: sites, people, protocols.

use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::harness::{Actor, App, token};

/// The demo's first site, as a subquery.
pub(crate) const NORTH_SITE: &str = "(SELECT site_id FROM user_sites JOIN auth.users u ON u.id = user_id
    WHERE email = 'clinician.north@praxis.example')";

/// Returns the rows of a query as JSON, read past every policy.
pub(crate) async fn oracle(app: &App, sql: &str) -> Value {
    let sql = format!("SELECT coalesce(jsonb_agg(to_jsonb(answer)), '[]')::text FROM ({sql}) answer");
    serde_json::from_str(app.owner().await.query_one(&sql, &[]).await.unwrap().get(0)).unwrap()
}

/// Normalizes numbers: 4 and 4.0 are the same, and the last digits of a mean do not count.
pub(crate) fn normal(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(normal).collect(),
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), normal(value))).collect(),
        Value::Number(number) => json!(number.as_f64().map(|it| (it * 1e6).round() / 1e6)),
        other => other.clone(),
    }
}

/// Inserts a site.
pub(crate) async fn site(owner: &Client, name: &str) -> i64 {
    let sql = "INSERT INTO sites (site_name) VALUES ($1) RETURNING site_id";
    owner.query_one(sql, &[&name]).await.unwrap().get(0)
}

/// Inserts an account; the address is `<name>@tests.example`.
pub(crate) async fn person(owner: &Client, name: &str) -> String {
    let sql = "INSERT INTO auth.users (email) VALUES ($1 || '@tests.example') RETURNING id::text";
    owner.query_one(sql, &[&name]).await.unwrap().get(0)
}

/// Makes a person a member of a site.
pub(crate) async fn join(owner: &Client, person: &str, site: i64, role: &str) {
    let sql = "INSERT INTO user_sites (user_id, site_id, role) VALUES ($1::text::uuid, $2, $3)";
    owner.execute(sql, &[&person, &site, &role]).await.unwrap();
}

/// Inserts a protocol of a site.
pub(crate) async fn protocol(owner: &Client, site: i64) -> i64 {
    let sql = "INSERT INTO log_clinical_records (site_id) VALUES ($1) RETURNING record_id";
    owner.query_one(sql, &[&site]).await.unwrap().get(0)
}

/// Inserts a clinician of a new site, who sees only the rows of the test.
pub(crate) async fn clinician<'a>(app: &'a App, owner: &Client, name: &str) -> (Actor<'a>, i64) {
    let site = site(owner, name).await;
    let person = person(owner, name).await;
    join(owner, &person, site, "clinician").await;
    (signed_in(app, &person), site)
}

/// Returns the caller with this id, signed in.
pub(crate) fn signed_in<'a>(app: &'a App, person: &str) -> Actor<'a> {
    app.bearer(&token(person, "someone@tests.example"))
}
