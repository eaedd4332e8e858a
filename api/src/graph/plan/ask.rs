//! The loads of a plan, level by level. The planner records each load at the field that needs it, so that the code that runs the plan
//! knows no fields.

use std::sync::Arc;

use super::LoadId;

/// A load, and the keys that it reads.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) struct Ask {
    pub(in crate::graph) load: LoadId,
    pub(in crate::graph) keys: AskedKeys,
    /// The loads whose keys are in the rows of this one.
    pub(in crate::graph) below: Vec<Ask>,
}

/// The source of the keys of a load.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) enum AskedKeys {
    /// The load reads the whole table, without a key.
    Whole,
    /// The request gives the keys, each as its parts in Postgres's binary format.
    Request(Arc<[Vec<Vec<u8>>]>),
    /// The code that runs the plan gives the keys.
    Later,
    /// The rows above hold the keys, at these positions.
    Rows(Arc<[usize]>),
}

/// Returns the entry of a load with these keys, and adds it if it is missing. The search begins at the end, since most often the last
/// entry is the right one.
pub(super) fn add(asks: &mut Vec<Ask>, load: LoadId, keys: AskedKeys) -> &mut Ask {
    let at = asks.iter().rposition(|ask| ask.load == load && ask.keys == keys).unwrap_or_else(|| {
        asks.push(Ask { load, keys, below: Vec::new() });
        asks.len() - 1
    });
    &mut asks[at]
}

/// Adds loads to others below the same rows.
pub(super) fn merge(into: &mut Vec<Ask>, asks: Vec<Ask>) {
    if into.is_empty() {
        *into = asks;
        return;
    }
    for Ask { load, keys, below } in asks {
        merge(&mut add(into, load, keys).below, below);
    }
}
