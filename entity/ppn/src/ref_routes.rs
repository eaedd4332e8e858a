//! `ref_routes`

use sea_orm::entity::prelude::*;

/// A route of administration.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ref_routes")]
pub struct Model {
    /// Key of the route.
    #[sea_orm(primary_key)]
    pub route_id: i64,
    /// Name of the route.
    #[sea_orm(column_type = "Text", unique)]
    pub route_name: String,
    /// Code of the route in the NCI Thesaurus.
    #[sea_orm(column_type = "Text")]
    pub route_code: Option<String>,
    /// Short label for forms, such as `IV`.
    #[sea_orm(column_type = "Text")]
    pub route_label: Option<String>,
    /// Whether the row is offered for new records. Retired rows remain, because old records reference them.
    #[sea_orm(default_value = true)]
    pub is_active: Option<bool>,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: Option<DateTimeWithTimeZone>,
    /// Protocols with this route.
    #[sea_orm(has_many)]
    pub protocols: HasMany<super::log_clinical_records::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The columns that callers may write, and whether they may delete rows.
pub const WRITES: entity::Writes = entity::Writes { insert: COLUMNS, update: COLUMNS, delete: true };

/// Columns of the inputs.
const COLUMNS: &[&str] = &["route_name", "route_code", "route_label", "is_active"];
