//! `supervision_network_edges`, a view

use sea_orm::entity::prelude::*;

/// What links two practitioners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Kind {
    /// One supervises the other, or is asked to: from supervisor to supervisee.
    #[sea_orm(string_value = "supervision")]
    Supervision,
    /// Both are in a circle; the lesser key comes first.
    #[sea_orm(string_value = "circle")]
    Circle,
}

/// Where a supervision that is not over stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Status {
    /// Asked for, not accepted yet.
    #[sea_orm(string_value = "pending")]
    Pending,
    /// Under way.
    #[sea_orm(string_value = "active")]
    Active,
}

/// A link between two practitioners of the supervision network: supervision of the caller or by the caller, or a circle that
/// both are in. What is over is no link.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "supervision_network_edges")]
pub struct Model {
    /// What links the two.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: Kind,
    /// Key of the relationship or of the circle.
    #[sea_orm(primary_key, auto_increment = false)]
    pub link_id: i64,
    /// Profile at one end: of supervision, the supervisor.
    #[sea_orm(primary_key, auto_increment = false)]
    pub source_id: i64,
    /// Profile at the other end: of supervision, the supervisee.
    #[sea_orm(primary_key, auto_increment = false)]
    pub target_id: i64,
    /// Where supervision stands; empty for a circle.
    pub status: Option<Status>,
    /// Since when: of supervision, its start or else the request; of a circle, since both are in it.
    pub since: Option<DateTimeWithTimeZone>,
    /// Key of the circle; empty for supervision.
    pub circle_id: Option<i64>,
    /// Account of whoever looks.
    pub viewer_id: Option<Uuid>,
    /// Profile at one end: of supervision, the supervisor.
    #[sea_orm(belongs_to, relation_enum = "Source", from = "source_id", to = "profile_id")]
    pub source: BelongsTo<super::practitioner_profiles::Entity>,
    /// Profile at the other end: of supervision, the supervisee.
    #[sea_orm(belongs_to, relation_enum = "Target", from = "target_id", to = "profile_id")]
    pub target: BelongsTo<super::practitioner_profiles::Entity>,
    /// The circle that both are in.
    #[sea_orm(belongs_to, from = "circle_id", to = "circle_id")]
    pub circle: BelongsTo<Option<super::supervision_circles::Entity>>,
    /// The network as a whole.
    #[sea_orm(belongs_to, from = "viewer_id", to = "viewer_id")]
    pub network: BelongsTo<Option<super::supervision_networks::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}
