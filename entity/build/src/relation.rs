//! Reads a relation from the field of an entity that declares it.

use heck::ToUpperCamelCase as _;
use syn::{Error, Field, GenericArgument, Ident, Path, PathArguments, PathSegment, Result, Type};

use crate::read::attribute;

/// A relation to another table, as a field declares it.
pub struct RelationField<'f> {
    /// The type around the other entity: `BelongsTo`, `HasOne` or `HasMany`.
    pub wrapper: &'f Ident,
    /// The other entity: `super::sites::Entity`.
    pub target: &'f Path,
    /// The variant of sea-orm's enum `Relation`: `relation_enum` of the field, or the name of the other table.
    pub variant: String,
}

/// Reads the field of an entity. Returns `None` if it is a column, and an error if a relation leads to something else than an entity.
pub fn relation(field: &Field) -> Result<Option<RelationField<'_>>> {
    let Some((wrapper, mut target)) = last(&field.ty).and_then(wrapped) else { return Ok(None) };
    if !["BelongsTo", "HasOne", "HasMany"].iter().any(|it| wrapper == it) {
        return Ok(None);
    }
    // The row of the other table may be missing.
    if let Some((option, inner)) = last(target).and_then(wrapped)
        && option == "Option"
    {
        target = inner;
    }
    let Type::Path(target) = target else {
        return Err(Error::new_spanned(target, "a relation leads to an entity"));
    };
    let target = &target.path;
    let variant = attribute(&field.attrs, "relation_enum").unwrap_or_else(|| module(target));
    Ok(Some(RelationField { wrapper, target, variant: variant.to_upper_camel_case() }))
}

/// Returns the last segment of a type's path.
fn last(ty: &Type) -> Option<&PathSegment> {
    let Type::Path(path) = ty else { return None };
    path.path.segments.last()
}

/// Splits `Wrapper<Inner>`.
fn wrapped(segment: &PathSegment) -> Option<(&Ident, &Type)> {
    Some((&segment.ident, argument(segment)?))
}

/// Returns the first type between the angle brackets of a segment.
pub(crate) fn argument(segment: &PathSegment) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    arguments.args.iter().find_map(|it| if let GenericArgument::Type(ty) = it { Some(ty) } else { None })
}

/// Returns the name of the module of an entity: `super::sites::Entity` → `sites`.
fn module(entity: &Path) -> String {
    let mut names = entity.segments.iter().rev().map(|segment| segment.ident.to_string());
    let last = names.next().unwrap_or_default();
    names.next().unwrap_or(last)
}
