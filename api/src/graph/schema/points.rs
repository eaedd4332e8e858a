//! Makes the field `points`, which returns the rows of a connection, thinned for a chart.

use async_graphql::dynamic::{EnumItem, Field, TypeRef};

use super::derived::{derived_input, derived_value};
use super::types::{Part, Types, field};
use crate::graph::catalog::{ColumnId, Table};
use crate::graph::limits::DEFAULT_POINTS;

/// Makes the field `points` of a connection; `None` if the table has no columns for both axes.
pub(super) fn points_field(table: &Table) -> Option<Part<Field>> {
    if !table.has_points() {
        return None;
    }
    let name = &table.type_name;
    let points =
        field("points", TypeRef::named_nn_list_nn(name), "Samples the rows on all pages for a chart, by x.");
    Some(points.arguments(vec![
        derived_input("x", TypeRef::named_nn(axis(table, 'X'))),
        derived_input("y", TypeRef::named_nn(axis(table, 'Y'))),
        derived_input("max", TypeRef::named_nn(TypeRef::INT)).default(DEFAULT_POINTS),
    ]))
}

/// Makes the enums of the columns that can be drawn.
pub(super) fn make(types: &mut Types, table: &Table) {
    if !table.has_points() {
        return;
    }
    let doc = format!("Names a time or number of `{}`.", table.type_name);
    types.enumeration(&axis(table, 'X'), &doc, columns(table, table.axes()));
    let doc = format!("Names a number of `{}`.", table.type_name);
    types.enumeration(&axis(table, 'Y'), &doc, columns(table, table.measures()));
}

/// Returns the name of the enum with the columns of an axis.
fn axis(table: &Table, axis: char) -> String {
    format!("{}Points{axis}", table.type_name)
}

fn columns(table: &Table, columns: impl Iterator<Item = ColumnId>) -> impl Iterator<Item = Part<EnumItem>> {
    columns.map(|id| derived_value(&table.column(id).enum_name()))
}
