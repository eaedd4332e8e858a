//! `session_note_counts`

use sea_orm::entity::prelude::*;

/// Count of the events of one type in a session. Events without a type are not counted.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "session_note_counts")]
pub struct Model {
    /// Key of the protocol.
    #[sea_orm(primary_key, auto_increment = false)]
    pub protocol_id: i64,
    /// Key of the event type.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_type_id: i64,
    /// Site of the protocol.
    pub site_id: i64,
    /// Number of events.
    pub events: i32,
    /// When the first of these events happened.
    pub first_at: DateTimeWithTimeZone,
    /// When the last of these events happened.
    pub last_at: DateTimeWithTimeZone,
    /// Highest intensity of these events.
    pub peak_intensity: Option<i32>,
    /// Note of the session.
    #[sea_orm(belongs_to, from = "protocol_id", to = "protocol_id")]
    pub note: BelongsTo<super::session_notes::Entity>,
    /// The event type.
    #[sea_orm(belongs_to, from = "event_type_id", to = "event_type_id")]
    pub event_type: BelongsTo<super::ref_event_types::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
