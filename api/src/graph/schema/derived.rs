//! Makes fields, arguments and values that derive from a column or relation. They have no description, because the object of the
//! table describes the column or relation.

use async_graphql::dynamic::{EnumItem, Field, InputValue, TypeRef};

use super::types::{Part, input, no_resolver};

/// Makes a field that derives from a column or relation.
pub(super) fn derived_field(name: &str, ty: TypeRef) -> Part<Field> {
    Part::new(name, Field::new(name, ty, no_resolver))
}

/// Makes an argument or input field that derives from a column or relation.
pub(super) fn derived_input(name: &str, ty: TypeRef) -> Part<InputValue> {
    Part::new(name, InputValue::new(name, ty))
}

/// Makes a value of an enum that derives from a column.
pub(super) fn derived_value(name: &str) -> Part<EnumItem> {
    Part::new(name, EnumItem::new(name))
}

/// The place of a list of rows. Its arguments are described only at the root of queries; they mean the same below a row.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum ListPlace {
    Root,
    Row,
}

impl ListPlace {
    /// Makes an argument of a list.
    pub(super) fn argument(self, name: &str, ty: TypeRef, doc: &str) -> Part<InputValue> {
        match self {
            Self::Root => input(name, ty, doc),
            Self::Row => derived_input(name, ty),
        }
    }
}
