//! `outcomes_summary`

use sea_orm::entity::prelude::*;

/// Outcomes of a substance at a site in a month, computed beforehand. They count completed dosing sessions, and judge
/// the scores of a protocol by the thresholds of the instrument.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "outcomes_summary")]
pub struct Model {
    /// Key of the summary.
    #[sea_orm(primary_key)]
    pub summary_id: i64,
    /// Key of the site.
    #[sea_orm(unique_key = "unique_summary")]
    pub site_id: Option<i64>,
    /// Key of the substance.
    #[sea_orm(unique_key = "unique_summary")]
    pub substance_id: Option<i64>,
    /// Month, given by its first day.
    #[sea_orm(unique_key = "unique_summary")]
    pub month: Date,
    /// Number of completed dosing sessions in the month.
    pub total_protocols: i32,
    /// Share of protocols whose last score after the session is a response compared with the last score before it, in
    /// percent. It counts protocols with both scores; null if there are none.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub response_rate: Option<Decimal>,
    /// Share of protocols whose last score after the session is in remission, in percent. It counts protocols with
    /// scores before and after the session that were not in remission before; null if there are none.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub remission_rate: Option<Decimal>,
    /// Share of protocols with a safety event, in percent.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub adverse_event_rate: Option<Decimal>,
    /// Number of protocols that the response rate counts: protocols with scores before and after the session that can
    /// be judged. Null until the outcomes have been computed.
    pub response_judged: Option<i32>,
    /// Number of protocols that the remission rate counts. Null until the outcomes have been computed.
    pub remission_judged: Option<i32>,
    /// The site.
    #[sea_orm(belongs_to, from = "site_id", to = "site_id")]
    pub site: BelongsTo<Option<super::sites::Entity>>,
    /// The substance.
    #[sea_orm(belongs_to, from = "substance_id", to = "substance_id")]
    pub substance: BelongsTo<Option<super::ref_substances::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}
