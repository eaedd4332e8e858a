//! `therapists`

use sea_orm::entity::prelude::*;

/// Role of a member of staff in the organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum TherapistRole {
    /// Treats patients: sees the organization's patients, and their own sessions and notes.
    #[sea_orm(string_value = "therapist")]
    Therapist,
    /// Administers the organization: sees all its rows and its audit log.
    #[sea_orm(string_value = "admin")]
    Admin,
    /// Owns the organization: an administrator who can also create administrators.
    #[sea_orm(string_value = "owner")]
    Owner,
}

/// A member of an organization's staff. Colleagues see each other.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(schema_name = "therapyflow", table_name = "therapists")]
pub struct Model {
    /// Key of the therapist.
    #[sea_orm(primary_key, auto_increment = false, default_expr = "Expr::cust(\"gen_random_uuid()\")")]
    pub id: Uuid,
    /// Key of the organization, which is that of the administrator who adds the therapist.
    #[sea_orm(unique_key = "org_email", default_expr = "Expr::cust(\"therapyflow.administered_org_id()\")")]
    pub org_id: Uuid,
    /// Account of the therapist.
    #[sea_orm(unique)]
    pub user_id: Option<Uuid>,
    /// Role of the person in the organization. Only an owner creates administrators and owners.
    #[sea_orm(default_value = "therapist")]
    pub role: TherapistRole,
    /// E-mail address; unique in an organization.
    #[sea_orm(column_type = "Text", unique_key = "org_email")]
    pub email: String,
    /// Name.
    #[sea_orm(column_type = "Text")]
    pub full_name: String,
    /// Number of the licence to practise.
    #[sea_orm(column_type = "Text")]
    pub license_number: Option<String>,
    /// Specialization of the therapist.
    #[sea_orm(column_type = "Text")]
    pub specialization: Option<String>,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeWithTimeZone,
    /// When the row was last changed; set by the database.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: DateTimeWithTimeZone,
    /// The organization.
    #[sea_orm(belongs_to, from = "org_id", to = "id")]
    pub organization: BelongsTo<super::organizations::Entity>,
    /// Patients assigned to the therapist.
    #[sea_orm(has_many)]
    pub patients: HasMany<super::patients::Entity>,
    /// Sessions of the therapist. A therapist sees their own, an administrator all.
    #[sea_orm(has_many)]
    pub sessions: HasMany<super::sessions::Entity>,
    /// Notes that the therapist approved.
    #[sea_orm(has_many)]
    pub approved_notes: HasMany<super::clinical_notes::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The columns that callers may write, and whether they may delete rows.
pub const WRITES: entity::Writes = entity::Writes { insert: COLUMNS, update: COLUMNS, delete: false };

/// Columns of the inputs.
const COLUMNS: &[&str] = &["email", "full_name", "role", "license_number", "specialization"];
