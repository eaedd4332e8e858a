//! `session_activities`

use sea_orm::entity::prelude::*;

/// Monthly counts of the events of a type at a site, for dashboards that would otherwise group every event. Months are
/// in UTC. Events without a type or without a protocol are not counted.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "session_activities")]
pub struct Model {
    /// Key of the site.
    #[sea_orm(primary_key, auto_increment = false)]
    pub site_id: i64,
    /// Key of the event type.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_type_id: i64,
    /// Month, given by its first day.
    #[sea_orm(primary_key, auto_increment = false)]
    pub month: Date,
    /// Number of events.
    pub event_count: i32,
    /// Number of protocols with such an event in the month. A sum over months or types would count a protocol more than
    /// once.
    pub protocol_count: i32,
    /// Number of events with an intensity.
    pub intensity_count: i32,
    /// Sum of the intensities. Divide its sum over rows by the sum of `intensityCount` for a mean intensity.
    pub intensity_sum: i32,
    /// Highest intensity; null if no event has one.
    pub intensity_max: Option<i32>,
    /// The site.
    #[sea_orm(belongs_to, from = "site_id", to = "site_id")]
    pub site: BelongsTo<super::sites::Entity>,
    /// The event type.
    #[sea_orm(belongs_to, from = "event_type_id", to = "event_type_id")]
    pub event_type: BelongsTo<super::ref_event_types::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
