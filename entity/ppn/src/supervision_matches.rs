//! `supervision_matches`, the rows of the function of that name

use sea_orm::entity::prelude::*;

/// A possible supervisor for a practitioner, with the parts of the score. The score is 40 × `specialtyOverlap` + 25 ×
/// `modalityOverlap` + 15 × `experienceFit` + 10 × `rateFit` + 10 × `placesFit`.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "supervision_matches")]
pub struct Model {
    /// Profile of the supervisor.
    #[sea_orm(primary_key, auto_increment = false)]
    pub supervisor_id: i64,
    /// Profile of the practitioner who looks for supervision.
    pub supervisee_id: i64,
    /// Weighted sum of the parts, from 0 to 100.
    #[sea_orm(column_type = "Decimal(Some((6, 3)))")]
    pub score: Decimal,
    /// Share of the supervisee's specialties that the supervisor has too, from 0 to 1; 0 if there are none. Its weight
    /// is 40.
    #[sea_orm(column_type = "Decimal(Some((4, 3)))")]
    pub specialty_overlap: Decimal,
    /// Share of the supervisee's modalities that the supervisor has too, from 0 to 1; 0 if there are none. Its weight
    /// is 25.
    #[sea_orm(column_type = "Decimal(Some((4, 3)))")]
    pub modality_overlap: Decimal,
    /// Fit of experience: 1 if the supervisor has at least five more years, 0 for equal or fewer years, in proportion
    /// between; 0.5 if unknown. Its weight is 15.
    #[sea_orm(column_type = "Decimal(Some((4, 3)))")]
    pub experience_fit: Decimal,
    /// Fit of the rate: 1 up to the requested rate, decreasing to 0 at twice that rate; 0.5 if the rate is agreed in
    /// person. Its weight is 10.
    #[sea_orm(column_type = "Decimal(Some((4, 3)))")]
    pub rate_fit: Decimal,
    /// Fit of free places: a third for each, up to three; 1 if no limit is set. Its weight is 10.
    #[sea_orm(column_type = "Decimal(Some((4, 3)))")]
    pub places_fit: Decimal,
    /// Specialties that both have.
    #[sea_orm(column_type = "Array(sea_orm::sea_query::RcOrArc::new(ColumnType::Text))")]
    pub shared_specialties: Vec<String>,
    /// Modalities that both have.
    #[sea_orm(column_type = "Array(sea_orm::sea_query::RcOrArc::new(ColumnType::Text))")]
    pub shared_modalities: Vec<String>,
    /// Supervisor's years of experience minus the supervisee's.
    pub experience_difference: Option<i32>,
    /// Fee per hour of supervision, in US dollars. Null if it is agreed in person.
    #[sea_orm(column_type = "Decimal(Some((10, 2)))")]
    pub hourly_rate: Option<Decimal>,
    /// Number of supervisees that the supervisor could take now. Null if no limit is set.
    pub free_places: Option<i32>,
    /// The parts of the score in a sentence.
    #[sea_orm(column_type = "Text")]
    pub explanation: String,
    /// Profile of the supervisor.
    #[sea_orm(belongs_to, relation_enum = "Supervisor", from = "supervisor_id", to = "profile_id")]
    pub supervisor: BelongsTo<super::practitioner_profiles::Entity>,
    /// Profile of the practitioner who looks for supervision.
    #[sea_orm(belongs_to, relation_enum = "Supervisee", from = "supervisee_id", to = "profile_id")]
    pub supervisee: BelongsTo<super::practitioner_profiles::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
