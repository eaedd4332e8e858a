//! The systems: what each offers beyond its tables. The engine learns here which exist; it names none.

pub mod demo;
pub mod ppn;
pub mod therapyflow;

use self::demo::Persona;
use crate::graph::catalog::System;

/// A ready-made query, for GraphiQL's tabs and for the tests.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// Title of the tab.
    pub title: &'static str,
    /// The document, with one operation or several; its first comment says what it shows.
    pub query: &'static str,
    /// Variables as JSON; empty for none.
    pub variables: &'static str,
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

/// The systems of these names, in the order of [`ALL`]; the error is the first name that is none.
pub fn chosen(names: &[String]) -> Result<Vec<System>, String> {
    if let Some(unknown) = names.iter().find(|name| !ALL.iter().any(|system| system.name == **name)) {
        return Err(unknown.clone());
    }
    Ok(ALL.into_iter().filter(|system| names.iter().any(|name| name == system.name)).collect())
}
