//! What unseen rows change all the same, by name and with the reason. The list only shrinks.

/// Fields, arguments and values of enums that begin so are not compared.
///
/// A supervisor's places are taken by supervisions that only the two of them see. That a supervisor has none left is told to
/// whoever looks for one. When a therapist is busy is told to colleagues, who do not see the sessions: what is left is free.
pub(super) const WITHOUT: &[&str] = &["freePlaces", "supervisionMatches", "freeSlots"];

/// Foreign keys that keep an administrator from deleting a reference row in use: by whose record, nobody is told.
pub(super) const CONSTRAINTS: &[&str] = &[
    "assessment_responses_assessment_id_fkey",
    "integration_homework_homework_type_id_fkey",
    "integration_scores_assessment_id_fkey",
    "log_clinical_records_indication_id_fkey",
    "log_clinical_records_modality_id_fkey",
    "log_clinical_records_resolution_status_id_fkey",
    "log_clinical_records_route_id_fkey",
    "log_clinical_records_safety_event_id_fkey",
    "log_clinical_records_severity_grade_id_fkey",
    "log_clinical_records_smoking_status_id_fkey",
    "log_clinical_records_substance_id_fkey",
    "outcomes_summary_substance_id_fkey",
    "session_events_event_type_id_fkey",
];

/// Columns by which rows come to be seen or are hidden: when one of these changes, a subscriber is told of rows that enter
/// or leave, which a copy without them cannot do.
pub(super) const DECIDE: &[&str] = &[
    "circle_members.is_active",
    "practitioner_profiles.is_active",
    "supervision_circles.is_active",
    "therapists.role",
];
