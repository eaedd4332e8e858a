//! `praxis refresh`

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use tokio_postgres::error::SqlState;

use super::{Failure, say};
use crate::config::DatabaseArgs;
use crate::database::embedded;

#[derive(Args, Debug)]
pub(super) struct RefreshArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The summary of outcomes by site, substance and month, where records have changed since the last time
    Outcomes {
        /// Count this month again, and no other, whether records have changed or not; may be repeated
        #[arg(long = "month", value_name = "YYYY-MM", value_parser = month)]
        months: Vec<NaiveDate>,
        #[command(flatten)]
        database: DatabaseArgs,
    },
}

/// The first day of a month such as `2026-02`.
fn month(text: &str) -> Result<NaiveDate, String> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once('-')
        .filter(|(year, month)| year.len() == 4 && month.len() == 2 && digits(year) && digits(month))
        .and_then(|(year, month)| NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, 1))
        .filter(|day| *day >= NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or_default())
        .ok_or_else(|| "a month is a year and a number from 01 to 12, such as 2026-02".to_owned())
}

pub(super) async fn run(args: RefreshArgs) -> Result<(), Failure> {
    let What::Outcomes { months, database } = args.what;
    let url = match database.database_url {
        Some(url) => url,
        None => embedded::attach(&database.data_dir)?.superuser_url(),
    };
    say(&outcomes(&url, &months).await?);
    Ok(())
}

/// Refreshes the outcomes of some months, or what has changed; the text says what was done.
async fn outcomes(url: &str, months: &[NaiveDate]) -> Result<String, Failure> {
    let mut client = super::connect(url).await?;
    let transaction = client.transaction().await?;
    let mut calls = months.iter().map(|month| Some(month.to_string())).collect::<Vec<_>>();
    if calls.is_empty() {
        calls.push(None);
    }
    let (mut written, mut removed) = (0, 0);
    for month in calls {
        let row = transaction
            .query_one(
                "SELECT cells_written, cells_removed FROM praxis.refresh_outcomes($1::text::date)",
                &[&month],
            )
            .await
            .map_err(explain)?;
        written += row.try_get::<_, i64>(0)?;
        removed += row.try_get::<_, i64>(1)?;
    }
    transaction.commit().await?;
    Ok(if written + removed == 0 {
        "The outcomes are up to date already.".to_owned()
    } else {
        format!("Refreshed the outcomes: {written} written, {removed} removed.")
    })
}

/// What to do about the errors that an operator can mend.
fn explain(error: tokio_postgres::Error) -> Failure {
    match error.code() {
        Some(&SqlState::UNDEFINED_FUNCTION | &SqlState::INVALID_SCHEMA_NAME) => {
            "this database has no praxis.refresh_outcomes(); run `praxis migrate up`".into()
        }
        Some(&SqlState::INSUFFICIENT_PRIVILEGE) => "this role may not refresh outcomes; run it as the owner of the \
             tables, or GRANT USAGE ON SCHEMA praxis and EXECUTE ON FUNCTION praxis.refresh_outcomes to the role"
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
