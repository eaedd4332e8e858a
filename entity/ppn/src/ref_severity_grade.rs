//! `ref_severity_grade`

use sea_orm::entity::prelude::*;

/// How severe an adverse event is, after the Common Terminology Criteria for Adverse Events (CTCAE).
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ref_severity_grade")]
pub struct Model {
    /// Key of the grade.
    #[sea_orm(primary_key)]
    pub severity_grade_id: i64,
    /// Grade, from 1 (mild) to 5 (death).
    #[sea_orm(unique)]
    pub grade_value: i32,
    /// Name of the grade.
    #[sea_orm(column_type = "Text")]
    pub grade_label: String,
    /// Meaning of the grade.
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    /// Whether the row is offered for new records. Retired rows remain, because old records reference them.
    #[sea_orm(default_value = true)]
    pub is_active: Option<bool>,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: Option<DateTimeWithTimeZone>,
    /// Protocols with a safety event of this grade.
    #[sea_orm(has_many)]
    pub protocols: HasMany<super::log_clinical_records::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The columns that callers may write, and whether they may delete rows.
pub const WRITES: entity::Writes = entity::Writes { insert: COLUMNS, update: COLUMNS, delete: true };

/// Columns of the inputs.
const COLUMNS: &[&str] = &["grade_value", "grade_label", "description", "is_active"];
