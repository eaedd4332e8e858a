//! Declares TherapyFlow's read policies as strips of rows, which a page merges. A policy that only compares the organization needs
//! none: an index returns its rows in order.

use entity_therapyflow::table;

use crate::graph::catalog::{CallerKeys, Scope, Strip};

const OF_THERAPIST: Strip =
    Strip { column: "therapist_id", keys: CallerKeys::One("therapyflow.current_therapist_id") };
const OF_PATIENT: Strip =
    Strip { column: "patient_id", keys: CallerKeys::One("therapyflow.current_patient_id") };
const ADMINISTERED: Strip =
    Strip { column: "org_id", keys: CallerKeys::One("therapyflow.administered_org_id") };
const OF_STAFF: Strip = Strip { column: "org_id", keys: CallerKeys::One("therapyflow.staff_org_id") };

/// The scopes of rows that staff and administrators of an organization see, and patients see of themselves.
pub(super) const SCOPES: [Scope; 5] = [
    // Sessions.
    Scope {
        policy: "((org_id = ( SELECT therapyflow.current_org_id() AS current_org_id)) AND \
                 ((therapist_id = ( SELECT therapyflow.current_therapist_id() AS current_therapist_id)) OR \
                 (org_id = ( SELECT therapyflow.administered_org_id() AS administered_org_id)) OR \
                 (patient_id = ( SELECT therapyflow.current_patient_id() AS current_patient_id))))",
        views: &[(table("upcoming_sessions"), &[table("sessions")])],
        strips: &[ADMINISTERED, OF_THERAPIST, OF_PATIENT],
    },
    // Notes and recordings.
    Scope {
        policy: "((org_id = ( SELECT therapyflow.staff_org_id() AS staff_org_id)) AND \
                 ((therapist_id = ( SELECT therapyflow.current_therapist_id() AS current_therapist_id)) OR \
                 (org_id = ( SELECT therapyflow.administered_org_id() AS administered_org_id))))",
        views: &[],
        strips: &[ADMINISTERED, OF_THERAPIST],
    },
    // Consents.
    Scope {
        policy: "((org_id = ( SELECT therapyflow.current_org_id() AS current_org_id)) AND \
                 ((org_id = ( SELECT therapyflow.staff_org_id() AS staff_org_id)) OR \
                 (patient_id = ( SELECT therapyflow.current_patient_id() AS current_patient_id))))",
        views: &[],
        strips: &[OF_STAFF, OF_PATIENT],
    },
    // Patients.
    Scope {
        policy: "((org_id = ( SELECT therapyflow.current_org_id() AS current_org_id)) AND \
                 ((org_id = ( SELECT therapyflow.staff_org_id() AS staff_org_id)) OR \
                 (id = ( SELECT therapyflow.current_patient_id() AS current_patient_id))))",
        views: &[],
        strips: &[OF_STAFF, Strip { column: "id", keys: CallerKeys::One("therapyflow.current_patient_id") }],
    },
    // Samples of wearables.
    Scope {
        policy: "((org_id = ( SELECT therapyflow.current_org_id() AS current_org_id)) AND \
                 (patient_id = ANY (( SELECT therapyflow.readable_wearers() AS readable_wearers)::uuid[])))",
        views: &[],
        strips: &[
            Strip { column: "org_id", keys: CallerKeys::One("therapyflow.org_of_many_wearers") },
            Strip { column: "patient_id", keys: CallerKeys::Many("therapyflow.few_readable_wearers") },
        ],
    },
];
