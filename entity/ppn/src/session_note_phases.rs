//! `session_note_phases`

use sea_orm::entity::prelude::*;

/// Phase of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum SessionPhase {
    /// Before the first event with at least half of the highest intensity.
    #[sea_orm(string_value = "onset")]
    Onset,
    /// From the end of the onset to the peak.
    #[sea_orm(string_value = "rise")]
    Rise,
    /// From the first to the last event within 1 of the highest intensity.
    #[sea_orm(string_value = "peak")]
    Peak,
    /// From the peak to the last event with at least half of the highest intensity.
    #[sea_orm(string_value = "descent")]
    Descent,
    /// After the descent.
    #[sea_orm(string_value = "after")]
    After,
}

/// A phase of a session, derived from the intensity of its events. An event without an intensity belongs to the phase
/// of its time. Phases without events are omitted; a session without intensities has no phases.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "session_note_phases")]
pub struct Model {
    /// Key of the protocol.
    #[sea_orm(primary_key, auto_increment = false)]
    pub protocol_id: i64,
    /// Number of the phase, from 1 (onset) to 5 (after).
    #[sea_orm(primary_key, auto_increment = false)]
    pub phase_number: i32,
    /// Site of the protocol.
    pub site_id: i64,
    /// Name of the phase.
    pub name: SessionPhase,
    /// When the first event of the phase happened.
    pub started_at: DateTimeWithTimeZone,
    /// When the last event of the phase happened.
    pub ended_at: DateTimeWithTimeZone,
    /// Number of events in the phase.
    pub events: i32,
    /// Mean intensity of the events that have one.
    #[sea_orm(column_type = "Decimal(Some((4, 2)))")]
    pub mean_intensity: Option<Decimal>,
    /// Highest intensity of the phase.
    pub peak_intensity: Option<i32>,
    /// Note of the session.
    #[sea_orm(belongs_to, from = "protocol_id", to = "protocol_id")]
    pub note: BelongsTo<super::session_notes::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
