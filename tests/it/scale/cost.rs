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

/// What a statement cost.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cost {
    /// Rows that one node of its plan looked at: those that it gave and those that it threw away.
    pub(crate) rows: u64,
    /// That node.
    pub(crate) node: Value,
    /// Pages that were looked at. The first time on a connection these are also pages of the catalog.
    pub(crate) pages: u64,
    /// Sequential scans of large tables.
    pub(crate) sequential: BTreeSet<String>,
}

/// What each statement cost, by its text, when one thing was asked again and again: the most rows, and the fewest pages.
pub(crate) fn costs(plans: &[Value], large: &BTreeSet<String>) -> BTreeMap<String, Cost> {
    let mut costs: BTreeMap<String, Cost> = BTreeMap::new();
    for plan in plans {
        let text = plan["Query Text"].as_str().unwrap_or_default();
        // What the catalog is asked grows with the schema and not with its rows.
        if text.contains("pg_catalog.") {
            continue;
        }
        let pages = pages(&plan["Plan"]);
        let cost = costs.entry(text.to_owned()).or_insert_with(|| Cost { pages, ..Cost::default() });
        cost.pages = cost.pages.min(pages);
        let plan = std::slice::from_ref(plan);
        cost.sequential.extend(sequential(plan, large));
        for (_, node) in nodes(plan) {
            cost.looked_at(rows(node), node);
        }
    }
    costs
}

impl Cost {
    /// Adds what the statement cost another time: what was more is kept.
    pub(crate) fn or_more(&mut self, other: Self) {
        self.looked_at(other.rows, &other.node);
        self.pages = self.pages.max(other.pages);
        self.sequential.extend(other.sequential);
    }

    fn looked_at(&mut self, rows: u64, node: &Value) {
        if rows > self.rows {
            (self.rows, self.node) = (rows, shortened(node));
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
pub(crate) fn pages(node: &Value) -> u64 {
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
