//! `wearable_data`

use sea_orm::entity::prelude::*;

/// What a device measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum DataType {
    /// Heart rate: `bpm`.
    #[sea_orm(string_value = "heart_rate")]
    HeartRate,
    /// Variability of the heart rate: `rmssd`, in milliseconds.
    #[sea_orm(string_value = "hrv")]
    Hrv,
    /// A night: `duration_hours`, `quality`, `stages`, `start_time`, `end_time`.
    #[sea_orm(string_value = "sleep")]
    Sleep,
    /// Steps of a day: `count`.
    #[sea_orm(string_value = "steps")]
    Steps,
    /// Activity of a day: `active_minutes`.
    #[sea_orm(string_value = "activity")]
    Activity,
}

/// Where a sample comes from.
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

/// A sample that a patient's device recorded. The patient sees and sends it; whoever works for the organization sees it while
/// the patient consents to `care_management`. It stays as it is.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(schema_name = "therapyflow", table_name = "wearable_data")]
pub struct Model {
    /// Key of the sample.
    #[sea_orm(primary_key, auto_increment = false, default_expr = "Expr::cust(\"gen_random_uuid()\")")]
    pub id: Uuid,
    /// Organization of the patient; kept by the database, so that a policy finds the rows of an organization by index.
    pub org_id: Uuid,
    /// Key of the patient: the caller.
    #[sea_orm(default_expr = "Expr::cust(\"therapyflow.current_patient_id()\")")]
    pub patient_id: Uuid,
    /// What was measured.
    pub data_type: DataType,
    /// The numbers, an object whose fields depend on what was measured: `{"bpm": 72}`.
    #[sea_orm(column_type = "JsonBinary")]
    pub metrics: Json,
    /// When it was measured.
    pub recorded_at: DateTimeWithTimeZone,
    /// When it was sent.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub synced_at: DateTimeWithTimeZone,
    /// Where it comes from.
    pub source: Option<WearableSource>,
    /// The patient.
    #[sea_orm(belongs_to, from = "patient_id", to = "id")]
    pub patient: BelongsTo<super::patients::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// What can be written.
pub const WRITES: entity::Writes = entity::Writes {
    insert: &["patient_id", "data_type", "metrics", "recorded_at", "source"],
    update: &[],
    delete: false,
};
