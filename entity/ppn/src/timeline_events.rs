//! `timeline_events`, a view

use sea_orm::entity::prelude::*;

/// An event of a session with its number and the seconds since the first and the previous event, for charts of one or a
/// few sessions. The longest gap is `aggregate { gapSeconds { max } }`. For events across sessions use `sessionEvents`,
/// which has an index for them.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "timeline_events")]
pub struct Model {
    /// Key of the protocol.
    #[sea_orm(primary_key, auto_increment = false)]
    pub protocol_id: i64,
    /// Key of the event, as in `sessionEvents`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: i64,
    /// Site of the protocol.
    pub site_id: i64,
    /// Key of the event type.
    pub event_type_id: Option<i64>,
    /// When the event happened.
    pub event_timestamp: DateTimeWithTimeZone,
    /// Intensity of the event, from 1 to 10.
    pub intensity_level: Option<i32>,
    /// Structured note, such as `Hand held; settled in 10 min`.
    #[sea_orm(column_type = "Text")]
    pub notes: Option<String>,
    /// Number of the event within the session, from 1. Of two events at the same moment, the one that was logged first
    /// comes first.
    pub sequence: i32,
    /// Seconds since the first event of the session; 0 for the first.
    pub offset_seconds: f64,
    /// Seconds since the previous event; null for the first.
    pub gap_seconds: Option<f64>,
    /// Protocol the event belongs to.
    #[sea_orm(belongs_to, from = "protocol_id", to = "record_id")]
    pub protocol: BelongsTo<super::log_clinical_records::Entity>,
    /// Site of the protocol.
    #[sea_orm(belongs_to, from = "site_id", to = "site_id")]
    pub site: BelongsTo<super::sites::Entity>,
    /// The event type.
    #[sea_orm(belongs_to, from = "event_type_id", to = "event_type_id")]
    pub event_type: BelongsTo<Option<super::ref_event_types::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}
