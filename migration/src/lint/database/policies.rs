//! Checks policy expressions: they repeat no call for each row, and do not recurse.

use std::collections::{BTreeMap, BTreeSet};

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::super::rule::{Rule, Severity, source};
use super::super::syntax::{Script, child};
use super::super::{Finding, LintError};
use super::{Catalog, texts};

const CALL_PER_ROW: Rule = Rule {
    id: "policy-call-per-row",
    severity: Severity::Error,
    what: "A policy evaluates expressions about the caller once per statement: a call without a column of the row is wrapped in (SELECT …).",
    why: "Otherwise Postgres calls the function for each row, and no index can serve the comparison.",
    source: source::POLICIES,
    remedy: "(SELECT auth.uid()) in place of auth.uid().",
};

const RECURSION: Rule = Rule {
    id: "policy-recursion",
    severity: Severity::Error,
    what: "No policy for reading a table reads that table, be it through the policies of others.",
    why: "Postgres refuses every query of the table: infinite recursion detected in policy.",
    source: source::POLICIES,
    remedy: "Read the table in a function with its owner's rights and a fixed search_path.",
};

/// The query for policies: table, policy, true if it applies to reading, and its expressions joined into one.
const POLICIES: &str = "
    SELECT object, format('%s.%I', object, polname), (polcmd IN ('r', '*'))::text,
      concat_ws(', ', pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
    FROM tables JOIN pg_catalog.pg_policy ON polrelid = tables.oid ORDER BY 2";

/// The query for other objects that read tables with their caller's rights: views, and functions in languages that can be parsed.
const READERS: &str = "
    SELECT object, pg_get_viewdef(oid) FROM views WHERE relkind = 'v' AND EXISTS (
      SELECT FROM pg_options_to_table(reloptions) WHERE option_name = 'security_invoker' AND option_value::boolean)
    UNION ALL
    SELECT format('%I.%I', schema, proname), CASE lanname
      WHEN 'sql' THEN coalesce(pg_get_function_sqlbody(p.oid), prosrc)
      ELSE format('DO $lint$%s$lint$', prosrc) END
    FROM pg_catalog.pg_proc AS p JOIN schemas ON schemas.oid = pronamespace
    JOIN pg_catalog.pg_language AS l ON l.oid = prolang AND lanname IN ('sql', 'plpgsql')
    WHERE NOT prosecdef AND prokind = 'f'";

pub(super) fn rules() -> impl Iterator<Item = &'static Rule> {
    [&CALL_PER_ROW, &RECURSION].into_iter()
}

struct Policy {
    table: String,
    object: String,
    is_for_reading: bool,
    expression: Script,
}

pub(super) async fn check(catalog: &mut Catalog<'_>) -> Result<Vec<Finding>, LintError> {
    let mut policies = Vec::new();
    for row in catalog.rows(&CALL_PER_ROW, POLICIES).await? {
        let [table, object, is_for_reading, expression] = texts(&CALL_PER_ROW, &row)?;
        let expression = Script::parse(&format!("SELECT {expression}"));
        policies.push(Policy { table, object, is_for_reading: is_for_reading == "true", expression });
    }
    let mut readers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in catalog.rows(&RECURSION, READERS).await? {
        let [name, text] = texts(&RECURSION, &row)?;
        readers.entry(name).or_default().extend(reads(&Script::parse(&text)));
    }

    let slow = policies.iter().flat_map(|policy| {
        per_row(&policy.expression).into_iter().map(|call| {
            CALL_PER_ROW.finding(
                policy.object.clone(),
                format!("{call} is called for each row"),
                format!("write (SELECT {call})"),
            )
        })
    });
    let mut findings: Vec<_> = slow.collect();

    for policy in policies.iter().filter(|it| it.is_for_reading) {
        readers.entry(policy.table.clone()).or_default().extend(reads(&policy.expression));
    }
    for policy in policies.iter().filter(|it| it.is_for_reading) {
        if let Some(way) = path_back(&policy.table, reads(&policy.expression), &readers) {
            findings.push(RECURSION.finding(
                policy.object.clone(),
                format!("it leads back to its own table: {}", way.join(" → ")),
                "read the table in a function with its owner's rights and a fixed search_path".into(),
            ));
        }
    }
    Ok(findings)
}

/// Returns the calls that use no column of the row and are not wrapped in a `SELECT`.
fn per_row(expression: &Script) -> BTreeSet<String> {
    let calls = expression.nodes.iter().map(|it| &it.syntax).filter(|it| it.kind() == SyntaxKind::CALL_EXPR);
    calls
        .filter(|call| is_of_a_schema(call) && !depends_on_row(call) && !is_evaluated_once(call))
        .map(|call| call.text().to_string())
        .collect()
}

/// Returns true if the called function has a schema, or is the one of Postgres that may identify the caller by a setting. Postgres prints
/// its own functions without a schema.
fn is_of_a_schema(call: &SyntaxNode) -> bool {
    call.children().any(|callee| match callee.kind() {
        SyntaxKind::FIELD_EXPR => true,
        SyntaxKind::NAME_REF => callee.text() == "current_setting",
        _ => false,
    })
}

fn depends_on_row(call: &SyntaxNode) -> bool {
    let is_callee = |name: &SyntaxNode| {
        name.ancestors()
            .skip(1)
            .find(|it| it.kind() != SyntaxKind::FIELD_EXPR)
            .is_some_and(|it| it.kind() == SyntaxKind::CALL_EXPR)
    };
    child(call, SyntaxKind::ARG_LIST).is_some_and(|arguments| {
        arguments.descendants().any(|it| it.kind() == SyntaxKind::NAME_REF && !is_callee(&it))
    })
}

/// Returns true if the call is inside a `SELECT` without `FROM` within the expression, which Postgres evaluates once.
fn is_evaluated_once(call: &SyntaxNode) -> bool {
    let selects: Vec<_> = call.ancestors().filter(|it| it.kind() == SyntaxKind::SELECT).collect();
    // The outermost `SELECT` is the one that wraps the expression for the parser.
    selects
        .split_last()
        .is_some_and(|(_, inner)| inner.iter().any(|it| child(it, SyntaxKind::FROM_CLAUSE).is_none()))
}

/// Returns the relations that are read and the functions that are called, by their full names.
fn reads(script: &Script) -> BTreeSet<String> {
    let nodes = script.nodes.iter().map(|it| &it.syntax);
    nodes
        .filter_map(|node| match node.kind() {
            SyntaxKind::RELATION_NAME_REF => Some(node.text().to_string()),
            SyntaxKind::CALL_EXPR => child(node, SyntaxKind::FIELD_EXPR).map(|it| it.text().to_string()),
            _ => None,
        })
        .collect()
}

/// Returns the shortest path from a relation that is read back to the table.
fn path_back(
    table: &str,
    read: BTreeSet<String>,
    readers: &BTreeMap<String, BTreeSet<String>>,
) -> Option<Vec<String>> {
    let mut seen = BTreeSet::new();
    let mut ways: Vec<_> = read.into_iter().map(|it| vec![table.to_owned(), it]).collect();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            let Some(last) = way.last().cloned() else { continue };
            if last == table {
                return Some(way);
            }
            if seen.insert(last.clone()) {
                let next = readers.get(&last).into_iter().flatten();
                longer.extend(next.map(|it| way.iter().chain([it]).cloned().collect()));
            }
        }
        ways = longer;
    }
    None
}
