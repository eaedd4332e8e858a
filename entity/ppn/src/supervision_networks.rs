//! `supervision_networks`, the row of `supervision_network`

use sea_orm::entity::prelude::*;

/// The supervision network as its caller may see it, ready to be drawn as a graph.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "supervision_networks")]
pub struct Model {
    /// Account of the caller.
    #[sea_orm(primary_key, auto_increment = false)]
    pub viewer_id: Uuid,
    /// Profile of the caller; null if the caller has none.
    pub profile_id: Option<i64>,
    /// Number of nodes.
    pub node_count: i32,
    /// Number of edges.
    pub edge_count: i32,
    /// Profile of the caller.
    #[sea_orm(belongs_to, from = "profile_id", to = "profile_id")]
    pub profile: BelongsTo<Option<super::practitioner_profiles::Entity>>,
    /// The practitioners of the network.
    #[sea_orm(has_many)]
    pub nodes: HasMany<super::supervision_network_nodes::Entity>,
    /// The links between practitioners.
    #[sea_orm(has_many)]
    pub edges: HasMany<super::supervision_network_edges::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
