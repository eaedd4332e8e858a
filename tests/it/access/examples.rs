//! Examples of new rows and of changes, from the types, checks, keys and foreign keys of a table.

use praxis::graph::catalog::{Catalog, Column, ColumnId, ColumnType, Scalar, Table};
use serde_json::{Map, Value, json};
use tokio_postgres::Client;

use super::{Rule, Tables};
use crate::people::quoted;

/// The number of rows of a parent that are tried.
const PARENTS: usize = 3;
/// The number of newest rows that a patch has to change.
const CHANGED: usize = 50;

/// Returns inputs of new rows: one for each value of the rule's column, two of a reference table, and one otherwise. The error says
/// that the table accepts none of the rows tried.
pub(super) async fn inputs(
    owner: &Client,
    catalog: &Catalog,
    table: &Table,
    rule: Option<&Rule>,
) -> Result<Vec<Value>, String> {
    if table.writes.insert.is_empty() {
        return Ok(Vec::new());
    }
    let leads = rule.and_then(|rule| match rule.tables {
        Tables::Column(name) if !rule.values.is_empty() => Some((name, rule.values)),
        _ => None,
    });
    let mut inputs = Vec::new();
    if let Some((column, values)) = leads {
        for (at, row) in owner.query(values, &[]).await.unwrap().iter().enumerate() {
            inputs.push(input(owner, catalog, table, at + 1, Some((column, row.get(0)))).await?);
        }
    } else {
        for number in 1..=if table.is_reference { 2 } else { 1 } {
            inputs.push(input(owner, catalog, table, number, None).await?);
        }
    }
    Ok(inputs)
}

/// Returns the input of a row that the table accepts. `leads`: the column that leads to the tenant, with its value.
async fn input(
    owner: &Client,
    catalog: &Catalog,
    table: &Table,
    number: usize,
    leads: Option<(&str, &str)>,
) -> Result<Value, String> {
    let mut columns = Vec::new();
    for &id in &table.writes.insert {
        let column = table.column(id);
        let is_in_key = table.keys.iter().any(|key| **key != *table.primary_key && key.contains(&id));
        let candidates = match leads {
            Some((name, value)) if name == column.name => vec![as_json(&column.ty, value)],
            _ if !table.is_required(id) && !is_in_key => continue,
            _ => {
                let mut values = match parents(owner, catalog, table, id, leads).await {
                    Some(parents) => parents,
                    None => candidates(column, number, is_in_key),
                };
                if !table.is_required(id) {
                    values.push(Value::Null);
                }
                values
            }
        };
        columns.push((id, candidates));
    }
    let sources = columns.iter().enumerate().map(|(at, (_, values))| {
        format!(
            "jsonb_array_elements({}) WITH ORDINALITY AS column_{at}(value_{at}, place_{at})",
            quoted(&json!(values).to_string())
        )
    });
    let cells =
        columns.iter().enumerate().map(|(at, (id, _))| format!("'{}', value_{at}", table.column(*id).name));
    let cells = format!("jsonb_build_object({})", cells.collect::<Vec<_>>().join(", "));
    let record = format!("{} || {cells}", defaults(owner, table).await);
    let row = format!("jsonb_populate_record(NULL::{}, {record}) AS {}", table.sql_name, table.name);
    let mut conditions = checks(owner, table).await;
    // Of a reference table the first row exists already.
    if !table.is_reference {
        conditions.extend(table.keys.iter().map(|key| {
            let is_same = key.iter().map(|id| {
                let column = &table.column(*id).sql_name;
                format!("taken.{column} = {}.{column}", table.name)
            });
            let is_same = is_same.collect::<Vec<_>>().join(" AND ");
            format!("NOT EXISTS (SELECT FROM {} AS taken WHERE {is_same})", table.sql_name)
        }));
    }
    let places = (0..columns.len()).map(|at| format!(" + place_{at}"));
    let sql = format!(
        "SELECT {cells}::text FROM {} WHERE {} ORDER BY 0::int{} LIMIT 1",
        sources.chain([row]).collect::<Vec<_>>().join(", "),
        all(&conditions),
        places.collect::<String>()
    );
    let rows = owner.query(&sql, &[]).await.unwrap_or_else(|error| panic!("{error:?}: {sql}"));
    let Some(found) = rows.first() else {
        return Err(format!("{} accepts no generated row: write one down. {sql}", table.full_name()));
    };
    let found: Map<String, Value> = serde_json::from_str(found.get(0)).unwrap();
    let given = found.into_iter().filter(|(_, value)| !value.is_null());
    Ok(given.map(|(name, value)| field(table, table.column_named(&name).unwrap(), value)).collect())
}

