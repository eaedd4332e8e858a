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
    #[sea_orm(unique_key = "client_event")]
    pub protocol_id: Option<i64>,
    /// Key of the kind of event.
    pub event_type_id: Option<i64>,
    /// When it happened; now, unless it is said.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub event_timestamp: DateTimeWithTimeZone,
    /// How intense it was, from 1 to 10.
    pub intensity_level: Option<i32>,
    /// Structured note, such as `Hand held; settled in 10 min`.
    #[sea_orm(column_type = "Text")]
    pub notes: Option<String>,
    /// Name that the device gave the event, so that it is never written twice: of a protocol, each name is there once.
    #[sea_orm(unique_key = "client_event")]
    pub client_event_id: Option<Uuid>,
    /// Dose given, in milligrams. Only types of events that record a dose have one.
    #[sea_orm(column_type = "Decimal(Some((6, 2)))")]
    pub dose_mg: Option<Decimal>,
    /// Heart rate, in beats per minute. Only types of events that record vital signs have it, as with those that follow.
    pub heart_rate: Option<i32>,
    /// Systolic blood pressure, in mmHg.
    pub systolic_mmhg: Option<i32>,
    /// Diastolic blood pressure, in mmHg; lower than the systolic.
    pub diastolic_mmhg: Option<i32>,
    /// Oxygen saturation, in percent.
    pub oxygen_saturation: Option<i32>,
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
    insert: &[
        "protocol_id",
        "event_type_id",
        "event_timestamp",
        "intensity_level",
        "notes",
        "client_event_id",
        "dose_mg",
        "heart_rate",
        "systolic_mmhg",
        "diastolic_mmhg",
        "oxygen_saturation",
    ],
    update: &[],
    delete: false,
};
