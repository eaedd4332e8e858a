//! `praxis refresh`: refreshes summaries.

use std::fmt;

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Error, Transaction};

use super::{Failure, say};
use crate::config::DatabaseArgs;
use crate::database::{Access, embedded};

#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct RefreshArgs {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The outcomes by site, substance and month, if records have changed since the last time, and the comparison with the
    /// network, which uses them
    Outcomes {
        /// Recompute only this month, even if no records have changed; may be repeated
        #[arg(long = "month", value_name = "YYYY-MM", value_parser = month)]
        months: Vec<NaiveDate>,
        #[command(flatten)]
        settings: Settings,
    },
}

#[derive(Args, Debug)]
struct Settings {
    /// Compare a site with the network only if at least this many other sites have at least this many protocols each. The
    /// database keeps the number, which is 5 at first
    #[arg(long, env = "PRAXIS_MINIMUM_COHORT", value_name = "N", value_parser = clap::value_parser!(i32).range(3..))]
    minimum_cohort: Option<i32>,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Parses a month such as `2026-02` to its first day.
fn month(text: &str) -> Result<NaiveDate, String> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once('-')
        .filter(|(year, month)| year.len() == 4 && month.len() == 2 && digits(year) && digits(month))
        .and_then(|(year, month)| NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, 1))
        .filter(|day| *day >= NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or_default())
        .ok_or_else(|| "a month is a year and a number from 01 to 12, such as 2026-02".to_owned())
}

pub(super) async fn run(args: RefreshArgs) -> Result<(), Failure> {
    let (settings, months) = match args.what {
        None => (args.settings, None),
        Some(What::Outcomes { months, settings }) => (settings, Some(months)),
    };
    let url = match settings.database.database_url {
        Some(url) => url,
        None => embedded::attach(&settings.database.data_dir)?.superuser_url(),
    };
    let mut client = super::connect(&url, Access::Writes).await?;
    let transaction = client.transaction().await?;
    if let Some(minimum) = settings.minimum_cohort {
        transaction.execute("SELECT praxis.set_minimum_cohort($1)", &[&minimum]).await.map_err(explain)?;
    }
    let refreshed = match months {
        None => everything(&transaction).await,
        Some(months) => outcomes(&transaction, &months).await.map(|it| vec![it]),
    }
    .map_err(explain)?;
    transaction.commit().await?;
    for summary in refreshed {
        say(&summary.to_string());
    }
    Ok(())
}

/// The result of refreshing a summary.
struct Refreshed {
    summary: String,
    written: i64,
    removed: i64,
}

impl fmt::Display for Refreshed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { summary, written, removed } = self;
        if *written + *removed == 0 {
            write!(f, "The {summary} are up to date already.")
        } else {
            write!(f, "Refreshed the {summary}: {written} written, {removed} removed.")
        }
    }
}

/// Refreshes every summary whose data has changed.
async fn everything(transaction: &Transaction<'_>) -> Result<Vec<Refreshed>, Error> {
    let rows =
        transaction.query("SELECT summary, cells_written, cells_removed FROM praxis.refresh()", &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(Refreshed { summary: row.try_get(0)?, written: row.try_get(1)?, removed: row.try_get(2)? })
        })
        .collect()
}

/// Refreshes the outcomes of some months, or those that have changed, and the summaries that use them.
async fn outcomes(transaction: &Transaction<'_>, months: &[NaiveDate]) -> Result<Refreshed, Error> {
    let mut calls = months.iter().map(|month| Some(month.to_string())).collect::<Vec<_>>();
    if calls.is_empty() {
        calls.push(None);
    }
    let mut refreshed = Refreshed { summary: "outcomes".to_owned(), written: 0, removed: 0 };
    for month in calls {
        let row = transaction
            .query_one(
                "SELECT cells_written, cells_removed FROM praxis.refresh_outcomes($1::text::date)",
                &[&month],
            )
            .await?;
        refreshed.written += row.try_get::<_, i64>(0)?;
        refreshed.removed += row.try_get::<_, i64>(1)?;
    }
    transaction.execute("SELECT praxis.refresh_benchmarks()", &[]).await?;
    Ok(refreshed)
}

/// Adds a remedy to the errors that an operator can solve.
fn explain(error: Error) -> Failure {
    match error.code() {
        Some(&SqlState::UNDEFINED_FUNCTION | &SqlState::INVALID_SCHEMA_NAME) => {
            "this database has no praxis.refresh(): summaries belong to the portal, whose tables `praxis migrate up \
             --systems ppn` creates"
                .into()
        }
        Some(&SqlState::INSUFFICIENT_PRIVILEGE) => "this role may not refresh summaries; run it as the owner of the \
             tables, or GRANT USAGE ON SCHEMA praxis and EXECUTE ON FUNCTION praxis.refresh, praxis.refresh_outcomes, \
             praxis.refresh_benchmarks, praxis.set_minimum_cohort to the role"
            .into(),
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_a_year_and_a_number() {
        assert_eq!(month("2026-02"), Ok(NaiveDate::from_ymd_opt(2026, 2, 1).unwrap()));
        for wrong in [
            "2026-13",
            "2026-00",
            "2026-2",
            "26-02",
            "0000-01",
            "2026-02-01",
            "2026",
            "+026-02",
            "February",
            "",
        ] {
            assert!(month(wrong).is_err(), "{wrong}");
        }
    }
}
