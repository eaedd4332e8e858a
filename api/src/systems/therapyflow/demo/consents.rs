//! Generates the consents that patients were asked for.

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::people::all_patients;
use super::{Kind, key};
use crate::systems::demo::calendar::minute;

/// A row of `consent_records`.
#[derive(Debug, Serialize)]
pub(super) struct ConsentRow {
    id: Uuid,
    patient_id: Uuid,
    consent_request_id: String,
    purpose: &'static str,
    status: &'static str,
    granted_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

pub(super) const INSERT: &str = "\
INSERT INTO therapyflow.consent_records (
  id, patient_id, consent_request_id, purpose, hi_types, status, granted_at, expires_at, revoked_at, created_at, updated_at)
SELECT
  id, patient_id, consent_request_id, purpose, '{OPConsultation}', status, granted_at, expires_at, revoked_at, created_at,
  coalesce(revoked_at, granted_at, created_at)
FROM json_to_recordset($1) AS row(
  id uuid, patient_id uuid, consent_request_id text, purpose text, status text, granted_at timestamptz,
  expires_at timestamptz, revoked_at timestamptz, created_at timestamptz)";

/// Status of the consents to treatment of those who wear a device, patient by patient. The first one decides in the demo.
const STATUSES: [&str; 10] = [
    "GRANTED",
    "GRANTED",
    "GRANTED",
    "GRANTED",
    "REVOKED",
    "GRANTED",
    "EXPIRED",
    "DENIED",
    "GRANTED",
    "REQUESTED",
];

/// Days on which consents were asked for, decided, revoked, and end.
const ASKED: i32 = -70;
const DECIDED: i32 = -66;
const REVOKED: i32 = -20;
const EXPIRED: i32 = -10;
const ENDS: i32 = 3650;

pub(super) fn rows() -> Vec<ConsentRow> {
    let mut rows = Vec::new();
    for (patient, status) in all_patients().into_iter().zip(STATUSES) {
        rows.push(row(rows.len(), patient.number, "care_management", status));
        if patient.number % 3 == 0 {
            rows.push(row(rows.len(), patient.number, "research", "REQUESTED"));
        }
    }
    rows
}

fn row(number: usize, patient: usize, purpose: &'static str, status: &'static str) -> ConsentRow {
    let is_granted = matches!(status, "GRANTED" | "REVOKED" | "EXPIRED");
    ConsentRow {
        id: key(Kind::Consent, number),
        patient_id: key(Kind::Patient, patient),
        consent_request_id: format!("req-{:05}", 70_100 + number),
        purpose,
        status,
        granted_at: is_granted.then(|| minute(DECIDED, 420)),
        expires_at: is_granted.then(|| minute(if status == "EXPIRED" { EXPIRED } else { ENDS }, 0)),
        revoked_at: (status == "REVOKED").then(|| minute(REVOKED, 500)),
        created_at: minute(ASKED, 400),
    }
}
