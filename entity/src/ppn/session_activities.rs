//! `session_activities`

use sea_orm::entity::prelude::*;

/// Events of a type at a site in a month, counted beforehand: what a dashboard of the network groups instead of every event.
/// Months are those of UTC. Events without a type or without a protocol are not counted.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "session_activities")]
pub struct Model {
    /// Key of the site.
    #[sea_orm(primary_key, auto_increment = false)]
    pub site_id: i64,
    /// Key of the kind of event.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_type_id: i64,
    /// Month, given by its first day.
    #[sea_orm(primary_key, auto_increment = false)]
    pub month: Date,
    /// Number of events.
    pub event_count: i32,
    /// Number of protocols with such an event in the month. Those of several months or types overlap, and their sum counts a
    /// protocol more than once.
    pub protocol_count: i32,
    /// Number of events whose intensity was logged.
    pub intensity_count: i32,
    /// Sum of the intensities. The mean over any rows is the sum of these by the sum of `intensityCount`.
    pub intensity_sum: i32,
    /// Highest intensity; empty where none was logged.
    pub intensity_max: Option<i32>,
    /// The site.
    #[sea_orm(belongs_to, from = "site_id", to = "site_id")]
    pub site: BelongsTo<super::sites::Entity>,
    /// The kind of event.
    #[sea_orm(belongs_to, from = "event_type_id", to = "event_type_id")]
    pub event_type: BelongsTo<super::ref_event_types::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
