//! Generates the events of a session.

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::protocols::{Kind, ProtocolRow, Session};
use crate::systems::demo::calendar::moment;
use crate::systems::demo::random::Random;

const TIMELINE: u64 = 4;

/// A row of `session_events`.
#[derive(Debug, Serialize)]
pub(super) struct EventRow {
    protocol_id: i64,
    pub(super) event_type: &'static str,
    pub(super) event_timestamp: DateTime<Utc>,
    pub(super) intensity_level: Option<f64>,
    notes: Option<String>,
    pub(super) dose_mg: Option<f64>,
    #[serde(flatten)]
    pub(super) vitals: Option<Vitals>,
    created_by: Option<Uuid>,
}

/// Vital signs.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Vitals {
    heart_rate: i32,
    pub(super) systolic_mmhg: i32,
    pub(super) diastolic_mmhg: i32,
    oxygen_saturation: i32,
}

pub(super) const INSERT: &str = "\
INSERT INTO session_events (
  protocol_id, event_type_id, event_timestamp, intensity_level, notes, dose_mg, heart_rate, systolic_mmhg,
  diastolic_mmhg, oxygen_saturation, created_by, created_at)
SELECT
  protocol_id, (SELECT event_type_id FROM ref_event_types WHERE event_name = event_type), event_timestamp,
  intensity_level, notes, dose_mg, heart_rate, systolic_mmhg, diastolic_mmhg, oxygen_saturation, created_by,
  event_timestamp
FROM json_to_recordset($1) AS row(
  protocol_id bigint, event_type text, event_timestamp timestamptz, intensity_level numeric, notes text,
  dose_mg numeric, heart_rate int, systolic_mmhg int, diastolic_mmhg int, oxygen_saturation int, created_by uuid)";

/// Returns the events of a session in order of time.
pub(super) fn events(session: &Session, number: usize, protocol: &ProtocolRow) -> Vec<EventRow> {
    let mut timeline = Timeline::new(session, Random::new(TIMELINE, number));
    timeline.monitoring();
    timeline.experience();
    let mut taps = timeline.taps;
    taps.sort_by_key(|tap| tap.second);
    taps.into_iter()
        .map(|tap| EventRow {
            protocol_id: protocol.record_id,
            event_type: tap.event_type,
            event_timestamp: moment(session.day, session.begin * 60 + tap.second),
            intensity_level: tap.intensity,
            notes: tap.notes,
            dose_mg: tap.dose_mg,
            vitals: tap.vitals,
            created_by: protocol.created_by,
        })
        .collect()
}

/// An event as the clinician logs it.
struct Tap {
    /// Second of the session.
    second: i32,
    event_type: &'static str,
    intensity: Option<f64>,
    notes: Option<String>,
    dose_mg: Option<f64>,
    vitals: Option<Vitals>,
}

struct Timeline<'a> {
    session: &'a Session,
    random: Random,
    /// Minutes from the beginning to the peak.
    peak: i32,
    /// Minutes of the whole session.
    length: i32,
    /// Intensity at the peak.
    height: f64,
    taps: Vec<Tap>,
}

impl<'a> Timeline<'a> {
    fn new(session: &'a Session, mut random: Random) -> Self {
        let treatment = session.treatment;
        let (rise, height) = match session.kind {
            Kind::Dosing => (treatment.rise, random.range(7.0, 9.6)),
            Kind::Preparation => (60, random.range(2.5, 4.5)),
            Kind::Integration => (60, random.range(3.5, 5.5)),
        };
        let peak = treatment.dose_at + rise * random.between(85, 115) / 100;
        Self { session, peak, length: random.between(365, 480), height, random, taps: Vec::new() }
    }

    /// Returns the intensity of the experience, from 1 to 10: it rises to the peak and then fades.
    fn intensity(&mut self, minute: i32) -> f64 {
        let treatment = self.session.treatment;
        let share = if minute < treatment.dose_at {
            0.0
        } else if minute < self.peak {
            f64::from(minute - treatment.dose_at) / f64::from((self.peak - treatment.dose_at).max(1))
        } else {
            let faded = f64::from(minute - self.peak) / f64::from(treatment.fade);
            1.0 / (1.0 + faded * faded)
        };
        (1.0 + (self.height - 1.0) * share + self.random.noise(1.2)).round().clamp(1.0, 10.0)
    }

    fn tap(&mut self, minute: i32, event_type: &'static str, notes: Option<String>) -> &mut Tap {
        let minute = minute.clamp(0, self.length);
        let intensity = (event_type != "Bathroom Break").then(|| self.intensity(minute));
        let second = minute * 60 + self.random.between(0, 59);
        let at = self.taps.len();
        self.taps.push(Tap { second, event_type, intensity, notes, dose_mg: None, vitals: None });
        &mut self.taps[at]
    }

