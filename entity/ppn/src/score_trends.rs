//! `score_trends`, a view

use sea_orm::entity::prelude::*;

/// Table of a score in a trend.
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

/// A score with the baseline of its protocol, for charts of how patients fare after a session. The list contains
/// integration scores and questionnaires; group it by `daysPostDose` or `assessment`.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "score_trends")]
pub struct Model {
    /// Table of the score.
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
    /// Value of the score.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub score: Decimal,
    /// Time of the measurement.
    pub measured_at: DateTimeWithTimeZone,
    /// Days from the session to the measurement, in UTC; 0 on the day of the session, negative before.
    pub days_post_dose: Option<i32>,
    /// Last score of the same protocol and instrument up to the day of the session. Null if there is none.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub baseline: Option<Decimal>,
    /// Score minus baseline; a decrease is negative.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub change: Option<Decimal>,
    /// Change in percent of the baseline. Null if the baseline is 0.
    #[sea_orm(column_type = "Decimal(Some((9, 2)))")]
    pub change_percent: Option<Decimal>,
    /// Change with a sign that makes positive better for every instrument.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub improvement: Option<Decimal>,
    /// Whether the score is a response: it improves on the baseline by at least the percentage of the instrument's
    /// threshold. Null up to the day of the session, without a baseline, for a baseline of 0, and if the instrument has
    /// no threshold.
    pub is_response: Option<bool>,
    /// Whether the score is in remission by the threshold of the instrument. Null up to the day of the session, without
    /// a baseline, if the baseline was in remission already, and if the instrument has no threshold.
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
