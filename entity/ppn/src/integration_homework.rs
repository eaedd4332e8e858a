//! `integration_homework`

use sea_orm::entity::prelude::*;

/// A homework assignment for a patient after a session.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "integration_homework")]
pub struct Model {
    /// Key of the homework.
    #[sea_orm(primary_key)]
    pub homework_id: i64,
    /// Key of the protocol.
    pub protocol_id: Option<i64>,
    /// Key of the homework type.
    pub homework_type_id: Option<i64>,
    /// Day of assignment; default today.
    #[sea_orm(default_expr = "Expr::current_date()")]
    pub assigned_date: Date,
    /// Due date; not before the day of assignment.
    pub due_date: Date,
    /// Day of completion, not before the day of assignment. Setting it completes the homework.
    pub completed_date: Option<Date>,
    /// Whether the homework is completed, which means that it has a day of completion. Setting this alone completes it
    /// today.
    #[sea_orm(default_value = false)]
    pub is_completed: Option<bool>,
    /// Notes about the completion.
    #[sea_orm(column_type = "Text")]
    pub completion_notes: Option<String>,
    /// Account that assigned the homework; set by the database.
    pub created_by: Option<Uuid>,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: Option<DateTimeWithTimeZone>,
    /// Site of the protocol; set by the database, so that policies can find a site's rows by index.
    pub site_id: Option<i64>,
    /// Protocol the homework belongs to.
    #[sea_orm(belongs_to, from = "protocol_id", to = "record_id")]
    pub protocol: BelongsTo<Option<super::log_clinical_records::Entity>>,
    /// The homework type.
    #[sea_orm(belongs_to, from = "homework_type_id", to = "homework_type_id")]
    pub homework_type: BelongsTo<Option<super::ref_homework_types::Entity>>,
    /// The homework with its status today.
    #[sea_orm(has_one)]
    pub status: HasOne<super::homework_statuses::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The columns that callers may write, and whether they may delete rows.
pub const WRITES: entity::Writes = entity::Writes {
    insert: &[
        "protocol_id",
        "homework_type_id",
        "assigned_date",
        "due_date",
        "completed_date",
        "is_completed",
        "completion_notes",
    ],
    update: &[
        "homework_type_id",
        "assigned_date",
        "due_date",
        "completed_date",
        "is_completed",
        "completion_notes",
    ],
    delete: true,
};
