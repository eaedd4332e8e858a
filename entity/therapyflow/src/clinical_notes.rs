//! `clinical_notes`

use sea_orm::entity::prelude::*;

/// How a note is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum NoteType {
    /// `subjective`, `objective`, `assessment` and `plan`.
    #[sea_orm(string_value = "soap")]
    Soap,
    /// `data`, `assessment` and `plan`.
    #[sea_orm(string_value = "dap")]
    Dap,
    /// `text`.
    #[sea_orm(string_value = "progress")]
    Progress,
}

/// A note of a session. The therapist of the session writes and approves it, administrators read it; the patient does not see
/// it. Once approved it can neither change nor be deleted.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(schema_name = "therapyflow", table_name = "clinical_notes")]
pub struct Model {
    /// Key of the note.
    #[sea_orm(primary_key, auto_increment = false, default_expr = "Expr::cust(\"gen_random_uuid()\")")]
    pub id: Uuid,
    /// Organization of the session; kept by the database, so that a policy finds the rows of an organization by index.
    pub org_id: Uuid,
    /// Key of the session.
    pub session_id: Uuid,
    /// Therapist of the session; kept by the database, so that a policy finds the rows of a therapist by index.
    pub therapist_id: Uuid,
    /// How it is laid out.
    pub note_type: NoteType,
    /// What it says, an object of texts. A SOAP note has `subjective`, `objective`, `assessment` and `plan`, a DAP note `data`,
    /// `assessment` and `plan`, a progress note `text`; others, such as `icd_codes`, may be added.
    #[sea_orm(column_type = "JsonBinary")]
    pub content: Json,
    /// Summary that a model wrote.
    #[sea_orm(column_type = "Text")]
    pub ai_generated_summary: Option<String>,
    /// Whether the therapist has approved it, which cannot be taken back.
    #[sea_orm(default_value = false)]
    pub approved_by_therapist: bool,
    /// Key of the therapist who approved it; kept by the database.
    pub approved_by: Option<Uuid>,
    /// When it was approved; kept by the database.
    pub approved_at: Option<DateTimeWithTimeZone>,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeWithTimeZone,
    /// When the row was last changed; kept by the database.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeWithTimeZone,
    /// The session.
    #[sea_orm(belongs_to, from = "session_id", to = "id")]
    pub session: BelongsTo<super::sessions::Entity>,
    /// The therapist who approved it.
    #[sea_orm(belongs_to, from = "approved_by", to = "id")]
    pub approver: BelongsTo<Option<super::therapists::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}

/// What can be written.
pub const WRITES: entity::Writes = entity::Writes {
    insert: &["session_id", "note_type", "content", "ai_generated_summary"],
    update: &["note_type", "content", "ai_generated_summary", "approved_by_therapist"],
    delete: true,
};
