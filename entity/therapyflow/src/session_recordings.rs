//! `session_recordings`

use sea_orm::entity::prelude::*;

/// An audio recording of a session. The therapist of the session writes it, administrators read it.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(schema_name = "therapyflow", table_name = "session_recordings")]
pub struct Model {
    /// Key of the recording.
    #[sea_orm(primary_key, auto_increment = false, default_expr = "Expr::cust(\"gen_random_uuid()\")")]
    pub id: Uuid,
    /// Organization of the session; set by the database, so that policies can find an organization's rows by index.
    pub org_id: Uuid,
    /// Key of the session.
    pub session_id: Uuid,
    /// Therapist of the session; set by the database, so that policies can find a therapist's rows by index.
    pub therapist_id: Uuid,
    /// Path of the file in the bucket `session-recordings`.
    #[sea_orm(column_type = "Text")]
    pub file_path: String,
    /// Duration, in seconds.
    pub duration_seconds: Option<i32>,
    /// Size of the file, in bytes; at most 500 MB.
    pub file_size_bytes: Option<i64>,
    /// Transcript of the recording.
    #[sea_orm(column_type = "Text")]
    pub transcript: Option<String>,
    /// Segments of the transcript with their times.
    #[sea_orm(column_type = "JsonBinary")]
    pub transcript_segments: Option<Json>,
    /// Spoken language, such as `en-IN`.
    #[sea_orm(column_type = "Text")]
    pub language: Option<String>,
    /// When the recording was uploaded.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub uploaded_at: DateTimeWithTimeZone,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeWithTimeZone,
    /// When the row was last changed; set by the database.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeWithTimeZone,
    /// The session.
    #[sea_orm(belongs_to, from = "session_id", to = "id")]
    pub session: BelongsTo<super::sessions::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The columns that callers may write, and whether they may delete rows.
pub const WRITES: entity::Writes = entity::Writes {
    insert: &[
        "session_id",
        "file_path",
        "duration_seconds",
        "file_size_bytes",
        "transcript",
        "transcript_segments",
        "language",
    ],
    update: &[
        "file_path",
        "duration_seconds",
        "file_size_bytes",
        "transcript",
        "transcript_segments",
        "language",
    ],
    delete: true,
};
