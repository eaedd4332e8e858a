//! The demo data of all systems: made up from fixed numbers, so that it is the same on every database.

pub(super) mod calendar;
pub(super) mod load;
pub(super) mod random;
mod reset;

use std::fmt;

use tokio_postgres::{Client, Error, Transaction};
use uuid::Uuid;

pub use self::reset::{ResetError, reset};
use super::{ppn, therapyflow};
use crate::graph::catalog::System;

/// A user of the demo data to sign in as.
#[derive(Clone, Copy, Debug)]
pub struct Persona {
    /// Address that the user signs in with.
    pub email: &'static str,
    /// Name of the user.
    pub name: &'static str,
    /// What the user is, in a few words.
    pub title: &'static str,
    /// What the user sees and may do, in a sentence.
    pub description: &'static str,
    /// Key of the account.
    pub user_id: Uuid,
}

/// What was added to the database, and how many of it.
pub(super) type Loaded = Vec<(&'static str, u64)>;

/// What [`seed`] has done. `Display` says it in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Nothing if it was there already.
    loaded: Loaded,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.loaded.is_empty() {
            return f.write_str("The demo data is there already.");
        }
        for (place, (what, count)) in self.loaded.iter().enumerate() {
            let before = if place == 0 { "Loaded the demo data: " } else { ", " };
            write!(f, "{before}{} {what}", thousands(*count))?;
        }
        f.write_str(".")
    }
}

/// A number with commas between its thousands.
fn thousands(number: u64) -> String {
    match number / 1000 {
        0 => number.to_string(),
        more => format!("{},{:03}", thousands(more), number % 1000),
    }
}

/// Adds the demo data of those of the systems whose tables are there, all of it or nothing. Where the demo users of a system are, it does nothing for that
/// system.
///
/// The connection has to be that of the tables' owner, or of a superuser.
pub async fn seed(client: &mut Client, systems: &[System]) -> Result<Summary, Error> {
    let transaction = client.transaction().await?;
    lock(&transaction).await?;
    let loaded = load_all(&transaction, systems).await?;
    transaction.commit().await?;
    Ok(Summary { loaded })
}

/// Waits for whoever else loads: two at a time would both find nothing.
async fn lock(transaction: &Transaction<'_>) -> Result<(), Error> {
    transaction.execute("SELECT pg_advisory_xact_lock(hashtext('praxis demo data'))", &[]).await?;
    // Nobody watches rows that have never been there.
    transaction.batch_execute("SET LOCAL praxis.announce = off").await
}

async fn load_all(transaction: &Transaction<'_>, systems: &[System]) -> Result<Loaded, Error> {
    let mut loaded = Vec::new();
    let is_wanted = |system: System| systems.iter().any(|it| it.name == system.name);
    // A database may have been made for one system alone.
    let sql = "SELECT to_regnamespace('therapyflow') IS NOT NULL";
    let has_therapyflow: bool = transaction.query_one(sql, &[]).await?.try_get(0)?;
    // Who is asked first: where nothing was migrated, or to another role, Postgres says so.
    if !are_there(transaction, &ppn::demo::PERSONAS).await?
        && has_portal(transaction).await?
        && is_wanted(ppn::SYSTEM)
    {
        loaded.extend(ppn::demo::load(transaction).await?);
    }
    if has_therapyflow
        && is_wanted(therapyflow::SYSTEM)
        && !are_there(transaction, &therapyflow::demo::PERSONAS).await?
    {
        loaded.extend(therapyflow::demo::load(transaction).await?);
    }
    Ok(loaded)
}

async fn has_portal(transaction: &Transaction<'_>) -> Result<bool, Error> {
    let sql = "SELECT to_regclass('public.sites') IS NOT NULL";
    transaction.query_one(sql, &[]).await?.try_get(0)
}

async fn are_there(transaction: &Transaction<'_>, personas: &[Persona]) -> Result<bool, Error> {
    let users: Vec<_> = personas.iter().map(|persona| persona.user_id).collect();
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
        assert_eq!(Summary { loaded: Vec::new() }.to_string(), "The demo data is there already.");
    }
}
