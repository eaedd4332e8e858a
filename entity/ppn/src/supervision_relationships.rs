//! `supervision_relationships`

use sea_orm::entity::prelude::*;

/// Status of a supervision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum SupervisionStatus {
    /// Requested by the supervisee, not accepted yet.
    #[sea_orm(string_value = "pending")]
    Pending,
    /// In progress.
    #[sea_orm(string_value = "active")]
    Active,
    /// Ended as planned.
    #[sea_orm(string_value = "completed")]
    Completed,
    /// Withdrawn or ended early.
    #[sea_orm(string_value = "cancelled")]
    Cancelled,
}

/// Supervision of one practitioner by another. Only the two of them see it.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "supervision_relationships")]
pub struct Model {
    /// Key of the relationship.
    #[sea_orm(primary_key)]
    pub relationship_id: i64,
    /// Key of the supervisor's profile.
    pub supervisor_id: Option<i64>,
    /// Key of the supervisee's profile, which is the caller's in a new request, and never the supervisor's.
    #[sea_orm(default_expr = "Expr::cust(\"praxis.auth_profile()\")")]
    pub supervisee_id: Option<i64>,
    /// Status of the relationship. A new one is pending; the supervisor activates it if they have a free place; then
    /// either participant completes it. Until then either participant can cancel it.
    pub status: Option<SupervisionStatus>,
    /// When the supervisor accepted and supervision began; set by the database.
    pub started_at: Option<DateTimeWithTimeZone>,
    /// When supervision was completed or cancelled; set by the database.
    pub ended_at: Option<DateTimeWithTimeZone>,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: Option<DateTimeWithTimeZone>,
    /// The supervisor.
    #[sea_orm(belongs_to, relation_enum = "Supervisor", from = "supervisor_id", to = "profile_id")]
    pub supervisor: BelongsTo<Option<super::practitioner_profiles::Entity>>,
    /// The supervisee.
    #[sea_orm(belongs_to, relation_enum = "Supervisee", from = "supervisee_id", to = "profile_id")]
    pub supervisee: BelongsTo<Option<super::practitioner_profiles::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The columns that callers may write, and whether they may delete rows.
pub const WRITES: entity::Writes =
    entity::Writes { insert: &["supervisor_id"], update: &["status"], delete: false };
