//! `homework_statuses`

use sea_orm::entity::prelude::*;

/// Where a piece of homework stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum HomeworkState {
    /// Not done, and was due before today.
    #[sea_orm(string_value = "overdue")]
    Overdue,
    /// Not done, and due today.
    #[sea_orm(string_value = "due_today")]
    DueToday,
    /// Not done, and due after today.
    #[sea_orm(string_value = "upcoming")]
    Upcoming,
    /// Done by the day it was due.
    #[sea_orm(string_value = "completed_on_time")]
    CompletedOnTime,
    /// Done after the day it was due.
    #[sea_orm(string_value = "completed_late")]
    CompletedLate,
}

/// Where a piece of homework stands today, in UTC: the lists of what is overdue and what is to come.
#[sea_orm::model]
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
    /// Key of the kind of homework.
    pub homework_type_id: Option<i64>,
    /// Day it was given.
    pub assigned_date: Date,
    /// Day it is due.
    pub due_date: Date,
    /// Day it was done.
    pub completed_date: Option<Date>,
    /// Where it stands.
    pub status: HomeworkState,
    /// Days until it is due; negative where it is overdue. Empty where it is done.
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
    /// The kind of homework.
    #[sea_orm(belongs_to, from = "homework_type_id", to = "homework_type_id")]
    pub homework_type: BelongsTo<Option<super::ref_homework_types::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}
