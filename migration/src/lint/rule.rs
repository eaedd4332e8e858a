//! Defines a rule as a value: name, severity, description and source.

use std::fmt;

use serde::Serialize;

use super::Finding;

/// The severity of a broken rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Data is exposed, lost or wrong, or a promise to clients is broken.
    Error,
    /// The database works, at a cost of time, space or clarity.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// A rule of the rulebook.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The rule's name, which never changes.
    pub id: &'static str,
    /// The severity of a violation.
    pub severity: Severity,
    /// The condition that must hold.
    pub what: &'static str,
    /// The reason for the rule.
    pub why: &'static str,
    /// The document that the rule comes from.
    pub source: &'static str,
    /// The general remedy; a finding has one for its object.
    pub remedy: &'static str,
}

/// The documents that the rules come from.
pub(super) mod source {
    pub(crate) const BRIEF: &str = "Portal schema brief, migration checklist";
    pub(crate) const BRIEF_INDEXES: &str = "Portal schema brief, indexes for performance";
    pub(crate) const BRIEF_METRICS: &str = "Portal schema brief, success metrics";
    pub(crate) const TASK: &str = "Portal tables task, quality checks";
    pub(crate) const VITAL: &str = "VITAL schema, schema validators";
    pub(crate) const VITAL_MIGRATIONS: &str = "VITAL schema, migration strategy";
    pub(crate) const GRANTS: &str = "Praxis decision 8, grants and the owner";
    pub(crate) const POLICIES: &str = "Praxis decision 6, policies in a form that an index can serve";
    pub(crate) const VIEWS: &str = "Praxis decision 11, views as tables";
    pub(crate) const RULES: &str = "Praxis decision 14, rules in the database";
    pub(crate) const SCOPES: &str = "Praxis decision 27, pages of the caller's rows";
    pub(crate) const REFERENCES: &str = "Praxis decision 49, pages of a reference row's rows";
    pub(crate) const PARENTS: &str = "Praxis decision 52, pages below a row";
    pub(crate) const HANDBOOK: &str = "Praxis contributing guide, add a table";
}

impl Rule {
    /// Returns a finding of this rule in a database.
    pub(super) fn finding(&self, object: String, message: String, remedy: String) -> Finding {
        Finding {
            rule: self.id,
            severity: self.severity,
            object,
            message,
            source: self.source,
            remedy,
            file: None,
            line: None,
        }
    }
}
