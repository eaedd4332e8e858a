//! `timeline_events`, a view

use sea_orm::entity::prelude::*;

/// An event of a session on the session's own clock: counted, with the seconds since the first event and since the one
/// before. Made for charts of one session or of some; the longest gap is `aggregate { gapSeconds { max } }`. For events across
/// sessions ask `sessionEvents`, which has an index for it.
#[sea_orm::model]
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
    /// Key of the kind of event.
    pub event_type_id: Option<i64>,
    /// When it happened.
    pub event_timestamp: DateTimeWithTimeZone,
    /// How intense it was, from 1 to 10.
    pub intensity_level: Option<i32>,
    /// Structured note, such as `Hand held; settled in 10 min`.
    #[sea_orm(column_type = "Text")]
    pub notes: Option<String>,
    /// Which event of the session it is, counted from 1. Of two at the same moment the one logged first comes first.
    pub sequence: i32,
    /// Seconds since the first event of the session, which has 0.
    pub offset_seconds: f64,
    /// Seconds since the event before. Empty for the first one.
    pub gap_seconds: Option<f64>,
    /// Protocol the event belongs to.
    #[sea_orm(belongs_to, from = "protocol_id", to = "record_id")]
    pub protocol: BelongsTo<super::log_clinical_records::Entity>,
    /// Site of the protocol.
    #[sea_orm(belongs_to, from = "site_id", to = "site_id")]
    pub site: BelongsTo<super::sites::Entity>,
    /// The kind of event.
    #[sea_orm(belongs_to, from = "event_type_id", to = "event_type_id")]
    pub event_type: BelongsTo<Option<super::ref_event_types::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}
