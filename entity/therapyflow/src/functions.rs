//! Functions of TherapyFlow that are served beside its tables.

use entity::{Argument, ArgumentType, Function, Returns, optional, required};

use crate::table;

/// All of them.
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
    doc: "Makes an appointment of a patient with a therapist of the same organization, who must have no other at that \
          time. A therapist makes their own, an administrator anybody's.",
    arguments: &[
        required("patient_id", ArgumentType::Uuid, "Key of the patient."),
        required("scheduled_at", ArgumentType::DateTime, "When it begins."),
        optional("duration_minutes", ArgumentType::Int, "How long it takes; 50 minutes, unless it is said."),
        optional("therapist_id", ArgumentType::Uuid, "Key of the therapist; the caller, unless it is said."),
    ],
    returns: Returns::Written(table("sessions")),
};

const START_SESSION: Function = Function {
    schema: SCHEMA,
    name: "start_session",
    doc: "Starts a scheduled session. One that is in progress already stays as it is.",
    arguments: SESSION,
    returns: Returns::Written(table("sessions")),
};

const COMPLETE_SESSION: Function = Function {
    schema: SCHEMA,
    name: "complete_session",
    doc: "Ends a session that is in progress. One that is completed already stays as it is.",
    arguments: SESSION,
    returns: Returns::Written(table("sessions")),
};

const CANCEL_SESSION: Function = Function {
    schema: SCHEMA,
    name: "cancel_session",
    doc: "Calls a session off that is not completed; its time is free again.",
    arguments: SESSION,
    returns: Returns::Written(table("sessions")),
};

const APPROVE_NOTE: Function = Function {
    schema: SCHEMA,
    name: "approve_note",
    doc: "Approves a note, which only the therapist of the session can; from then on it neither changes nor goes. One \
          that is approved already stays as it is.",
    arguments: &[required("note_id", ArgumentType::Uuid, "Key of the note.")],
    returns: Returns::Written(table("clinical_notes")),
};

const GRANT_CONSENT: Function = Function {
    schema: SCHEMA,
    name: "grant_consent",
    doc: "Agrees to what the caller, a patient, is asked to consent to.",
    arguments: &[
        CONSENT,
        optional(
            "expires_at",
            ArgumentType::DateTime,
            "When the consent ends; as it was asked for, unless it is said.",
        ),
    ],
    returns: Returns::Written(table("consent_records")),
};

const DENY_CONSENT: Function = Function {
    schema: SCHEMA,
    name: "deny_consent",
    doc: "Does not agree to what the caller, a patient, is asked to consent to.",
    arguments: &[CONSENT],
    returns: Returns::Written(table("consent_records")),
};

const REVOKE_CONSENT: Function = Function {
    schema: SCHEMA,
    name: "revoke_consent",
    doc: "Takes a consent back that the caller, a patient, has granted. What it allowed to read is hidden at once.",
    arguments: &[CONSENT],
    returns: Returns::Written(table("consent_records")),
};

const FREE_SLOTS: Function = Function {
    schema: SCHEMA,
    name: "free_slots",
    doc: "Times between two times in which a therapist of the caller's organization has no session, as many as fit: each \
          stretch between two sessions is cut from its beginning. At most a year is looked at.",
    arguments: &[
        required("earliest", ArgumentType::DateTime, "When the first slot can begin."),
        required("latest", ArgumentType::DateTime, "When the last slot has ended."),
        optional("therapist_id", ArgumentType::Uuid, "Key of the therapist; the caller, unless it is said."),
        optional("slot_minutes", ArgumentType::Int, "How long a slot is; 50 minutes, unless it is said.")
            .at_least(1),
    ],
    returns: Returns::Rows(table("free_slots")),
};

const SESSION: &[Argument] = &[required("session_id", ArgumentType::Uuid, "Key of the session.")];
const CONSENT: Argument = required("consent_id", ArgumentType::Uuid, "Key of the consent.");
