//! The policies for writing in `TherapyFlow`.

use serde_json::{Value, json};

use super::{Call, Recipe, same};

/// Returns the recipe of a table.
pub(crate) fn recipe(table: &str) -> Recipe {
    match table {
        "organizations" => same(
            &administers("organizations.id"),
            "SELECT NULL::json WHERE false", // Nobody adds one.
            json!({ "name": "Changed" }),
        ),
        "therapists" => Recipe {
            insert: administers("therapists.org_id"),
            ..same(
                &format!("{} OR user_id = auth.uid()", administers("therapists.org_id")),
                "SELECT json_build_object('email', 'new@tests.example', 'fullName', 'New')",
                json!({ "specialization": "changed" }),
            )
        },
        "patients" => Recipe {
            insert: works_for("patients.org_id", "true"),
            ..same(
                &works_for("patients.org_id", "(me.role <> 'therapist' OR me.id = patients.assigned_therapist_id)"),
                "SELECT json_build_object('fullName', 'New', 'abhaId', '11-1111-1111-1111')",
                json!({ "phone": "changed" }),
            )
        },
        "sessions" => same(
            &works_for(
                "(SELECT p.org_id FROM therapyflow.patients p WHERE p.id = sessions.patient_id)",
                "(me.role <> 'therapist' OR me.id = sessions.therapist_id)",
            ),
            "SELECT json_build_object('patientId', id, 'scheduledAt', '2031-01-0' || right(id::text, 1) || 'T10:00:00Z')
             FROM therapyflow.patients WHERE full_name IN ('a patient', 'a patient of another practice') ORDER BY id",
            json!({ "durationMinutes": 45 }),
        ),
        "clinical_notes" => of_a_session(
            table,
            "'noteType', 'PROGRESS', 'content', json_build_object('text', 'Well.')",
            json!({ "aiGeneratedSummary": "changed" }),
        ),
        "session_recordings" => of_a_session(table, "'filePath', 'b.mp3'", json!({ "language": "kn-IN" })),
        "wearable_data" => same(
            &is_patient("wearable_data.patient_id"),
            // Of the caller, and of another user.
            "SELECT json_build_object('dataType', 'STEPS', 'metrics', json_build_object('count', 1),
               'recordedAt', '2026-01-01T10:00:00Z')
             UNION ALL SELECT json_build_object('dataType', 'STEPS', 'metrics', json_build_object('count', 1),
               'recordedAt', '2026-01-01T10:00:00Z', 'patientId', 'ffffffff-0003-4000-8000-000000000002')",
            Value::Null, // A sample stays as it is.
        ),
        "consent_records" => Recipe {
            insert: format!(
                "{} OR {}",
                works_for(
                    "(SELECT p.org_id FROM therapyflow.patients p WHERE p.id = consent_records.patient_id)",
                    "true"
                ),
                is_patient("consent_records.patient_id")
            ),
            ..same(
                &is_patient("consent_records.patient_id"),
                "SELECT json_build_object('patientId', id, 'purpose', 'RESEARCH') FROM therapyflow.patients
                 WHERE full_name IN ('a patient', 'a patient of another practice') ORDER BY id",
                json!({ "expiresAt": "2099-01-01T00:00:00Z" }),
            )
        },
        name => panic!("{name} can be written and has no recipe in this test: write down what its source says"),
    }
}