    /// Adds the events of every session: vital signs, music, breaks.
    fn monitoring(&mut self) {
        let resting = (self.random.between(112, 134), self.random.between(64, 80));
        let mut minute = self.random.between(0, 4);
        while minute < self.length {
            let vitals = self.vital_signs(minute, resting);
            self.tap(minute, "Vital Signs Check", None).vitals = Some(vitals);
            minute += self.random.between(60, 90);
        }
        let mut minute = self.session.treatment.dose_at + self.random.between(0, 8);
        while minute < self.length - 20 {
            let notes = if minute < self.peak - 20 {
                self.random.pick(&["Onset playlist", "Ambient, slow build", "Strings, no vocals"])
            } else if minute < self.peak + 60 {
                self.random.pick(&["Peak playlist", "Drumming", "Choral", "Volume lowered at request"])
            } else {
                self.random.pick(&["Return playlist", "Piano", "Acoustic guitar", "Nature sounds", "Silence"])
            };
            self.tap(minute, "Music Change", Some(notes.to_owned()));
            minute += self.random.between(34, 62);
        }
        for _ in 0..self.random.between(1, 3) {
            let minute = self.random.between(60, self.length - 15);
            self.tap(minute, "Bathroom Break", None);
        }
    }

    fn vital_signs(&mut self, minute: i32, (systolic, pulse): (i32, i32)) -> Vitals {
        let strain = self.intensity(minute) - 1.0;
        let systolic = f64::from(systolic) + strain * 2.4 + self.random.noise(6.0);
        let diastolic = systolic * 0.62 + self.random.noise(5.0);
        let pulse = f64::from(pulse) + strain * 2.6 + self.random.noise(6.0);
        Vitals {
            heart_rate: whole(pulse),
            systolic_mmhg: whole(systolic),
            diastolic_mmhg: whole(diastolic),
            oxygen_saturation: self.random.between(95, 99),
        }
    }

    /// Adds the patient's experiences, mostly around the peak and after it.
    fn experience(&mut self) {
        let treatment = self.session.treatment;
        let dosing = self.session.kind == Kind::Dosing;
        let dose_at = treatment.dose_at;
        if dosing && !treatment.boosters.is_empty() && self.random.chance(0.4) {
            let (dose, notes) = self.random.pick(treatment.boosters);
            let minute = dose_at + treatment.rise * 7 / 10 + self.random.between(0, 8);
            self.tap(minute, "Booster Dose", Some(notes.to_owned())).dose_mg = Some(dose);
        }
        for _ in 0..self.random.pick(&[1, 1, 2, 2, 3]) {
            let minute = self.random.between((self.peak - 45).max(dose_at + 5), self.peak + 35);
            let notes = self.random.pick(&DISTRESS);
            self.tap(minute, "Distress", Some(notes.to_owned()));
        }
        if self.random.chance(if dosing { 0.91 } else { 0.7 }) {
            for _ in 0..self.random.pick(&[1, 1, 2, 3]) {
                let minute = self.peak + self.random.between(-10, 75);
                let notes = self.random.pick(&BREAKTHROUGH);
                self.tap(minute, "Breakthrough", Some(notes.to_owned()));
            }
        }
        if dosing && self.random.chance(0.75) {
            for _ in 0..self.random.pick(&[1, 1, 2]) {
                let minute = self.peak + self.random.between(-8, 12);
                let notes = self.random.pick(&PEAK);
                self.tap(minute, "Peak Experience", Some(notes.to_owned()));
            }
        }
        for _ in 0..self.random.between(2, 4) {
            let minute = self.random.between(self.length * 6 / 10, self.length - 5);
            let notes = self.random.pick(&INTEGRATION);
            self.tap(minute, "Integration Moment", Some(notes.to_owned()));
        }
    }
}

/// Rounds a reading as the device shows it.
#[expect(clippy::cast_possible_truncation, reason = "readings are small")]
fn whole(reading: f64) -> i32 {
    reading.round() as i32
}

const DISTRESS: [&str; 10] = [
    "Fear; hand held; settled in 10 min",
    "Crying; breathing guidance; settled in 15 min",
    "Nausea; repositioned; no vomiting",
    "Restless; grounding; settled in 5 min",
    "Trauma memory; verbal reassurance",
    "Asked to stop; reoriented; agreed to go on",
    "Chest tightness; vital signs checked; normal",
    "Trembling; blanket; settled in 10 min",
    "Confusion about place; reoriented",
    "Grief; therapist present; no intervention",
];

const BREAKTHROUGH: [&str; 9] = [
    "Self-compassion",
    "Forgiveness of a parent",
    "Grief released",
    "Memory revisited without fear",
    "Connection to others",
    "Sense of safety in the body",
    "Meaning of a loss",
    "Choice about drinking",
    "Acceptance",
];

const PEAK: [&str; 6] =
    ["Unity", "Ego dissolution", "Awe", "Loss of time and space", "Deep peace", "Ineffable, eyes closed"];

const INTEGRATION: [&str; 8] = [
    "Names an intention for the week",
    "Links the experience to daily life",
    "Draws what was seen",
    "Writes in journal",
    "Speaks about the hardest part",
    "Plans to call family",
    "Body scan; calm",
    "Sets one next step with therapist",
];
