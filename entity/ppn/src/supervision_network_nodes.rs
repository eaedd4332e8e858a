//! `supervision_network_nodes`, a view

use sea_orm::entity::prelude::*;

/// A practitioner in the supervision network: a member of a circle, a participant of a relationship that the caller may
/// see, or the caller.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "supervision_network_nodes")]
pub struct Model {
    /// Key of the profile, by which edges name the node.
    #[sea_orm(primary_key, auto_increment = false)]
    pub profile_id: i64,
    /// Name shown in the directory.
    #[sea_orm(column_type = "Text")]
    pub display_name: Option<String>,
    /// Whether the node is the caller.
    pub is_me: bool,
    /// Number of edges of the node.
    pub degree: i32,
    /// Number of edges that are supervision, in either direction. For other practitioners, it counts only supervision
    /// with the caller.
    pub supervision_count: i32,
    /// Number of circles that the practitioner is in.
    pub circle_count: i32,
    /// Account of the caller.
    pub viewer_id: Option<Uuid>,
    /// The profile.
    #[sea_orm(belongs_to, from = "profile_id", to = "profile_id")]
    pub profile: BelongsTo<super::practitioner_profiles::Entity>,
    /// The network as a whole.
    #[sea_orm(belongs_to, from = "viewer_id", to = "viewer_id")]
    pub network: BelongsTo<Option<super::supervision_networks::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}
