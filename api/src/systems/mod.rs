//! The systems: what each offers beyond its tables. The engine learns here which exist; it names none.

pub mod ppn;

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

/// All systems, the flagship first.
pub const ALL: [System; 1] = [ppn::SYSTEM];

/// The systems of these names, in the order of [`ALL`]; the error is the first name that is none.
pub fn chosen(names: &[String]) -> Result<Vec<System>, String> {
    if let Some(unknown) = names.iter().find(|name| !ALL.iter().any(|system| system.name == **name)) {
        return Err(unknown.clone());
    }
    Ok(ALL.into_iter().filter(|system| names.iter().any(|name| name == system.name)).collect())
}
