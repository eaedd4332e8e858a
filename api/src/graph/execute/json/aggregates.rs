//! Writes aggregates, groups and series.

use super::JsonWriter;
use crate::database::Row;
use crate::graph::catalog::{ColumnType, Scalar};
use crate::graph::execute::key::Key;
use crate::graph::plan::{
    AggregateField, GroupField, GroupsShape, KeyField, Keyed, PointField, RangeField, SeriesField,
    SeriesShape,
};
use crate::graph::question::range::Ranges;
use crate::graph::question::series::Fill;

impl JsonWriter<'_> {
    pub(super) fn groups(&mut self, groups: &GroupsShape, key: Option<&Key>) {
        let rows = self.found(groups.load, key).map_or(&[][..], |found| &found.rows);
        let cursor = self.cursor_shape(groups.load);
        self.list(rows, |this, row| {
            this.object(&groups.fields, |this, _, field| match field {
                GroupField::Typename => this.text(&[&groups.type_name, "Group"]),
                GroupField::Cursor => this.cursor(cursor, Some(row)),
                GroupField::Key(fields) => this.group_key(fields, row),
                GroupField::Aggregate(fields) => this.aggregate(fields, Some(row)),
            });
        });
    }

    pub(super) fn series(&mut self, series: &SeriesShape, key: Option<&Key>) {
        let rows = self.found(series.load, key).map_or(&[][..], |found| &found.rows);
        let lines = rows.chunk_by(|_, next| kind(series, next) != LINE);
        self.list(lines, |this, line| {
            let Some((whole, points)) = line.split_first() else { return this.null() };
            this.object(&series.fields, |this, _, field| match field {
                SeriesField::Typename => this.text(&[&series.type_name, "Series"]),
                SeriesField::Key(fields) => this.group_key(fields, whole),
                SeriesField::Aggregate(fields) => this.aggregate(fields, Some(whole)),
                SeriesField::Points(fields) => this.points(series, fields, points),
            });
        });
    }

    fn points(&mut self, series: &SeriesShape, fields: &[Keyed<PointField>], points: &[Row]) {
        let mut last = None;
        let moment = &series.bucket_type;
        self.list(points, |this, point| {
            let empty = kind(series, point) == EMPTY_POINT;
            if !empty {
                last = Some(point);
            }
            this.object(fields, |this, _, field| match field {
                PointField::Typename => this.text(&[&series.type_name, "Point"]),
                PointField::Start => this.value(moment, point.bytes(series.columns.start)),
                PointField::End => this.value(moment, point.bytes(series.columns.end)),
                PointField::Aggregate(fields) => match series.fill {
                    Fill::Previous if empty => this.aggregate(fields, last),
                    Fill::Zero if empty => this.zeros(fields),
                    Fill::Null | Fill::Zero | Fill::Previous | Fill::None => {
                        this.aggregate(fields, Some(point));
                    }
                },
            });
        });
    }

    /// Writes an aggregate whose numbers are all 0.
    fn zeros(&mut self, fields: &[Keyed<AggregateField>]) {
        self.object(fields, |this, _, field| match field {
            AggregateField::Typename(name) => this.text(&[name]),
            AggregateField::Count(_) => this.out.push(b'0'),
            AggregateField::Column(fields) => this.zeros(fields),
            AggregateField::Value(_, ty) => match ty.scalar() {
                Scalar::BigInt | Scalar::Decimal => this.text(&["0"]),
                Scalar::SmallInt | Scalar::Int | Scalar::Real | Scalar::Double | Scalar::Numeric => {
                    this.out.push(b'0');
                }
                _ => this.null(),
            },
        });
    }

    fn group_key(&mut self, fields: &[Keyed<KeyField>], row: &Row) {
        self.object(fields, |this, _, field| match field {
            KeyField::Typename(name) => this.text(&[name]),
            KeyField::Value(position, ty) => this.value(ty, row.bytes(*position)),
            KeyField::Relation(fields) => this.group_key(fields, row),
            KeyField::Range(position, ranges, fields) => this.range(*position, ranges, fields, row),
        });
    }

    fn range(&mut self, position: usize, ranges: &Ranges, fields: &[Keyed<RangeField>], row: &Row) {
        let [from, to] = row.bytes(position).map_or([None, None], |number| ranges.ends(number));
        let number = ColumnType::Scalar(Scalar::Numeric);
        self.object(fields, |this, _, field| match field {
            RangeField::Typename => this.text(&["NumberRange"]),
            RangeField::From => this.value(&number, from.as_deref()),
            RangeField::To => this.value(&number, to.as_deref()),
        });
    }

    /// Writes an aggregate; without a row, counts are 0 and other values null.
    pub(super) fn aggregate(&mut self, fields: &[Keyed<AggregateField>], row: Option<&Row>) {
        self.object(fields, |this, _, field| match field {
            AggregateField::Typename(name) => this.text(&[name]),
            AggregateField::Count(position) => this.count(*position, row),
            AggregateField::Value(position, ty) => {
                this.value(ty, row.and_then(|row| row.bytes(*position)));
            }
            AggregateField::Column(fields) => this.aggregate(fields, row),
        });
    }

    pub(super) fn count(&mut self, position: usize, row: Option<&Row>) {
        let count = row.and_then(|row| row.bytes(position)).and_then(|bytes| bytes.try_into().ok());
        let count = count.map_or(0, i64::from_be_bytes);
        self.out.extend_from_slice(count.to_string().as_bytes());
    }
}

/// The kinds of rows in a series.
const LINE: i32 = 1;
const EMPTY_POINT: i32 = 2;

fn kind(series: &SeriesShape, row: &Row) -> i32 {
    let bytes = row.bytes(series.columns.kind).and_then(|bytes| bytes.try_into().ok());
    bytes.map_or(LINE, i32::from_be_bytes)
}
