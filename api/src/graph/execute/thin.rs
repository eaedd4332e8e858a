//! Thins a line to a few points that show its shape.
//!
//! Largest-Triangle-Three-Buckets (Steinarsson, "Downsampling Time Series for Visual Representation", 2013): the first
//! and the last point stay; those between are dealt to buckets of equal number, and each bucket gives the point that makes
//! the largest triangle with the point before it that was kept and the mean of the next bucket.
//!
//! The algorithm alone may drop the greatest value: of two spikes in one bucket it takes the one with the larger triangle. So
//! a bucket that holds the least or the greatest y gives that point, whatever its triangle. If one bucket holds both, an edge of
//! it is moved between them, so that the number of points stays as requested.

use std::ops::Range;

use crate::database::Row;
use crate::graph::catalog::ColumnType;
use crate::graph::value::coordinate;

/// A point of a chart with finite coordinates.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    x: f64,
    y: f64,
}

/// Returns at most `max` (4 or more) of a line's rows, in their order. `axes`: the types of x and y, which are the first columns. Rows
/// without finite coordinates are left out.
pub(super) fn thin_rows(mut rows: Vec<Row>, max: usize, axes: &[ColumnType; 2]) -> Vec<Row> {
    let mut points = Vec::with_capacity(rows.len());
    rows.retain(|row| {
        let place = |at: usize| coordinate(&axes[at], row.bytes(at));
        let point = place(0).zip(place(1)).map(|(x, y)| Point { x, y });
        points.extend(point);
        point.is_some()
    });
    if rows.len() > max {
        let mut kept = thin(&points, max).into_iter().peekable();
        let mut at = 0..;
        rows.retain(|_| {
            let here = at.next();
            kept.next_if(|kept| here == Some(*kept)).is_some()
        });
    }
    rows
}

/// Returns the indexes of the points to keep, in their order: all if there are at most `max`; otherwise `max`, including the first,
/// the last, one with the least y and one with the greatest. These are four, so a smaller `max` counts as four.
fn thin(points: &[Point], max: usize) -> Vec<usize> {
    let max = max.max(4);
    if points.len() <= max {
        return (0..points.len()).collect();
    }
    let last = points.len() - 1;
    let between = points.len() - 2;
    let extremes = extremes(points);
    let number = max - 2;
    // The beginnings of the buckets, and then the end of the last one.
    let mut edges: Vec<usize> = (0..=number).map(|at| 1 + at * between / number).collect();
    let holds_both = |at: &usize| extremes.iter().all(|it| (edges[*at]..edges[at + 1]).contains(it));
    if let Some(both) = (0..number).find(holds_both) {
        match both {
            0 => edges[1] = extremes[1],
            both => edges[both] = extremes[0] + 1,
        }
    }

    let mut kept = Vec::with_capacity(max);
    kept.push(0);
    let mut before = points[0];
    for at in 0..number {
        let here = edges[at]..edges[at + 1];
        // The last bucket is followed by the last point.
        let next = here.end..edges.get(at + 2).copied().unwrap_or(points.len());
        let fixed = kept.len();
        kept.extend(extremes.iter().filter(|extreme| here.contains(extreme)));
        if kept.len() == fixed {
            kept.push(largest_triangle(points, before, here, mean(&points[next])));
        }
        before = points[kept[kept.len() - 1]];
    }
    kept.push(last);
    kept
}

/// Returns the indexes of the least and the greatest y, in their order; among equals, the ends of the line, since they stay anyway.
fn extremes(points: &[Point]) -> [usize; 2] {
    let end = points.len() - 1;
    let (mut least, mut greatest) = if points[end].y < points[0].y { (end, 0) } else { (0, end) };
    for (at, point) in points.iter().enumerate() {
        if point.y < points[least].y {
            least = at;
        }
        if point.y > points[greatest].y {
            greatest = at;
        }
    }
    [least.min(greatest), least.max(greatest)]
}

/// Returns the index of the bucket's point that makes the largest triangle with the points before and after; the first of equals.
fn largest_triangle(points: &[Point], before: Point, bucket: Range<usize>, after: Point) -> usize {
    let (mut largest, mut most) = (bucket.start, 0.0);
    for at in bucket {
        let here = points[at];
        // Twice the area. Beyond a double it is infinite or NaN; then any point of the bucket may be kept.
        let area =
            ((before.x - after.x) * (here.y - before.y) - (before.x - here.x) * (after.y - before.y)).abs();
        if area > most {
            (largest, most) = (at, area);
        }
    }
    largest
}