/// Returns keys of rows that a column references: the first rows of a reference table, which nobody deletes, and the newest ones of
/// another table, of the same tenant if they have it. `None` if the column references nothing.
async fn parents(
    owner: &Client,
    catalog: &Catalog,
    table: &Table,
    id: ColumnId,
    leads: Option<(&str, &str)>,
) -> Option<Vec<Value>> {
    let relation = table.relations.iter().find(|it| !it.many && it.local == [id])?;
    let target = catalog.table(relation.target);
    let key = &target.column(relation.remote[0]).sql_name;
    let of_tenant = leads.and_then(|(name, value)| {
        let column = target.column(target.column_named(name)?);
        Some(format!("WHERE {}::text = {}", column.sql_name, quoted(value)))
    });
    let sql = format!(
        "SELECT {key}::text FROM {} AS it {} ORDER BY it.{key} {} LIMIT {PARENTS}",
        target.sql_name,
        of_tenant.unwrap_or_default(),
        if target.is_reference { "" } else { "DESC" }
    );
    let rows = owner.query(&sql, &[]).await.unwrap();
    Some(rows.iter().map(|row| as_json(&table.column(id).ty, row.get(0))).collect())
}

/// Returns a patch that changes the newest rows of a table, none of which has its value; null if callers change none. The error says
/// that none of the patches tried does.
pub(super) async fn patch(owner: &Client, table: &Table) -> Result<Value, String> {
    let has_upsert = table.upsert_keys().next().is_some();
    let mut columns: Vec<(usize, &Column, ColumnId)> = Vec::new();
    for &id in &table.writes.update {
        let column = table.column(id);
        let names_a_row = column.name.ends_with("_id");
        let is_in_key = table.keys.iter().any(|key| key.contains(&id));
        // An upsert takes the patch with its input.
        if !names_a_row && (!has_upsert || table.writes.insert.contains(&id)) {
            columns.push((rank(&column.ty) + if is_in_key { 10 } else { 0 }, column, id));
        }
    }
    columns.sort_by_key(|(rank, ..)| *rank);
    let checks = all(&checks(owner, table).await);
    let key: Vec<_> =
        table.primary_key.iter().map(|id| format!("it.{} DESC", table.column(*id).sql_name)).collect();
    for (_, column, id) in columns {
        for value in candidates(column, 7, false) {
            let patched = json!({ &column.name: value }).to_string();
            let sql = format!(
                "SELECT NOT EXISTS (
                   SELECT FROM {0} AS before
                   WHERE ctid = ANY (ARRAY(SELECT ctid FROM {0} AS it ORDER BY {1} LIMIT {CHANGED})) AND NOT (
                     SELECT ({checks}) AND {2}.{3} IS DISTINCT FROM before.{3}
                     FROM jsonb_populate_record(before, {4}) AS {2}))",
                table.sql_name,
                key.join(", "),
                table.name,
                column.sql_name,
                quoted(&patched)
            );
            let row = owner.query_one(&sql, &[]).await.unwrap_or_else(|error| panic!("{error:?}: {sql}"));
            if row.get(0) {
                return Ok(Value::Object(Map::from_iter([field(table, id, value)])));
            }
        }
    }
    if table.writes.update.is_empty() {
        return Ok(Value::Null);
    }
    Err(format!("no generated patch changes {}: write one down", table.full_name()))
}

