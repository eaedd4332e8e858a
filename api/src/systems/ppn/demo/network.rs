//! Generates the rest of the network: sites with only half a year of dosing sessions and the scores around them. The other sites are compared with
//! these, which have enough protocols with ketamine, and too few with psilocybin.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use super::people::{Site, site};
use crate::systems::demo::calendar::{date, minute, weekday};
use crate::systems::demo::random::Random;

pub(super) const SITES: [Site; 6] = [
    site("Harbour Clinic", "HBC", "Iceland", "clinic"),
    site("Old Mill Clinic", "OMC", "Northern Ireland", "clinic"),
    site("Castle Hill Research Centre", "CHR", "England", "research"),
    site("Bayview Clinic", "BVC", "Faroe Islands", "clinic"),
    site("Elm Grove Clinic", "EGC", "England", "clinic"),
    site("Abbey Street Clinic", "ASC", "Ireland", "clinic"),
];

/// The first days of July to December 2025: months that are over on every clock.
const MONTHS: [i32; 6] = [-503, -472, -441, -411, -380, -350];
const SESSION: u64 = 20;

/// Substance, route, dose in milligrams, and number of sessions of a site in a month.
type Practice = (&'static str, &'static str, f64, (i32, i32));
const PRACTICES: [Practice; 2] =
    [("Ketamine", "Intramuscular", 70.0, (6, 9)), ("Psilocybin", "Oral", 25.0, (1, 3))];

/// A session with its PHQ-9 scores, as a row of `log_clinical_records` and two of `assessment_responses`.
#[derive(Debug, Serialize)]
pub(super) struct SessionRow {
    record_id: i64,
    site_id: i64,
    subject_id: i64,
    substance: &'static str,
    route: &'static str,
    indication: &'static str,
    session_date: NaiveDate,
    dosage_mg: f64,
    safety_event: Option<&'static str>,
    before: i32,
    before_at: DateTime<Utc>,
    after: i32,
    after_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
}

pub(super) const INSERT_SESSIONS: &str = "\
INSERT INTO log_clinical_records (
  record_id, site_id, subject_id, substance_id, route_id, indication_id, session_date, session_type, session_status,
  dosage_mg, baseline_phq9_score, phq9_score, verified_consent, safety_event_id, is_submitted, submitted_at, created_at,
  updated_at)
OVERRIDING SYSTEM VALUE
SELECT
  record_id, site_id, subject_id,
  (SELECT substance_id FROM ref_substances WHERE substance_name = substance),
  (SELECT route_id FROM ref_routes WHERE route_name = route),
  (SELECT indication_id FROM ref_indications WHERE indication_name = indication),
  session_date, 'dosing', 'completed', dosage_mg, before, before, true,
  (SELECT safety_event_id FROM ref_safety_events WHERE event_name = safety_event),
  true, created_at, created_at, created_at
FROM json_to_recordset($1) AS row(
  record_id bigint, site_id bigint, subject_id bigint, substance text, route text, indication text, session_date date,
  dosage_mg numeric, safety_event text, before int, created_at timestamptz)";

pub(super) const INSERT_SCORES: &str = "\
INSERT INTO assessment_responses (protocol_id, assessment_id, score, completed_at)
SELECT record_id, (SELECT assessment_id FROM ref_assessments WHERE assessment_code = 'PHQ9'), score, completed_at
FROM json_to_recordset($1) AS row(
  record_id bigint, before int, before_at timestamptz, after int, after_at timestamptz)
CROSS JOIN LATERAL (VALUES (before, before_at), (after, after_at)) AS measured(score, completed_at)";

/// Returns the number of sessions of each practice of each site, month by month.
fn counts() -> impl Iterator<Item = (usize, i32, &'static Practice, i32)> {
    let cells = (0..SITES.len()).flat_map(|site| {
        MONTHS.iter().flat_map(move |&month| PRACTICES.iter().map(move |it| (site, month, it)))
    });
    cells.enumerate().map(|(number, (site, month, practice))| {
        let (least, most) = practice.3;
        (site, month, practice, Random::new(SESSION, number).between(least, most))
    })
}

/// Returns the number of sessions.
pub(super) fn count() -> usize {
    counts().map(|(_, _, _, count)| usize::try_from(count).unwrap_or_default()).sum()
}

/// Returns the sessions; `records` holds a key for each.
pub(super) fn sessions(sites: &[i64], records: &[i64]) -> Vec<SessionRow> {
    let sessions =
        counts().flat_map(|(site, month, practice, count)| (0..count).map(move |_| (site, month, practice)));
    sessions
        .zip(records)
        .enumerate()
        .map(|(number, ((site, month, &(substance, route, dosage_mg, _)), &record_id))| {
            let mut random = Random::new(SESSION + 1, number);
            let day = weekday(month + random.between(2, 27));
            // Some sites do better than others.
            let skill = [0.3, 0.45, 0.5, 0.6, 0.7, 0.8][site];
            let before = random.between(12, 24);
            let left = if random.chance(skill) { random.range(0.1, 0.48) } else { random.range(0.6, 1.05) };
            #[expect(clippy::cast_possible_truncation, reason = "a score is below 27")]
            let after = (f64::from(before) * left).round() as i32;
            SessionRow {
                record_id,
                site_id: sites[site],
                subject_id: record_id,
                substance,
                route,
                indication: random
                    .pick(&["Treatment-Resistant Depression (TRD)", "Major Depressive Disorder (MDD)"]),
                session_date: date(day),
                dosage_mg,
                safety_event: random
                    .chance(0.3 - 0.25 * skill)
                    .then(|| random.pick(&["Nausea", "Hypertension"])),
                before,
                before_at: minute(day - 1, 600),
                after,
                after_at: minute(day + 28, 600),
                created_at: minute(day, 1000),
            }
        })
        .collect()
}
