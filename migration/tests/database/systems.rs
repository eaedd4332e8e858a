//! The systems whose entities and functions are compared with the database.

use entity::{Function, Schema, Visitor};

/// Shows a visitor the tables of all systems.
pub(crate) fn visit(visitor: &mut impl Visitor) {
    entity_ppn::visit(visitor);
    entity_therapyflow::visit(visitor);
}

/// Returns the functions of all systems.
pub(crate) fn functions() -> impl Iterator<Item = &'static Function> {
    entity_ppn::functions::FUNCTIONS.iter().chain(entity_therapyflow::functions::FUNCTIONS)
}

/// Returns the schemas of all systems.
pub(crate) fn schemas() -> impl Iterator<Item = &'static Schema> {
    entity_ppn::SCHEMAS.iter().chain(entity_therapyflow::SCHEMAS)
}
