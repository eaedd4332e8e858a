//! Fields that derive from a table's columns and relations: the object of the table describes these, and nothing repeats it.

use async_graphql::dynamic::{EnumItem, Field, InputValue, TypeRef};

use super::types::{Part, input, not_here};

/// A field derived from a column or relation, which the object of its table describes.
pub(super) fn derived_field(name: &str, ty: TypeRef) -> Part<Field> {
    Part::new(name, Field::new(name, ty, not_here))
}

/// An argument or input field derived from a column or relation, which the object of its table describes.
pub(super) fn derived_input(name: &str, ty: TypeRef) -> Part<InputValue> {
    Part::new(name, InputValue::new(name, ty))
}

/// A value of an enum derived from a column, which the object of its table describes.
pub(super) fn derived_value(name: &str) -> Part<EnumItem> {
    Part::new(name, EnumItem::new(name))
}

/// Where a list of rows is offered: its arguments are described at the root of queries, and mean the same below a row.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Place {
    Root,
    Row,
}

impl Place {
    /// An argument of a list.
    pub(super) fn argument(self, name: &str, ty: TypeRef, doc: &str) -> Part<InputValue> {
        match self {
            Self::Root => input(name, ty, doc),
            Self::Row => derived_input(name, ty),
        }
    }
}
