//! `ref_resolution_status`

use sea_orm::entity::prelude::*;

/// How an adverse event ended.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ref_resolution_status")]
pub struct Model {
    /// Key of the outcome.
    #[sea_orm(primary_key)]
    pub resolution_status_id: i64,
    /// Name of the outcome.
    #[sea_orm(column_type = "Text", unique)]
    pub status_name: String,
    /// What the outcome means.
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    /// Whether it is offered for new records. Retired rows stay, because old records point at them.
    #[sea_orm(default_value = true)]
    pub is_active: Option<bool>,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: Option<DateTimeWithTimeZone>,
    /// Protocols whose safety event ended so.
    #[sea_orm(has_many)]
    pub protocols: HasMany<super::log_clinical_records::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// What can be written.
pub const WRITES: crate::Writes = crate::Writes { insert: COLUMNS, update: COLUMNS, delete: true };

/// Columns of the inputs.
const COLUMNS: &[&str] = &["status_name", "description", "is_active"];
