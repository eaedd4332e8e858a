//! `session_note_silences`

use sea_orm::entity::prelude::*;

/// A quiet period of a session: half an hour or more between two events.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "session_note_silences")]
pub struct Model {
    /// Key of the protocol.
    #[sea_orm(primary_key, auto_increment = false)]
    pub protocol_id: i64,
    /// Number of the quiet period within the session, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i32,
    /// Site of the protocol.
    pub site_id: i64,
    /// When the event before the quiet period happened.
    pub started_at: DateTimeWithTimeZone,
    /// When the event after the quiet period happened.
    pub ended_at: DateTimeWithTimeZone,
    /// Duration, in whole minutes.
    pub minutes: i32,
    /// Note of the session.
    #[sea_orm(belongs_to, from = "protocol_id", to = "protocol_id")]
    pub note: BelongsTo<super::session_notes::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
