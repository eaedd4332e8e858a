//! The questions of a request to the database: its arguments, read and checked.
//!
//! A question describes rows, groups, series or aggregates in terms of the catalog; [`super::sql`] turns it into a statement.

pub(in crate::graph) mod aggregates;
pub(in crate::graph) mod allowance;
pub(in crate::graph) mod bucket;
pub(in crate::graph) mod call;
pub(in crate::graph) mod cursor;
mod duration;
pub(in crate::graph) mod grouping;
pub(in crate::graph) mod groups;
pub(in crate::graph) mod inputs;
pub(in crate::graph) mod key;
pub(in crate::graph) mod order;
pub(in crate::graph) mod page;
pub(in crate::graph) mod points;
pub(in crate::graph) mod projection;
pub(in crate::graph) mod range;
pub(in crate::graph) mod series;
pub(in crate::graph) mod write;
pub(in crate::graph) mod zone;

/// Returns the index of a value in a list, and appends the value where it is missing.
pub(in crate::graph) fn find_or_push<T: PartialEq>(list: &mut Vec<T>, wanted: T) -> usize {
    list.iter().position(|known| *known == wanted).unwrap_or_else(|| {
        list.push(wanted);
        list.len() - 1
    })
}
