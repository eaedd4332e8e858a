//! `ref_resolution_status`

use sea_orm::entity::prelude::*;

/// Outcome of an adverse event.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ref_resolution_status")]
pub struct Model {
    /// Key of the outcome.
    #[sea_orm(primary_key)]
    pub resolution_status_id: i64,
    /// Name of the outcome.
    #[sea_orm(column_type = "Text", unique)]
    pub status_name: String,
    /// Meaning of the outcome.
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    /// Whether the row is offered for new records. Retired rows remain, because old records reference them.
    #[sea_orm(default_value = true)]
    pub is_active: Option<bool>,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: Option<DateTimeWithTimeZone>,
    /// Protocols whose safety event had this outcome.
    #[sea_orm(has_many)]
    pub protocols: HasMany<super::log_clinical_records::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The columns that callers may write, and whether they may delete rows.
pub const WRITES: entity::Writes = entity::Writes { insert: COLUMNS, update: COLUMNS, delete: true };

/// Columns of the inputs.
const COLUMNS: &[&str] = &["status_name", "description", "is_active"];
