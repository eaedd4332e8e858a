//! `ref_assessment_bands`

use sea_orm::entity::prelude::*;

/// Meaning of a range of an instrument's score, such as `Moderate` for 10 to 14 on the PHQ-9.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ref_assessment_bands")]
pub struct Model {
    /// Key of the range.
    #[sea_orm(primary_key)]
    pub band_id: i64,
    /// Key of the instrument.
    #[sea_orm(unique_key = "assessment_band")]
    pub assessment_id: i64,
    /// Lowest score of the range.
    #[sea_orm(unique_key = "assessment_band", column_type = "Decimal(Some((6, 2)))")]
    pub min_score: Decimal,
    /// Highest score of the range.
    #[sea_orm(column_type = "Decimal(Some((6, 2)))")]
    pub max_score: Decimal,
    /// Meaning of a score in this range.
    #[sea_orm(column_type = "Text")]
    pub label: String,
    /// Whether the row is offered for new records. Retired rows remain, because old records reference them.
    #[sea_orm(default_value = true)]
    pub is_active: Option<bool>,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: Option<DateTimeWithTimeZone>,
    /// The instrument.
    #[sea_orm(belongs_to, from = "assessment_id", to = "assessment_id")]
    pub assessment: BelongsTo<super::ref_assessments::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The columns that callers may write, and whether they may delete rows.
pub const WRITES: entity::Writes = entity::Writes { insert: COLUMNS, update: COLUMNS, delete: true };

/// Columns of the inputs.
const COLUMNS: &[&str] = &["assessment_id", "min_score", "max_score", "label", "is_active"];
