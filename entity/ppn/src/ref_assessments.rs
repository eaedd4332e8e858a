//! `ref_assessments`

use sea_orm::entity::prelude::*;

/// A questionnaire or rating scale, with the range of its score.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ref_assessments")]
pub struct Model {
    /// Key of the instrument.
    #[sea_orm(primary_key)]
    pub assessment_id: i64,
    /// Short code of the instrument, such as `PHQ9`.
    #[sea_orm(column_type = "Text", unique)]
    pub assessment_code: String,
    /// Full name of the instrument.
    #[sea_orm(column_type = "Text", unique)]
    pub assessment_name: String,
    /// Description of the instrument in a sentence.
    #[sea_orm(column_type = "Text")]
    pub description: Option<String>,
    /// Field of the instrument, such as depression, anxiety or trauma.
    #[sea_orm(column_type = "Text")]
    pub domain: Option<String>,
    /// Lowest possible score.
    #[sea_orm(column_type = "Decimal(Some((6, 2)))")]
    pub min_score: Decimal,
    /// Highest possible score.
    #[sea_orm(column_type = "Decimal(Some((6, 2)))")]
    pub max_score: Decimal,
    /// Whether a higher score is better. For most instruments a lower score is better.
    #[sea_orm(default_value = false)]
    pub higher_is_better: bool,
    /// Change from the baseline that counts as a response, in percent of the baseline: a decrease, or an increase if a
    /// higher score is better. Null if no source gives one.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub response_change_percent: Option<Decimal>,
    /// Threshold of remission. Lower scores are in remission, or this score and higher ones if a higher score is
    /// better. Null if no source gives one.
    #[sea_orm(column_type = "Decimal(Some((6, 2)))")]
    pub remission_score: Option<Decimal>,
    /// Code of the instrument in LOINC.
    #[sea_orm(column_type = "Text")]
    pub loinc_code: Option<String>,
    /// Whether the row is offered for new records. Retired rows remain, because old records reference them.
    #[sea_orm(default_value = true)]
    pub is_active: Option<bool>,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: Option<DateTimeWithTimeZone>,
    /// Ranges of the score with their meaning, such as `Mild` or `Severe`.
    #[sea_orm(has_many)]
    pub bands: HasMany<super::ref_assessment_bands::Entity>,
    /// Scores of questionnaires with this instrument.
    #[sea_orm(has_many)]
    pub responses: HasMany<super::assessment_responses::Entity>,
    /// Scores of this instrument, each with its baseline.
    #[sea_orm(has_many)]
    pub score_trends: HasMany<super::score_trends::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The columns that callers may write, and whether they may delete rows.
pub const WRITES: entity::Writes = entity::Writes { insert: COLUMNS, update: COLUMNS, delete: true };

/// Columns of the inputs.
const COLUMNS: &[&str] = &[
    "assessment_code",
    "assessment_name",
    "description",
    "domain",
    "min_score",
    "max_score",
    "higher_is_better",
    "response_change_percent",
    "remission_score",
    "loinc_code",
    "is_active",
];
