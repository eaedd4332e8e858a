//! Groups as SQL.

use praxis::graph::catalog::{ColumnType, FieldId, RelationId, Scalar, Table};
use serde_json::{Map, Value};

use crate::judge::verdict::{CURSOR, EXACT};
use crate::random::Field;

use super::aggregates::function;
use super::bucket::Bucket;
use super::filter::{all_of, conditions, joined, listed};
use super::order::{Path, direction, of_ties, only};
use super::rows::Set;
use super::selection::collect;
use super::values::{column, object, quote};
use super::{Oracle, Sql, number};

/// A key of groups.
pub(super) struct Key {
    at: Path,
    ty: ColumnType,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Value,
    Bucket(Bucket),
    Each,
    /// Between numbers, in their notation.
    Bounds(Vec<String>),
    Width(String),
}

impl Oracle<'_> {
    /// Returns groups of rows.
    pub(super) fn groups(&self, set: &Set<'_>, given: &Map<String, Value>, fields: &[Field]) -> Sql {
        let table = set.table;
        let t = self.alias();
        let keys = self.keys(table, given.get("groupBy").unwrap_or(&Value::Null), &[])?;
        let base = self.keyed(set, &t, &keys, given.get("filter"), None)?;
        let ty = format!("{}Group", table.type_name);
        let mut members = Vec::new();
        for field in collect(fields, &[&ty]) {
            let value = match field.name.as_str() {
                "__typename" => quote(&ty),
                "key" => self.key(table, &t, &keys, &[], &field.fields)?,
                "aggregate" => self.numbers(table, &t, &field.fields)?,
                "cursor" => quote(CURSOR),
                other => return Err(format!("the judge does not know {other} of groups")),
            };
            members.push((field.key().to_owned(), value));
        }
        let having = having(table, &t, given.get("having"))?;
        let order = self.order_of_groups(table, &t, &keys, given.get("orderBy"))?;
        let names = names(&t, &keys);
        let offset = number(given, "offset").unwrap_or(0) + self.skipped(given);
        let last = offset + number(given, "first").unwrap_or(self.default_page);
        Ok(format!(
            "(SELECT coalesce(jsonb_agg(\"#json\" ORDER BY \"#n\"), '[]') FROM (
               SELECT {} AS \"#json\", row_number() OVER (ORDER BY {order}) AS \"#n\"
               FROM ({base}) {t} GROUP BY {names} HAVING {having}) {t}
             WHERE \"#n\" > {offset} AND \"#n\" <= {last})",
            object(&members)
        ))
    }

    /// Returns rows with their keys, `#0` and so on, and further columns.
    pub(super) fn keyed(
        &self,
        set: &Set<'_>,
        t: &str,
        keys: &[Key],
        filter: Option<&Value>,
        beside: Option<&str>,
    ) -> Sql {
        let (mut selected, mut joins) = (Vec::new(), Vec::new());
        for (at, key) in keys.iter().enumerate() {
            let value = self.value_at(set.table, t, &key.at)?;
            let made = match &key.kind {
                Kind::Value => value,
                Kind::Bucket(bucket) => bucket.rounded(&value, &key.ty),
                Kind::Each => {
                    joins.push(format!(" CROSS JOIN LATERAL (SELECT DISTINCT unnest({value}) AS it) e{at}"));
                    format!("e{at}.it")
                }
                Kind::Bounds(bounds) => {
                    let ty = if key.is_float() { "float8" } else { "numeric" };
                    let below = bounds.iter().map(|bound| format!("({value} >= {bound}::{ty})::int"));
                    below.collect::<Vec<_>>().join(" + ")
                }
                // The lower end, exactly: the remainder is subtracted.
                Kind::Width(width) => {
                    let number = if key.is_float() { format!("{value}::text") } else { value };
                    format!("({number}::numeric - mod(mod({number}::numeric, {width}) + {width}, {width}))")
                }
            };
            selected.push(format!(", {made} AS \"#{at}\""));
        }
        selected.extend(beside.map(|beside| format!(", {beside}")));
        Ok(format!(
            "SELECT {t}.*{} FROM {} {t}{} WHERE {} AND {}",
            selected.concat(),
            set.source,
            joins.concat(),
            set.condition(t),
            self.filter(set.table, t, filter)?
        ))
    }

    pub(super) fn keys(
        &self,
        table: &Table,
        by: &Value,
        relations: &[RelationId],
    ) -> Result<Vec<Key>, String> {
        let mut keys = Vec::new();
        for (name, value) in by.as_object().into_iter().flatten() {
            if value.is_null() || value == false {
                continue;
            }
            let at = |column| Path { relations: relations.to_vec(), column };
            match table.field(name) {
                Some(FieldId::Relation(id)) => {
                    let target = self.catalog.table(table.relation(id).target);
                    keys.extend(self.keys(target, value, &[relations, &[id]].concat())?);
                }
                Some(FieldId::Column(id)) => {
                    let ty = table.column(id).ty.clone();
                    let kind = match &ty {
                        ColumnType::List(_) => Kind::Each,
                        ty if ty.is_time() => Bucket::read(value)?.map_or(Kind::Value, Kind::Bucket),
                        _ => Kind::Value,
                    };
                    let ty =
                        if let ColumnType::List(element) = ty { ColumnType::Scalar(element) } else { ty };
                    keys.push(Key { at: at(id), ty, kind });
                }
                _ => {
                    let id = table
                        .column_of_range(name)
                        .ok_or_else(|| format!("the judge does not know the key {name}"))?;
                    let kind = match &value["width"] {
                        Value::Number(width) => Kind::Width(width.to_string()),
                        _ => Kind::Bounds(listed(&value["bounds"]).iter().map(Value::to_string).collect()),
                    };
                    keys.push(Key { at: at(id), ty: table.column(id).ty.clone(), kind });
                }
            }
        }
        Ok(keys)
    }

    /// Returns the key of a group, as an object.
    pub(super) fn key(
        &self,
        table: &Table,
        t: &str,
        keys: &[Key],
        relations: &[RelationId],
        fields: &[Field],
    ) -> Sql {
        let ty = format!("{}GroupKey", table.type_name);
        let named = |at: &Path, is_range: bool| {
            let is_it = |key: &Key| key.at == *at && key.is_range() == is_range;
            let at = keys.iter().position(is_it).ok_or("groups have no such key")?;
            Ok::<_, String>((format!("{t}.\"#{at}\""), &keys[at]))
        };
        let mut members = Vec::new();
        for field in collect(fields, &[&ty]) {
            let path = |column| Path { relations: relations.to_vec(), column };
            let value = match (field.name.as_str(), table.field(&field.name)) {
                ("__typename", _) => quote(&ty),
                (_, Some(FieldId::Column(id))) => {
                    let (value, key) = named(&path(id), false)?;
                    column(&value, &key.ty)
                }
                (_, Some(FieldId::Relation(id))) => {
                    let target = self.catalog.table(table.relation(id).target);
                    self.key(target, t, keys, &[relations, &[id]].concat(), &field.fields)?
                }
                (name, _) => {
                    let id = table.column_of_range(name).ok_or_else(|| format!("there is no key {name}"))?;
                    let (value, key) = named(&path(id), true)?;
                    key.range(&value, &field.fields)?
                }
            };
            members.push((field.key().to_owned(), value));
        }
        Ok(object(&members))
    }

    /// Returns the ORDER BY of groups, which orders all of them.
    pub(super) fn order_of_groups(&self, table: &Table, t: &str, keys: &[Key], order: Option<&Value>) -> Sql {
        let (mut terms, mut named, mut descends) = (Vec::new(), Vec::new(), false);
        let mut by_key = |path: &Path| {
            let at = keys.iter().position(|key| key.at == *path).ok_or("groups have no such key")?;
            named.push(at);
            Ok::<_, String>(format!("{t}.\"#{at}\""))
        };
        for entry in order.filter(|order| !order.is_null()).map_or(&[][..], listed) {
            let (name, value) = only(entry)?;
            let (number, way) = match (name, table.field(name)) {
                ("key", _) => {
                    let (path, way) = self.path(table, value)?;
                    (by_key(&path)?, way)
                }
                ("count", _) => ("count(*)".to_owned(), value),
                (_, Some(FieldId::Column(column)))
                    if matches!(table.column(column).ty, ColumnType::List(_)) =>
                {
                    (by_key(&Path { relations: Vec::new(), column })?, value)
                }
                (_, Some(FieldId::Column(id))) => {
                    let it = table.column(id);
                    let (name, value) = only(value)?;
                    let (way, share) = match value.get("p") {
                        Some(share) => (&value["direction"], share),
                        None => (value, &Value::Null),
                    };
                    (function(name, &format!("{t}.{}", it.sql_name), &it.ty, share)?, way)
                }
                _ => return Err(format!("the judge does not know an order of groups by {name}")),
            };
            let (direction, is_down) = direction(way)?;
            terms.push(format!("{number} {direction}"));
            descends = is_down;
        }
        let rest = (0..keys.len()).filter(|at| !named.contains(at));
        terms.extend(rest.map(|at| format!("{t}.\"#{at}\" {}", of_ties(descends))));
        // A single line without a key.
        if terms.is_empty() {
            terms.push("count(*)".into());
        }
        Ok(terms.join(", "))
    }
}

