//! Generates outcomes: questionnaires before and after each session.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::protocols::{Kind, Session};
use super::treatments::{GAD, OCD, PTSD, SOCIAL_ANXIETY, Treatment};
use crate::systems::demo::calendar::minute;
use crate::systems::demo::random::Random;

/// A completed questionnaire.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measurement {
    pub(super) day: i32,
    pub(super) assessment: &'static str,
    pub(super) score: f64,
}

/// The current scores of a patient. PHQ-9 comes first.
#[derive(Debug)]
pub(super) struct Health(Vec<Symptom>);

#[derive(Debug)]
struct Symptom {
    assessment: &'static str,
    highest: f64,
    score: f64,
}

impl Health {
    /// Creates the scores of a patient who needs treatment for a condition.
    pub(super) fn new(indication: &str, random: &mut Random) -> Self {
        let (depression, other) = match indication {
            PTSD => ((9, 20), Some(("PCL5", 80.0, (38, 66)))),
            GAD | SOCIAL_ANXIETY => ((7, 16), Some(("GAD7", 21.0, (12, 20)))),
            OCD => ((9, 18), Some(("GAD7", 21.0, (10, 18)))),
            _ => ((14, 25), random.chance(0.4).then_some(("GAD7", 21.0, (7, 16)))),
        };
        let mut symptom = |assessment, highest, (low, high)| Symptom {
            assessment,
            highest,
            score: f64::from(random.between(low, high)),
        };
        let mut symptoms = vec![symptom("PHQ9", 27.0, depression)];
        symptoms.extend(other.map(|(assessment, highest, usual)| symptom(assessment, highest, usual)));
        Self(symptoms)
    }

    pub(super) fn phq9(&self) -> f64 {
        self.0[0].score
    }

    /// Takes a patient through a session and to the day `until`, and returns the questionnaires on the way.
    pub(super) fn treat(
        &mut self,
        day: i32,
        until: i32,
        kind: Kind,
        treatment: &Treatment,
        random: &mut Random,
    ) -> Vec<Measurement> {
        // Most patients respond, some improve a little, and some stay where they are.
        let left = match (kind, random.unit()) {
            (Kind::Preparation, _) => random.range(0.95, 1.05),
            (Kind::Integration, _) => random.range(0.7, 1.0),
            (Kind::Dosing, luck) if luck < 0.55 => random.range(0.15, 0.45),
            (Kind::Dosing, luck) if luck < 0.8 => random.range(0.5, 0.75),
            (Kind::Dosing, _) => random.range(0.8, 1.1),
        };
        let mut measurements = Vec::new();
        for symptom in &mut self.0 {
            let baseline = symptom.score;
            let assessment = symptom.assessment;
            measurements.push(Measurement { day: day - 1, assessment, score: baseline });
            // The effect is not quite there after a week, and wears off a little in half a year.
            for (after, effect) in [(7, 0.8), (30, 1.0), (90, 0.96), (180, 0.88)] {
                let on = day + (after + random.between(-1, 1) * (1 + after / 40)).max(1);
                let score = baseline * (1.0 - (1.0 - left) * effect) + random.noise(symptom.highest * 0.06);
                let missed = random.chance(f64::from(after) / 800.0);
                if kind != Kind::Preparation && on <= until && !missed {
                    symptom.score = score.round().clamp(0.0, symptom.highest);
                    measurements.push(Measurement { day: on, assessment, score: symptom.score });
                }
            }
        }
        if kind == Kind::Dosing && day < 0 {
            let (low, high) = treatment.mystical;
            let score = (random.range(low, high) * 10.0).round() / 10.0;
            measurements.push(Measurement { day: day + 1, assessment: "MEQ30", score });
        }
        measurements.sort_by_key(|measurement| measurement.day);
        measurements
    }
}

/// A row of `assessment_responses`.
#[derive(Debug, Serialize)]
pub(super) struct ResponseRow {
    protocol_id: i64,
    assessment: &'static str,
    score: f64,
    completed_at: DateTime<Utc>,
}

pub(super) const INSERT_RESPONSES: &str = "\
INSERT INTO assessment_responses (protocol_id, assessment_id, score, completed_at)
SELECT
  protocol_id, (SELECT assessment_id FROM ref_assessments WHERE assessment_code = assessment), score, completed_at
FROM json_to_recordset($1) AS row(protocol_id bigint, assessment text, score numeric, completed_at timestamptz)";

const RESPONSES: u64 = 3;

/// Returns the questionnaires around a session.
pub(super) fn responses(session: &Session, number: usize, protocol_id: i64) -> Vec<ResponseRow> {
    let mut random = Random::new(RESPONSES, number);
    let row = |measurement: &Measurement| ResponseRow {
        protocol_id,
        assessment: measurement.assessment,
        score: measurement.score,
        completed_at: minute(measurement.day, random.between(480, 1020)),
    };
    session.measurements.iter().map(row).collect()
}
