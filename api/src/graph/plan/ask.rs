//! What a plan asks, level by level: the planner records each load where it comes up, so that whoever runs the plan need not
//! know the fields that ask.

use std::sync::Arc;

use super::LoadId;

/// A load that is asked for some keys.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) struct Ask {
    pub(in crate::graph) load: LoadId,
    pub(in crate::graph) keys: AskedKeys,
    /// The loads that are asked for keys in the rows of this one.
    pub(in crate::graph) below: Vec<Ask>,
}

/// Where the keys of a load come from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) enum AskedKeys {
    /// The whole table is asked for, without a key.
    Whole,
    /// The request gives them: each as its parts in Postgres's binary format.
    Request(Arc<[Vec<Vec<u8>>]>),
    /// They are given when the plan runs.
    Later,
    /// They stand in the rows above, at these positions.
    Rows(Arc<[usize]>),
}

/// Returns a load among those that are asked for the same keys, and adds it where it is not there. It is looked for from the end:
/// most often it was the last to be added.
pub(super) fn add(asks: &mut Vec<Ask>, load: LoadId, keys: AskedKeys) -> &mut Ask {
    let at = asks.iter().rposition(|ask| ask.load == load && ask.keys == keys).unwrap_or_else(|| {
        asks.push(Ask { load, keys, below: Vec::new() });
        asks.len() - 1
    });
    &mut asks[at]
}

/// Adds loads to those that are asked below the same rows.
pub(super) fn merge(into: &mut Vec<Ask>, asks: Vec<Ask>) {
    if into.is_empty() {
        *into = asks;
        return;
    }
    for Ask { load, keys, below } in asks {
        merge(&mut add(into, load, keys).below, below);
    }
}
