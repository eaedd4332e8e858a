//! Generates sessions. Each patient has an hour of the week, from the day of arrival until two months from today.

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::people::{Patient, all_patients};
use super::{Kind, key};
use crate::systems::demo::calendar::minute;
use crate::systems::demo::random::Random;

const SESSIONS: u64 = 0x7f04;
/// Number of days for which sessions are planned ahead.
const PLANNED: i32 = 56;
/// Nine o'clock in India, in minutes of UTC.
const MORNING: i32 = 210;

/// A row of `sessions`.
#[derive(Clone, Debug, Serialize)]
pub(super) struct SessionRow {
    pub(super) id: Uuid,
    therapist_id: Uuid,
    patient_id: Uuid,
    pub(super) scheduled_at: DateTime<Utc>,
    pub(super) status: &'static str,
    pub(super) duration_minutes: i32,
    started_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    /// Day of the session; 0 is today.
    #[serde(skip)]
    pub(super) day: i32,
    #[serde(skip)]
    pub(super) patient: Patient,
}

pub(super) const INSERT: &str = "\
INSERT INTO therapyflow.sessions (
  id, therapist_id, patient_id, scheduled_at, status, duration_minutes, started_at, created_at, updated_at)
SELECT id, therapist_id, patient_id, scheduled_at, status, duration_minutes, started_at, created_at, updated_at
FROM json_to_recordset($1) AS row(
  id uuid, therapist_id uuid, patient_id uuid, scheduled_at timestamptz, status text, duration_minutes int,
  started_at timestamptz, created_at timestamptz, updated_at timestamptz)";

pub(super) fn rows() -> Vec<SessionRow> {
    let mut rows = Vec::new();
    for patient in all_patients() {
        let mut random = Random::new(SESSIONS, patient.number);
        // No two patients of a therapist share a day of the week.
        let weekday = i32::try_from(patient.turn % 5).unwrap_or_default();
        let begin = MORNING + 60 * random.between(0, 7);
        let duration_minutes = random.pick(&[50, 50, 50, 80]);
        let first = patient.since + (weekday - patient.since).rem_euclid(7);
        for day in (first..=PLANNED).step_by(7) {
            let scheduled_at = minute(day, begin);
            let status = match day {
                1.. => "scheduled",
                0 if begin > 8 * 60 => "scheduled",
                _ if random.chance(0.1) => "cancelled",
                _ => "completed",
            };
            let started_at = (status == "completed").then(|| minute(day, begin + random.between(0, 6)));
            let created_at = minute((day - 14).max(patient.since).min(-1), random.between(210, 690));
            rows.push(SessionRow {
                id: key(Kind::Session, rows.len()),
                therapist_id: key(Kind::Therapist, patient.therapist),
                patient_id: key(Kind::Patient, patient.number),
                scheduled_at,
                status,
                duration_minutes,
                started_at,
                created_at,
                updated_at: started_at.unwrap_or(created_at),
                day,
                patient,
            });
        }
    }
    rows
}
