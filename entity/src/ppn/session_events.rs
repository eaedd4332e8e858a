//! `session_events`

use sea_orm::entity::prelude::*;

/// Something that happened during a session, logged with a tap: a moment of distress, a breakthrough, a check of vital signs.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "session_events")]
pub struct Model {
    /// Key of the event.
    #[sea_orm(primary_key)]
    pub event_id: i64,
    /// Key of the protocol.
    pub protocol_id: Option<i64>,
    /// Key of the kind of event.
    pub event_type_id: Option<i64>,
    /// When it happened; now, unless it is said.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub event_timestamp: DateTimeWithTimeZone,
    /// How intense it was, from 1 to 10.
    pub intensity_level: Option<i32>,
    /// Structured note, such as `BP 128/82, HR 84`.
    #[sea_orm(column_type = "Text")]
    pub notes: Option<String>,
    /// Account that logged the event; kept by the database.
    pub created_by: Option<Uuid>,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: Option<DateTimeWithTimeZone>,
    /// Site of the protocol; kept by the database, so that a policy finds the rows of a site by index.
    pub site_id: Option<i64>,
    /// Protocol the event belongs to.
    #[sea_orm(belongs_to, from = "protocol_id", to = "record_id")]
    pub protocol: BelongsTo<Option<super::log_clinical_records::Entity>>,
    /// The kind of event.
    #[sea_orm(belongs_to, from = "event_type_id", to = "event_type_id")]
    pub event_type: BelongsTo<Option<super::ref_event_types::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}

/// What can be written.
pub const WRITES: crate::Writes = crate::Writes {
    insert: &["protocol_id", "event_type_id", "event_timestamp", "intensity_level", "notes"],
    update: &[],
    delete: false,
};
