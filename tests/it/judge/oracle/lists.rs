//! Connections as SQL: pages are ranges of row numbers.

use praxis::graph::catalog::Table;
use serde_json::{Map, Value};

use crate::judge::verdict::{CURSOR, MAX, POINTS};
use crate::random::Field;

use super::rows::Set;
use super::selection::collect;
use super::values::{object, quote};
use super::{Oracle, Sql, arguments, number};

impl Oracle<'_> {
    /// Returns a connection over rows.
    pub(super) fn connection(&self, set: &Set<'_>, given: &Map<String, Value>, fields: &[Field]) -> Sql {
        let table = set.table;
        let t = self.alias();
        let (rows, between, page) = (format!("{t}_rows"), format!("{t}_between"), format!("{t}_page"));
        let order = self.order(table, &t, given.get("orderBy"))?;
        let (first, last) = (number(given, "first"), number(given, "last"));
        let skipped = self.skipped(given);
        let offset = number(given, "offset").unwrap_or(0) + skipped;
        let place = |name: &str| match given.get(name).and_then(Value::as_str) {
            Some(_) if skipped > 0 => Ok(None),
            Some(cursor) => self.pool.place(cursor).map(Some).ok_or("the judge does not know this cursor"),
            None => Ok(None),
        };
        let (after, before) = (place("after")?, place("before")?);
        // A cursor is a position among all rows of the table, whether or not they are on any page.
        let source = match (after, before) {
            (None, None) => format!("{} {t}", set.source),
            _ => format!(
                "(SELECT {t}.*, row_number() OVER (ORDER BY {order}) AS \"#all\" FROM {} {t}) {t}",
                set.source
            ),
        };
        let is_ahead = after.map(|place| format!(" AND {t}.\"#all\" > {place}")).unwrap_or_default();
        let is_behind = before.map(|place| format!(" AND {t}.\"#all\" < {place}")).unwrap_or_default();
        let range = match last {
            Some(last) => format!("\"#n\" > \"#count\" - {last}"),
            None => {
                format!("\"#n\" > {offset} AND \"#n\" <= {}", offset + first.unwrap_or(self.default_page))
            }
        };
        let with = format!(
            "WITH {rows} AS (SELECT {t}.* FROM {source} WHERE {} AND {}),
             {between} AS (SELECT {t}.*, row_number() OVER (ORDER BY {order}) AS \"#n\", count(*) OVER () AS \"#count\"
               FROM {rows} {t} WHERE true{is_ahead}{is_behind}),
             {page} AS (SELECT * FROM {between} WHERE {range})",
            set.condition(&t),
            self.filter(table, &t, given.get("filter"))?
        );
        let listed = |item: String| {
            format!("(SELECT coalesce(jsonb_agg({item} ORDER BY {t}.\"#n\"), '[]') FROM {page} {t})")
        };
        let mut members = Vec::new();
        for field in collect(fields, &[&format!("{}Connection", table.type_name)]) {
            let value = match field.name.as_str() {
                "__typename" => quote(&format!("{}Connection", table.type_name)),
                "nodes" => listed(self.row(table, &t, &field.fields)?),
                "edges" => listed(self.edge(table, &t, &field.fields)?),
                "totalCount" => format!("(SELECT count(*) FROM {rows})"),
                "aggregate" => format!(
                    "(SELECT {} FROM {rows} {t} HAVING true)",
                    self.numbers(table, &t, &field.fields)?
                ),
                "points" => self.points(table, &t, &rows, &field)?,
                "pageInfo" => {
                    let count = format!("(SELECT count(*) FROM {between})");
                    let (ahead, behind) = match last {
                        Some(last) => (format!("{count} > {last}"), "false".to_owned()),
                        None => (
                            format!("{count} > 0 AND {offset} > 0"),
                            format!("{count} > {}", offset + first.unwrap_or(self.default_page)),
                        ),
                    };
                    // Rows of the list beyond the cursors, and those of the cursors.
                    let exists = |place: Option<usize>, comparison: &str| match place {
                        Some(place) => {
                            format!("EXISTS (SELECT FROM {rows} WHERE \"#all\" {comparison} {place})")
                        }
                        None => "false".to_owned(),
                    };
                    let previous = format!("({ahead} OR {})", exists(after, "<="));
                    let next = format!("({behind} OR {})", exists(before, ">="));
                    page_info(&field.fields, &page, &next, &previous)?
                }
                other => return Err(format!("the judge does not know {other} of a connection")),
            };
            members.push((field.key().to_owned(), value));
        }
        Ok(format!("({with} SELECT {})", object(&members)))
    }

    fn edge(&self, table: &Table, t: &str, fields: &[Field]) -> Sql {
        let ty = format!("{}Edge", table.type_name);
        let mut members = Vec::new();
        for field in collect(fields, &[&ty]) {
            let value = match field.name.as_str() {
                "__typename" => quote(&ty),
                "cursor" => quote(CURSOR),
                "node" => self.row(table, t, &field.fields)?,
                other => return Err(format!("the judge does not know {other} of an edge")),
            };
            members.push((field.key().to_owned(), value));
        }
        Ok(object(&members))
    }

    /// Returns all rows that have a point in the chart, and how many of them remain.
    fn points(&self, table: &Table, t: &str, rows: &str, field: &Field) -> Sql {
        let given = arguments(field);
        let axis = |name: &str| {
            let named = given.get(name).and_then(Value::as_str).unwrap_or_default();
            let column = table.columns.iter().find(|column| column.enum_name() == named);
            column.map(|column| format!("{t}.{}", column.sql_name)).ok_or("no such axis")
        };
        let (x, y) = (axis("x")?, axis("y")?);
        let key = self.order(table, t, None)?;
        let row = self.row(table, t, &field.fields)?;
        let has_place = |axis: &str| {
            format!(
                "{axis} IS NOT NULL AND {axis}::text NOT IN ('NaN', 'Infinity', '-Infinity', 'infinity', '-infinity')"
            )
        };
        let all = format!(
            "(SELECT coalesce(jsonb_agg({row} ORDER BY {x}, {key}), '[]') FROM {rows} {t} WHERE {} AND {})",
            has_place(&x),
            has_place(&y)
        );
        let max = number(&given, "max").unwrap_or(500);
        Ok(object(&[(POINTS.into(), all), (MAX.into(), max.to_string())]))
    }
}

fn page_info(fields: &[Field], page: &str, next: &str, previous: &str) -> Sql {
    let mut members = Vec::new();
    for field in collect(fields, &["PageInfo"]) {
        let value = match field.name.as_str() {
            "__typename" => quote("PageInfo"),
            "hasNextPage" => next.to_owned(),
            "hasPreviousPage" => previous.to_owned(),
            "startCursor" | "endCursor" => {
                format!("CASE WHEN EXISTS (SELECT FROM {page}) THEN {} END", quote(CURSOR))
            }
            other => return Err(format!("the judge does not know {other} of a page")),
        };
        members.push((field.key().to_owned(), value));
    }
    Ok(object(&members))
}
