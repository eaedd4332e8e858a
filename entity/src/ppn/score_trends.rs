//! `score_trends`, a view

use sea_orm::entity::prelude::*;

/// Table that a score of a trend comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Source {
    /// An integration score (IES or EIS): `integrationScore(scoreId:)`.
    #[sea_orm(string_value = "integration")]
    Integration,
    /// A questionnaire that the patient filled in: `assessmentResponse(responseId:)`.
    #[sea_orm(string_value = "assessment")]
    Assessment,
}

/// A score beside the baseline of its protocol, by whatever instrument: integration scores and questionnaires in one list. Made
/// for charts of how patients fare after a session: group by `daysPostDose` or `assessment`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "score_trends")]
pub struct Model {
    /// Table the score comes from.
    #[sea_orm(primary_key, auto_increment = false)]
    pub source: Source,
    /// Key of the score in that table.
    #[sea_orm(primary_key, auto_increment = false)]
    pub source_id: i64,
    /// Key of the protocol.
    pub protocol_id: Option<i64>,
    /// Site of the protocol.
    pub site_id: Option<i64>,
    /// Key of the substance given in the session.
    pub substance_id: Option<i64>,
    /// Key of the instrument.
    pub assessment_id: Option<i64>,
    /// Score reached.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub score: Decimal,
    /// When it was measured.
    pub measured_at: DateTimeWithTimeZone,
    /// Days from the session to the measurement, in UTC; 0 on the day of the session, negative before.
    pub days_post_dose: Option<i32>,
    /// Last score up to the day of the session, of the same protocol by the same instrument. Empty where nothing was measured
    /// before.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub baseline: Option<Decimal>,
    /// Score minus baseline: negative is a fall.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub change: Option<Decimal>,
    /// Change in percent of the baseline. Empty for a baseline of 0.
    #[sea_orm(column_type = "Decimal(Some((9, 2)))")]
    pub change_percent: Option<Decimal>,
    /// Change for the better: a fall, or a rise where a higher score is better. Negative is a change for the worse.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub improvement: Option<Decimal>,
    /// Whether the score is a response: the baseline has changed for the better by as many percent as the instrument demands.
    /// Empty up to the day of the session, without a baseline, from a baseline of 0, and where the instrument has no threshold.
    pub is_response: Option<bool>,
    /// Whether the score is in remission by the threshold of the instrument. Empty up to the day of the session, without a
    /// baseline, where the baseline was in remission already, and where the instrument has no threshold.
    pub is_remission: Option<bool>,
    /// Protocol the score belongs to.
    #[sea_orm(belongs_to, from = "protocol_id", to = "record_id")]
    pub protocol: BelongsTo<Option<super::log_clinical_records::Entity>>,
    /// Site of the protocol.
    #[sea_orm(belongs_to, from = "site_id", to = "site_id")]
    pub site: BelongsTo<Option<super::sites::Entity>>,
    /// Substance given in the session.
    #[sea_orm(belongs_to, from = "substance_id", to = "substance_id")]
    pub substance: BelongsTo<Option<super::ref_substances::Entity>>,
    /// The instrument.
    #[sea_orm(belongs_to, from = "assessment_id", to = "assessment_id")]
    pub assessment: BelongsTo<Option<super::ref_assessments::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}
