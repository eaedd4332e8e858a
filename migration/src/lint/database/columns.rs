//! Rules about the types of columns.

use super::super::rule::{Rule, Severity, source};
use super::Question;

pub(super) const QUESTIONS: &[Question] = &[
    Question {
        rule: Rule {
            id: "time-zone",
            severity: Severity::Error,
            what: "Every time is a TIMESTAMPTZ.",
            why: "A time without a zone means another moment on every server.",
            source: source::TASK,
            remedy: "TIMESTAMPTZ in place of TIMESTAMP, before it lands.",
        },
        sql: "SELECT object, format('its type is %s', type), 'make it a TIMESTAMPTZ before it lands'
            FROM columns WHERE type LIKE 'timestamp without time zone%' OR type LIKE 'time with time zone%'",
    },
    Question {
        rule: Rule {
            id: "no-jsonb",
            severity: Severity::Error,
            what: "A schema whose brief forbids JSONB has none.",
            why: "Values that are searched, sorted and charted belong in columns.",
            source: source::BRIEF,
            remedy: "A column for each value.",
        },
        sql: "SELECT object, format('its type is %s', type), 'have a column for each thing that is asked for'
            FROM columns WHERE forbid_jsonb AND relkind IN ('r', 'p') AND type IN ('json', 'jsonb', 'json[]', 'jsonb[]')",
    },
];
