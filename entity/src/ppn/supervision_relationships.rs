//! `supervision_relationships`

use sea_orm::entity::prelude::*;

/// How far a supervision has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum SupervisionStatus {
    /// Asked for by the supervisee, not yet agreed to.
    #[sea_orm(string_value = "pending")]
    Pending,
    /// Under way.
    #[sea_orm(string_value = "active")]
    Active,
    /// Ended as planned.
    #[sea_orm(string_value = "completed")]
    Completed,
    /// Withdrawn or broken off.
    #[sea_orm(string_value = "cancelled")]
    Cancelled,
}

/// Supervision of one practitioner by another. Only the two of them see it.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "supervision_relationships")]
pub struct Model {
    /// Key of the relationship.
    #[sea_orm(primary_key)]
    pub relationship_id: i64,
    /// Key of the profile of who supervises.
    pub supervisor_id: Option<i64>,
    /// Key of the profile of who is supervised: that of whoever asks, and never the supervisor.
    #[sea_orm(default_expr = "Expr::cust(\"praxis.auth_profile()\")")]
    pub supervisee_id: Option<i64>,
    /// How far the relationship has come. A new one is pending; the supervisor makes it active, if they have a free place; then
    /// either of the two completes it. Until it is completed either can cancel it.
    pub status: Option<SupervisionStatus>,
    /// When supervision began: when the supervisor accepted; kept by the database.
    pub started_at: Option<DateTimeWithTimeZone>,
    /// When supervision was completed or cancelled; kept by the database.
    pub ended_at: Option<DateTimeWithTimeZone>,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: Option<DateTimeWithTimeZone>,
    /// Who supervises.
    #[sea_orm(belongs_to, relation_enum = "Supervisor", from = "supervisor_id", to = "profile_id")]
    pub supervisor: BelongsTo<Option<super::practitioner_profiles::Entity>>,
    /// Who is supervised.
    #[sea_orm(belongs_to, relation_enum = "Supervisee", from = "supervisee_id", to = "profile_id")]
    pub supervisee: BelongsTo<Option<super::practitioner_profiles::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}

/// What can be written.
pub const WRITES: crate::Writes =
    crate::Writes { insert: &["supervisor_id"], update: &["status"], delete: false };
