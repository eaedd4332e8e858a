//! `circle_members`

use sea_orm::entity::prelude::*;

/// Membership of a practitioner in a circle.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "circle_members")]
pub struct Model {
    /// Key of the circle.
    #[sea_orm(primary_key, auto_increment = false)]
    pub circle_id: i64,
    /// Key of the member's profile, which is the caller's: callers join only for themselves.
    #[sea_orm(primary_key, auto_increment = false, default_expr = "Expr::cust(\"praxis.auth_profile()\")")]
    pub profile_id: i64,
    /// When the practitioner joined.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub joined_at: Option<DateTimeWithTimeZone>,
    /// The circle.
    #[sea_orm(belongs_to, from = "circle_id", to = "circle_id")]
    pub circle: BelongsTo<super::supervision_circles::Entity>,
    /// The member.
    #[sea_orm(belongs_to, from = "profile_id", to = "profile_id")]
    pub profile: BelongsTo<super::practitioner_profiles::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The columns that callers may write, and whether they may delete rows.
pub const WRITES: entity::Writes =
    entity::Writes { insert: &["circle_id", "profile_id"], update: &[], delete: true };
