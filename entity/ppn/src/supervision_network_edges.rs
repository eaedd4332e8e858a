//! `supervision_network_edges`, a view

use sea_orm::entity::prelude::*;

/// Type of a link between two practitioners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Kind {
    /// Active or pending supervision, from supervisor to supervisee.
    #[sea_orm(string_value = "supervision")]
    Supervision,
    /// Membership of both in a circle; the smaller key comes first.
    #[sea_orm(string_value = "circle")]
    Circle,
}

/// Status of a supervision that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Status {
    /// Requested, not accepted yet.
    #[sea_orm(string_value = "pending")]
    Pending,
    /// In progress.
    #[sea_orm(string_value = "active")]
    Active,
}

/// A link between two practitioners of the supervision network: supervision of or by the caller, or a circle that both
/// are in. Ended supervision is not a link.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "supervision_network_edges")]
pub struct Model {
    /// Type of the link.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: Kind,
    /// Key of the relationship or of the circle.
    #[sea_orm(primary_key, auto_increment = false)]
    pub link_id: i64,
    /// Profile at one end; for supervision, the supervisor.
    #[sea_orm(primary_key, auto_increment = false)]
    pub source_id: i64,
    /// Profile at the other end; for supervision, the supervisee.
    #[sea_orm(primary_key, auto_increment = false)]
    pub target_id: i64,
    /// Status of the supervision; null for a circle.
    pub status: Option<Status>,
    /// Start of the link: for supervision, its start or else its request; for a circle, when both were members.
    pub since: Option<DateTimeWithTimeZone>,
    /// Key of the circle; null for supervision.
    pub circle_id: Option<i64>,
    /// Account of the caller.
    pub viewer_id: Option<Uuid>,
    /// Profile at one end; for supervision, the supervisor.
    #[sea_orm(belongs_to, relation_enum = "Source", from = "source_id", to = "profile_id")]
    pub source: BelongsTo<super::practitioner_profiles::Entity>,
    /// Profile at the other end; for supervision, the supervisee.
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
