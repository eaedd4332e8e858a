//! Checks for statements that block others while they read or write a whole table.

use std::collections::BTreeSet;

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::super::rule::{Rule, Severity, source};
use super::super::syntax::{Script, child, has_token, is_unknown, names};
use super::{Finding, Text};

const INDEX: Rule = Rule {
    id: "lock-create-index",
    severity: Severity::Warning,
    what: "An index of an existing table is built concurrently.",
    why: "Otherwise nobody can write to the table until the index is built.",
    source: source::HANDBOOK,
    remedy: "CREATE INDEX CONCURRENTLY, outside of a transaction; or an exception that says why the table is small.",
};

const DEFAULT: Rule = Rule {
    id: "lock-volatile-default",
    severity: Severity::Warning,
    what: "An added column has no default that is computed for each row.",
    why: "Otherwise Postgres rewrites the whole table, and nobody can read it meanwhile.",
    source: source::HANDBOOK,
    remedy: "Add the column without a default, set the default, and fill the rows in batches.",
};

const TYPE: Rule = Rule {
    id: "lock-alter-type",
    severity: Severity::Warning,
    what: "No column of an existing table changes its type.",
    why: "Postgres rewrites the whole table, and nobody can read it meanwhile.",
    source: source::BRIEF,
    remedy: "Add a column of the new type, and fill it in batches.",
};

const NOT_NULL: Rule = Rule {
    id: "lock-set-not-null",
    severity: Severity::Warning,
    what: "A column of an existing table becomes NOT NULL through a constraint that is validated separately.",
    why: "SET NOT NULL reads the whole table, and nobody can read or write it meanwhile.",
    source: source::HANDBOOK,
    remedy: "ADD CONSTRAINT … CHECK (… IS NOT NULL) NOT VALID; VALIDATE CONSTRAINT; then SET NOT NULL.",
};

const CONSTRAINT: Rule = Rule {
    id: "lock-add-constraint",
    severity: Severity::Warning,
    what: "A constraint of an existing table is added NOT VALID and validated separately; a unique one uses an index that was built concurrently.",
    why: "Otherwise Postgres reads the whole table while nobody can write to it.",
    source: source::HANDBOOK,
    remedy: "ADD CONSTRAINT … NOT VALID; then VALIDATE CONSTRAINT in a migration of its own.",
};

/// The functions that return the same value for all rows of a statement.
const STABLE: [&str; 4] = ["now", "transaction_timestamp", "statement_timestamp", "current_setting"];

pub(super) fn rules() -> impl Iterator<Item = &'static Rule> {
    [&INDEX, &DEFAULT, &TYPE, &NOT_NULL, &CONSTRAINT].into_iter()
}

pub(super) fn check(text: &Text, script: &Script) -> Vec<Finding> {
    let created: BTreeSet<String> = script
        .nodes
        .iter()
        .filter(|it| matches!(it.syntax.kind(), SyntaxKind::CREATE_TABLE | SyntaxKind::CREATE_TABLE_AS))
        .filter_map(|it| names(&it.syntax).into_iter().next())
        .collect();
    let mut findings = Vec::new();
    for node in &script.nodes {
        let Some(rule) = locks(&node.syntax) else { continue };
        // A table whose name is known only when the block runs may or may not be new.
        let Some(table) = table(&node.syntax).filter(|it| !created.contains(it) && !is_unknown(it)) else {
            continue;
        };
        findings.push(text.finding(
            rule,
            node.line,
            format!("{table} may have many rows, and this statement blocks others meanwhile"),
            rule.remedy.to_owned(),
        ));
    }
    findings
}

fn locks(node: &SyntaxNode) -> Option<&'static Rule> {
    match node.kind() {
        SyntaxKind::CREATE_INDEX => (!has_token(node, SyntaxKind::CONCURRENTLY_KW)).then_some(&INDEX),
        SyntaxKind::ADD_COLUMN => fills_each_row(node).then_some(&DEFAULT),
        SyntaxKind::SET_TYPE => Some(&TYPE),
        SyntaxKind::SET_NOT_NULL => Some(&NOT_NULL),
        SyntaxKind::ADD_CONSTRAINT => {
            let is_quick = node
                .descendants()
                .any(|it| matches!(it.kind(), SyntaxKind::NOT_VALID | SyntaxKind::USING_INDEX_NAME));
            (!is_quick).then_some(&CONSTRAINT)
        }
        _ => None,
    }
}

fn fills_each_row(column: &SyntaxNode) -> bool {
    let calls_something = |default: SyntaxNode| {
        default.descendants().filter(|it| it.kind() == SyntaxKind::CALL_EXPR).any(|call| {
            let callee =
                call.first_child().map(|it| it.text().to_string().to_lowercase()).unwrap_or_default();
            !STABLE.contains(&callee.trim_start_matches("pg_catalog."))
        })
    };
    child(column, SyntaxKind::GENERATED_CONSTRAINT).is_some()
        || child(column, SyntaxKind::DEFAULT_CONSTRAINT).is_some_and(calls_something)
}

/// Returns the table that a statement, or a clause of `ALTER TABLE`, changes.
fn table(node: &SyntaxNode) -> Option<String> {
    let named = node.ancestors().find_map(|it| child(&it, SyntaxKind::TABLE_RELATION_NAME))?;
    names(&named).into_iter().next()
}
