//! `wearable_data`

use sea_orm::entity::prelude::*;

/// Type of a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum DataType {
    /// Heart rate: `bpm`.
    #[sea_orm(string_value = "heart_rate")]
    HeartRate,
    /// Variability of the heart rate: `rmssd`, in milliseconds.
    #[sea_orm(string_value = "hrv")]
    Hrv,
    /// Sleep of a night: `duration_hours`, `quality`, `stages`, `start_time`, `end_time`.
    #[sea_orm(string_value = "sleep")]
    Sleep,
    /// Steps of a day: `count`.
    #[sea_orm(string_value = "steps")]
    Steps,
    /// Activity of a day: `active_minutes`.
    #[sea_orm(string_value = "activity")]
    Activity,
}

/// Source of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum WearableSource {
    /// Google Health Connect.
    #[sea_orm(string_value = "google_health_connect")]
    GoogleHealthConnect,
    /// Apple HealthKit.
    #[sea_orm(string_value = "apple_healthkit")]
    AppleHealthkit,
}

/// A sample recorded by a patient's device. The patient sends and sees it; staff of the organization see it while the
/// patient consents to `care_management`. It cannot be changed.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(schema_name = "therapyflow", table_name = "wearable_data")]
pub struct Model {
    /// Key of the sample.
    #[sea_orm(primary_key, auto_increment = false, default_expr = "Expr::cust(\"gen_random_uuid()\")")]
    pub id: Uuid,
    /// Organization of the patient; set by the database, so that policies can find an organization's rows by index.
    pub org_id: Uuid,
    /// Key of the patient, which is the caller.
    #[sea_orm(default_expr = "Expr::cust(\"therapyflow.current_patient_id()\")")]
    pub patient_id: Uuid,
    /// Type of the measurement.
    pub data_type: DataType,
    /// Measured values, an object whose fields depend on the type: `{"bpm": 72}`.
    #[sea_orm(column_type = "JsonBinary")]
    pub metrics: Json,
    /// Time of the measurement.
    pub recorded_at: DateTimeWithTimeZone,
    /// When the sample was sent.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub synced_at: DateTimeWithTimeZone,
    /// Source of the sample.
    pub source: Option<WearableSource>,
    /// The patient.
    #[sea_orm(belongs_to, from = "patient_id", to = "id")]
    pub patient: BelongsTo<super::patients::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The columns that callers may write, and whether they may delete rows.
pub const WRITES: entity::Writes = entity::Writes {
    insert: &["patient_id", "data_type", "metrics", "recorded_at", "source"],
    update: &[],
    delete: false,
};
