//! The access rules of `TherapyFlow`: the rows of an organization, whose staff read and whose administrators write, and rows below a
//! session.

use super::{Access, Declaration, Own, Rule, Tables, own};

pub(super) const DECLARATION: Declaration =
    Declaration { schemas: entity_therapyflow::SCHEMAS, rules, own: exceptions };

fn rules() -> Vec<Rule> {
    vec![
        Rule {
            tables: Tables::Column("session_id"),
            access: Access::default()
                .read(runs_session("{table}.session_id", true))
                .write(runs_session("{table}.session_id", false)),
            values: "SELECT id::text FROM therapyflow.sessions ORDER BY id DESC LIMIT 4",
        },
        Rule {
            tables: Tables::Column("org_id"),
            access: Access::default()
                .read(works_for("{table}.org_id", "true"))
                .write(administers("{table}.org_id")),
            values: "",
        },
    ]
}

fn exceptions() -> Vec<Own> {
    vec![
        own("organizations").read(works_for("organizations.id", "true")).write(administers("organizations.id")),
        own("therapists").change(format!("{} OR user_id = auth.uid()", administers("therapists.org_id"))),
        own("patients")
            .read(format!("{} OR user_id = auth.uid()", works_for("patients.org_id", "true")))
            .insert(works_for("patients.org_id", "true"))
            .change(works_for(
                "patients.org_id",
                "(me.role <> 'therapist' OR me.id = patients.assigned_therapist_id)",
            ))
            .inputs("SELECT json_build_object('fullName', 'New', 'abhaId', '11-1111-1111-1111')"),
        own("clinical_notes").inputs(
            // A trigger knows the parts of each type of note.
            "SELECT json_build_object('sessionId', id, 'noteType', 'PROGRESS', 'content', json_build_object('text', 'Well.'))
             FROM therapyflow.sessions ORDER BY id DESC LIMIT 4",
        ),
        own("sessions")
            .read(format!("{} OR {}", sees_session_as_staff("sessions"), is_patient("sessions.patient_id")))
            .write(works_for(&org_of("sessions"), "(me.role <> 'therapist' OR me.id = sessions.therapist_id)"))
            .inputs(
                "SELECT json_build_object('patientId', id, 'scheduledAt', '2031-01-0' || right(id::text, 1) || 'T10:00:00Z')
                 FROM therapyflow.patients WHERE full_name IN ('a patient', 'a patient of another practice') ORDER BY id",
            ),
        own("upcoming_sessions").read(sees_session_as_staff("upcoming_sessions")),
        own("wearable_data")
            .read(format!(
                "EXISTS (
                  SELECT FROM therapyflow.patients p JOIN therapyflow.therapists me ON me.org_id = p.org_id
                  JOIN therapyflow.consent_records c ON c.patient_id = p.id
                  WHERE p.id = wearable_data.patient_id AND me.user_id = auth.uid() AND c.purpose = 'care_management'
                    AND c.status = 'GRANTED' AND coalesce(c.expires_at, 'infinity') > now()
                ) OR {}",
                is_patient("wearable_data.patient_id")
            ))
            .write(is_patient("wearable_data.patient_id"))
            .inputs(
                // Of the caller, and of another user.
                "SELECT json_build_object('dataType', 'STEPS', 'metrics', json_build_object('count', 1),
                   'recordedAt', '2026-01-01T10:00:00Z')
                 UNION ALL SELECT json_build_object('dataType', 'STEPS', 'metrics', json_build_object('count', 1),
                   'recordedAt', '2026-01-01T10:00:00Z', 'patientId', 'ffffffff-0003-4000-8000-000000000002')",
            ),
        own("consent_records")
            .read(staff_or_patient("consent_records"))
            .write(is_patient("consent_records.patient_id"))
            .insert(staff_or_patient("consent_records"))
            .inputs(
                "SELECT json_build_object('patientId', id, 'purpose', 'RESEARCH') FROM therapyflow.patients
                 WHERE full_name IN ('a patient', 'a patient of another practice') ORDER BY id",
            ),
        own("audit_logs").read(administers("audit_logs.org_id")),
        own("free_slots")
            .read("EXISTS (SELECT FROM therapyflow.therapists me WHERE me.user_id = auth.uid())"),
    ]
}

/// Returns the organization of a row's patient, not the one that the row repeats.
fn org_of(table: &str) -> String {
    format!("(SELECT p.org_id FROM therapyflow.patients p WHERE p.id = {table}.patient_id)")
}

fn staff_or_patient(table: &str) -> String {
    format!("{} OR {}", works_for(&org_of(table), "true"), is_patient(&format!("{table}.patient_id")))
}

fn sees_session_as_staff(table: &str) -> String {
    format!(
        "EXISTS (SELECT FROM therapyflow.therapists me WHERE me.user_id = auth.uid() AND me.id = {table}.therapist_id)
         OR {}",
        administers(&org_of(table))
    )
}

/// Returns the condition that the caller works for an organization and meets another condition.
pub(crate) fn works_for(org: &str, condition: &str) -> String {
    format!(
        "EXISTS (SELECT FROM therapyflow.therapists me
           WHERE me.user_id = auth.uid() AND me.org_id = {org} AND {condition})"
    )
}

fn administers(org: &str) -> String {
    works_for(org, "me.role IN ('admin', 'owner')")
}

/// Returns the condition that the caller is a patient.
pub(crate) fn is_patient(patient: &str) -> String {
    format!(
        "EXISTS (SELECT FROM therapyflow.patients me WHERE me.user_id = auth.uid() AND me.id = {patient})"
    )
}

/// Returns the condition that the caller is the therapist of a session or, optionally, administers its organization.
pub(crate) fn runs_session(session: &str, or_administers: bool) -> String {
    let administers =
        if or_administers { "OR me.org_id = p.org_id AND me.role IN ('admin', 'owner')" } else { "" };
    format!(
        "EXISTS (
          SELECT FROM therapyflow.sessions s JOIN therapyflow.patients p ON p.id = s.patient_id
          JOIN therapyflow.therapists me ON me.id = s.therapist_id {administers}
          WHERE s.id = {session} AND me.user_id = auth.uid())"
    )
}
