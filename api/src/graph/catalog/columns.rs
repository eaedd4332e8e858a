//! Reads the columns of entities.

use std::sync::Arc;

use entity::TableName;
use heck::{ToLowerCamelCase as _, ToUpperCamelCase as _};
use sea_orm::{ColumnTrait, ColumnType as SeaType, EntityTrait, Iden};

use super::build::CatalogError;
use super::{Bounds, Column, ColumnType, EnumType, EnumValue, Scalar, quote};

/// Reads a column of an entity. `type_name` is the GraphQL type of its table. It fails if GraphQL has no type for the column.
pub(super) fn read_column<E: EntityTrait>(
    column: E::Column,
    source: &'static entity::Source,
    table: TableName,
    type_name: &str,
) -> Result<Column, CatalogError> {
    let name = column.unquoted().to_owned();
    let def = column.def();
    let described = source.columns.iter().find(|described| described.name == name);
    let field = if name == "id" { "rowId".to_owned() } else { name.to_lower_camel_case() };
    let ty = match described.and_then(|described| described.values) {
        Some(values) => ColumnType::Enum(Arc::new(read_enum(values, type_name, &name))),
        None => column_type(def.get_column_type()).ok_or_else(|| CatalogError::Type {
            table: table.to_string(),
            column: name.clone(),
            ty: format!("{:?}", def.get_column_type()),
        })?,
    };
    Ok(Column {
        sql_name: quote(&name),
        field,
        doc: described.map(|described| described.doc.to_owned()).unwrap_or_default(),
        ty,
        bounds: match def.get_column_type() {
            SeaType::Decimal(Some((precision, scale))) => {
                Bounds { whole: Some(precision.saturating_sub(*scale)), scale: Some(*scale), least: None }
            }
            _ => Bounds::default(),
        },
        nullable: def.is_null(),
        has_default: def.get_column_default().is_some(),
        name,
    })
}

/// Reads an enum. Its name is made of its table's and column's: `SupervisionRelationshipStatus` for `status` of
/// `supervision_relationships`.
fn read_enum(source: &'static entity::EnumSource, type_name: &str, column: &str) -> EnumType {
    let name = format!("{type_name}{}", column.to_upper_camel_case());
    let values = source
        .values
        .iter()
        .map(|value| EnumValue {
            name: value.name.to_owned(),
            text: value.value.to_owned(),
            doc: value.doc.to_owned(),
        })
        .collect();
    EnumType { name, doc: source.doc.to_owned(), values }
}

fn column_type(ty: &SeaType) -> Option<ColumnType> {
    Some(match ty {
        SeaType::Array(element) => match column_type(element)? {
            ColumnType::Scalar(scalar) => ColumnType::List(scalar),
            ColumnType::Enum(_) | ColumnType::List(_) => return None,
        },
        ty => ColumnType::Scalar(scalar(ty)?),
    })
}

fn scalar(ty: &SeaType) -> Option<Scalar> {
    /// Decimal digits that a double holds exactly.
    const EXACT_DIGITS: u32 = 15;
    Some(match ty {
        SeaType::Boolean => Scalar::Boolean,
        SeaType::SmallInteger | SeaType::TinyInteger => Scalar::SmallInt,
        SeaType::Integer => Scalar::Int,
        SeaType::BigInteger => Scalar::BigInt,
        SeaType::Float => Scalar::Real,
        SeaType::Double => Scalar::Double,
        SeaType::Decimal(Some((precision, _))) if *precision <= EXACT_DIGITS => Scalar::Numeric,
        SeaType::Decimal(_) => Scalar::Decimal,
        SeaType::Text | SeaType::String(_) | SeaType::Char(_) => Scalar::Text,
        SeaType::Uuid => Scalar::Uuid,
        SeaType::Date => Scalar::Date,
        SeaType::DateTime | SeaType::Timestamp => Scalar::LocalDateTime,
        SeaType::TimestampWithTimeZone => Scalar::DateTime,
        SeaType::JsonBinary => Scalar::Json,
        _ => return None,
    })
}
