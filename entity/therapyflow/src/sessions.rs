//! `sessions`

use sea_orm::entity::prelude::*;

/// Status of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum SessionStatus {
    /// Planned.
    #[sea_orm(string_value = "scheduled")]
    Scheduled,
    /// In progress.
    #[sea_orm(string_value = "in_progress")]
    InProgress,
    /// Ended.
    #[sea_orm(string_value = "completed")]
    Completed,
    /// Cancelled.
    #[sea_orm(string_value = "cancelled")]
    Cancelled,
}

/// An appointment of a patient with a therapist of the same organization. The therapist, the patient and administrators
/// see it.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(schema_name = "therapyflow", table_name = "sessions")]
pub struct Model {
    /// Key of the session.
    #[sea_orm(primary_key, auto_increment = false, default_expr = "Expr::cust(\"gen_random_uuid()\")")]
    pub id: Uuid,
    /// Organization of the patient; set by the database, so that policies can find an organization's rows by index.
    pub org_id: Uuid,
    /// Key of the therapist; default the caller. Sessions of a therapist do not overlap.
    #[sea_orm(default_expr = "Expr::cust(\"therapyflow.current_therapist_id()\")")]
    pub therapist_id: Uuid,
    /// Key of the patient.
    pub patient_id: Uuid,
    /// When the session starts. Only a scheduled session can be moved.
    pub scheduled_at: DateTimeWithTimeZone,
    /// Status of the session: scheduled, then in progress, then completed. It can be cancelled until it is completed.
    #[sea_orm(default_value = "scheduled")]
    pub status: SessionStatus,
    /// Duration, in minutes.
    #[sea_orm(default_value = 50)]
    pub duration_minutes: i32,
    /// When the session was started; set by the database.
    pub started_at: Option<DateTimeWithTimeZone>,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeWithTimeZone,
    /// When the row was last changed; set by the database.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeWithTimeZone,
    /// The therapist. Null for the patient, who may not see therapists.
    #[sea_orm(belongs_to, from = "therapist_id", to = "id")]
    pub therapist: BelongsTo<super::therapists::Entity>,
    /// The patient.
    #[sea_orm(belongs_to, from = "patient_id", to = "id")]
    pub patient: BelongsTo<super::patients::Entity>,
    /// Notes of the session.
    #[sea_orm(has_many)]
    pub clinical_notes: HasMany<super::clinical_notes::Entity>,
    /// Recordings of the session.
    #[sea_orm(has_many)]
    pub recordings: HasMany<super::session_recordings::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The columns that callers may write, and whether they may delete rows.
pub const WRITES: entity::Writes = entity::Writes {
    insert: &["therapist_id", "patient_id", "scheduled_at", "duration_minutes"],
    update: &["scheduled_at", "duration_minutes", "status"],
    delete: false,
};
