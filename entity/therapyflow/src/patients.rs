//! `patients`

use sea_orm::entity::prelude::*;

/// A patient of an organization. Staff of the organization see all its patients; a patient sees only their own row.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(schema_name = "therapyflow", table_name = "patients")]
pub struct Model {
    /// Key of the patient.
    #[sea_orm(primary_key, auto_increment = false, default_expr = "Expr::cust(\"gen_random_uuid()\")")]
    pub id: Uuid,
    /// Key of the organization, which is that of the caller who adds the patient.
    #[sea_orm(unique_key = "org_abha", default_expr = "Expr::cust(\"therapyflow.staff_org_id()\")")]
    pub org_id: Uuid,
    /// Key of the therapist to whom the patient is assigned, in the same organization.
    pub assigned_therapist_id: Option<Uuid>,
    /// Account of the patient.
    #[sea_orm(unique)]
    pub user_id: Option<Uuid>,
    /// Name.
    #[sea_orm(column_type = "Text")]
    pub full_name: String,
    /// Telephone number.
    #[sea_orm(column_type = "Text")]
    pub phone: Option<String>,
    /// Number of the patient's Ayushman Bharat health account, such as `12-3456-7890-1234`; unique in an organization.
    #[sea_orm(column_type = "Text", unique_key = "org_abha")]
    pub abha_id: Option<String>,
    /// Other data of the patient, an object: `age`, `gender`, `primary_concern`, `referral_source`.
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub demographics: Json,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeWithTimeZone,
    /// When the row was last changed; set by the database.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeWithTimeZone,
    /// The organization.
    #[sea_orm(belongs_to, from = "org_id", to = "id")]
    pub organization: BelongsTo<super::organizations::Entity>,
    /// The therapist to whom the patient is assigned.
    #[sea_orm(belongs_to, from = "assigned_therapist_id", to = "id")]
    pub assigned_therapist: BelongsTo<Option<super::therapists::Entity>>,
    /// Sessions of the patient.
    #[sea_orm(has_many)]
    pub sessions: HasMany<super::sessions::Entity>,
    /// Samples recorded by the patient's devices. Staff see them while the patient consents.
    #[sea_orm(has_many)]
    pub wearable_samples: HasMany<super::wearable_data::Entity>,
    /// Requests for the patient's consent.
    #[sea_orm(has_many)]
    pub consent_records: HasMany<super::consent_records::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The columns that callers may write, and whether they may delete rows.
pub const WRITES: entity::Writes = entity::Writes { insert: COLUMNS, update: COLUMNS, delete: false };

/// Columns of the inputs.
const COLUMNS: &[&str] = &["assigned_therapist_id", "full_name", "phone", "abha_id", "demographics"];
