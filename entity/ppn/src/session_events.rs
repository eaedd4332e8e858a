//! `session_events`

use sea_orm::entity::prelude::*;

/// An event logged during a session, such as a moment of distress, a breakthrough or a check of vital signs.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "session_events")]
pub struct Model {
    /// Key of the event.
    #[sea_orm(primary_key)]
    pub event_id: i64,
    /// Key of the protocol.
    #[sea_orm(unique_key = "client_event")]
    pub protocol_id: Option<i64>,
    /// Key of the event type.
    pub event_type_id: Option<i64>,
    /// When the event happened; default now.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub event_timestamp: DateTimeWithTimeZone,
    /// Intensity of the event, from 1 to 10.
    pub intensity_level: Option<i32>,
    /// Structured note, such as `Hand held; settled in 10 min`.
    #[sea_orm(column_type = "Text")]
    pub notes: Option<String>,
    /// Id that the device gave the event, so that it is never written twice; unique within a protocol.
    #[sea_orm(unique_key = "client_event")]
    pub client_event_id: Option<Uuid>,
    /// Dose given, in milligrams, for event types that record a dose.
    #[sea_orm(column_type = "Decimal(Some((6, 2)))")]
    pub dose_mg: Option<Decimal>,
    /// Heart rate, in beats per minute, for event types that record vital signs.
    pub heart_rate: Option<i32>,
    /// Systolic blood pressure, in mmHg.
    pub systolic_mmhg: Option<i32>,
    /// Diastolic blood pressure, in mmHg; lower than the systolic pressure.
    pub diastolic_mmhg: Option<i32>,
    /// Oxygen saturation, in percent.
    pub oxygen_saturation: Option<i32>,
    /// Account that logged the event; set by the database.
    pub created_by: Option<Uuid>,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: Option<DateTimeWithTimeZone>,
    /// Site of the protocol; set by the database, so that policies can find a site's rows by index.
    pub site_id: Option<i64>,
    /// Protocol the event belongs to.
    #[sea_orm(belongs_to, from = "protocol_id", to = "record_id")]
    pub protocol: BelongsTo<Option<super::log_clinical_records::Entity>>,
    /// The event type.
    #[sea_orm(belongs_to, from = "event_type_id", to = "event_type_id")]
    pub event_type: BelongsTo<Option<super::ref_event_types::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The columns that callers may write, and whether they may delete rows.
pub const WRITES: entity::Writes = entity::Writes {
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