fn mean(points: &[Point]) -> Point {
    let mut number = 0.0;
    let mut sum = Point { x: 0.0, y: 0.0 };
    for point in points {
        number += 1.0;
        sum.x += point.x;
        sum.y += point.y;
    }
    Point { x: sum.x / number, y: sum.y / number }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(ys: &[f64]) -> Vec<Point> {
        let mut x = 0.0;
        let point = |y: &f64| {
            x += 1.0;
            Point { x, y: *y }
        };
        ys.iter().map(point).collect()
    }

    /// Returns the points that the paper's algorithm keeps, without fixed ones, for lines of more than `max` points.
    fn plain(points: &[Point], max: usize) -> Vec<usize> {
        let (inner, buckets) = (points.len() - 2, max - 2);
        let edge = |bucket: usize| if bucket > buckets { points.len() } else { 1 + bucket * inner / buckets };
        let mut kept = vec![0];
        for bucket in 0..buckets {
            let a = points[*kept.last().unwrap()];
            let next = &points[edge(bucket + 1)..edge(bucket + 2)];
            #[expect(clippy::cast_precision_loss, reason = "few points")]
            let number = next.len() as f64;
            let c_x = next.iter().map(|point| point.x).sum::<f64>() / number;
            let c_y = next.iter().map(|point| point.y).sum::<f64>() / number;
            let area = |b: Point| ((a.x - c_x) * (b.y - a.y) - (a.x - b.x) * (c_y - a.y)).abs();
            // Of equals `max_by` takes the last, hence from the end.
            let candidates = (edge(bucket)..edge(bucket + 1)).rev();
            kept.extend(candidates.max_by(|one, other| area(points[*one]).total_cmp(&area(points[*other]))));
        }
        kept.push(points.len() - 1);
        kept
    }

    #[test]
    fn a_known_line() {
        // Buckets of two: (5, 1), (2, 9), (4, 4). Their triangles have areas of 6 and 3.75, of 5.75 and 10.5, of 3.5 and 0.5.
        let points = line(&[0.0, 5.0, 1.0, 2.0, 9.0, 4.0, 4.0, 1.0]);
        assert_eq!(thin(&points, 5), [0, 1, 4, 5, 7]);
        assert_eq!(plain(&points, 5), [0, 1, 4, 5, 7]);
    }

    #[test]
    fn a_peak_beside_a_larger_triangle_stays() {
        // Both spikes lie in the first of two buckets; the lower one, far from the rest, has the larger triangle.
        let points = line(&[9.0, 10.0, 0.0, 9.0, 9.0, 9.0, 9.0, 9.0]);
        assert!(!plain(&points, 4).contains(&1));
        assert_eq!(thin(&points, 4), [0, 1, 2, 7], "both, of one bucket");
    }

    #[test]
    fn lines_without_a_shape_are_thinned_too() {
        let flat = line(&[3.0; 100]);
        assert_eq!(thin(&flat, 10).len(), 10);
        let upright = vec![Point { x: 1.0, y: 1.0 }; 100];
        assert_eq!(thin(&upright, 4).len(), 4);
        assert_eq!(thin(&[], 4), [0_usize; 0]);
    }

    fn value() -> impl Strategy<Value = f64> {
        // Few values, so that many are equal; and any, however large.
        prop_oneof![(-5_i8..5).prop_map(f64::from), -1e3..1e3, -1e300..1e300]
    }

    fn any_line() -> impl Strategy<Value = Vec<Point>> {
        proptest::collection::vec((value(), value()), 0..200).prop_map(|mut places| {
            places.sort_by(|one, other| one.0.total_cmp(&other.0));
            places.into_iter().map(|(x, y)| Point { x, y }).collect()
        })
    }

    proptest! {
        #[test]
        fn kept_points_are_on_the_line_and_include_its_ends_and_extremes(points in any_line(), max in 4_usize..60) {
            let kept = thin(&points, max);
            prop_assert!(kept.windows(2).all(|pair| pair[0] < pair[1]));
            if points.len() <= max {
                prop_assert_eq!(kept, (0..points.len()).collect::<Vec<_>>());
                return Ok(());
            }
            prop_assert_eq!(kept.len(), max);
            prop_assert_eq!((kept[0], kept[kept.len() - 1]), (0, points.len() - 1));
            let y = |extreme: fn(f64, f64) -> f64, points: &mut dyn Iterator<Item = Point>| {
                points.map(|point| point.y).reduce(extreme)
            };
            for extreme in [f64::min, f64::max] {
                let found = y(extreme, &mut kept.iter().map(|at| points[*at]));
                prop_assert_eq!(found, y(extreme, &mut points.iter().copied()));
            }
        }

        #[test]
        fn a_line_with_its_extremes_at_its_ends_is_thinned_as_in_the_paper(
            mut ys in proptest::collection::vec(-1e3..1e3, 11..200),
            max in 4_usize..11,
        ) {
            ys.insert(0, -1e3);
            ys.push(1e3);
            let points = line(&ys);
            prop_assert_eq!(thin(&points, max), plain(&points, max));
        }
    }
}
