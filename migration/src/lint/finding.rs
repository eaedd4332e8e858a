//! Defines the findings of a run.

use serde::Serialize;

use super::Severity;

/// A violation of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule's name.
    pub rule: &'static str,
    /// The severity of the violation.
    pub severity: Severity,
    /// The object that breaks the rule: a table as `schema.table`, an object of a table as `schema.table.name`, an index as
    /// `schema.index`, a function with its arguments, a migration by its name.
    pub object: String,
    /// The message: what is wrong with the object.
    pub message: String,
    /// The document that the rule comes from.
    pub source: &'static str,
    /// The remedy, as SQL or in words.
    pub remedy: String,
    /// The file, if the rule is about the text of migrations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line in the file, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
}

/// The findings and notes of a run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// The violations without an exception, in the order of files and objects.
    pub findings: Vec<Finding>,
    /// The checks that could not run, and why.
    pub notes: Vec<String>,
}
