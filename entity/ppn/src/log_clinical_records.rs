//! `log_clinical_records`

use sea_orm::entity::prelude::*;

/// Purpose of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum SessionType {
    /// Prepares the patient for a dosing session.
    #[sea_orm(string_value = "preparation")]
    Preparation,
    /// The patient receives the substance.
    #[sea_orm(string_value = "dosing")]
    Dosing,
    /// Works through the experience of a dosing session.
    #[sea_orm(string_value = "integration")]
    Integration,
    /// Measures the patient before treatment.
    #[sea_orm(string_value = "baseline")]
    Baseline,
    /// Measures the patient some time after treatment.
    #[sea_orm(string_value = "follow_up")]
    FollowUp,
    /// Decides whether treatment is suitable.
    #[sea_orm(string_value = "screening")]
    Screening,
}

/// Status of a session's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum SessionStatus {
    /// The record is being prepared.
    #[sea_orm(string_value = "draft")]
    Draft,
    /// The session is under way.
    #[sea_orm(string_value = "active")]
    Active,
    /// The session is over and documented.
    #[sea_orm(string_value = "completed")]
    Completed,
}

/// Sex of a patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum PatientSex {
    /// Male.
    #[sea_orm(string_value = "Male")]
    Male,
    /// Female.
    #[sea_orm(string_value = "Female")]
    Female,
    /// Intersex.
    #[sea_orm(string_value = "Intersex")]
    Intersex,
    /// Unknown or undisclosed.
    #[sea_orm(string_value = "Unknown")]
    Unknown,
}

/// Age group of a patient, in years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum PatientAge {
    /// 18 to 25 years.
    #[sea_orm(string_value = "18-25")]
    From18To25,
    /// 26 to 35 years.
    #[sea_orm(string_value = "26-35")]
    From26To35,
    /// 36 to 45 years.
    #[sea_orm(string_value = "36-45")]
    From36To45,
    /// 46 to 55 years.
    #[sea_orm(string_value = "46-55")]
    From46To55,
    /// 56 to 65 years.
    #[sea_orm(string_value = "56-65")]
    From56To65,
    /// 66 years or older.
    #[sea_orm(string_value = "66+")]
    From66,
}

/// Outcome of the check for contraindications.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum ContraindicationVerdict {
    /// Treatment has no contraindication.
    #[sea_orm(string_value = "CLEAR")]
    Clear,
    /// Treatment is possible with added care.
    #[sea_orm(string_value = "PROCEED_WITH_CAUTION")]
    ProceedWithCaution,
    /// Treatment must not take place.
    #[sea_orm(string_value = "DO_NOT_PROCEED")]
    DoNotProceed,
}

