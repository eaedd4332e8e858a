//! Loads demo data, which is computed from fixed numbers, so that it is the same on every database.
//!
//! Each system brings its own [`Demo`]; this module knows no system.

pub(super) mod calendar;
pub(super) mod load;
pub(super) mod random;
mod reset;

use std::fmt;

use futures_util::future::BoxFuture;
use tokio_postgres::{Client, Error, Transaction};
use uuid::Uuid;

pub use self::reset::{ResetError, reset};
use crate::graph::catalog::System;

/// The demo data of a system, and how to load it.
#[derive(Clone, Copy)]
pub struct Demo {
    /// The system.
    pub system: System,
    /// A table of the system, as `schema.table`. A database without it lacks the system, and gets none of its demo data.
    pub table: &'static str,
    /// The users of the demo data to sign in as. If a database has one of them, it has the demo data.
    pub personas: &'static [Persona],
    /// Returns the keys of all accounts of the demo data.
    pub accounts: fn() -> Vec<Uuid>,
    /// Returns the statements that insert the reference rows of the migrations, which a reset deletes.
    pub reference_rows: fn() -> Vec<&'static str>,
    /// Inserts all rows.
    pub load: for<'t> fn(&'t Transaction<'t>) -> Loading<'t>,
}

/// The future of a load.
pub type Loading<'t> = BoxFuture<'t, Result<Loaded, Error>>;

/// The numbers of added rows, with a name for each kind.
pub type Loaded = Vec<(&'static str, u64)>;

/// A user of the demo data to sign in as.
#[derive(Clone, Copy, Debug)]
pub struct Persona {
    /// Address that the user signs in with.
    pub email: &'static str,
    /// Name of the user.
    pub name: &'static str,
    /// Profession or role of the user, in a few words.
    pub title: &'static str,
    /// A sentence on what the user sees and may do.
    pub description: &'static str,
    /// Key of the account.
    pub user_id: Uuid,
}

/// The result of [`seed`]. `Display` writes it in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The added rows; empty if the demo data existed already.
    loaded: Loaded,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.loaded.is_empty() {
            return f.write_str("The demo data exists already.");
        }
        for (place, (what, count)) in self.loaded.iter().enumerate() {
            let before = if place == 0 { "Loaded the demo data: " } else { ", " };
            write!(f, "{before}{} {what}", thousands(*count))?;
        }
        f.write_str(".")
    }
}

/// Writes a number with commas between its thousands.
fn thousands(number: u64) -> String {
    match number / 1000 {
        0 => number.to_string(),
        more => format!("{},{:03}", thousands(more), number % 1000),
    }
}

/// Loads these demo data, all or nothing. It skips a system whose tables the database lacks, and one whose demo users exist.
///
/// The connection belongs to the owner of the tables, or to a superuser.
pub async fn seed(client: &mut Client, demos: &[Demo]) -> Result<Summary, Error> {
    let transaction = client.transaction().await?;
    lock(&transaction).await?;
    let loaded = load_all(&transaction, demos).await?;
    transaction.commit().await?;
    Ok(Summary { loaded })
}

/// Waits for other loads: two at a time would both find no demo data.
async fn lock(transaction: &Transaction<'_>) -> Result<(), Error> {
    transaction.execute("SELECT pg_advisory_xact_lock(hashtext('praxis demo data'))", &[]).await?;
    // No subscription can show rows that did not exist before.
    transaction.batch_execute("SET LOCAL praxis.announce = off").await
}

async fn load_all(transaction: &Transaction<'_>, demos: &[Demo]) -> Result<Loaded, Error> {
    let mut loaded = Vec::new();
    for demo in demos {
        // The accounts come first: Postgres reports a database without migrations, or of another owner, here.
        if !has_users(transaction, demo).await? && has_tables(transaction, demo).await? {
            loaded.extend((demo.load)(transaction).await?);
        }
    }
    Ok(loaded)
}

/// Returns true if the database has the tables of the demo data's system.
async fn has_tables(transaction: &Transaction<'_>, demo: &Demo) -> Result<bool, Error> {
    transaction.query_one("SELECT to_regclass($1) IS NOT NULL", &[&demo.table]).await?.try_get(0)
}

/// Returns true if the database has a user of the demo data.
async fn has_users(transaction: &Transaction<'_>, demo: &Demo) -> Result<bool, Error> {
    let users: Vec<_> = demo.personas.iter().map(|persona| persona.user_id).collect();
    let sql = "SELECT EXISTS (SELECT FROM auth.users WHERE id = ANY ($1))";
    transaction.query_one(sql, &[&users]).await?.try_get(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_one_line() {
        let loaded = Summary { loaded: vec![("sites", 5), ("events", 5512), ("stars", 1_000_001)] };
        assert_eq!(loaded.to_string(), "Loaded the demo data: 5 sites, 5,512 events, 1,000,001 stars.");
        assert_eq!(Summary { loaded: Vec::new() }.to_string(), "The demo data exists already.");
    }
}
