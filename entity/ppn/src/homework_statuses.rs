//! `homework_statuses`

use sea_orm::entity::prelude::*;

/// Status of a homework assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum HomeworkState {
    /// Not completed, and due before today.
    #[sea_orm(string_value = "overdue")]
    Overdue,
    /// Not completed, and due today.
    #[sea_orm(string_value = "due_today")]
    DueToday,
    /// Not completed, and due after today.
    #[sea_orm(string_value = "upcoming")]
    Upcoming,
    /// Completed on or before the due date.
    #[sea_orm(string_value = "completed_on_time")]
    CompletedOnTime,
    /// Completed after the due date.
    #[sea_orm(string_value = "completed_late")]
    CompletedLate,
}

/// A homework assignment with its status today, in UTC, for lists of overdue and upcoming homework.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "homework_statuses")]
pub struct Model {
    /// Key of the homework.
    #[sea_orm(primary_key, auto_increment = false)]
    pub homework_id: i64,
    /// Key of the protocol.
    pub protocol_id: Option<i64>,
    /// Site of the protocol.
    pub site_id: Option<i64>,
    /// Key of the homework type.
    pub homework_type_id: Option<i64>,
    /// Day of assignment.
    pub assigned_date: Date,
    /// Due date.
    pub due_date: Date,
    /// Day of completion.
    pub completed_date: Option<Date>,
    /// Status of the homework today.
    pub status: HomeworkState,
    /// Days until the due date; negative if overdue. Null if completed.
    pub days_left: Option<i32>,
    /// The homework.
    #[sea_orm(belongs_to, from = "homework_id", to = "homework_id")]
    pub homework: BelongsTo<super::integration_homework::Entity>,
    /// Protocol the homework belongs to.
    #[sea_orm(belongs_to, from = "protocol_id", to = "record_id")]
    pub protocol: BelongsTo<Option<super::log_clinical_records::Entity>>,
    /// Site of the protocol.
    #[sea_orm(belongs_to, from = "site_id", to = "site_id")]
    pub site: BelongsTo<Option<super::sites::Entity>>,
    /// The homework type.
    #[sea_orm(belongs_to, from = "homework_type_id", to = "homework_type_id")]
    pub homework_type: BelongsTo<Option<super::ref_homework_types::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}