/// A protocol: one treatment session of a patient at a site, with its substance, route and indication. Events, homework
/// and scores belong to it. It contains no name and no date of birth; a link code and a subject number connect a
/// patient's sessions.
#[entity::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "log_clinical_records")]
pub struct Model {
    /// Key of the protocol.
    #[sea_orm(primary_key)]
    pub record_id: i64,
    /// Site of the session; its members see the protocol and all rows that belong to it.
    pub site_id: i64,
    /// Number that the site gave the patient. The patient's identity is not stored.
    pub subject_id: Option<i64>,
    /// Pseudonym that connects the sessions of one patient.
    #[sea_orm(column_type = "Text")]
    pub patient_link_code: Option<String>,
    /// Key of the substance given.
    pub substance_id: Option<i64>,
    /// Key of the route of administration.
    pub route_id: Option<i64>,
    /// Key of the condition treated.
    pub indication_id: Option<i64>,
    /// Number of the session among the patient's, from 1.
    #[sea_orm(default_value = 1)]
    pub session_number: Option<i32>,
    /// Day of the session, from which days after the dose are counted.
    #[sea_orm(default_expr = "Expr::current_date()")]
    pub session_date: Option<Date>,
    /// Purpose of the session.
    pub session_type: Option<SessionType>,
    /// Status of the record.
    #[sea_orm(default_value = "draft")]
    pub session_status: SessionStatus,
    /// Dose given, in milligrams.
    #[sea_orm(column_type = "Decimal(Some((6, 2)))")]
    pub dosage_mg: Option<Decimal>,
    /// Key of the main form of psychological support.
    pub modality_id: Option<i64>,
    /// Keys of all forms of psychological support used, in `ref_support_modality`.
    pub support_modality_ids: Option<Vec<i64>>,
    /// Keys of the medications that the patient takes at the same time, in `ref_medications`.
    pub concomitant_med_ids: Option<Vec<i64>>,
    /// Sex of the patient.
    pub patient_sex: Option<PatientSex>,
    /// Age group of the patient, in years.
    pub patient_age: Option<PatientAge>,
    /// Weight range of the patient, as the site writes it, such as `61-75 kg`.
    #[sea_orm(column_type = "Text")]
    pub patient_weight_range: Option<String>,
    /// Key of the smoking status of the patient.
    pub smoking_status_id: Option<i64>,
    /// PHQ-9 depression score before treatment, 0 to 27.
    pub baseline_phq9_score: Option<i32>,
    /// PHQ-9 depression score at this session, 0 to 27.
    pub phq9_score: Option<i32>,
    /// Difficulty of the session, as rated by the clinician.
    pub difficulty_score: Option<i32>,
    /// Whether consent was verified before the session.
    #[sea_orm(default_value = false)]
    pub verified_consent: Option<bool>,
    /// Hours of preparation before the session.
    #[sea_orm(column_type = "Decimal(None)")]
    pub prep_hours: Option<Decimal>,
    /// Hours of integration after the session.
    #[sea_orm(column_type = "Decimal(None)")]
    pub integration_hours: Option<Decimal>,
    /// Outcome of the check for contraindications.
    pub contraindication_verdict: Option<ContraindicationVerdict>,
    /// Key of the safety event of the session, if there was one.
    pub safety_event_id: Option<i64>,
    /// Key of the severity grade of the safety event.
    pub severity_grade_id: Option<i64>,
    /// Key of the outcome of the safety event.
    pub resolution_status_id: Option<i64>,
    /// Whether the record was submitted to the network.
    #[sea_orm(default_value = false)]
    pub is_submitted: Option<bool>,
    /// When the record was submitted.
    pub submitted_at: Option<DateTimeWithTimeZone>,
    /// Account that created the record; set by the database.
    pub created_by: Option<Uuid>,
    /// When the row was added.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: Option<DateTimeWithTimeZone>,
    /// When the row was last changed; set by the database.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub updated_at: Option<DateTimeWithTimeZone>,
    /// Site of the session.
    #[sea_orm(belongs_to, from = "site_id", to = "site_id")]
    pub site: BelongsTo<super::sites::Entity>,
    /// Substance given.
    #[sea_orm(belongs_to, from = "substance_id", to = "substance_id")]
    pub substance: BelongsTo<Option<super::ref_substances::Entity>>,
    /// Route of administration.
    #[sea_orm(belongs_to, from = "route_id", to = "route_id")]
    pub route: BelongsTo<Option<super::ref_routes::Entity>>,
    /// Condition treated.
    #[sea_orm(belongs_to, from = "indication_id", to = "indication_id")]
    pub indication: BelongsTo<Option<super::ref_indications::Entity>>,
    /// Main form of psychological support.
    #[sea_orm(belongs_to, from = "modality_id", to = "modality_id")]
    pub modality: BelongsTo<Option<super::ref_support_modality::Entity>>,
    /// Smoking status of the patient.
    #[sea_orm(belongs_to, from = "smoking_status_id", to = "smoking_status_id")]
    pub smoking_status: BelongsTo<Option<super::ref_smoking_status::Entity>>,
    /// Safety event of the session.
    #[sea_orm(belongs_to, from = "safety_event_id", to = "safety_event_id")]
    pub safety_event: BelongsTo<Option<super::ref_safety_events::Entity>>,
    /// Severity grade of the safety event.
    #[sea_orm(belongs_to, from = "severity_grade_id", to = "severity_grade_id")]
    pub severity_grade: BelongsTo<Option<super::ref_severity_grade::Entity>>,
    /// Outcome of the safety event.
    #[sea_orm(belongs_to, from = "resolution_status_id", to = "resolution_status_id")]
    pub resolution_status: BelongsTo<Option<super::ref_resolution_status::Entity>>,
    /// Events logged during the session.
    #[sea_orm(has_many)]
    pub events: HasMany<super::session_events::Entity>,
    /// Homework assigned to the patient after the session.
    #[sea_orm(has_many)]
    pub homework: HasMany<super::integration_homework::Entity>,
    /// Integration scores (IES and EIS) after the session.
    #[sea_orm(has_many)]
    pub integration_scores: HasMany<super::integration_scores::Entity>,
    /// Questionnaires the patient filled in.
    #[sea_orm(has_many)]
    pub assessment_responses: HasMany<super::assessment_responses::Entity>,
    /// Events of the session with their offset from the first event and their gap to the previous one.
    #[sea_orm(has_many)]
    pub timeline: HasMany<super::timeline_events::Entity>,
    /// Scores of all instruments, each with its baseline.
    #[sea_orm(has_many)]
    pub score_trends: HasMany<super::score_trends::Entity>,
    /// Structured note of the session; null if it has no events.
    #[sea_orm(has_one)]
    pub note: HasOne<super::session_notes::Entity>,
    /// Homework with its status today.
    #[sea_orm(has_many)]
    pub homework_statuses: HasMany<super::homework_statuses::Entity>,
    /// Counts of the homework by its status today.
    #[sea_orm(has_one)]
    pub homework_adherence: HasOne<super::homework_adherences::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The columns that callers may write, and whether they may delete rows.
pub const WRITES: entity::Writes = entity::Writes {
    insert: &[
        "site_id",
        "subject_id",
        "patient_link_code",
        "substance_id",
        "route_id",
        "indication_id",
        "session_number",
        "session_date",
        "session_type",
        "session_status",
        "dosage_mg",
        "modality_id",
        "support_modality_ids",
        "concomitant_med_ids",
        "patient_sex",
        "patient_age",
        "patient_weight_range",
        "smoking_status_id",
        "baseline_phq9_score",
        "phq9_score",
        "difficulty_score",
        "verified_consent",
        "prep_hours",
        "integration_hours",
        "contraindication_verdict",
        "safety_event_id",
        "severity_grade_id",
        "resolution_status_id",
        "is_submitted",
        "submitted_at",
    ],
    update: &[
        "subject_id",
        "patient_link_code",
        "substance_id",
        "route_id",
        "indication_id",
        "session_number",
        "session_date",
        "session_type",
        "session_status",
        "dosage_mg",
        "modality_id",
        "support_modality_ids",
        "concomitant_med_ids",
        "patient_sex",
        "patient_age",
        "patient_weight_range",
        "smoking_status_id",
        "baseline_phq9_score",
        "phq9_score",
        "difficulty_score",
        "verified_consent",
        "prep_hours",
        "integration_hours",
        "contraindication_verdict",
        "safety_event_id",
        "severity_grade_id",
        "resolution_status_id",
        "is_submitted",
        "submitted_at",
    ],
    delete: false,
};
