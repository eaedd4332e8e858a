//! Lists the systems. The engine knows none of them by name.
//!
//! A system is a folder with its [`System`] and its [`Offer`]. Shared code knows no system by name: [`demo`] loads any system's
//! demo data.

pub mod demo;
mod descriptions;
mod offer;
pub mod ppn;
pub mod therapyflow;

use self::demo::Demo;
pub use self::descriptions::descriptions;
pub use self::offer::{Example, Offer};
use crate::graph::catalog::System;

/// All systems, in the order in which they are shown.
pub const ALL: [System; 2] = [ppn::SYSTEM, therapyflow::SYSTEM];

const OFFERS: [Offer; 2] = [ppn::OFFER, therapyflow::OFFER];

/// Returns the offers of these systems, in the order of [`ALL`].
pub fn offers(systems: &[System]) -> impl Iterator<Item = &'static Offer> {
    OFFERS.iter().filter(|offer| systems.iter().any(|system| system.name == offer.demo.system.name))
}

/// Returns the demo data of these systems, in the order of [`ALL`].
pub fn demos(systems: &[System]) -> Vec<Demo> {
    offers(systems).map(|offer| offer.demo).collect()
}

/// Returns the systems whose migrations a database needs to serve these systems.
pub fn migrated(systems: &[System]) -> migration::Systems {
    migration::Systems::named(systems.iter().map(|system| system.name))
}

/// Returns the names of systems, in their order.
pub fn names(systems: &[System], between: &str) -> String {
    systems.iter().map(|system| system.name).collect::<Vec<_>>().join(between)
}

/// Returns the systems of these names, in the order of [`ALL`]; the error is the first unknown name.
pub fn chosen(names: &[String]) -> Result<Vec<System>, String> {
    if let Some(unknown) = names.iter().find(|name| !ALL.iter().any(|system| system.name == **name)) {
        return Err(unknown.clone());
    }
    Ok(ALL.into_iter().filter(|system| names.iter().any(|name| name == system.name)).collect())
}
