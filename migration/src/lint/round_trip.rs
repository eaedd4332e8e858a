//! Checks the round trip: reverting a migration removes exactly what it created, and it can be applied again.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::sqlx::{self, AssertSqlSafe, Connection as _, PgConnection};

use super::rule::{Rule, Severity, source};
use super::texts::{Side, Text};
use super::{Finding, LintError};
use crate::DatabaseError;

const ROUND_TRIP: Rule = Rule {
    id: "round-trip",
    severity: Severity::Error,
    what: "Reverting a migration restores the previous schema, and applying it again gives the same one.",
    why: "A down script that was never run may not work.",
    source: source::VITAL_MIGRATIONS,
    remedy: "Correct the down script, which may change after it has landed.",
};

/// The query that returns the schema as lines, one for each object and each of its properties.
const SNAPSHOT: &str = include_str!("snapshot.sql");

pub(super) fn rules() -> impl Iterator<Item = &'static Rule> {
    [&ROUND_TRIP].into_iter()
}

/// The result: the findings, and true if all migrations are applied in the end.
pub(super) struct Outcome {
    pub(super) findings: Vec<Finding>,
    pub(super) is_complete: bool,
}

/// Applies, reverts and reapplies each migration. Stops at the first that fails.
pub(super) async fn check(connection: &mut PgConnection, texts: &[Text]) -> Result<Outcome, LintError> {
    let mut pairs: BTreeMap<&str, BTreeMap<Side, &Text>> = BTreeMap::new();
    for text in texts {
        pairs.entry(&text.name).or_default().insert(text.side, text);
    }
    let mut findings = Vec::new();
    let mut before = snapshot(connection).await?;
    for sides in pairs.values() {
        // Another rule reports a missing script.
        let (Some(up), Some(down)) = (sides.get(&Side::Up), sides.get(&Side::Down)) else { continue };
        let mut reached = Vec::new();
        for text in [up, down, up] {
            if let Err(error) = run(connection, &text.sql).await {
                // If the down script left something behind, the second up script fails because of it.
                let cause = reached.get(1).and_then(|back| incomplete_revert(down, &before, back));
                findings.push(cause.unwrap_or_else(|| {
                    let error = DatabaseError::from_sqlx(&error, Some(&text.sql));
                    let line = error.line.or(Some(1));
                    Finding { line, ..finding(text, format!("it fails: {error}")) }
                }));
                return Ok(Outcome { findings, is_complete: false });
            }
            reached.push(snapshot(connection).await?);
        }
        let [after, back, again] = &reached[..] else { continue };
        let other = || {
            difference(after, again).map(|it| {
                finding(
                    down,
                    format!(
                        "after applying the migration again, the schema differs from the first time: {it}"
                    ),
                )
            })
        };
        findings.extend(incomplete_revert(down, &before, back).or_else(other));
        before.clone_from(again);
    }
    Ok(Outcome { findings, is_complete: true })
}

/// Returns a finding if the down script leaves or removes too much.
fn incomplete_revert(down: &Text, before: &BTreeSet<String>, back: &BTreeSet<String>) -> Option<Finding> {
    let difference = difference(before, back)?;
    Some(finding(
        down,
        format!("after reverting the migration, the schema differs from before: {difference}"),
    ))
}

fn finding(text: &Text, message: String) -> Finding {
    let remedy = ROUND_TRIP.remedy.to_owned();
    Finding {
        file: Some(text.path.clone()),
        line: Some(1),
        ..ROUND_TRIP.finding(text.name.clone(), message, remedy)
    }
}

async fn snapshot(connection: &mut PgConnection) -> Result<BTreeSet<String>, LintError> {
    let lines = async {
        sqlx::query("SELECT set_config('search_path', '', false)").execute(&mut *connection).await?;
        sqlx::query_scalar(SNAPSHOT).fetch_all(&mut *connection).await
    };
    let lines: Vec<String> =
        lines.await.map_err(|error: sqlx::Error| LintError::database(&ROUND_TRIP, &error))?;
    Ok(lines.into_iter().collect())
}

/// Runs a script as the runner of migrations does: in a transaction, in schema `public`.
async fn run(connection: &mut PgConnection, sql: &str) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin().await?;
    sqlx::raw_sql("SET LOCAL search_path = public").execute(&mut *transaction).await?;
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut *transaction).await?;
    transaction.commit().await
}

/// Returns the first line that only one of them contains.
fn difference(before: &BTreeSet<String>, after: &BTreeSet<String>) -> Option<String> {
    let lost = before.difference(after).next().map(|it| format!("it lacks {it}"));
    lost.or_else(|| after.difference(before).next().map(|it| format!("it still has {it}")))
}
