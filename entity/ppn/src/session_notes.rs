//! `session_notes`

use sea_orm::entity::prelude::*;

/// The structured note of a session, generated from its timeline: the same events give the same note. Sessions without
/// events have none.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "session_notes")]
pub struct Model {
    /// Key of the protocol.
    #[sea_orm(primary_key, auto_increment = false)]
    pub protocol_id: i64,
    /// Site of the protocol.
    pub site_id: i64,
    /// When the first event happened.
    pub started_at: DateTimeWithTimeZone,
    /// When the last event happened.
    pub ended_at: DateTimeWithTimeZone,
    /// Minutes from the first event to the last.
    pub duration_minutes: i32,
    /// Number of events.
    pub events: i32,
    /// Highest intensity, from 1 to 10.
    pub peak_intensity: Option<i32>,
    /// When the highest intensity was first reached.
    pub peak_at: Option<DateTimeWithTimeZone>,
    /// Mean intensity of the events that have one.
    #[sea_orm(column_type = "Decimal(Some((4, 2)))")]
    pub mean_intensity: Option<Decimal>,
    /// Number of events with a dose.
    pub doses: i32,
    /// Sum of the doses of these events, in milligrams, without the dose of the protocol itself.
    #[sea_orm(column_type = "Decimal(Some((10, 2)))")]
    pub total_dose_mg: Option<Decimal>,
    /// Text of the note for a record. Times are in UTC; `T+01:30` is an hour and a half after the first event.
    #[sea_orm(column_type = "Text")]
    pub text: String,
    /// Protocol of the session.
    #[sea_orm(belongs_to, from = "protocol_id", to = "record_id")]
    pub protocol: BelongsTo<super::log_clinical_records::Entity>,
    /// Phases of the session, derived from its intensities.
    #[sea_orm(has_many)]
    pub phases: HasMany<super::session_note_phases::Entity>,
    /// Counts of the session's events by type.
    #[sea_orm(has_many)]
    pub counts: HasMany<super::session_note_counts::Entity>,
    /// Quiet periods of half an hour or more between two events.
    #[sea_orm(has_many)]
    pub silences: HasMany<super::session_note_silences::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
