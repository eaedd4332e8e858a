//! `session_notes`

use sea_orm::entity::prelude::*;

/// The structured note of a session, which its timeline writes by itself: the same events give the same note. Sessions without
/// events have none.
#[sea_orm::model]
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
    /// When it was first reached.
    pub peak_at: Option<DateTimeWithTimeZone>,
    /// Mean intensity of the events that have one.
    #[sea_orm(column_type = "Decimal(Some((4, 2)))")]
    pub mean_intensity: Option<Decimal>,
    /// Number of events with a dose.
    pub doses: i32,
    /// Their doses together, in milligrams; the dose of the protocol itself is not among them.
    #[sea_orm(column_type = "Decimal(Some((10, 2)))")]
    pub total_dose_mg: Option<Decimal>,
    /// The note as text, to be put into a record: times in UTC, `T+01:30` an hour and a half after the first event.
    #[sea_orm(column_type = "Text")]
    pub text: String,
    /// Protocol that the note is of.
    #[sea_orm(belongs_to, from = "protocol_id", to = "record_id")]
    pub protocol: BelongsTo<super::log_clinical_records::Entity>,
    /// Phases of the session, told by its intensity.
    #[sea_orm(has_many)]
    pub phases: HasMany<super::session_note_phases::Entity>,
    /// Events of the session by type.
    #[sea_orm(has_many)]
    pub counts: HasMany<super::session_note_counts::Entity>,
    /// Quiet stretches: half an hour or more between two events.
    #[sea_orm(has_many)]
    pub silences: HasMany<super::session_note_silences::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
