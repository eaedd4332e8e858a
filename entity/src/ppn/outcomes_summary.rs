//! `outcomes_summary`

use sea_orm::entity::prelude::*;

/// Outcomes of a substance at a site in a month, counted beforehand for comparison. Completed dosing sessions count; the
/// scores of a protocol are judged by the thresholds of the instrument.
#[sea_orm::model]
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
    /// Share of protocols with a positive outcome, in percent: the last score after the session is a response against the last
    /// one before it. Of the protocols that have both; empty where none has.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub response_rate: Option<Decimal>,
    /// Share of protocols whose last score after the session is in remission, in percent. Of the protocols that have scores
    /// before and after it, and were not in remission before; empty where there are none.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub remission_rate: Option<Decimal>,
    /// Share of protocols with a safety event, in percent.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub adverse_event_rate: Option<Decimal>,
    /// Number of protocols that the response rate rests on: those that have scores before and after the session by which they
    /// can be judged. Empty until the outcomes have been counted.
    pub response_judged: Option<i32>,
    /// Number of protocols that the remission rate rests on. Empty until the outcomes have been counted.
    pub remission_judged: Option<i32>,
    /// The site.
    #[sea_orm(belongs_to, from = "site_id", to = "site_id")]
    pub site: BelongsTo<Option<super::sites::Entity>>,
    /// The substance.
    #[sea_orm(belongs_to, from = "substance_id", to = "substance_id")]
    pub substance: BelongsTo<Option<super::ref_substances::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}
