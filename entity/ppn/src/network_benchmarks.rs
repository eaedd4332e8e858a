//! `network_benchmarks`

use sea_orm::entity::prelude::*;

/// Reason why a comparison with the network is withheld. The network's numbers and the percentile are then not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Suppression {
    /// The month is not over: its numbers would change with each new protocol and reveal it.
    #[sea_orm(string_value = "month_not_over")]
    MonthNotOver,
    /// Too few other sites have the rate.
    #[sea_orm(string_value = "too_few_sites")]
    TooFewSites,
    /// Enough other sites have the rate, but too few of them have enough protocols that could be judged.
    #[sea_orm(string_value = "too_few_protocols")]
    TooFewProtocols,
}

/// Outcomes of a substance at a site in a month, compared with the network and computed beforehand. A site is compared
/// with all sites that have enough protocols for the rate, and only if there are enough others; otherwise the network's
/// numbers are null and the suppression gives the reason. Rates are rounded to steps of five points for the comparison.
/// Another site's rates are never shown.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "network_benchmarks")]
pub struct Model {
    /// Key of the site.
    #[sea_orm(primary_key, auto_increment = false)]
    pub site_id: i64,
    /// Key of the substance.
    #[sea_orm(primary_key, auto_increment = false)]
    pub substance_id: i64,
    /// Month, given by its first day.
    #[sea_orm(primary_key, auto_increment = false)]
    pub month: Date,
    /// Number of the site's completed dosing sessions in the month.
    pub total_protocols: i32,
    /// Share of the site's protocols with a response, in percent, as in its outcomes; null if none could be judged.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub response_rate: Option<Decimal>,
    /// Median of the response rates of the network's sites, in percent.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub response_median: Option<Decimal>,
    /// Lower quartile of the response rates of the network's sites, in percent.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub response_lower_quartile: Option<Decimal>,
    /// Upper quartile of the response rates of the network's sites, in percent.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub response_upper_quartile: Option<Decimal>,
    /// Share of the other sites with a lower response rate, in percent; a rate in the same step of five points counts
    /// half. 0 is the lowest of all, 100 the highest. Null if the site has no rate.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub response_percentile: Option<Decimal>,
    /// Reason why the comparison of the response rate is withheld; null if it is shown.
    pub response_suppression: Option<Suppression>,
    /// Share of the site's protocols that reached remission, in percent, as in its outcomes; null if none could be
    /// judged.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub remission_rate: Option<Decimal>,
    /// Median of the remission rates of the network's sites, in percent.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub remission_median: Option<Decimal>,
    /// Lower quartile of the remission rates of the network's sites, in percent.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub remission_lower_quartile: Option<Decimal>,
    /// Upper quartile of the remission rates of the network's sites, in percent.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub remission_upper_quartile: Option<Decimal>,
    /// Share of the other sites with a lower remission rate, in percent; a rate in the same step of five points counts
    /// half. 0 is the lowest of all, 100 the highest. Null if the site has no rate.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub remission_percentile: Option<Decimal>,
    /// Reason why the comparison of the remission rate is withheld; null if it is shown.
    pub remission_suppression: Option<Suppression>,
    /// Share of the site's protocols with a safety event, in percent, as in its outcomes.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub adverse_event_rate: Option<Decimal>,
    /// Median of the rates of safety events of the network's sites, in percent.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub adverse_event_median: Option<Decimal>,
    /// Lower quartile of the rates of safety events of the network's sites, in percent.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub adverse_event_lower_quartile: Option<Decimal>,
    /// Upper quartile of the rates of safety events of the network's sites, in percent.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub adverse_event_upper_quartile: Option<Decimal>,
    /// Share of the other sites with a lower rate of safety events, in percent; a rate in the same step of five points
    /// counts half. 0 is the lowest of all, 100 the highest. Null if the site has no rate.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub adverse_event_percentile: Option<Decimal>,
    /// Reason why the comparison of the rate of safety events is withheld; null if it is shown.
    pub adverse_event_suppression: Option<Suppression>,
    /// Number of the site's protocols that its response rate counts, as in its outcomes.
    pub response_judged: Option<i32>,
    /// Number of the site's protocols that its remission rate counts, as in its outcomes.
    pub remission_judged: Option<i32>,
    /// The site.
    #[sea_orm(belongs_to, from = "site_id", to = "site_id")]
    pub site: BelongsTo<super::sites::Entity>,
    /// The substance.
    #[sea_orm(belongs_to, from = "substance_id", to = "substance_id")]
    pub substance: BelongsTo<super::ref_substances::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
