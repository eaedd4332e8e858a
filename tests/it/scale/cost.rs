//! What statements cost Postgres, by their plans with what happened.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{nodes, sequential};

/// Settings with which plans tell what happened, and hold the same time after time.
pub(crate) const ANALYZE: [(&str, &str); 3] = [
    ("auto_explain.log_analyze", "on"),
    ("auto_explain.log_buffers", "on"),
    ("auto_explain.log_timing", "off"),
];

/// What a statement cost at most.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cost {
    /// Rows that one node of its plan looked at: those that it gave and those that it threw away.
    pub(crate) rows: u64,
    /// That node.
    pub(crate) node: Value,
    /// Pages that were looked at.
    pub(crate) buffers: u64,
    /// Sequential scans of large tables.
    pub(crate) sequential: BTreeSet<String>,
}

impl Cost {
    /// Adds what each statement cost, by its text.
    pub(crate) fn gather(plans: &[Value], large: &BTreeSet<String>, costs: &mut BTreeMap<String, Self>) {
        for plan in plans {
            let text = plan["Query Text"].as_str().unwrap_or_default();
            let cost = costs.entry(text.to_owned()).or_default();
            cost.buffers = cost.buffers.max(buffers(&plan["Plan"]));
            let plan = std::slice::from_ref(plan);
            cost.sequential.extend(sequential(plan, large));
            for (_, node) in nodes(plan) {
                if rows(node) > cost.rows {
                    (cost.rows, cost.node) = (rows(node), shortened(node));
                }
            }
        }
    }
}

/// Rows that a node looked at, in all its loops. Per loop Postgres rounds to whole numbers.
fn rows(node: &Value) -> u64 {
    let number = |name: &str| node[name].as_f64().unwrap_or_default();
    let each = number("Actual Rows")
        + number("Rows Removed by Filter")
        + number("Rows Removed by Join Filter")
        + number("Rows Removed by Index Recheck");
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of rows")]
    let rows = (each * number("Actual Loops")) as u64;
    rows
}

/// Pages that a node and those below it looked at.
fn buffers(node: &Value) -> u64 {
    ["Shared Hit Blocks", "Shared Read Blocks"].iter().filter_map(|name| node[*name].as_u64()).sum()
}

/// A node without those below it.
fn shortened(node: &Value) -> Value {
    let mut node = node.clone();
    if let Some(fields) = node.as_object_mut() {
        fields.remove("Plans");
        fields.retain(|name, value| !name.ends_with("Blocks") && value.as_bool() != Some(false));
    }
    node
}
