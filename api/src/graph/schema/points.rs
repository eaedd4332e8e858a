//! Points: rows of a connection, thinned for a chart.

use async_graphql::dynamic::{EnumItem, Field, TypeRef};

use super::types::{Part, Types, field, first_sentence, input, value};
use crate::graph::catalog::{ColumnId, Table};
use crate::graph::limits::DEFAULT_POINTS;

/// The field of a connection, where the table has something to draw.
pub(super) fn points_field(table: &Table) -> Option<Part<Field>> {
    if !has_points(table) {
        return None;
    }
    let name = &table.type_name;
    let points = field(
        "points",
        TypeRef::named_nn_list_nn(name),
        "The line of a chart: rows on all pages in order of x, few enough to draw. Where there are more than `max`, those \
         stay that show its shape (Largest-Triangle-Three-Buckets), always with the first, the last, a least and a \
         greatest y. Rows whose x or y is missing or not finite are left out.",
    );
    Some(points.arguments(vec![
        input("x", TypeRef::named_nn(axis(table, 'X')), "Drawn along."),
        input("y", TypeRef::named_nn(axis(table, 'Y')), "Drawn upwards."),
        input("max", TypeRef::named_nn(TypeRef::INT), "Rows at most, 4 or more.").default(DEFAULT_POINTS),
    ]))
}

/// Makes the enums of the columns that can be drawn.
pub(super) fn make(types: &mut Types, table: &Table) {
    if !has_points(table) {
        return;
    }
    let doc = format!("Times and numbers of `{}` that a line can be drawn along.", table.name);
    types.enumeration(&axis(table, 'X'), &doc, columns(table, table.axes()));
    let doc = format!("Numbers of `{}` that a line can be drawn of.", table.name);
    types.enumeration(&axis(table, 'Y'), &doc, columns(table, table.measures()));
}

/// Name of the enum of the columns of an axis.
fn axis(table: &Table, axis: char) -> String {
    format!("{}Points{axis}", table.type_name)
}

fn columns(table: &Table, columns: impl Iterator<Item = ColumnId>) -> impl Iterator<Item = Part<EnumItem>> {
    columns.map(|id| {
        let column = table.column(id);
        value(&column.enum_name(), first_sentence(&column.doc))
    })
}

fn has_points(table: &Table) -> bool {
    table.measures().next().is_some()
}
