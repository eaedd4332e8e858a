//! Generates the weeks after a session: homework, and scores of integration.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::protocols::{Kind, ProtocolRow, Session};
use crate::systems::demo::calendar::{date, minute};
use crate::systems::demo::random::Random;

const SCORES: u64 = 5;
const HOMEWORK: u64 = 6;

/// A row of `integration_scores`.
#[derive(Debug, Serialize)]
pub(super) struct ScoreRow {
    protocol_id: i64,
    scale_type: &'static str,
    score_value: f64,
    measured_at: DateTime<Utc>,
}

pub(super) const INSERT_SCORES: &str = "\
INSERT INTO integration_scores (protocol_id, scale_type, score_value, measured_at, created_at)
SELECT protocol_id, scale_type, score_value, measured_at, measured_at
FROM json_to_recordset($1) AS row(
  protocol_id bigint, scale_type text, score_value numeric, measured_at timestamptz)";

/// Returns the scores of both scales from the day of the session, for comparison, to half a year later.
pub(super) fn scores(session: &Session, number: usize, protocol_id: i64) -> Vec<ScoreRow> {
    if session.kind == Kind::Preparation {
        return Vec::new();
    }
    let mut random = Random::new(SCORES, number);
    // Engagement comes first; feeling that the experience is part of life takes longer.
    let mut lines =
        [("IES", 34.0, 58.0, 16.0), ("EIS", 22.0, 46.0, 34.0)].map(|(scale, low, high, slowness)| {
            let start = random.range(low, high);
            (scale, start, random.range(12.0, 90.0 - start), slowness)
        });
    let mut rows = Vec::new();
    for after in [0, 1, 3, 7, 14, 30, 60, 90, 120, 180] {
        let after = after + random.between(-1, 1) * (after / 14);
        let missed = random.chance(f64::from(after) / 900.0);
        let begin = random.between(540, 1020);
        if session.day + after > 0 || missed {
            continue;
        }
        for (scale_type, start, gain, slowness) in &mut lines {
            let days = f64::from(after);
            let score = *start + *gain * days / (days + *slowness) + random.noise(5.0);
            rows.push(ScoreRow {
                protocol_id,
                scale_type,
                score_value: (score.clamp(0.0, 100.0) * 100.0).round() / 100.0,
                measured_at: minute(session.day + after, begin),
            });
        }
    }
    rows
}

/// A row of `integration_homework`.
#[derive(Debug, Serialize)]
pub(super) struct HomeworkRow {
    protocol_id: i64,
    homework_type: &'static str,
    assigned_date: NaiveDate,
    due_date: NaiveDate,
    completed_date: Option<NaiveDate>,
    completion_notes: Option<&'static str>,
    created_by: Option<Uuid>,
    created_at: DateTime<Utc>,
}

pub(super) const INSERT_HOMEWORK: &str = "\
INSERT INTO integration_homework (
  protocol_id, homework_type_id, assigned_date, due_date, completed_date, is_completed, completion_notes, created_by,
  created_at)
SELECT
  protocol_id, (SELECT homework_type_id FROM ref_homework_types WHERE homework_name = homework_type),
  assigned_date, due_date, completed_date, completed_date IS NOT NULL, completion_notes, created_by, created_at
FROM json_to_recordset($1) AS row(
  protocol_id bigint, homework_type text, assigned_date date, due_date date, completed_date date,
  completion_notes text, created_by uuid, created_at timestamptz)";

/// Returns two to eight pieces of homework, given on the day of the session and in the month after it.
pub(super) fn homework(session: &Session, number: usize, protocol: &ProtocolRow) -> Vec<HomeworkRow> {
    let mut random = Random::new(HOMEWORK, number);
    let mut rows: Vec<HomeworkRow> = Vec::new();
    for place in 0..random.between(2, 8) {
        let assigned = (session.day + place * 4 + random.between(0, 2)).min(0);
        let due = assigned + random.pick(&[3, 7, 7, 10, 14]);
        // Homework due in the future is rarely complete; most of the rest is, and some of it was late.
        let (likely, from, to) = if due > 0 {
            (0.15, assigned, 0)
        } else {
            (0.84, assigned + 1, due + random.pick(&[0, 0, 0, 4]))
        };
        let done = random.chance(likely).then(|| random.between(from, to).min(0));
        let has_notes = random.chance(0.55);
        let notes = random.pick(&NOTES);
        rows.push(HomeworkRow {
            protocol_id: protocol.record_id,
            homework_type: random.pick(&TYPES),
            assigned_date: date(assigned),
            due_date: date(due),
            completed_date: done.map(date),
            completion_notes: (done.is_some() && has_notes).then_some(notes),
            created_by: protocol.created_by,
            created_at: minute(assigned, random.between(900, 1050)),
        });
    }
    rows
}

const TYPES: [&str; 11] = [
    "Journaling",
    "Journaling",
    "Meditation",
    "Meditation",
    "Therapy Session",
    "Therapy Session",
    "Body Work",
    "Creative Expression",
    "Nature Connection",
    "Social Connection",
    "Integration Reading",
];

const NOTES: [&str; 9] = [
    "Done as planned",
    "Done twice",
    "Helpful; to be continued",
    "Hard at first; calmer at the end",
    "Shortened to half the time",
    "Brought up grief; talked about it",
    "Slept better afterwards",
    "Prefers mornings",
    "Did it with a friend",
];
