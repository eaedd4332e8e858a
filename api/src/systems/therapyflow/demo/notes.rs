//! Generates notes and recordings of sessions.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::sessions::SessionRow;
use super::{Kind, key};
use crate::systems::demo::random::Random;

const NOTES: u64 = 0x7f05;
const RECORDINGS: u64 = 0x7f06;
/// Days whose notes are not approved yet.
const DRAFTS: i32 = -7;

/// A row of `clinical_notes`.
#[derive(Debug, Serialize)]
pub(super) struct NoteRow {
    id: Uuid,
    session_id: Uuid,
    note_type: &'static str,
    content: Value,
    ai_generated_summary: Option<String>,
    approved_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

pub(super) const INSERT_NOTES: &str = "\
INSERT INTO therapyflow.clinical_notes (
  id, session_id, note_type, content, ai_generated_summary, approved_by_therapist, approved_at, created_at, updated_at)
SELECT
  id, session_id, note_type, content, ai_generated_summary, approved_at IS NOT NULL, approved_at, created_at,
  coalesce(approved_at, created_at)
FROM json_to_recordset($1) AS row(
  id uuid, session_id uuid, note_type text, content jsonb, ai_generated_summary text, approved_at timestamptz,
  created_at timestamptz)";

/// Returns the notes of most completed sessions, in each therapist's format.
pub(super) fn notes(sessions: &[SessionRow]) -> Vec<NoteRow> {
    let mut rows = Vec::new();
    for (number, session) in sessions.iter().enumerate().filter(|(_, it)| it.status == "completed") {
        let mut random = Random::new(NOTES, number);
        if random.chance(0.05) {
            continue;
        }
        let theme = random.pick(&THEMES);
        let plan = random.pick(&PLANS);
        let assessment = random.pick(&ASSESSMENTS);
        let (note_type, content) = match session.patient.therapist {
            0 | 5 => (
                "soap",
                json!({
                    "subjective": format!("Speaks of {theme}."),
                    "objective": random.pick(&["Calm, good eye contact.", "Tense, speaks fast.", "Tired, slow to answer."]),
                    "assessment": assessment,
                    "plan": plan,
                    "icd_codes": [random.pick(&["F41.0", "F41.1", "F32.1", "F43.2"])],
                }),
            ),
            1 | 6 => (
                "dap",
                json!({ "data": format!("Session on {theme}."), "assessment": assessment, "plan": plan }),
            ),
            _ => ("progress", json!({ "text": format!("Worked on {theme}. {assessment} {plan}") })),
        };
        let created_at = session.scheduled_at
            + TimeDelta::minutes(i64::from(session.duration_minutes + random.between(5, 90)));
        let approved_at = (session.day < DRAFTS)
            .then(|| created_at + TimeDelta::minutes(i64::from(random.between(10, 2000))));
        rows.push(NoteRow {
            id: key(Kind::Note, rows.len()),
            session_id: session.id,
            note_type,
            content,
            ai_generated_summary: random
                .chance(0.6)
                .then(|| format!("The session was about {theme}. {assessment}")),
            approved_at,
            created_at,
        });
    }
    rows
}

/// A row of `session_recordings`.
#[derive(Debug, Serialize)]
pub(super) struct RecordingRow {
    id: Uuid,
    session_id: Uuid,
    file_path: String,
    duration_seconds: i32,
    file_size_bytes: i64,
    transcript: Option<&'static str>,
    language: &'static str,
    uploaded_at: DateTime<Utc>,
}

pub(super) const INSERT_RECORDINGS: &str = "\
INSERT INTO therapyflow.session_recordings (
  id, session_id, file_path, duration_seconds, file_size_bytes, transcript, language, uploaded_at, created_at, updated_at)
SELECT
  id, session_id, file_path, duration_seconds, file_size_bytes, transcript, language, uploaded_at, uploaded_at, uploaded_at
FROM json_to_recordset($1) AS row(
  id uuid, session_id uuid, file_path text, duration_seconds int, file_size_bytes bigint, transcript text, language text,
  uploaded_at timestamptz)";

/// Returns the recordings of the last three months; older ones are deleted.
pub(super) fn recordings(sessions: &[SessionRow]) -> Vec<RecordingRow> {
    let mut rows = Vec::new();
    for (number, session) in
        sessions.iter().enumerate().filter(|(_, it)| it.status == "completed" && it.day > -90)
    {
        let mut random = Random::new(RECORDINGS, number);
        if !random.chance(0.35) {
            continue;
        }
        let duration_seconds = session.duration_minutes * 60 - random.between(30, 400);
        rows.push(RecordingRow {
            id: key(Kind::Recording, rows.len()),
            session_id: session.id,
            file_path: format!("{}/audio.m4a", session.id),
            duration_seconds,
            file_size_bytes: i64::from(duration_seconds) * 8000 + i64::from(random.between(0, 7999)),
            transcript: random.chance(0.7).then_some("How has the week been? … Better than the last one."),
            language: random.pick(&["en-IN", "hi-IN", "kn-IN", "en-IN"]),
            uploaded_at: session.scheduled_at
                + TimeDelta::minutes(i64::from(session.duration_minutes + random.between(2, 30))),
        });
    }
    rows
}

const THEMES: [&str; 8] = [
    "panic on the way to work",
    "sleep and the phone at night",
    "the argument with a brother",
    "grief after the loss of a parent",
    "drinking at weekends",
    "an exam that is near",
    "feeling watched in meetings",
    "saying no",
];

const ASSESSMENTS: [&str; 5] = [
    "Symptoms have eased since the last session.",
    "Unchanged; motivation is high.",
    "Avoidance keeps the anxiety going.",
    "Mood is lower than in the last weeks; no risk of self-harm.",
    "Steady progress towards the goals.",
];

const PLANS: [&str; 5] = [
    "Thought record every evening; breathing exercise twice a day.",
    "Exposure: one stop further on the metro.",
    "Sleep diary for a week.",
    "Invite the partner to the next session.",
    "Behavioural activation: two walks and one call to a friend.",
];
