//! `sessions`

use sea_orm::entity::prelude::*;

/// How far a session has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum SessionStatus {
    /// Still to come.
    #[sea_orm(string_value = "scheduled")]
    Scheduled,
    /// Under way.
    #[sea_orm(string_value = "in_progress")]
    InProgress,
    /// Over.
    #[sea_orm(string_value = "completed")]
    Completed,
    /// Called off.
    #[sea_orm(string_value = "cancelled")]
    Cancelled,
}

/// An appointment of a patient with a therapist of the same organization. The therapist and the patient see it, and
/// administrators.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(schema_name = "therapyflow", table_name = "sessions")]
pub struct Model {
    /// Key of the session.
    #[sea_orm(primary_key, auto_increment = false, default_expr = "Expr::cust(\"gen_random_uuid()\")")]
    pub id: Uuid,
    /// Organization of the patient; kept by the database, so that a policy finds the rows of an organization by index.
    pub org_id: Uuid,
    /// Key of the therapist: the caller, unless it is said. Sessions of a therapist do not overlap.
    #[sea_orm(default_expr = "Expr::cust(\"therapyflow.current_therapist_id()\")")]
    pub therapist_id: Uuid,
    /// Key of the patient.
    pub patient_id: Uuid,
    /// When it begins. Only what is still scheduled can be moved.
    pub scheduled_at: DateTimeWithTimeZone,
    /// How far it has come. A session is scheduled, then in progress, then completed; until it is completed it can be
    /// cancelled.
    #[sea_orm(default_value = "scheduled")]
    pub status: SessionStatus,
    /// How long it takes, in minutes.
    #[sea_orm(default_value = 50)]
    pub duration_minutes: i32,
    /// When it was started; kept by the database.
    pub started_at: Option<DateTimeWithTimeZone>,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeWithTimeZone,
    /// When the row was last changed; kept by the database.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeWithTimeZone,
    /// The therapist. A patient does not see them.
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

/// What can be written.
pub const WRITES: entity::Writes = entity::Writes {
    insert: &["therapist_id", "patient_id", "scheduled_at", "duration_minutes"],
    update: &["scheduled_at", "duration_minutes", "status"],
    delete: false,
};
