//! The policies for calling functions of `TherapyFlow` that write.

use super::Call;
use crate::access::{is_patient, runs_session, works_for};

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
