//! The systems: what each offers beyond its tables. The engine learns here which exist; it names none.

pub mod demo;
pub mod ppn;
pub mod therapyflow;

use chrono::{NaiveDate, TimeDelta};

use self::demo::Persona;
use crate::graph::catalog::System;

/// A ready-made query, for GraphiQL's tabs and for the tests.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// Title of the tab.
    pub title: &'static str,
    /// The document, with one operation or several; its first comment says what it shows.
    pub query: &'static str,
    /// Variables as JSON; empty for none. `{today}`, `{today+14}` and `{today-14}` stand for days.
    pub variables: &'static str,
    /// Address of the demo user who asks; an operation with a comment `# As ADDRESS` above it is that one's.
    pub persona: &'static str,
    /// What an answer tells that operations further down need: a variable, and where its value stands in the data.
    pub keeps: &'static [(&'static str, &'static str)],
}

impl Example {
    /// The variables, with days counted from `today`.
    pub fn variables_on(&self, today: NaiveDate) -> String {
        let mut parts = self.variables.split("{today");
        let mut text = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (days, rest) = part.split_once('}').unwrap_or((part, ""));
            let day = today + TimeDelta::days(days.parse().unwrap_or_default());
            text.push_str(&day.to_string());
            text.push_str(rest);
        }
        text
    }
}

/// What a system offers to whoever tries it out.
#[derive(Clone, Copy, Debug)]
pub struct Offer {
    /// The system's name as in `--systems`.
    pub system: &'static str,
    /// Ready-made queries.
    pub examples: &'static [Example],
    /// Ready-made documents that walk through a use case, operation by operation.
    pub walks: &'static [Example],
    /// Users of the demo data to sign in as.
    pub personas: &'static [Persona],
}

/// All systems, the flagship first.
pub const ALL: [System; 2] = [ppn::SYSTEM, therapyflow::SYSTEM];

const OFFERS: [Offer; 2] = [ppn::OFFER, therapyflow::OFFER];

/// What these systems offer, in the order of [`ALL`].
pub fn offers(systems: &[System]) -> impl Iterator<Item = &'static Offer> {
    OFFERS.iter().filter(|offer| systems.iter().any(|system| system.name == offer.system))
}

/// What a database is migrated for that serves these systems.
pub fn migrated(systems: &[System]) -> migration::Systems {
    migration::Systems::named(systems.iter().map(|system| system.name))
}

/// The names of systems, in their order.
pub fn names(systems: &[System], between: &str) -> String {
    systems.iter().map(|system| system.name).collect::<Vec<_>>().join(between)
}

/// The systems of these names, in the order of [`ALL`]; the error is the first name that is none.
pub fn chosen(names: &[String]) -> Result<Vec<System>, String> {
    if let Some(unknown) = names.iter().find(|name| !ALL.iter().any(|system| system.name == **name)) {
        return Err(unknown.clone());
    }
    Ok(ALL.into_iter().filter(|system| names.iter().any(|name| name == system.name)).collect())
}