/// Returns the order in which columns are preferred for a patch: values without a meaning of their own first.
fn rank(ty: &ColumnType) -> usize {
    match ty {
        ColumnType::Scalar(Scalar::Text) => 0,
        ColumnType::Scalar(Scalar::Json) => 1,
        ColumnType::Scalar(_) if ty.is_number() => 2,
        ColumnType::Scalar(Scalar::Boolean) => 3,
        ColumnType::Scalar(_) => 4,
        ColumnType::Enum(_) => 5,
        ColumnType::List(_) => 6,
    }
}

/// Returns values of a column, as JSON of the database. `is_in_key`: no two rows share one.
fn candidates(column: &Column, number: usize, is_in_key: bool) -> Vec<Value> {
    match &column.ty {
        ColumnType::Enum(values) => values.values.iter().map(|it| json!(it.text)).collect(),
        ColumnType::List(_) => vec![json!([])],
        ColumnType::Scalar(scalar) => match scalar {
            Scalar::Boolean => vec![json!(true), json!(false)],
            Scalar::Text => {
                vec![
                    json!(format!("Row {number}")),
                    json!(format!("row{number}")),
                    json!(format!("row{number}@tests.example")),
                ]
            }
            Scalar::Uuid => vec![json!(format!("eeeeeeee-0000-4000-8000-{number:012}"))],
            Scalar::Date => {
                vec![json!(format!("2026-02-{number:02}")), json!(format!("2099-02-{number:02}"))]
            }
            Scalar::LocalDateTime => vec![json!(format!("2026-02-{number:02}T10:00:00"))],
            Scalar::DateTime => {
                vec![
                    json!(format!("2026-02-{number:02}T10:00:00Z")),
                    json!(format!("2099-02-{number:02}T10:00:00Z")),
                ]
            }
            Scalar::Json => vec![json!({ "text": format!("Row {number}") }), json!([])],
            _ => {
                let small = [number, number * 10, 50, 100 + number];
                let numbers = if is_in_key { [1000 + number, 100 + number, number, 50] } else { small };
                let fits = |it: &usize| {
                    column.bounds.whole.is_none_or(|whole| it.to_string().len() <= whole as usize)
                };
                numbers.iter().filter(|it| fits(it)).map(|it| as_json(&column.ty, &it.to_string())).collect()
            }
        },
    }
}

/// Returns a value of the database, given as text, in the JSON of a request.
fn as_json(ty: &ColumnType, text: &str) -> Value {
    match ty {
        ColumnType::Scalar(Scalar::BigInt | Scalar::Decimal) => json!(text),
        _ if ty.is_number() => serde_json::from_str(text).unwrap(),
        _ => json!(text),
    }
}

/// Returns a field of an input with its value.
fn field(table: &Table, id: ColumnId, value: Value) -> (String, Value) {
    let column = table.column(id);
    let value = match (&column.ty, value.as_str()) {
        (ColumnType::Enum(values), Some(text)) => json!(values.name_of(text.as_bytes()).unwrap()),
        _ => value,
    };
    (column.field.clone(), value)
}

/// Returns an expression for the defaults of a table's columns, as a JSON object.
async fn defaults(owner: &Client, table: &Table) -> String {
    let sql = "SELECT format('jsonb_build_object(%L, %s)', attname, pg_get_expr(adbin, adrelid))
      FROM pg_attrdef JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
      WHERE adrelid = $1::text::regclass AND attgenerated = '' AND pg_get_expr(adbin, adrelid) NOT LIKE 'nextval(%'";
    let rows = owner.query(sql, &[&table.sql_name]).await.unwrap();
    let each = rows.iter().map(|row| row.get(0)).chain(["'{}'::jsonb".to_owned()]);
    each.collect::<Vec<String>>().join(" || ")
}

/// Returns the expressions of the CHECK constraints of a table.
async fn checks(owner: &Client, table: &Table) -> Vec<String> {
    let sql = "SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint
      WHERE contype = 'c' AND conrelid = $1::text::regclass";
    owner.query(sql, &[&table.sql_name]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// Returns the condition that no condition is false.
fn all(conditions: &[String]) -> String {
    let each = conditions.iter().map(|it| format!("({it}) IS NOT FALSE")).chain(["true".to_owned()]);
    each.collect::<Vec<_>>().join(" AND ")
}
