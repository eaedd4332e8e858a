//! `practitioner_hits`, the rows of `search_practitioners`

use sea_orm::entity::prelude::*;

/// A practitioner of the directory that matches a search.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "practitioner_hits")]
pub struct Model {
    /// Key of the profile.
    #[sea_orm(primary_key, auto_increment = false)]
    pub profile_id: i64,
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
    pub is_accepting_supervision: Option<bool>,
    /// Largest number of supervisees that the practitioner takes.
    pub max_supervisees: Option<i32>,
    /// Number of supervisees that the practitioner could take now. Null if no limit is set.
    pub free_places: Option<i32>,
    /// Short text of the practitioner about themself, up to 500 characters.
    #[sea_orm(column_type = "Text")]
    pub bio: Option<String>,
    /// Rank of the match; higher is better, 0 without words. The whole name ranks first, then words in the name, in
    /// specialties and modalities, in the bio, and then similar spellings.
    #[sea_orm(column_type = "Float")]
    pub rank: f32,
    /// The complete profile.
    #[sea_orm(belongs_to, from = "profile_id", to = "profile_id")]
    pub profile: BelongsTo<super::practitioner_profiles::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
