//! The known effects of unseen rows, by name and with the reason. The list only shrinks.

/// Prefixes of fields, arguments and enum values that are not compared.
///
/// Only the two participants see a supervision that takes a supervisor's place, but users who look for a supervisor see that none
/// is left. Colleagues do not see a therapist's sessions, but the free slots show when the therapist is busy.
pub(super) const WITHOUT: &[&str] = &["freePlaces", "supervisionMatches", "freeSlots"];

/// Foreign keys that keep an administrator from deleting a reference row in use, without revealing whose record it is.
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

/// Columns that make rows visible or hidden: when one of these changes, a subscriber receives rows that enter or leave, which a
/// copy without them cannot send.
pub(super) const DECIDE: &[&str] = &[
    "circle_members.is_active",
    "practitioner_profiles.is_active",
    "supervision_circles.is_active",
    "therapists.role",
];
