//! Plans series.

use std::rc::Rc;

use crate::graph::document::{Field, Selection};

use super::super::collect::Collected;
use super::super::{Keyed, LoadId, PointField, SeriesField, SeriesShape};
use super::loads::{DraftKind, LoadKey};
use super::{Planned, Planner};
use crate::graph::catalog::{ColumnId, Table};
use crate::graph::question::series;

impl<'a> Planner<'a> {
    /// Plans series below `parents` rows, or of the whole table if `columns` is empty.
    pub(super) fn series(
        &mut self,
        table: &'a Table,
        columns: &[ColumnId],
        field: &'a Field,
        collected: &Collected<'a>,
        parents: u64,
    ) -> Planned<SeriesShape> {
        let mut given = self.arguments(field)?;
        let arguments = given.text(|_| true);
        let filter = given.take("filter").map(Rc::new);
        let read = series::Series::read(self.catalog, table, &given, self.limits)
            .map_err(|error| self.refuse(field, error))?;
        let (lines, points) = read.size(parents);
        let load_key = LoadKey { kind: "series", table: table.id, columns: columns.to_vec(), arguments };
        let place = self.place(field);
        let (keys, fill, bucket_type) = (read.lines.clone(), read.fill, read.bucket_type());
        let load = self.load(load_key, filter, &place, parents, DraftKind::Series(read));
        let type_name = format!("{}Series", table.type_name);
        let parts = self.collect(&collected.selections(), &type_name)?;
        let fields = self.each(&parts, lines, |this, part, collected| {
            let sets = collected.selections();
            Ok(match &*part.name {
                "key" => SeriesField::Key(this.group_key(table, &keys, &[], (&sets, lines))?),
                "aggregate" => SeriesField::Aggregate(this.aggregate(table, load, &sets, lines)?),
                "points" => SeriesField::Points(this.points(table, load, &sets, points)?),
                _ => SeriesField::Typename,
            })
        })?;
        Ok(SeriesShape {
            load,
            type_name: table.type_name.clone(),
            fill,
            bucket_type,
            columns: series::COLUMNS,
            fields,
        })
    }

    fn points(
        &mut self,
        table: &'a Table,
        load: LoadId,
        sets: &[&'a [Selection]],
        points: u64,
    ) -> Planned<Vec<Keyed<PointField>>> {
        let collected = self.collect(sets, &format!("{}Point", table.type_name))?;
        self.each(&collected, points, |this, field, collected| {
            Ok(match &*field.name {
                "start" => PointField::Start,
                "end" => PointField::End,
                "aggregate" => {
                    PointField::Aggregate(this.aggregate(table, load, &collected.selections(), points)?)
                }
                _ => PointField::Typename,
            })
        })
    }
}
