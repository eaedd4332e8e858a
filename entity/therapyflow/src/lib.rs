//! TherapyFlow AI + BioSync: organizations with therapists and patients, sessions, notes, wearable data, consents.

pub mod audit_logs;
pub mod clinical_notes;
pub mod consent_records;
pub mod free_slots;
pub mod functions;
pub mod organizations;
pub mod patients;
pub mod session_recordings;
pub mod sessions;
pub mod therapists;
pub mod upcoming_sessions;
pub mod wearable_data;

/// The schemas that hold the tables.
pub const SCHEMAS: &[entity::Schema] = &[entity::Schema::plain("therapyflow")];

/// Returns the name of a table of the system, with its schema.
pub const fn table(name: &'static str) -> entity::TableName {
    entity::TableName::new("therapyflow", name)
}

include!(concat!(env!("OUT_DIR"), "/visit.rs"));
