//! What a run finds.

use serde::Serialize;

use super::Severity;

/// A place where a rule does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule's name.
    pub rule: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What breaks the rule: a table as `schema.table`, what belongs to one as `schema.table.name`, an index as
    /// `schema.index`, a function with its arguments, a migration by its name.
    pub object: String,
    /// What is wrong with it.
    pub message: String,
    /// The document that the rule comes from.
    pub source: &'static str,
    /// What to do, as SQL or in words.
    pub remedy: String,
    /// The file, where the rule is one of texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line in it, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
}

/// What a run found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// What breaks a rule and is not excused, in the order of files and objects.
    pub findings: Vec<Finding>,
    /// What could not be checked, and why.
    pub notes: Vec<String>,
}
