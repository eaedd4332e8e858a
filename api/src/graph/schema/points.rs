//! Points: rows of a connection, thinned for a chart.

use super::sdl::{Sdl, first_sentence};
use crate::graph::catalog::{ColumnId, Table};
use crate::graph::plan::DEFAULT_POINTS;

/// Writes the field of a connection, where the table has something to draw.
pub(super) fn write_field(sdl: &mut Sdl, table: &Table) {
    if !has_points(table) {
        return;
    }
    let name = &table.type_name;
    sdl.field(
        "The line of a chart: rows on all pages in order of x, few enough to draw. Where there are more than `max`, those \
         stay that show its shape (Largest-Triangle-Three-Buckets), always with the first, the last, a least and a \
         greatest y. Rows whose x or y is missing or not finite are left out.",
        &format!(
            "points(
    \"Drawn along.\"
    x: {name}PointsX!
    \"Drawn upwards.\"
    y: {name}PointsY!
    \"Rows at most, 4 or more.\"
    max: Int! = {DEFAULT_POINTS}
  ): [{name}!]!"
        ),
    );
}

/// Writes the columns that can be drawn.
pub(super) fn write(sdl: &mut Sdl, table: &Table) {
    if !has_points(table) {
        return;
    }
    let name = &table.type_name;
    let doc = format!("Times and numbers of `{}` that a line can be drawn along.", table.name);
    columns(sdl, table, &doc, &format!("enum {name}PointsX"), table.axes());
    let doc = format!("Numbers of `{}` that a line can be drawn of.", table.name);
    columns(sdl, table, &doc, &format!("enum {name}PointsY"), table.measures());
}

fn columns(sdl: &mut Sdl, table: &Table, doc: &str, head: &str, columns: impl Iterator<Item = ColumnId>) {
    sdl.open(doc, head);
    for column in columns {
        let column = table.column(column);
        sdl.field(&first_sentence(&column.doc), &column.enum_name());
    }
    sdl.close();
}

fn has_points(table: &Table) -> bool {
    table.measures().next().is_some()
}
