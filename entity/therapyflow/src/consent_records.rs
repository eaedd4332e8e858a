//! `consent_records`

use sea_orm::entity::prelude::*;

/// Purpose for which data may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum ConsentPurpose {
    /// Treatment of the patient.
    #[sea_orm(string_value = "care_management")]
    CareManagement,
    /// Research.
    #[sea_orm(string_value = "research")]
    Research,
    /// Insurance.
    #[sea_orm(string_value = "insurance")]
    Insurance,
}

/// Status of a consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum ConsentStatus {
    /// The patient has not decided yet.
    #[sea_orm(string_value = "REQUESTED")]
    Requested,
    /// The patient agrees.
    #[sea_orm(string_value = "GRANTED")]
    Granted,
    /// The patient disagrees.
    #[sea_orm(string_value = "DENIED")]
    Denied,
    /// The patient has withdrawn the consent.
    #[sea_orm(string_value = "REVOKED")]
    Revoked,
    /// The consent has reached its end time.
    #[sea_orm(string_value = "EXPIRED")]
    Expired,
}

/// A request for a patient's consent, and its status. Staff of the organization see it and may request it; the patient
/// decides.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(schema_name = "therapyflow", table_name = "consent_records")]
pub struct Model {
    /// Key of the consent.
    #[sea_orm(primary_key, auto_increment = false, default_expr = "Expr::cust(\"gen_random_uuid()\")")]
    pub id: Uuid,
    /// Organization of the patient; set by the database, so that policies can find an organization's rows by index.
    #[sea_orm(unique_key = "org_request")]
    pub org_id: Uuid,
    /// Key of the patient; default the caller.
    #[sea_orm(unique_key = "org_request", default_expr = "Expr::cust(\"therapyflow.current_patient_id()\")")]
    pub patient_id: Uuid,
    /// Id of the request at the health information exchange; unique for each patient.
    #[sea_orm(column_type = "Text", unique_key = "org_request")]
    pub consent_request_id: Option<String>,
    /// Id of the consent artefact at the exchange.
    #[sea_orm(column_type = "Text")]
    pub consent_artifact_id: Option<String>,
    /// Purpose for which data may be used.
    pub purpose: ConsentPurpose,
    /// Types of health information that the exchange hands out: `Prescription`, `DiagnosticReport`, `OPConsultation`.
    #[sea_orm(column_type = "Array(sea_orm::sea_query::RcOrArc::new(ColumnType::Text))")]
    pub hi_types: Option<Vec<String>>,
    /// Period for which the exchange hands out information, an object with `from` and `to`.
    #[sea_orm(column_type = "JsonBinary")]
    pub date_range: Option<Json>,
    /// Status of the consent. A consent is requested, then granted or denied; a granted consent can be revoked.
    #[sea_orm(default_value = "REQUESTED")]
    pub status: ConsentStatus,
    /// When the consent was granted; set by the database.
    pub granted_at: Option<DateTimeWithTimeZone>,
    /// When the consent ends, regardless of its status.
    pub expires_at: Option<DateTimeWithTimeZone>,
    /// When the consent was revoked; set by the database.
    pub revoked_at: Option<DateTimeWithTimeZone>,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeWithTimeZone,
    /// When the row was last changed; set by the database.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeWithTimeZone,
    /// The patient.
    #[sea_orm(belongs_to, from = "patient_id", to = "id")]
    pub patient: BelongsTo<super::patients::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The columns that callers may write, and whether they may delete rows.
pub const WRITES: entity::Writes = entity::Writes {
    insert: &["patient_id", "consent_request_id", "purpose", "hi_types", "date_range", "expires_at"],
    update: &["status", "expires_at"],
    delete: false,
};
