//! `supervision_network_nodes`, a view

use sea_orm::entity::prelude::*;

/// A practitioner in the supervision network: who is in a circle, or in a relationship that the caller may see, and the
/// caller.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "supervision_network_nodes")]
pub struct Model {
    /// Key of the profile: the node's name in edges.
    #[sea_orm(primary_key, auto_increment = false)]
    pub profile_id: i64,
    /// Name shown in the directory.
    #[sea_orm(column_type = "Text")]
    pub display_name: Option<String>,
    /// Whether it is the caller.
    pub is_me: bool,
    /// How many edges end here.
    pub degree: i32,
    /// How many of them are supervision, by them or of them. Of others than themself a caller sees none but with them.
    pub supervision_count: i32,
    /// In how many circles the practitioner is.
    pub circle_count: i32,
    /// Account of whoever looks.
    pub viewer_id: Option<Uuid>,
    /// The profile.
    #[sea_orm(belongs_to, from = "profile_id", to = "profile_id")]
    pub profile: BelongsTo<super::practitioner_profiles::Entity>,
    /// The network as a whole.
    #[sea_orm(belongs_to, from = "viewer_id", to = "viewer_id")]
    pub network: BelongsTo<Option<super::supervision_networks::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}
