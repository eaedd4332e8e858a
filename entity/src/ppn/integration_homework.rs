//! `integration_homework`

use sea_orm::entity::prelude::*;

/// Homework given to a patient after a session.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "integration_homework")]
pub struct Model {
    /// Key of the homework.
    #[sea_orm(primary_key)]
    pub homework_id: i64,
    /// Key of the protocol.
    pub protocol_id: Option<i64>,
    /// Key of the kind of homework.
    pub homework_type_id: Option<i64>,
    /// Day it was given; today, unless it is said.
    #[sea_orm(default_expr = "Expr::current_date()")]
    pub assigned_date: Date,
    /// Day it is due; not before it was given.
    pub due_date: Date,
    /// Day it was done, not before it was given; it makes the homework completed.
    pub completed_date: Option<Date>,
    /// Whether it is done; it is exactly where there is a day on which it was. Said without a day, it was done today.
    #[sea_orm(default_value = false)]
    pub is_completed: Option<bool>,
    /// What was noted when it was done.
    #[sea_orm(column_type = "Text")]
    pub completion_notes: Option<String>,
    /// Account that gave the homework; kept by the database.
    pub created_by: Option<Uuid>,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: Option<DateTimeWithTimeZone>,
    /// Site of the protocol; kept by the database, so that a policy finds the rows of a site by index.
    pub site_id: Option<i64>,
    /// Protocol the homework belongs to.
    #[sea_orm(belongs_to, from = "protocol_id", to = "record_id")]
    pub protocol: BelongsTo<Option<super::log_clinical_records::Entity>>,
    /// The kind of homework.
    #[sea_orm(belongs_to, from = "homework_type_id", to = "homework_type_id")]
    pub homework_type: BelongsTo<Option<super::ref_homework_types::Entity>>,
    /// Where the homework stands today.
    #[sea_orm(has_one)]
    pub status: HasOne<super::homework_statuses::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// What can be written.
pub const WRITES: crate::Writes = crate::Writes {
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
