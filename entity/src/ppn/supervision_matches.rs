//! `supervision_matches`, the rows of the function of that name

use sea_orm::entity::prelude::*;

/// Somebody who could supervise a practitioner, with what speaks for it. The score is
/// 40 × `specialtyOverlap` + 25 × `modalityOverlap` + 15 × `experienceFit` + 10 × `rateFit` + 10 × `placesFit`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "supervision_matches")]
pub struct Model {
    /// Profile of the supervisor.
    #[sea_orm(primary_key, auto_increment = false)]
    pub supervisor_id: i64,
    /// Profile of the practitioner whom they could supervise.
    pub supervisee_id: i64,
    /// How well the two fit, from 0 to 100: the sum of the parts, each times its weight.
    #[sea_orm(column_type = "Decimal(Some((6, 3)))")]
    pub score: Decimal,
    /// Share of the supervisee's specialties that the supervisor has too, from 0 to 1; 0 where there are none. Weighs 40.
    #[sea_orm(column_type = "Decimal(Some((4, 3)))")]
    pub specialty_overlap: Decimal,
    /// Share of the supervisee's modalities that the supervisor has too, from 0 to 1; 0 where there are none. Weighs 25.
    #[sea_orm(column_type = "Decimal(Some((4, 3)))")]
    pub modality_overlap: Decimal,
    /// 1 from five more years of experience on, 0 for as many or fewer, in between in proportion; 0.5 where it is not known.
    /// Weighs 15.
    #[sea_orm(column_type = "Decimal(Some((4, 3)))")]
    pub experience_fit: Decimal,
    /// 1 up to the rate that is sought, falling to 0 at twice the rate; 0.5 where the rate is agreed in person. Weighs 10.
    #[sea_orm(column_type = "Decimal(Some((4, 3)))")]
    pub rate_fit: Decimal,
    /// A third for each free place, up to three; 1 where no limit is set. Weighs 10.
    #[sea_orm(column_type = "Decimal(Some((4, 3)))")]
    pub places_fit: Decimal,
    /// Specialties that both have.
    #[sea_orm(column_type = "Array(sea_orm::sea_query::RcOrArc::new(ColumnType::Text))")]
    pub shared_specialties: Vec<String>,
    /// Modalities that both have.
    #[sea_orm(column_type = "Array(sea_orm::sea_query::RcOrArc::new(ColumnType::Text))")]
    pub shared_modalities: Vec<String>,
    /// Years of experience that the supervisor has more; negative: fewer.
    pub experience_difference: Option<i32>,
    /// Fee per hour of supervision, in US dollars. Empty where it is agreed in person.
    #[sea_orm(column_type = "Decimal(Some((10, 2)))")]
    pub hourly_rate: Option<Decimal>,
    /// How many supervisees the supervisor could take now. Empty where no limit is set.
    pub free_places: Option<i32>,
    /// The parts of the score in a sentence.
    #[sea_orm(column_type = "Text")]
    pub explanation: String,
    /// Profile of the supervisor.
    #[sea_orm(belongs_to, relation_enum = "Supervisor", from = "supervisor_id", to = "profile_id")]
    pub supervisor: BelongsTo<super::practitioner_profiles::Entity>,
    /// Profile of the practitioner whom they could supervise.
    #[sea_orm(belongs_to, relation_enum = "Supervisee", from = "supervisee_id", to = "profile_id")]
    pub supervisee: BelongsTo<super::practitioner_profiles::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