/// Returns the condition of groups; it holds without `having`.
fn having(table: &Table, t: &str, groups: Option<&Value>) -> Sql {
    all_of(groups, &|name, value| match (name, table.field(name)) {
        ("not", _) => Ok(format!("NOT {}", having(table, t, Some(value))?)),
        ("and" | "or", _) => joined(name, listed(value).iter().map(|it| having(table, t, Some(it)))),
        ("count", _) => conditions(&ColumnType::Scalar(Scalar::BigInt), "count(*)", value),
        (_, Some(FieldId::Column(id))) => {
            let it = table.column(id);
            let operand = format!("{t}.{}", it.sql_name);
            all_of(Some(value), &|name, value| {
                let (value, share) = match value.get("p") {
                    Some(share) => (&value["value"], share),
                    None => (value, &Value::Null),
                };
                let number = function(name, &operand, &it.ty, share)?;
                let ty = match name {
                    "countDistinct" | "countTrue" | "countFalse" => ColumnType::Scalar(Scalar::BigInt),
                    "min" | "max" => it.ty.clone(),
                    "sum" => ColumnType::Scalar(Scalar::Decimal),
                    _ => ColumnType::Scalar(Scalar::Double),
                };
                conditions(&ty, &format!("({number})"), value)
            })
        }
        _ => Err(format!("the judge does not know {name} of groups")),
    })
}

