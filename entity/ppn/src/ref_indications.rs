//! `ref_indications`

use sea_orm::entity::prelude::*;

/// A condition that is treated.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ref_indications")]
pub struct Model {
    /// Key of the condition.
    #[sea_orm(primary_key)]
    pub indication_id: i64,
    /// Name of the condition.
    #[sea_orm(column_type = "Text", unique)]
    pub indication_name: String,
    /// Code of the condition in SNOMED CT.
    #[sea_orm(column_type = "Text")]
    pub snomed_code: Option<String>,
    /// Code of the condition in ICD-10.
    #[sea_orm(column_type = "Text")]
    pub icd10_code: Option<String>,
    /// Category of the condition, such as mood, trauma or anxiety.
    #[sea_orm(column_type = "Text")]
    pub indication_category: Option<String>,
    /// Whether the row is offered for new records. Retired rows remain, because old records reference them.
    #[sea_orm(default_value = true)]
    pub is_active: Option<bool>,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: Option<DateTimeWithTimeZone>,
    /// Protocols that treat this condition.
    #[sea_orm(has_many)]
    pub protocols: HasMany<super::log_clinical_records::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The columns that callers may write, and whether they may delete rows.
pub const WRITES: entity::Writes = entity::Writes { insert: COLUMNS, update: COLUMNS, delete: true };

/// Columns of the inputs.
const COLUMNS: &[&str] =
    &["indication_name", "snomed_code", "icd10_code", "indication_category", "is_active"];
