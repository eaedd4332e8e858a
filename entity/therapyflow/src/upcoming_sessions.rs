//! `upcoming_sessions`, a view

use sea_orm::entity::prelude::*;

/// Status of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum SessionStatus {
    /// Planned.
    #[sea_orm(string_value = "scheduled")]
    Scheduled,
}

/// An upcoming session, with the names of therapist and patient. Callers who may not see both do not see it here:
/// patients find theirs in `sessions`.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(schema_name = "therapyflow", table_name = "upcoming_sessions")]
pub struct Model {
    /// Key of the session.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Organization of the patient.
    pub org_id: Uuid,
    /// Key of the therapist.
    pub therapist_id: Uuid,
    /// Key of the patient.
    pub patient_id: Uuid,
    /// Start time.
    pub scheduled_at: DateTimeWithTimeZone,
    /// Status of the session.
    pub status: SessionStatus,
    /// Duration, in minutes.
    pub duration_minutes: i32,
    /// When the session was started: always null.
    pub started_at: Option<DateTimeWithTimeZone>,
    /// When the session was added.
    pub created_at: DateTimeWithTimeZone,
    /// When the session was last changed.
    pub updated_at: DateTimeWithTimeZone,
    /// Name of the therapist.
    #[sea_orm(column_type = "Text")]
    pub therapist_name: String,
    /// Name of the patient.
    #[sea_orm(column_type = "Text")]
    pub patient_name: String,
    /// The session itself.
    #[sea_orm(belongs_to, from = "id", to = "id")]
    pub session: BelongsTo<super::sessions::Entity>,
    /// The therapist.
    #[sea_orm(belongs_to, from = "therapist_id", to = "id")]
    pub therapist: BelongsTo<super::therapists::Entity>,
    /// The patient.
    #[sea_orm(belongs_to, from = "patient_id", to = "id")]
    pub patient: BelongsTo<super::patients::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
