//! Declares the portal's read policies as strips of rows, which a page merges.

use entity_ppn::table;

use crate::graph::catalog::{CallerKeys, Scope, Strip};

/// The scopes of clinical rows, which belong to the caller's sites, and of summaries, which administrators of the network see as well.
pub(super) const SCOPES: [Scope; 2] = [
    Scope {
        policy: "(site_id = ANY (( SELECT praxis.auth_sites() AS auth_sites)::bigint[]))",
        views: &[
            (table("homework_adherences"), &[table("log_clinical_records"), table("integration_homework")]),
            (table("homework_statuses"), &[table("integration_homework")]),
            (table("score_trends"), &[table("assessment_responses"), table("integration_scores")]),
            (table("session_note_counts"), &[table("log_clinical_records")]),
            (table("session_note_phases"), &[table("log_clinical_records")]),
            (table("session_note_silences"), &[table("log_clinical_records")]),
            (table("session_notes"), &[table("log_clinical_records")]),
            (table("timeline_events"), &[table("log_clinical_records")]),
        ],
        strips: &[Strip {
            column: "site_id",
            keys: CallerKeys::ManyOrAll {
                or_all: "public.auth_sites_or_all",
                each: Some("praxis.auth_sites"),
            },
        }],
    },
    Scope {
        policy: "(( SELECT praxis.auth_is_network_admin() AS auth_is_network_admin) OR \
                 (site_id = ANY (( SELECT praxis.auth_sites() AS auth_sites)::bigint[])))",
        views: &[],
        strips: &[Strip {
            column: "site_id",
            keys: CallerKeys::ManyOrAll { or_all: "public.auth_sites_or_network", each: None },
        }],
    },
];
