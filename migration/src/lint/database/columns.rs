//! Checks the types of columns.

use super::super::rule::{Rule, Severity, source};
use super::CatalogRule;

pub(super) const CATALOG_RULES: &[CatalogRule] = &[
    CatalogRule {
        rule: Rule {
            id: "time-zone",
            severity: Severity::Error,
            what: "Every time is a TIMESTAMPTZ.",
            why: "A time without a zone means a different moment in each server's time zone.",
            source: source::TASK,
            remedy: "TIMESTAMPTZ in place of TIMESTAMP, before it lands.",
        },
        sql: "SELECT object, format('its type is %s', type), 'make it a TIMESTAMPTZ before it lands'
            FROM columns WHERE type LIKE 'timestamp without time zone%' OR type LIKE 'time with time zone%'",
    },
    CatalogRule {
        rule: Rule {
            id: "no-jsonb",
            severity: Severity::Error,
            what: "A schema whose brief forbids JSONB has none.",
            why: "Values that are searched, sorted and charted belong in columns.",
            source: source::BRIEF,
            remedy: "A column for each value.",
        },
        sql: "SELECT object, format('its type is %s', type), 'use a column for each value'
            FROM columns WHERE forbid_jsonb AND relkind IN ('r', 'p') AND type IN ('json', 'jsonb', 'json[]', 'jsonb[]')",
    },
];
