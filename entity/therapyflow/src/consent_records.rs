//! `consent_records`

use sea_orm::entity::prelude::*;

/// What data may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum ConsentPurpose {
    /// To treat the patient.
    #[sea_orm(string_value = "care_management")]
    CareManagement,
    /// For research.
    #[sea_orm(string_value = "research")]
    Research,
    /// For an insurance.
    #[sea_orm(string_value = "insurance")]
    Insurance,
}

/// What became of a consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum ConsentStatus {
    /// The patient is asked.
    #[sea_orm(string_value = "REQUESTED")]
    Requested,
    /// The patient agrees.
    #[sea_orm(string_value = "GRANTED")]
    Granted,
    /// The patient does not agree.
    #[sea_orm(string_value = "DENIED")]
    Denied,
    /// The patient has taken it back.
    #[sea_orm(string_value = "REVOKED")]
    Revoked,
    /// It has ended by its time.
    #[sea_orm(string_value = "EXPIRED")]
    Expired,
}

/// What a patient was asked to consent to, and what became of it. Whoever works for the organization sees it and may ask; the
/// patient decides.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(schema_name = "therapyflow", table_name = "consent_records")]
pub struct Model {
    /// Key of the consent.
    #[sea_orm(primary_key, auto_increment = false, default_expr = "Expr::cust(\"gen_random_uuid()\")")]
    pub id: Uuid,
    /// Organization of the patient; kept by the database, so that a policy finds the rows of an organization by index.
    #[sea_orm(unique_key = "org_request")]
    pub org_id: Uuid,
    /// Key of the patient: the caller, unless it is said.
    #[sea_orm(unique_key = "org_request", default_expr = "Expr::cust(\"therapyflow.current_patient_id()\")")]
    pub patient_id: Uuid,
    /// Name of the request at the health information exchange; once for a patient.
    #[sea_orm(column_type = "Text", unique_key = "org_request")]
    pub consent_request_id: Option<String>,
    /// Name of the artefact that the exchange made of it.
    #[sea_orm(column_type = "Text")]
    pub consent_artifact_id: Option<String>,
    /// What data may be used for.
    pub purpose: ConsentPurpose,
    /// Types of health information that the exchange hands out: `Prescription`, `DiagnosticReport`, `OPConsultation`.
    #[sea_orm(column_type = "Array(sea_orm::sea_query::RcOrArc::new(ColumnType::Text))")]
    pub hi_types: Option<Vec<String>>,
    /// From when to when the exchange hands out information, an object with `from` and `to`.
    #[sea_orm(column_type = "JsonBinary")]
    pub date_range: Option<Json>,
    /// What became of it. A consent is requested, then granted or denied; what is granted can be revoked.
    #[sea_orm(default_value = "REQUESTED")]
    pub status: ConsentStatus,
    /// When it was granted; kept by the database.
    pub granted_at: Option<DateTimeWithTimeZone>,
    /// When it ends, whatever its status says.
    pub expires_at: Option<DateTimeWithTimeZone>,
    /// When it was revoked; kept by the database.
    pub revoked_at: Option<DateTimeWithTimeZone>,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeWithTimeZone,
    /// When the row was last changed; kept by the database.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeWithTimeZone,
    /// The patient.
    #[sea_orm(belongs_to, from = "patient_id", to = "id")]
    pub patient: BelongsTo<super::patients::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// What can be written.
pub const WRITES: entity::Writes = entity::Writes {
    insert: &["patient_id", "consent_request_id", "purpose", "hi_types", "date_range", "expires_at"],
    update: &["status", "expires_at"],
    delete: false,
};
