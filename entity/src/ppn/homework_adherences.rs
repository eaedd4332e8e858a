//! `homework_adherences`

use sea_orm::entity::prelude::*;

/// What has become of the homework of a protocol by today, in UTC.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "homework_adherences")]
pub struct Model {
    /// Key of the protocol.
    #[sea_orm(primary_key, auto_increment = false)]
    pub protocol_id: i64,
    /// Site of the protocol.
    pub site_id: i64,
    /// Number of pieces of homework given.
    pub assigned: i32,
    /// Of these, done.
    pub completed: i32,
    /// Of these, done by the day they were due.
    pub completed_on_time: i32,
    /// Not done yet.
    pub open: i32,
    /// Not done, and due before today.
    pub overdue: i32,
    /// Share of the homework that is done, in percent of what is done or due by today. Empty where there is none.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub adherence: Option<Decimal>,
    /// Protocol the homework belongs to.
    #[sea_orm(belongs_to, from = "protocol_id", to = "record_id")]
    pub protocol: BelongsTo<super::log_clinical_records::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
