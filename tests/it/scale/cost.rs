//! The cost of statements for Postgres, from their plans with actual figures.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{nodes, sequential};

/// Settings that add actual figures to plans, and keep them reproducible.
pub(crate) const ANALYZE: [(&str, &str); 3] = [
    ("auto_explain.log_analyze", "on"),
    ("auto_explain.log_buffers", "on"),
    ("auto_explain.log_timing", "off"),
];

/// The cost of a statement.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cost {
    /// The most rows that a node of its plan read: those that it returned and those that it removed.
    pub(crate) rows: u64,
    /// The node that read them.
    pub(crate) node: Value,
    /// Pages that were read. The first time on a connection these include pages of the catalog.
    pub(crate) pages: u64,
    /// Sequential scans of large tables.
    pub(crate) sequential: BTreeSet<String>,
}

/// Returns the cost of each statement by its text, after repeated requests: the most rows, and the fewest pages.
pub(crate) fn costs(plans: &[Value], large: &BTreeSet<String>) -> BTreeMap<String, Cost> {
    let mut costs: BTreeMap<String, Cost> = BTreeMap::new();
    for plan in plans {
        let text = plan["Query Text"].as_str().unwrap_or_default();
        // The cost of catalog queries grows with the schema and not with its rows.
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
    /// Adds another execution of the statement: the larger figures are kept.
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

/// Returns the rows that a node read, in all its loops. Postgres rounds to whole numbers per loop.
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

/// Returns the pages that a node and its children read.
pub(crate) fn pages(node: &Value) -> u64 {
    ["Shared Hit Blocks", "Shared Read Blocks"].iter().filter_map(|name| node[*name].as_u64()).sum()
}

/// Returns a node without its children.
fn shortened(node: &Value) -> Value {
    let mut node = node.clone();
    if let Some(fields) = node.as_object_mut() {
        fields.remove("Plans");
        fields.retain(|name, value| !name.ends_with("Blocks") && value.as_bool() != Some(false));
    }
    node
}
