//! PPN Research Portal: protocols of psychedelic treatment, the supervision exchange and the integration hub.
//!
//! The portal's schema brief calls a row of `log_clinical_records` a protocol.

pub mod assessment_responses;
pub mod circle_members;
pub mod functions;
pub mod homework_adherences;
pub mod homework_statuses;
pub mod integration_homework;
pub mod integration_scores;
pub mod log_clinical_records;
pub mod network_benchmarks;
pub mod outcomes_summary;
pub mod practitioner_hits;
pub mod practitioner_profiles;
pub mod ref_assessment_bands;
pub mod ref_assessments;
pub mod ref_event_types;
pub mod ref_homework_types;
pub mod ref_indications;
pub mod ref_medications;
pub mod ref_resolution_status;
pub mod ref_routes;
pub mod ref_safety_events;
pub mod ref_severity_grade;
pub mod ref_smoking_status;
pub mod ref_substances;
pub mod ref_support_modality;
pub mod score_trends;
pub mod session_activities;
pub mod session_events;
pub mod session_note_counts;
pub mod session_note_phases;
pub mod session_note_silences;
pub mod session_notes;
pub mod sites;
pub mod supervision_circles;
pub mod supervision_matches;
pub mod supervision_network_edges;
pub mod supervision_network_nodes;
pub mod supervision_networks;
pub mod supervision_relationships;
pub mod timeline_events;
pub mod user_sites;

/// The schemas that hold the tables.
pub const SCHEMAS: &[entity::Schema] = &[entity::Schema::plain("public")];

/// Returns the name of a table of the system, with its schema.
pub const fn table(name: &'static str) -> entity::TableName {
    entity::TableName::new("public", name)
}

include!(concat!(env!("OUT_DIR"), "/visit.rs"));
