//! `patients`

use sea_orm::entity::prelude::*;

/// A patient of an organization. Whoever works there sees the patient; the patient sees oneself.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(schema_name = "therapyflow", table_name = "patients")]
pub struct Model {
    /// Key of the patient.
    #[sea_orm(primary_key, auto_increment = false, default_expr = "Expr::cust(\"gen_random_uuid()\")")]
    pub id: Uuid,
    /// Key of the organization: that of whoever adds the patient.
    #[sea_orm(unique_key = "org_abha", default_expr = "Expr::cust(\"therapyflow.staff_org_id()\")")]
    pub org_id: Uuid,
    /// Key of the therapist whom the patient is assigned to; of the same organization.
    pub assigned_therapist_id: Option<Uuid>,
    /// Account of the patient's portal.
    #[sea_orm(unique)]
    pub user_id: Option<Uuid>,
    /// Name.
    #[sea_orm(column_type = "Text")]
    pub full_name: String,
    /// Telephone number.
    #[sea_orm(column_type = "Text")]
    pub phone: Option<String>,
    /// Number of the patient's Ayushman Bharat health account, such as `12-3456-7890-1234`; once in an organization.
    #[sea_orm(column_type = "Text", unique_key = "org_abha")]
    pub abha_id: Option<String>,
    /// What else is known of the patient, an object: `age`, `gender`, `primary_concern`, `referral_source`.
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub demographics: Json,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeWithTimeZone,
    /// When the row was last changed; kept by the database.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeWithTimeZone,
    /// The organization.
    #[sea_orm(belongs_to, from = "org_id", to = "id")]
    pub organization: BelongsTo<super::organizations::Entity>,
    /// The therapist whom the patient is assigned to.
    #[sea_orm(belongs_to, from = "assigned_therapist_id", to = "id")]
    pub assigned_therapist: BelongsTo<Option<super::therapists::Entity>>,
    /// Sessions of the patient.
    #[sea_orm(has_many)]
    pub sessions: HasMany<super::sessions::Entity>,
    /// What the patient's devices recorded. Staff see it while the patient consents.
    #[sea_orm(has_many)]
    pub wearable_samples: HasMany<super::wearable_data::Entity>,
    /// What the patient was asked to consent to.
    #[sea_orm(has_many)]
    pub consent_records: HasMany<super::consent_records::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// What can be written.
pub const WRITES: entity::Writes = entity::Writes { insert: COLUMNS, update: COLUMNS, delete: false };

/// Columns of the inputs.
const COLUMNS: &[&str] = &["assigned_therapist_id", "full_name", "phone", "abha_id", "demographics"];
