//! `practitioner_profiles`

use sea_orm::entity::prelude::*;

/// A practitioner in the supervision directory, which every signed-in user can search.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "practitioner_profiles")]
pub struct Model {
    /// Key of the profile.
    #[sea_orm(primary_key)]
    pub profile_id: i64,
    /// Account of the practitioner, which is that of the caller who creates the profile.
    #[sea_orm(unique, default_expr = "Expr::cust(\"auth.uid()\")")]
    pub user_id: Option<Uuid>,
    /// Name shown in the directory.
    #[sea_orm(column_type = "Text")]
    pub display_name: Option<String>,
    /// Conditions and fields the practitioner works with, such as `PTSD` or `Integration`.
    #[sea_orm(column_type = "Array(sea_orm::sea_query::RcOrArc::new(ColumnType::Text))")]
    pub specialties: Option<Vec<String>>,
    /// Substances and methods the practitioner works with, such as `Ketamine`.
    #[sea_orm(column_type = "Array(sea_orm::sea_query::RcOrArc::new(ColumnType::Text))")]
    pub modalities: Option<Vec<String>>,
    /// Years of experience.
    pub years_experience: Option<i32>,
    /// Fee per hour of supervision, in US dollars. Null if it is agreed in person.
    #[sea_orm(column_type = "Decimal(Some((10, 2)))")]
    pub hourly_rate: Option<Decimal>,
    /// Whether the practitioner takes new supervisees.
    #[sea_orm(default_value = true)]
    pub is_accepting_supervision: Option<bool>,
    /// Largest number of supervisees that the practitioner takes.
    #[sea_orm(default_value = 5)]
    pub max_supervisees: Option<i32>,
    /// Short text of the practitioner about themself, up to 500 characters.
    #[sea_orm(column_type = "Text")]
    pub bio: Option<String>,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: Option<DateTimeWithTimeZone>,
    /// When the row was last changed; set by the database.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: Option<DateTimeWithTimeZone>,
    /// Relationships in which the practitioner is the supervisor. A caller sees only their own.
    #[sea_orm(has_many, relation_enum = "AsSupervisor", via_rel = "Supervisor")]
    pub as_supervisor: HasMany<super::supervision_relationships::Entity>,
    /// Relationships in which the practitioner is the supervisee. A caller sees only their own.
    #[sea_orm(has_many, relation_enum = "AsSupervisee", via_rel = "Supervisee")]
    pub as_supervisee: HasMany<super::supervision_relationships::Entity>,
    /// Circles the practitioner belongs to.
    #[sea_orm(has_many)]
    pub circle_memberships: HasMany<super::circle_members::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The columns that callers may write, and whether they may delete rows.
pub const WRITES: entity::Writes = entity::Writes { insert: COLUMNS, update: COLUMNS, delete: false };

/// Columns of the inputs.
const COLUMNS: &[&str] = &[
    "display_name",
    "specialties",
    "modalities",
    "years_experience",
    "hourly_rate",
    "is_accepting_supervision",
    "max_supervisees",
    "bio",
];
