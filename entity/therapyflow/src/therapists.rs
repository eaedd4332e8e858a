//! `therapists`

use sea_orm::entity::prelude::*;

/// What somebody may do in their organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum TherapistRole {
    /// Treats patients: sees those of the organization, and the sessions and notes of their own.
    #[sea_orm(string_value = "therapist")]
    Therapist,
    /// Administers the organization: sees everything of it, and its audit log.
    #[sea_orm(string_value = "admin")]
    Admin,
    /// Owns the organization: an administrator who also makes administrators.
    #[sea_orm(string_value = "owner")]
    Owner,
}

/// Somebody who works for an organization. Colleagues see each other.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(schema_name = "therapyflow", table_name = "therapists")]
pub struct Model {
    /// Key of the therapist.
    #[sea_orm(primary_key, auto_increment = false, default_expr = "Expr::cust(\"gen_random_uuid()\")")]
    pub id: Uuid,
    /// Key of the organization: that of the administrator who adds the therapist.
    #[sea_orm(unique_key = "org_email", default_expr = "Expr::cust(\"therapyflow.administered_org_id()\")")]
    pub org_id: Uuid,
    /// Account that signs in.
    #[sea_orm(unique)]
    pub user_id: Option<Uuid>,
    /// What the person may do in the organization. Only an owner makes administrators and owners.
    #[sea_orm(default_value = "therapist")]
    pub role: TherapistRole,
    /// Address; once in an organization.
    #[sea_orm(column_type = "Text", unique_key = "org_email")]
    pub email: String,
    /// Name.
    #[sea_orm(column_type = "Text")]
    pub full_name: String,
    /// Number of the licence to practise.
    #[sea_orm(column_type = "Text")]
    pub license_number: Option<String>,
    /// What the therapist specialises in.
    #[sea_orm(column_type = "Text")]
    pub specialization: Option<String>,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeWithTimeZone,
    /// When the row was last changed; kept by the database.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeWithTimeZone,
    /// The organization.
    #[sea_orm(belongs_to, from = "org_id", to = "id")]
    pub organization: BelongsTo<super::organizations::Entity>,
    /// Patients who are assigned to the therapist.
    #[sea_orm(has_many)]
    pub patients: HasMany<super::patients::Entity>,
    /// Sessions of the therapist. A therapist sees their own, an administrator everybody's.
    #[sea_orm(has_many)]
    pub sessions: HasMany<super::sessions::Entity>,
    /// Notes that the therapist approved.
    #[sea_orm(has_many)]
    pub approved_notes: HasMany<super::clinical_notes::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// What can be written.
pub const WRITES: entity::Writes = entity::Writes { insert: COLUMNS, update: COLUMNS, delete: false };

/// Columns of the inputs.
const COLUMNS: &[&str] = &["email", "full_name", "role", "license_number", "specialization"];
