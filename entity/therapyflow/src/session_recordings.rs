//! `session_recordings`

use sea_orm::entity::prelude::*;

/// A sound recording of a session. The therapist of the session writes it, administrators read it.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(schema_name = "therapyflow", table_name = "session_recordings")]
pub struct Model {
    /// Key of the recording.
    #[sea_orm(primary_key, auto_increment = false, default_expr = "Expr::cust(\"gen_random_uuid()\")")]
    pub id: Uuid,
    /// Organization of the session; kept by the database, so that a policy finds the rows of an organization by index.
    pub org_id: Uuid,
    /// Key of the session.
    pub session_id: Uuid,
    /// Therapist of the session; kept by the database, so that a policy finds the rows of a therapist by index.
    pub therapist_id: Uuid,
    /// Where the file is, within the bucket `session-recordings`.
    #[sea_orm(column_type = "Text")]
    pub file_path: String,
    /// How long it is, in seconds.
    pub duration_seconds: Option<i32>,
    /// How large it is, in bytes; at most 500 MB.
    pub file_size_bytes: Option<i64>,
    /// What was said.
    #[sea_orm(column_type = "Text")]
    pub transcript: Option<String>,
    /// What was said, piece by piece with its times.
    #[sea_orm(column_type = "JsonBinary")]
    pub transcript_segments: Option<Json>,
    /// Language that was spoken, such as `en-IN`.
    #[sea_orm(column_type = "Text")]
    pub language: Option<String>,
    /// When it was uploaded.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub uploaded_at: DateTimeWithTimeZone,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeWithTimeZone,
    /// When the row was last changed; kept by the database.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeWithTimeZone,
    /// The session.
    #[sea_orm(belongs_to, from = "session_id", to = "id")]
    pub session: BelongsTo<super::sessions::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// What can be written.
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
