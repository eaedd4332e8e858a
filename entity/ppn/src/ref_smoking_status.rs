//! `ref_smoking_status`

use sea_orm::entity::prelude::*;

/// Smoking status of a patient.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ref_smoking_status")]
pub struct Model {
    /// Key of the status.
    #[sea_orm(primary_key)]
    pub smoking_status_id: i64,
    /// Name of the status.
    #[sea_orm(column_type = "Text", unique)]
    pub status_name: String,
    /// Short code of the status.
    #[sea_orm(column_type = "Text")]
    pub status_code: Option<String>,
    /// Whether the row is offered for new records. Retired rows remain, because old records reference them.
    #[sea_orm(default_value = true)]
    pub is_active: Option<bool>,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: Option<DateTimeWithTimeZone>,
    /// Protocols of patients with this status.
    #[sea_orm(has_many)]
    pub protocols: HasMany<super::log_clinical_records::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The columns that callers may write, and whether they may delete rows.
pub const WRITES: entity::Writes = entity::Writes { insert: COLUMNS, update: COLUMNS, delete: true };

/// Columns of the inputs.
const COLUMNS: &[&str] = &["status_name", "status_code", "is_active"];
