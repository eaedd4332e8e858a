//! `homework_adherences`

use sea_orm::entity::prelude::*;

/// Counts of a protocol's homework by its status today, in UTC.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "homework_adherences")]
pub struct Model {
    /// Key of the protocol.
    #[sea_orm(primary_key, auto_increment = false)]
    pub protocol_id: i64,
    /// Site of the protocol.
    pub site_id: i64,
    /// Number of homework assignments.
    pub assigned: i32,
    /// Number of completed assignments.
    pub completed: i32,
    /// Number of assignments completed on or before their due date.
    pub completed_on_time: i32,
    /// Number of assignments not completed yet.
    pub open: i32,
    /// Number of assignments not completed and due before today.
    pub overdue: i32,
    /// Completed assignments, in percent of all that are completed or due by today. Null if there are none.
    #[sea_orm(column_type = "Decimal(Some((5, 2)))")]
    pub adherence: Option<Decimal>,
    /// Protocol the homework belongs to.
    #[sea_orm(belongs_to, from = "protocol_id", to = "record_id")]
    pub protocol: BelongsTo<super::log_clinical_records::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
