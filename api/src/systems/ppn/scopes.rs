//! What the portal's policies for reading say, as strips of rows.

use crate::graph::catalog::{Keys, Scope, Strip};

/// Clinical rows of the caller's sites, and the summaries, which whoever runs the network sees all of.
pub(super) const SCOPES: [Scope; 2] = [
    Scope {
        policy: "(site_id = ANY (( SELECT praxis.auth_sites() AS auth_sites)::bigint[]))",
        views: &[
            ("homework_adherences", &["log_clinical_records", "integration_homework"]),
            ("homework_statuses", &["integration_homework"]),
            ("score_trends", &["assessment_responses", "integration_scores"]),
            ("session_note_counts", &["log_clinical_records"]),
            ("session_note_phases", &["log_clinical_records"]),
            ("session_note_silences", &["log_clinical_records"]),
            ("session_notes", &["log_clinical_records"]),
            ("timeline_events", &["log_clinical_records"]),
        ],
        strips: &[Strip {
            column: "site_id",
            keys: Keys::ManyOrAll { or_all: "public.auth_sites_or_all", each: Some("praxis.auth_sites") },
        }],
    },
    Scope {
        policy: "(( SELECT praxis.auth_is_network_admin() AS auth_is_network_admin) OR \
                 (site_id = ANY (( SELECT praxis.auth_sites() AS auth_sites)::bigint[])))",
        views: &[],
        strips: &[Strip {
            column: "site_id",
            keys: Keys::ManyOrAll { or_all: "public.auth_sites_or_network", each: None },
        }],
    },
];
