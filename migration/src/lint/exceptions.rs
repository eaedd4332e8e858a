//! Applies the exceptions, and reports those that are no longer needed.

use super::rule::source;
use super::{Checked, Config, Finding, Rule, Severity, database};

const UNUSED: Rule = Rule {
    id: "unused-exception",
    severity: Severity::Error,
    what: "Every exception applies to at least one violation.",
    why: "A leftover exception would hide new violations.",
    source: source::HANDBOOK,
    remedy: "Remove the object from the exception.",
};

pub(super) fn rules() -> impl Iterator<Item = &'static Rule> {
    [&UNUSED].into_iter()
}

/// Returns the findings without an exception, and a finding for each unused exception whose rule was checked.
pub(super) fn apply(config: &Config, checked: &Checked, findings: Vec<Finding>) -> Vec<Finding> {
    let exceptions = config.exceptions.iter().flat_map(|exception| {
        exception.objects.iter().map(|object| (exception.rule.as_str(), object.as_str()))
    });
    let unused = exceptions
        .clone()
        .filter(|(rule, object)| {
            was_checked(checked, rule, object)
                && !findings.iter().any(|it| it.rule == *rule && it.object == *object)
        })
        .map(|(rule, object)| {
            UNUSED.finding(
                object.to_owned(),
                format!("it follows the rule {rule}, or does not exist"),
                format!("remove it from the exceptions to {rule}"),
            )
        })
        .collect::<Vec<_>>();
    let is_excused =
        |finding: &Finding| exceptions.clone().any(|it| it == (finding.rule, finding.object.as_str()));
    findings.into_iter().filter(|it| !is_excused(it)).chain(unused).collect()
}

/// Returns true if the rule was checked for the object: objects of other schemas than the checked ones were not.
fn was_checked(checked: &Checked, rule: &str, object: &str) -> bool {
    let is_in_schema = || object.split_once('.').is_some_and(|(schema, _)| checked.schemas.contains(schema));
    checked.rules.contains(rule) && (database::rules().all(|it| it.id != rule) || is_in_schema())
}
