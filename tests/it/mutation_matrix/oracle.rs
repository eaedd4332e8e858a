//! Determines the expected outcome of a mutation in plain SQL, past every policy, in a transaction that is rolled back.

use praxis::graph::catalog::{ColumnId, ColumnType, FieldId, Table};
use serde_json::{Value, json};
use tokio_postgres::{Client, Error};

use crate::people::{Caller, Key, MEMBERSHIPS, key_list, quoted, text};

/// The mutation succeeds.
pub(super) const DONE: &str = "DONE";
/// The caller may not write the row.
pub(super) const FORBIDDEN: &str = "FORBIDDEN";

/// Returns the expected outcome of inserting a row, which has to meet a condition.
pub(super) async fn insertion(
    owner: &Client,
    table: &Table,
    input: &Value,
    policy: &str,
    caller: &Caller<'_>,
) -> &'static str {
    if caller.id.is_none() {
        return FORBIDDEN;
    }
    let (names, values) = cells(table, input);
    let row =
        if names.is_empty() { "DEFAULT VALUES".to_owned() } else { format!("({names}) VALUES ({values})") };
    let nullable: Vec<String> = table
        .column_ids()
        .map(|id| format!("ALTER COLUMN {} DROP NOT NULL", table.column(id).sql_name))
        .collect();
    // The row alone, with the caller's defaults, whatever other errors the table would raise.
    begin(owner, caller).await;
    let new_row = format!(
        "CREATE TEMP TABLE new_row (LIKE {} INCLUDING DEFAULTS);
         ALTER TABLE new_row {};
         INSERT INTO new_row {row}",
        table.sql_name,
        nullable.join(", "),
    );
    owner.batch_execute(&new_row).await.unwrap_or_else(|error| panic!("{error:?}: {new_row}"));
    let policy = caller.ask_for(policy);
    let sql = format!("{MEMBERSHIPS} SELECT count(*) FROM new_row AS {} WHERE {policy}", table.name);
    let is_allowed = owner.query_one(&sql, &[]).await.unwrap().get::<_, i64>(0) == 1;
    let insert = format!("INSERT INTO {} {row}", table.sql_name);
    let outcome = owner.batch_execute(&insert).await;
    owner.batch_execute("ROLLBACK").await.unwrap();
    let outcome = outcome.map_or_else(|error| Refusal::of(&error, false), |()| Refusal::NONE);
    // A trigger raises its error before the policy is checked, and the other rules after it.
    if is_allowed || outcome.by_trigger { outcome.code } else { FORBIDDEN }
}

/// Returns the outcome of changing a row that the caller may change, by the table's rules.
pub(super) async fn update(
    owner: &Client,
    table: &Table,
    key: &Key,
    patch: &Value,
    caller: &Caller<'_>,
) -> &'static str {
    let (names, values) = cells(table, patch);
    rules(
        owner,
        &format!("UPDATE {} SET ({names}) = ROW({values}) {}", table.sql_name, named(table, key)),
        caller,
    )
    .await
}

/// Returns the outcome of deleting a row that the caller may delete, by the table's rules.
pub(super) async fn deletion(owner: &Client, table: &Table, key: &Key, caller: &Caller<'_>) -> &'static str {
    rules(owner, &format!("DELETE FROM {} {}", table.sql_name, named(table, key)), caller).await
}

/// Returns true if a condition on arguments holds for a caller.
pub(super) async fn holds(owner: &Client, condition: &str, arguments: &Value, caller: &Caller<'_>) -> bool {
    let mut condition = caller.ask_for(condition);
    for (name, value) in arguments.as_object().unwrap() {
        condition = condition.replace(&format!(":{name}"), &text(value));
    }
    let sql = format!("{MEMBERSHIPS} SELECT {condition}");
    owner.query_one(&sql, &[]).await.unwrap_or_else(|error| panic!("{error:?}: {sql}")).get(0)
}

/// Returns the `WHERE` condition of the row with this key.
pub(super) fn named(table: &Table, key: &Key) -> String {
    let values: Vec<String> = key.iter().map(|value| quoted(value)).collect();
    format!("WHERE ROW({}) = ROW({})", key_list(table), values.join(", "))
}

/// Returns the columns and values of an input, for SQL.
pub(super) fn cells(table: &Table, input: &Value) -> (String, String) {
    let cell = |(field, value): (&String, &Value)| {
        let Some(FieldId::Column(id)) = table.field(field) else { panic!("{field}") };
        (table.column(id).sql_name.clone(), quoted(&stored(table, id, &text(value))))
    };
    let (names, values): (Vec<_>, Vec<_>) = input.as_object().unwrap().iter().map(cell).unzip();
    (names.join(", "), values.join(", "))
}

/// Returns the database's form of a value of an input.
fn stored(table: &Table, id: ColumnId, value: &str) -> String {
    match &table.column(id).ty {
        ColumnType::Enum(values) => values.text_of(value).unwrap_or(value).to_owned(),
        // An array in the notation of Postgres.
        ColumnType::List(_) => {
            let items: Vec<Value> = serde_json::from_str(value).unwrap();
            format!("{{{}}}", items.iter().map(Value::to_string).collect::<Vec<_>>().join(","))
        }
        ColumnType::Scalar(_) => value.to_owned(),
    }
}

async fn begin(owner: &Client, caller: &Caller<'_>) {
    let role = if caller.id.is_some() { "authenticated" } else { "anon" };
    let claims = json!({ "sub": caller.id, "role": role }).to_string();
    owner.batch_execute("BEGIN").await.unwrap();
    owner.execute("SELECT set_config('request.jwt.claims', $1, true)", &[&claims]).await.unwrap();
}

async fn rules(owner: &Client, sql: &str, caller: &Caller<'_>) -> &'static str {
    begin(owner, caller).await;
    let outcome = owner.batch_execute(sql).await;
    owner.batch_execute("ROLLBACK").await.unwrap();
    outcome.map_or_else(|error| Refusal::of(&error, true).code, |()| DONE)
}

/// A refusal by the database.
struct Refusal {
    code: &'static str,
    by_trigger: bool,
}

impl Refusal {
    const NONE: Self = Self { code: DONE, by_trigger: false };

    /// Classifies an error. `there`: the row existed, and others may reference it.
    fn of(error: &Error, there: bool) -> Self {
        let state = error.code().unwrap_or_else(|| panic!("{error:?}")).code();
        let code = match state {
            "23503" if there => "CONFLICT",
            "PR400" | "23502" | "23503" | "23514" => "BAD_USER_INPUT",
            "PR403" => FORBIDDEN,
            "PR404" => "NOT_FOUND",
            "PR409" | "23505" => "CONFLICT",
            _ => panic!("{error:?}"),
        };
        Self { code, by_trigger: state.starts_with("PR") }
    }
}
