//! Series as SQL.

use praxis::graph::catalog::{ColumnType, Scalar, Table};
use serde_json::{Map, Value};

use crate::judge::verdict::STRETCHES;
use crate::random::Field;

use super::bucket::Bucket;
use super::groups::names;
use super::rows::Set;
use super::selection::collect;
use super::values::{literal, object, quote, scalar_named};
use super::{Oracle, Sql, number};

impl Oracle<'_> {
    /// Returns lines over time, each with its points.
    pub(super) fn series(&self, set: &Set<'_>, given: &Map<String, Value>, fields: &[Field]) -> Sql {
        let table = set.table;
        let t = self.alias();
        let time = given.get("time").and_then(Value::as_str).unwrap_or_default();
        let time = table.columns.iter().find(|column| column.enum_name() == time).ok_or("no such time")?;
        let bucket = Bucket::read(given.get("bucket").unwrap_or(&Value::Null))?.ok_or("no bucket")?;
        let bound = |name: &str| match given.get(name).filter(|value| !value.is_null()) {
            Some(value) => literal(value, &ColumnType::Scalar(Scalar::DateTime)).map(Some),
            None => Ok(None),
        };
        let (from, to) = (bound("from")?, bound("to")?);
        let keys = self.keys(table, given.get("groupBy").unwrap_or(&Value::Null), &[])?;
        let moment = bucket.moment(&format!("{t}.{}", time.sql_name), &time.ty);
        let is_date = time.ty.scalar() == Scalar::Date;
        let value = format!("{t}.{}", time.sql_name);
        let start = if is_date { bucket.of_date(&value) } else { bucket.start(&moment) };
        let beside = format!("{moment} AS \"#at\", {start} AS \"#bucket\"");
        let rows = self.keyed(set, &t, &keys, given.get("filter"), Some(&beside))?;
        let names = names(&t, &keys);
        let comma = if keys.is_empty() { "" } else { ", " };
        let by_line = if keys.is_empty() { "HAVING true".to_owned() } else { format!("GROUP BY {names}") };

        let ty = format!("{}Series", table.type_name);
        let collected = collect(fields, &[&ty]);
        let (mut members, mut points) = (Vec::new(), Vec::new());
        for field in &collected {
            let value = match field.name.as_str() {
                "__typename" => quote(&ty),
                "key" => self.key(table, &t, &keys, &[], &field.fields)?,
                "aggregate" => self.numbers(table, &t, &field.fields)?,
                "points" => {
                    points.push(field);
                    continue;
                }
                other => return Err(format!("the judge does not know {other} of a series")),
            };
            members.push((field.key().to_owned(), value));
        }
        let first = number(given, "first").unwrap_or(self.default_page);
        let is_bounded = |operator: &str, bound: &Option<String>| {
            bound.as_ref().map(|bound| format!(" AND \"#at\" {operator} {bound}")).unwrap_or_default()
        };
        let (r, l) = (format!("{t}_rows"), format!("{t}_lines"));
        let order = self.order_of_groups(table, &t, &keys, given.get("orderBy"))?;
        let with = format!(
            "WITH {r} AS (SELECT * FROM ({rows}) {t} WHERE \"#at\" IS NOT NULL{}{}),
             {l} AS (SELECT {} AS \"#json\", row_number() OVER (ORDER BY {order}) AS \"#n\"{comma}{names}
               FROM {r} {t} {by_line})",
            is_bounded(">=", &from),
            is_bounded("<", &to),
            object(&members)
        );
        let mut line = vec![format!("{t}.\"#json\"")];
        for field in points {
            let span = Span {
                bucket: &bucket,
                is_date,
                from: from.as_ref(),
                to: to.as_ref(),
                fill: given.get("fill"),
            };
            let points = self.line_points(table, &t, &span, keys.len(), &field.fields)?;
            line.push(object(&[(field.key().to_owned(), points)]));
        }
        let line = line.join(" || ");
        Ok(format!(
            "({with} SELECT coalesce(jsonb_agg({line} ORDER BY \"#n\"), '[]') FROM {l} {t} WHERE \"#n\" <= {first})"
        ))
    }

    /// Returns the points of the line called `t`.
    fn line_points(&self, table: &Table, t: &str, span: &Span<'_>, keys: usize, fields: &[Field]) -> Sql {
        let Span { bucket, is_date, from, to, fill } = span;
        let is_date = *is_date;
        let fill = fill.and_then(Value::as_str).unwrap_or("NULL");
        let p = self.alias();
        let ty = format!("{}Point", table.type_name);
        let names: Vec<_> = (0..keys).map(|at| format!(", {p}.\"#{at}\"")).collect();
        let names = names.concat();
        let is_of_line: Vec<_> =
            (0..keys).map(|at| format!(" AND {p}.\"#{at}\" IS NOT DISTINCT FROM {t}.\"#{at}\"")).collect();
        let is_of_line = is_of_line.concat();
        let (mut numbers, mut members) = (Vec::new(), Vec::new());
        for field in collect(fields, &[&ty]) {
            let value = match field.name.as_str() {
                "__typename" => quote(&ty),
                "start" if is_date => scalar_named("b.b", "Date"),
                "start" => scalar_named("b.b", "DateTime"),
                "end" if is_date => scalar_named(&bucket.end_of_date("b.b"), "Date"),
                "end" => scalar_named(&bucket.end("b.b"), "DateTime"),
                "aggregate" => {
                    let at = numbers.len();
                    let nothing = format!(
                        "(SELECT {} FROM {t}_rows {p} WHERE false HAVING true)",
                        self.numbers(table, &p, &field.fields)?
                    );
                    numbers.push(format!(", {} AS a{at}", self.numbers(table, &p, &field.fields)?));
                    match fill {
                        "ZERO" => format!("coalesce(b.a{at}, {})", self.zeros(table, &field.fields)?),
                        "PREVIOUS" => {
                            format!(
                                "coalesce(first_value(b.a{at}) OVER (PARTITION BY b.known ORDER BY b.b), {nothing})"
                            )
                        }
                        _ => format!("coalesce(b.a{at}, {nothing})"),
                    }
                }
                other => return Err(format!("the judge does not know {other} of a point")),
            };
            members.push((field.key().to_owned(), value));
        }
        let numbers = numbers.concat();
        let made = format!(
            "(SELECT {p}.\"#bucket\" AS b{numbers} FROM {t}_rows {p} WHERE true{is_of_line} GROUP BY {p}.\"#bucket\"{names})"
        );
        let found = |which: &str| format!("(SELECT {which}(\"#bucket\") FROM {t}_rows)");
        // `to` is exclusive.
        let first = match from {
            Some(from) if is_date => bucket.of_date(&bucket.date_from(from)),
            Some(from) => bucket.start(from),
            None => found("min"),
        };
        let last = match to {
            Some(to) if is_date => bucket.of_date(&format!("({} - 1)", bucket.date_from(to))),
            Some(to) => bucket.start(&format!("({to} - interval '1 microsecond')")),
            None => found("max"),
        };
        let all = if is_date { bucket.all_dates(&first, &last) } else { bucket.all(&first, &last) };
        // Between bounds without time there is no bucket.
        let all = match (from, to) {
            (Some(from), Some(to)) if is_date => {
                let (from, to) = (bucket.date_from(from), bucket.date_from(to));
                format!("(SELECT * FROM {all} all_of WHERE {from} < {to})")
            }
            (Some(from), Some(to)) => format!("(SELECT * FROM {all} all_of WHERE {from} < {to})"),
            _ => all,
        };
        let grid = if fill == "NONE" {
            format!("{made} m")
        } else {
            format!("{all} g(b) LEFT JOIN {made} m USING (b)")
        };
        let all = "coalesce(jsonb_agg(it ORDER BY b), '[]')";
        // If the rows determine the period and it has too many points, stretches without rows are omitted.
        let points = if fill != "NONE" && (from.is_none() || to.is_none()) {
            format!("jsonb_build_object('{STRETCHES}', {all})")
        } else {
            all.to_owned()
        };
        Ok(format!(
            "(SELECT {points} FROM (SELECT {} AS it, b.b FROM (
               SELECT *, count(m.b) OVER (ORDER BY b) AS known FROM {grid}) b) b)",
            object(&members)
        ))
    }
}

/// The time axis of a series.
struct Span<'a> {
    bucket: &'a Bucket,
    /// True if the axis consists of dates.
    is_date: bool,
    from: Option<&'a String>,
    to: Option<&'a String>,
    fill: Option<&'a Value>,
}
