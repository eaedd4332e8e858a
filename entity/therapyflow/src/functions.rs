//! The functions of TherapyFlow that the API serves.

use entity::{Argument, ArgumentType, Function, Returns, optional, required};

use crate::table;

/// All functions of this system.
pub const FUNCTIONS: &[Function] = &[
    SCHEDULE_SESSION,
    START_SESSION,
    COMPLETE_SESSION,
    CANCEL_SESSION,
    APPROVE_NOTE,
    GRANT_CONSENT,
    DENY_CONSENT,
    REVOKE_CONSENT,
    FREE_SLOTS,
];

const SCHEMA: &str = "therapyflow";

const SCHEDULE_SESSION: Function = Function {
    schema: SCHEMA,
    name: "schedule_session",
    doc: "Schedules a session of a patient with a therapist of the same organization, who must have no other session \
          at that time. Therapists schedule their own sessions, administrators anybody's.",
    arguments: &[
        required("patient_id", ArgumentType::Uuid, "Key of the patient."),
        required("scheduled_at", ArgumentType::DateTime, "Start time."),
        optional("duration_minutes", ArgumentType::Int, "Duration in minutes; default 50."),
        optional("therapist_id", ArgumentType::Uuid, "Key of the therapist; default the caller."),
    ],
    returns: Returns::Written(table("sessions")),
};

const START_SESSION: Function = Function {
    schema: SCHEMA,
    name: "start_session",
    doc: "Starts a scheduled session. A session in progress remains unchanged.",
    arguments: SESSION,
    returns: Returns::Written(table("sessions")),
};

const COMPLETE_SESSION: Function = Function {
    schema: SCHEMA,
    name: "complete_session",
    doc: "Completes a session in progress. A completed session remains unchanged.",
    arguments: SESSION,
    returns: Returns::Written(table("sessions")),
};

const CANCEL_SESSION: Function = Function {
    schema: SCHEMA,
    name: "cancel_session",
    doc: "Cancels a session that is not completed, which frees its time.",
    arguments: SESSION,
    returns: Returns::Written(table("sessions")),
};

const APPROVE_NOTE: Function = Function {
    schema: SCHEMA,
    name: "approve_note",
    doc: "Approves a note, after which it cannot be changed or deleted. The caller must be the therapist of the \
          session. An approved note remains unchanged.",
    arguments: &[required("note_id", ArgumentType::Uuid, "Key of the note.")],
    returns: Returns::Written(table("clinical_notes")),
};

const GRANT_CONSENT: Function = Function {
    schema: SCHEMA,
    name: "grant_consent",
    doc: "Grants a requested consent. The caller must be the patient.",
    arguments: &[
        CONSENT,
        optional("expires_at", ArgumentType::DateTime, "When the consent ends; default the requested time."),
    ],
    returns: Returns::Written(table("consent_records")),
};

const DENY_CONSENT: Function = Function {
    schema: SCHEMA,
    name: "deny_consent",
    doc: "Denies a requested consent. The caller must be the patient.",
    arguments: &[CONSENT],
    returns: Returns::Written(table("consent_records")),
};

const REVOKE_CONSENT: Function = Function {
    schema: SCHEMA,
    name: "revoke_consent",
    doc: "Revokes a granted consent, which hides the data at once. The caller must be the patient.",
    arguments: &[CONSENT],
    returns: Returns::Written(table("consent_records")),
};

const FREE_SLOTS: Function = Function {
    schema: SCHEMA,
    name: "free_slots",
    doc: "Lists the free slots of a therapist of the caller's organization between two times. Each gap between two \
          sessions is divided into slots from its beginning. It covers at most a year.",
    arguments: &[
        required("earliest", ArgumentType::DateTime, "Earliest start of a slot."),
        required("latest", ArgumentType::DateTime, "Latest end of a slot."),
        optional("therapist_id", ArgumentType::Uuid, "Key of the therapist; default the caller."),
        optional("slot_minutes", ArgumentType::Int, "Duration of a slot in minutes; default 50.").at_least(1),
    ],
    returns: Returns::Rows(table("free_slots")),
};

const SESSION: &[Argument] = &[required("session_id", ArgumentType::Uuid, "Key of the session.")];
const CONSENT: Argument = required("consent_id", ArgumentType::Uuid, "Key of the consent.");
