//! `network_benchmarks`

use sea_orm::entity::prelude::*;

/// Why a comparison with the network is withheld. Then neither the network's numbers nor the percentile are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Suppression {
    /// The month is not over: its numbers would change with each protocol, and show what came in.
    #[sea_orm(string_value = "month_not_over")]
    MonthNotOver,
    /// Not enough other sites have the rate.
    #[sea_orm(string_value = "too_few_sites")]
    TooFewSites,
    /// Enough other sites have the rate, but not enough of them from enough protocols that could be judged.
    #[sea_orm(string_value = "too_few_protocols")]
    TooFewProtocols,
}

/// Outcomes of a substance at a site in a month beside those of the network, counted beforehand. A site is compared with
/// all whose rate rests on enough protocols, and only where there are enough others; otherwise the network's numbers are
/// empty and the suppression says why. Rates enter the comparison in steps of five points. Another site's rates are never
/// shown.
#[sea_orm::model]
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
    /// Share of the site's protocols with a response, in percent, as in its outcomes; empty where none could be judged.
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
    /// Share of the other sites whose response rate is lower, in percent; an equal one, in steps of five points, counts half.
    /// 0 is the lowest of all, 100 the highest. Empty where the site has no rate.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub response_percentile: Option<Decimal>,
    /// Why the comparison of the response rate is withheld; empty where it is shown.
    pub response_suppression: Option<Suppression>,
    /// Share of the site's protocols that reached remission, in percent, as in its outcomes; empty where none could be judged.
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
    /// Share of the other sites whose remission rate is lower, in percent; an equal one, in steps of five points, counts half.
    /// 0 is the lowest of all, 100 the highest. Empty where the site has no rate.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub remission_percentile: Option<Decimal>,
    /// Why the comparison of the remission rate is withheld; empty where it is shown.
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
    /// Share of the other sites whose rate of safety events is lower, in percent; an equal one, in steps of five points, counts
    /// half. 0 is the lowest of all, 100 the highest. Empty where the site has no rate.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub adverse_event_percentile: Option<Decimal>,
    /// Why the comparison of the rate of safety events is withheld; empty where it is shown.
    pub adverse_event_suppression: Option<Suppression>,
    /// Number of the site's protocols that its response rate rests on, as in its outcomes.
    pub response_judged: Option<i32>,
    /// Number of the site's protocols that its remission rate rests on, as in its outcomes.
    pub remission_judged: Option<i32>,
    /// The site.
    #[sea_orm(belongs_to, from = "site_id", to = "site_id")]
    pub site: BelongsTo<super::sites::Entity>,
    /// The substance.
    #[sea_orm(belongs_to, from = "substance_id", to = "substance_id")]
    pub substance: BelongsTo<super::ref_substances::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
