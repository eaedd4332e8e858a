//! The SQL of keyset pagination: the condition of the rows after a cursor in an order. An index serves any page as fast as the first.

use super::builder::Sql;
use super::snippet::{Snippet, snippet, text};
use crate::database::Parameter;
use crate::graph::question::order::{CursorBound, Sort};

impl CursorBound {
    /// Returns the bound for one value of an order. Only the last value can include an equal one: for the others, the values after them
    /// decide.
    fn of_value(self, is_last: bool) -> Self {
        if is_last { self } else { Self::Excluded }
    }

    /// Returns the operator that compares a value with the cursor's.
    fn operator(self, sort: &Sort) -> &'static str {
        match (sort.descending, self == Self::Included) {
            (false, false) => ">",
            (false, true) => ">=",
            (true, false) => "<",
            (true, true) => "<=",
        }
    }
}

/// Returns true if the rows after the given values are one range of an index, so that a row comparison selects them. `None` means all
/// rows.
pub(super) fn is_one_range(sorts: &[Sort], after: Option<&[Option<Parameter>]>) -> bool {
    let Some(after) = after else { return true };
    let same_direction = sorts.iter().all(|sort| sort.descending == sorts[0].descending);
    same_direction && sorts.iter().all(|sort| !sort.nullable) && after.iter().all(Option::is_some)
}

/// Returns the conditions of the rows after the given values in this order. Each is one range of an index: the rows that share the first
/// values with the given ones, from the most shared values to none.
pub(super) fn ranges_after(
    values: &[Snippet],
    sorts: &[Sort],
    after: &[Option<Parameter>],
    bound: CursorBound,
    sql: &mut Sql,
) -> Vec<Snippet> {
    let mut same: Vec<Snippet> = Vec::new();
    let mut ranges = Vec::new();
    for (at, ((value, sort), after)) in values.iter().zip(sorts).zip(after).enumerate() {
        let parameter = after.clone().map(|after| sql.parameter(after));
        let mut beyond = Vec::new();
        let bound = bound.of_value(at + 1 == sorts.len());
        if let Some(parameter) = &parameter {
            beyond.push(snippet!(
                "{value} {operator} {parameter}",
                value,
                operator = bound.operator(sort),
                parameter
            ));
            if sort.nullable && !sort.nulls_first {
                beyond.push(snippet!("{value} IS NULL", value));
            }
        } else {
            if sort.nulls_first {
                beyond.push(snippet!("{value} IS NOT NULL", value));
            }
            if bound == CursorBound::Included {
                beyond.push(snippet!("{value} IS NULL", value));
            }
        }
        let with_same = |beyond: Snippet| {
            let conditions: Vec<Snippet> = same.iter().cloned().chain([beyond]).collect();
            Snippet::join(&conditions, " AND ")
        };
        ranges.extend(beyond.into_iter().map(with_same));
        same.push(match parameter {
            Some(parameter) => snippet!("{value} = {parameter}", value, parameter),
            None => snippet!("{value} IS NULL", value),
        });
    }
    if ranges.is_empty() {
        ranges.push(Snippet::of("false"));
    }
    ranges.reverse();
    ranges
}

/// Returns the conditions of the rows with and without a value: two ranges that contain all rows.
pub(super) fn with_and_without(value: &Snippet) -> [Snippet; 2] {
    [snippet!("{value} IS NOT NULL", value), snippet!("{value} IS NULL", value)]
}

/// Returns the conditions of the rows after the given values, or of all rows. Each is a range with one value (`kinds`) of the order's
/// first column. In a view over several tables this column names the table of a row, and each table has an index by the others.
pub(super) fn ranges_of_kinds(
    kinds: &[&str],
    values: &[Snippet],
    sorts: &[Sort],
    after: Option<&[Option<Parameter>]>,
    bound: CursorBound,
    sql: &mut Sql,
) -> Vec<Snippet> {
    let after = match after {
        Some([Some(first), rest @ ..]) => {
            let first = sql.parameter(first.clone());
            Some((first, ranges_after(&values[1..], &sorts[1..], rest, bound, sql)))
        }
        // Every row has a value in a column of its key.
        Some(_) => return vec![Snippet::of("false")],
        None => None,
    };
    let operator = if sorts[0].descending { "<" } else { ">" };
    let mut ranges = Vec::new();
    for kind in kinds {
        let kind = Snippet::word(kind);
        let of_kind = snippet!("{value} = {kind}", value = values[0], kind);
        match &after {
            Some((first, rest)) => {
                ranges.extend(rest.iter().map(|range| {
                    snippet!("{of_kind} AND {kind} = {first} AND {range}", of_kind, kind, first, range)
                }));
                ranges.push(snippet!(
                    "{of_kind} AND {kind} {operator} {first}",
                    of_kind,
                    kind,
                    operator,
                    first
                ));
            }
            None => ranges.push(of_kind),
        }
    }
    ranges
}

/// Writes the condition of the rows after the given values in this order. `None` is a missing value.
pub(super) fn write_after(
    values: &[Snippet],
    sorts: &[Sort],
    after: &[Option<Parameter>],
    bound: CursorBound,
    sql: &mut Sql,
) {
    let known: Option<Vec<&Parameter>> = after.iter().map(Option::as_ref).collect();
    if let Some(known) = known
        && is_one_range(sorts, Some(after))
    {
        // A row comparison is one range of an index.
        let known: Vec<Snippet> = known.into_iter().map(|value| sql.parameter(value.clone())).collect();
        let operator = bound.operator(&sorts[0]);
        if let ([first, _, ..], [value, ..]) = (known.as_slice(), values) {
            // The row comparison implies this, but Postgres does not derive it if the values come from several tables: in a view.
            let operator = CursorBound::Included.operator(&sorts[0]);
            sql.push(text!("{value} {operator} {first} AND ", value, operator, first));
        }
        sql.push("(").join(", ", values, |sql, value| {
            sql.push(value);
        });
        sql.push(text!(") {operator} (", operator)).join(", ", known, |sql, value| {
            sql.push(value);
        });
        sql.push(")");
        return;
    }
    // (a after x) OR (a = x AND b after y) OR …
    sql.push("(").join(" OR ", 0..sorts.len(), |sql, last| {
        sql.push("(");
        sql.join(" AND ", 0..=last, |sql, at| {
            let value = &values[at];
            match (&after[at], at == last) {
                (Some(parameter), false) => {
                    sql.push(text!("{value} = ", value)).bind(parameter.clone());
                }
                (None, false) => {
                    sql.push(text!("{value} IS NULL", value));
                }
                (after, true) => {
                    write_beyond(
                        value,
                        &sorts[at],
                        after.as_ref(),
                        bound.of_value(last + 1 == sorts.len()),
                        sql,
                    );
                }
            }
        });
        sql.push(")");
    });
    sql.push(")");
}

/// Writes the condition that a value comes after another one. `None` is a missing value.
fn write_beyond(value: &Snippet, sort: &Sort, after: Option<&Parameter>, bound: CursorBound, sql: &mut Sql) {
    if let Some(parameter) = after {
        sql.push(text!("({value} {operator} ", value, operator = bound.operator(sort)))
            .bind(parameter.clone());
        if sort.nullable && !sort.nulls_first {
            sql.push(text!(" OR {value} IS NULL", value));
        }
        sql.push(")");
        return;
    }
    match (sort.nulls_first, bound == CursorBound::Included) {
        (true, true) => sql.push("true"),
        (true, false) => sql.push(text!("{value} IS NOT NULL", value)),
        (false, true) => sql.push(text!("{value} IS NULL", value)),
        (false, false) => sql.push("false"),
    };
}