/// Returns the recipe of a function that writes.
pub(crate) fn call(function: &str) -> Call {
    match function {
        "schedule_session" => Call {
            arguments: "SELECT json_build_object('patientId', id, 'scheduledAt', '2032-01-01T10:00:00Z')
              FROM therapyflow.patients ORDER BY id"
                .to_owned(),
            refusals: vec![
                (
                    format!(
                        "NOT ({} OR {})",
                        works_for(
                            "(SELECT p.org_id FROM therapyflow.patients p WHERE p.id = ':patientId')",
                            "true"
                        ),
                        is_patient("':patientId'")
                    ),
                    "NOT_FOUND",
                ),
                (is_patient("':patientId'"), "FORBIDDEN"),
            ],
        },
        "start_session" | "cancel_session" => of_session(&[]),
        "complete_session" => of_session(&[("scheduled", "CONFLICT")]),
        "approve_note" => {
            let session = "(SELECT session_id FROM therapyflow.clinical_notes WHERE id = ':noteId')";
            Call {
                arguments:
                    "SELECT json_build_object('noteId', id) FROM therapyflow.clinical_notes ORDER BY id"
                        .to_owned(),
                refusals: vec![
                    (format!("NOT {}", runs_session(session, true)), "NOT_FOUND"),
                    (format!("NOT {}", runs_session(session, false)), "FORBIDDEN"),
                ],
            }
        }
        "grant_consent" => of_consent("'REQUESTED', 'GRANTED'"),
        "deny_consent" => of_consent("'REQUESTED', 'DENIED'"),
        "revoke_consent" => of_consent("'GRANTED', 'REVOKED'"),
        name => panic!("{name} writes and has no recipe in this test: write down who may call it"),
    }
}

fn works_for(org: &str, condition: &str) -> String {
    format!(
        "EXISTS (SELECT FROM therapyflow.therapists me
           WHERE me.user_id = auth.uid() AND me.org_id = {org} AND {condition})"
    )
}

fn administers(org: &str) -> String {
    works_for(org, "me.role IN ('admin', 'owner')")
}

fn is_patient(patient: &str) -> String {
    format!(
        "EXISTS (SELECT FROM therapyflow.patients me WHERE me.user_id = auth.uid() AND me.id = {patient})"
    )
}

/// Returns the condition that the caller is the therapist of a session or, optionally, administers its organization.
fn runs_session(session: &str, or_administers: bool) -> String {
    let administers = if or_administers { "OR me.org_id = s.org_id AND me.role <> 'therapist'" } else { "" };
    format!(
        "EXISTS (SELECT FROM therapyflow.sessions s JOIN therapyflow.therapists me ON me.id = s.therapist_id {administers}
           WHERE s.id = {session} AND me.user_id = auth.uid())"
    )
}

/// Returns the recipe of a table below a session.
fn of_a_session(table: &str, values: &str, patch: Value) -> Recipe {
    let inputs = format!(
        "SELECT json_build_object('sessionId', id, {values}) FROM therapyflow.sessions
         WHERE id::text LIKE '%1' OR id::text LIKE '%3' ORDER BY id"
    );
    same(&runs_session(&format!("{table}.session_id"), false), &inputs, patch)
}

/// Returns the recipe of a step of a session. `refused`: the statuses from which it is refused, and how.
fn of_session(refused: &[(&str, &'static str)]) -> Call {
    let session = "':sessionId'";
    let sees = format!(
        "({} OR {})",
        runs_session(session, true),
        is_patient(&format!("(SELECT patient_id FROM therapyflow.sessions WHERE id = {session})"))
    );
    let mut refusals = vec![
        (format!("NOT {sees}"), "NOT_FOUND"),
        (format!("NOT {}", runs_session(session, true)), "FORBIDDEN"),
    ];
    refusals.extend(refused.iter().map(|(status, code)| {
        let from = format!("(SELECT status FROM therapyflow.sessions WHERE id = {session}) = '{status}'");
        (from, *code)
    }));
    Call {
        arguments: "SELECT json_build_object('sessionId', id) FROM therapyflow.sessions ORDER BY id"
            .to_owned(),
        refusals,
    }
}

/// Returns the recipe of a decision on a consent. `from`: the statuses in which it is possible.
fn of_consent(from: &str) -> Call {
    let consent =
        |column: &str| format!("(SELECT {column} FROM therapyflow.consent_records WHERE id = ':consentId')");
    let decides = is_patient(&consent("patient_id"));
    Call {
        arguments: "SELECT json_build_object('consentId', id) FROM therapyflow.consent_records ORDER BY id"
            .to_owned(),
        refusals: vec![
            (format!("NOT ({} OR {decides})", works_for(&consent("org_id"), "true")), "NOT_FOUND"),
            (format!("NOT {decides}"), "FORBIDDEN"),
            (format!("{} NOT IN ({from})", consent("status")), "CONFLICT"),
        ],
    }
}
