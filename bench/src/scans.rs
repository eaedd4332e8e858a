//! Checks whether a case reads large tables sequentially, so that it slows down as the tables grow.

use std::time::{Duration, Instant};

use tokio_postgres::Client;

use crate::cases::Case;
use crate::contender::ask;
use crate::database::Database;
use crate::gateway::Gateway;
use crate::load::Request;
use crate::{Failure, say};

/// For each table that grows with the scale: rows read so far sequentially and by an index, and its number of rows.
const READ: &str = "SELECT stat.relname::text, seq_tup_read, coalesce(idx_tup_fetch, 0), reltuples::bigint
  FROM pg_stat_user_tables stat JOIN pg_class ON oid = relid
  WHERE relid = ANY (ARRAY['log_clinical_records', 'session_events', 'integration_scores', 'assessment_responses',
    'integration_homework', 'practitioner_profiles', 'supervision_relationships', 'therapyflow.sessions',
    'therapyflow.clinical_notes']::regclass[])
  ORDER BY 1";
/// The application name of the measured gateway's sessions.
const NAME: &str = "bench_scans";
/// The number of times that each request is sent, over one connection: after five executions in a session Postgres may choose a
/// generic plan.
const TIMES: usize = 12;
/// The smallest scale at which tables count as large. In smaller ones a sequential scan may be as fast as an index.
const SCALE: f64 = 1.0;
/// Tables of so few rows may be read sequentially.
const SMALL: i64 = 500;
/// The longest time that the gateway's sessions may take to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reports which large tables a case reads sequentially, and fails if it must not.
pub(crate) async fn watch(
    owner: &Client,
    database: &Database,
    case: &Case,
    token: &str,
    scale: f64,
) -> Result<(), Failure> {
    let reads = reads(owner, database, case, token).await?.join(", ");
    if reads.is_empty() {
        return Ok(());
    }
    let report = format!("{}: reads {reads}", case.name);
    match &case.sequential {
        Some(reason) => say(&format!("{report}: {reason}")),
        None if scale < SCALE => say(&report),
        None => return Err(format!("{report}; if it may, say why in sequential.txt").into()),
    }
    Ok(())
}

/// Returns the large tables that a case reads sequentially, or more than half of by an index. A gateway of its own answers,
/// because Postgres reports the reads of a session reliably only when the session ends.
async fn reads(
    owner: &Client,
    database: &Database,
    case: &Case,
    token: &str,
) -> Result<Vec<String>, Failure> {
    // The rows that this session read to prepare the case are counted before.
    owner.batch_execute("SELECT pg_stat_force_next_flush()").await?;
    let before = tables(owner).await?;
    let url = format!("{}?application_name={NAME}", database.gateway_url());
    let gateway = Gateway::start(&url, database.secret(), 1).await?;
    // A row that was written is not written twice.
    let (different, times) = if case.write.is_some() { (TIMES, 1) } else { (case.variables.len(), TIMES) };
    let variables = case.variables.iter().take(different);
    let mut requests: Vec<Request> =
        variables.map(|variables| Request::new(&gateway.url, token, &case.query, variables)).collect();
    for _ in 0..times {
        ask(&gateway.url, &mut requests).await?;
    }
    drop(gateway);
    let begun = Instant::now();
    let open = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = $1)";
    while owner.query_one(open, &[&NAME]).await?.get(0) {
        if begun.elapsed() > PATIENCE {
            return Err("the sessions of a gateway that was stopped do not end".into());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let asked = i64::try_from(times * requests.len())?;
    let after = tables(owner).await?;
    if let Some(write) = &case.write {
        write.undo(owner).await?;
    }
    Ok(before.iter().zip(&after).filter_map(|(before, after)| after.since(before, asked)).collect())
}

/// The reads of a table that Postgres has counted.
#[derive(Debug)]
struct Table {
    name: String,
    sequentially: i64,
    by_index: i64,
    rows: i64,
}

impl Table {
    /// Returns a message that this many requests have read the table from end to end, if they have.
    fn since(&self, before: &Self, asked: i64) -> Option<String> {
        if self.rows > SMALL && self.sequentially > before.sequentially {
            return Some(format!("{} sequentially", self.name));
        }
        let each = (self.by_index - before.by_index) / asked.max(1);
        (self.rows > SMALL && each > self.rows / 2).then(|| format!("most of {} by an index", self.name))
    }
}

async fn tables(owner: &Client) -> Result<Vec<Table>, Failure> {
    let table = |row: &tokio_postgres::Row| Table {
        name: row.get(0),
        sequentially: row.get(1),
        by_index: row.get(2),
        rows: row.get(3),
    };
    Ok(owner.query(READ, &[]).await?.iter().map(table).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_is_read_completely_is_named() {
        let table =
            |sequentially, by_index| Table { name: "events".to_owned(), sequentially, by_index, rows: 1_000 };
        let before = table(500, 70);
        assert_eq!(table(500, 70 + 12 * 500).since(&before, 12), None);
        assert_eq!(table(501, 70).since(&before, 12).as_deref(), Some("events sequentially"));
        let most = table(500, 70 + 12 * 501).since(&before, 12);
        assert_eq!(most.as_deref(), Some("most of events by an index"));
    }
}