/// Returns the keys for GROUP BY.
pub(super) fn names(t: &str, keys: &[Key]) -> String {
    (0..keys.len()).map(|at| format!("{t}.\"#{at}\"")).collect::<Vec<_>>().join(", ")
}

impl Key {
    fn is_range(&self) -> bool {
        matches!(self.kind, Kind::Bounds(_) | Kind::Width(_))
    }

    fn is_float(&self) -> bool {
        matches!(self.ty.scalar(), Scalar::Real | Scalar::Double)
    }

    /// Returns the ends of a range, as an object.
    fn range(&self, number: &str, fields: &[Field]) -> Sql {
        let mut members = Vec::new();
        for field in collect(fields, &["NumberRange"]) {
            let value = match (field.name.as_str(), &self.kind) {
                ("__typename", _) => quote("NumberRange"),
                (end, Kind::Bounds(bounds)) => {
                    let next = if end == "to" { "+ 1" } else { "" };
                    exact(&format!("(ARRAY[{}]::numeric[])[({number})::int {next}]", bounds.join(", ")))
                }
                (end, Kind::Width(width)) => {
                    exact(&if end == "to" { format!("{number} + {width}") } else { number.to_owned() })
                }
                (_, Kind::Value | Kind::Bucket(_) | Kind::Each) => return Err("no range".into()),
            };
            members.push((field.key().to_owned(), value));
        }
        Ok(object(&members))
    }
}

/// Marks a number as exact to its last digit.
fn exact(number: &str) -> String {
    format!(
        "(SELECT CASE WHEN it IS NOT NULL THEN jsonb_build_object('{EXACT}', it::text) END FROM (SELECT {number}) n(it))"
    )
}
