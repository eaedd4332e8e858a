//! `assessment_responses`

use sea_orm::entity::prelude::*;

/// The score of a questionnaire that a patient filled in.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "assessment_responses")]
pub struct Model {
    /// Key of the response.
    #[sea_orm(primary_key)]
    pub response_id: i64,
    /// Key of the protocol.
    pub protocol_id: Option<i64>,
    /// Key of the instrument.
    pub assessment_id: Option<i64>,
    /// Score, 0 to 100. Scores of instruments with a wider range are stored as a percentage.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub score: Decimal,
    /// When the questionnaire was completed.
    pub completed_at: DateTimeWithTimeZone,
    /// Site of the protocol; set by the database, so that policies can find a site's rows by index.
    pub site_id: Option<i64>,
    /// Days between the session and the questionnaire; set by the database.
    pub days_post_dose: Option<i32>,
    /// Last score of the same protocol and instrument up to the day of the session; set by the database.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub baseline_score: Option<Decimal>,
    /// Protocol the questionnaire belongs to.
    #[sea_orm(belongs_to, from = "protocol_id", to = "record_id")]
    pub protocol: BelongsTo<Option<super::log_clinical_records::Entity>>,
    /// The instrument.
    #[sea_orm(belongs_to, from = "assessment_id", to = "assessment_id")]
    pub assessment: BelongsTo<Option<super::ref_assessments::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The columns that callers may write, and whether they may delete rows.
pub const WRITES: entity::Writes = entity::Writes {
    insert: &["protocol_id", "assessment_id", "score", "completed_at"],
    update: &["assessment_id", "score", "completed_at"],
    delete: true,
};
