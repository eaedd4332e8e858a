//! The tree of a plan's loads: a load is a child of the load whose rows hold its keys. The planner adds each load at the field that
//! needs it, so that the code that runs the plan knows no fields.

use std::sync::Arc;

use super::LoadId;

/// A load in the tree, and the source of its keys.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) struct LoadNode {
    pub(in crate::graph) load: LoadId,
    pub(in crate::graph) keys: KeySource,
    /// The loads whose keys are in the rows of this one.
    pub(in crate::graph) children: Vec<LoadNode>,
}

/// The source of the keys of a load.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::graph) enum KeySource {
    /// The load reads the whole table, without a key.
    Whole,
    /// The request gives the keys, each as its parts in Postgres's binary format.
    Request(Arc<[Vec<Vec<u8>>]>),
    /// The code that runs the plan gives the keys.
    Later,
    /// The rows above hold the keys, at these positions.
    Rows(Arc<[usize]>),
}

/// Returns the node of a load with these keys, and adds it if it is missing. The search begins at the end, since most often the last
/// node is the right one.
pub(super) fn add(nodes: &mut Vec<LoadNode>, load: LoadId, keys: KeySource) -> &mut LoadNode {
    let at = nodes.iter().rposition(|node| node.load == load && node.keys == keys).unwrap_or_else(|| {
        nodes.push(LoadNode { load, keys, children: Vec::new() });
        nodes.len() - 1
    });
    &mut nodes[at]
}

/// Adds nodes to others that have the same parent.
pub(super) fn merge(into: &mut Vec<LoadNode>, nodes: Vec<LoadNode>) {
    if into.is_empty() {
        *into = nodes;
        return;
    }
    for LoadNode { load, keys, children } in nodes {
        merge(&mut add(into, load, keys).children, children);
    }
}
