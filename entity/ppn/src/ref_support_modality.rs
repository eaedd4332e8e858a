//! `ref_support_modality`

use sea_orm::entity::prelude::*;

/// A form of psychological support during treatment.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ref_support_modality")]
pub struct Model {
    /// Key of the form of support.
    #[sea_orm(primary_key)]
    pub modality_id: i64,
    /// Name of the form of support.
    #[sea_orm(column_type = "Text", unique)]
    pub modality_name: String,
    /// Short code of the form of support.
    #[sea_orm(column_type = "Text")]
    pub modality_code: Option<String>,
    /// Description of the form of support in a sentence.
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    /// Whether the row is offered for new records. Retired rows remain, because old records reference them.
    #[sea_orm(default_value = true)]
    pub is_active: Option<bool>,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: Option<DateTimeWithTimeZone>,
    /// Protocols with this main form of support.
    #[sea_orm(has_many)]
    pub protocols: HasMany<super::log_clinical_records::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The columns that callers may write, and whether they may delete rows.
pub const WRITES: entity::Writes = entity::Writes { insert: COLUMNS, update: COLUMNS, delete: true };

/// Columns of the inputs.
const COLUMNS: &[&str] = &["modality_name", "modality_code", "description", "is_active"];
