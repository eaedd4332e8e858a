//! Generates the rows of one site: protocols over two years, and their events, scores, answers and homework.

use chrono::{NaiveDate, TimeDelta};

use super::random::Random;
use super::reference::Reference;
use super::rows::Rows;
use super::shape::{Around, Shape};

/// The rows of one site, table by table.
#[derive(Debug, Default)]
pub(super) struct Site {
    pub(super) protocols: Rows,
    pub(super) events: Rows,
    pub(super) scores: Rows,
    pub(super) responses: Rows,
    pub(super) homework: Rows,
}

pub(super) const PROTOCOLS: &str = "log_clinical_records (record_id, site_id, subject_id, patient_link_code, substance_id, \
    route_id, indication_id, session_number, session_date, session_type, session_status, dosage_mg, modality_id, \
    support_modality_ids, concomitant_med_ids, patient_sex, patient_age, patient_weight_range, smoking_status_id, \
    baseline_phq9_score, phq9_score, difficulty_score, verified_consent, prep_hours, integration_hours, \
    contraindication_verdict, safety_event_id, severity_grade_id, resolution_status_id, is_submitted, created_at, \
    updated_at)";
pub(super) const EVENTS: &str = "session_events (event_id, protocol_id, event_type_id, event_timestamp, intensity_level, notes, created_at, site_id)";
pub(super) const SCORES: &str = "integration_scores (score_id, protocol_id, scale_type, score_value, measured_at, days_post_dose, created_at, site_id)";
pub(super) const RESPONSES: &str = "assessment_responses (response_id, protocol_id, assessment_id, score, completed_at, site_id, days_post_dose, \
    baseline_score)";
pub(super) const HOMEWORK: &str = "integration_homework (homework_id, protocol_id, homework_type_id, assigned_date, due_date, \
    completed_date, is_completed, created_at, site_id)";

/// The date of the first session.
const BEGIN: Option<NaiveDate> = NaiveDate::from_ymd_opt(2024, 5, 20);
/// Days from the first session to the last.
const DAYS: i64 = 730;
/// The largest number of days after the dose on which scores are measured.
const FOLLOW_UP: i32 = 180;

const NOTES: [&str; 8] = [
    "Settled in 10 min",
    "Hand held; breathing guidance",
    "Within normal range",
    "Quiet, eyes closed",
    "Asked for water",
    "Volume lowered at request",
    "Speaks about family",
    "Repositioned; blanket",
];

/// Returns the rows of a site, counted from 1. They are the same every time.
pub(super) fn rows(shape: Shape, site: i64, reference: &Reference) -> Site {
    let mut random = Random::new(1, site.unsigned_abs());
    let (mut events, mut scores) = (Around::events(), Around::scores());
    let mut out = Site::default();
    let mut next = Next {
        event: shape.first_event(site),
        score: shape.first_score(site),
        response: shape.first_response(site),
        homework: shape.first_homework(site),
    };
    for number in 0..shape.protocols {
        let day = number * DAYS / shape.protocols;
        let protocol = Protocol {
            site,
            number,
            key: Shape::protocol(number, site),
            date: BEGIN.unwrap_or_default() + TimeDelta::days(day),
            start: random.between(8 * 60, 11 * 60),
            responds: random.chance(0.6),
            baseline: random.between(8, 25),
        };
        protocol.row(&mut out.protocols, &mut random, reference);
        protocol.events(&mut out.events, &mut next.event, events.next(&mut random), &mut random, reference);
        protocol.scores(&mut out.scores, &mut next.score, scores.next(&mut random), &mut random);
        protocol.responses(&mut out.responses, &mut next.response, &mut random, reference);
        protocol.homework(&mut out.homework, &mut next.homework, &mut random, reference);
    }
    out
}

/// The next key of each table.
struct Next {
    event: i64,
    score: i64,
    response: i64,
    homework: i64,
}

struct Protocol {
    site: i64,
    number: i64,
    key: i64,
    date: NaiveDate,
    /// Start of the session, in minutes since midnight.
    start: i32,
    responds: bool,
    /// PHQ-9 before the session.
    baseline: i32,
}

impl Protocol {
    fn row(&self, out: &mut Rows, random: &mut Random, reference: &Reference) {
        let adverse = random.chance(0.07);
        let among = |random: &mut Random, keys: &[i64]| adverse.then(|| random.pick(keys));
        let patient = self.number / 3;
        let session = self.number % 3 + 1;
        let kind = ["preparation", "dosing", "integration"][usize::try_from(session - 1).unwrap_or_default()];
        let age = random.weighted(&[
            ("18-25", 10),
            ("26-35", 27),
            ("36-45", 28),
            ("46-55", 19),
            ("56-65", 11),
            ("66+", 5),
        ]);
        let medications = random.between(0, 2);
        let medications: Vec<String> =
            (0..medications).map(|_| random.pick(&reference.medications).to_string()).collect();
        let after = if self.responds { self.baseline * 4 / 10 } else { self.baseline - 1 };
        out.value(self.key)
            .value(self.site)
            .value(patient + 1)
            .value(format_args!("P{:03}-{patient:06}", self.site))
            .value(reference.substance(self.site, random))
            .value(random.pick(&reference.routes))
            .value(random.pick(&reference.indications))
            .value(session)
            .value(self.date)
            .value(kind)
            .value(random.weighted(&[("completed", 90), ("active", 6), ("draft", 4)]))
            .value(random.between(1, 500) * 5 / 10)
            .value(random.pick(&reference.modalities))
            .value(format_args!("{{{}}}", random.pick(&reference.modalities)))
            .value(format_args!("{{{}}}", medications.join(",")))
            .value(random.weighted(&[("Female", 54), ("Male", 43), ("Intersex", 1), ("Unknown", 2)]))
            .value(age)
            .value(random.pick(&["46-60 kg", "61-75 kg", "76-90 kg", "91-105 kg"]))
            .value(random.pick(&reference.smoking))
            .value(self.baseline)
            .value(after)
            .value(random.between(1, 10))
            .value("t")
            .value(random.between(2, 12))
            .value(random.between(1, 10))
            .value(random.weighted(&[("CLEAR", 84), ("PROCEED_WITH_CAUTION", 15), ("DO_NOT_PROCEED", 1)]));
        let safety = among(random, &reference.safety_events);
        let grade = among(random, reference.grades.get(..3).unwrap_or(&reference.grades));
        let resolution = among(random, &reference.resolutions);
        out.optional(safety)
            .optional(grade)
            .optional(resolution)
            .value("t")
            .value(self.moment(self.start - 30))
            .value(self.moment(self.start - 30))
            .end();
    }

    /// Adds the events of the six to eight hours of the session.
    fn events(&self, out: &mut Rows, next: &mut i64, count: i64, random: &mut Random, reference: &Reference) {
        let length = random.between(360, 480);
        for place in 0..count {
            // Evenly through the day with some variation, in the order of time.
            let span = length / i32::try_from(count).unwrap_or(1);
            let minute =
                self.start + i32::try_from(place).unwrap_or_default() * span + random.between(0, span - 1);
            let kind = random.weighted(&reference.event_types);
            let intensity = random.chance(0.8).then(|| random.between(1, 10));
            let notes = random.chance(0.4).then(|| random.pick(&NOTES));
            out.value(*next)
                .value(self.key)
                .value(kind)
                .value(self.moment(minute))
                .optional(intensity)
                .optional(notes)
                .value(self.moment(minute))
                .value(self.site)
                .end();
            *next += 1;
        }
    }

    /// Adds scores of both scales on days 1 to 180, closer together at first. None is from before the dose, so they have no
    /// baseline.
    fn scores(&self, out: &mut Rows, next: &mut i64, count: i64, random: &mut Random) {
        let mut day = 0;
        for place in 0..count {
            let left = i32::try_from(count - place).unwrap_or(1);
            // Early enough that the remaining days suffice for the rest.
            day = (day + random.between(1, 4 + day)).min(FOLLOW_UP - left + 1);
            let moment = self.moment(day * 24 * 60 + random.between(7 * 60, 21 * 60));
            let growth = if self.responds { f64::from(day).sqrt() * 3.2 } else { f64::from(day) * 0.05 };
            let score = (35.0 + growth + random.noise(15.0)).clamp(0.0, 100.0);
            out.value(*next)
                .value(self.key)
                .value(if place % 2 == 0 { "IES" } else { "EIS" })
                .value(format_args!("{score:.2}"))
                .value(&moment)
                .value(day)
                .value(&moment)
                .value(self.site)
                .end();
            *next += 1;
        }
    }

    fn responses(&self, out: &mut Rows, next: &mut i64, random: &mut Random, reference: &Reference) {
        let left = if self.responds { 0.4 } else { 0.9 };
        let mut baseline = None;
        for (day, effect) in [(-1, 0.0), (7, 0.8), (30, 1.0), (90, 0.95)] {
            let score = f64::from(self.baseline) * (1.0 - (1.0 - left) * effect) + random.noise(2.0);
            let kind = reference.assessments[usize::from(self.number % 4 == 0)];
            let highest = if self.number % 4 == 0 { 21.0 } else { 27.0 };
            let score = score.round().clamp(0.0, highest);
            // The first one is from the day before the dose; no other is from before.
            let baseline = *baseline.get_or_insert(score);
            out.value(*next)
                .value(self.key)
                .value(kind)
                .value(score)
                .value(self.moment(day * 24 * 60 + random.between(8 * 60, 17 * 60)))
                .value(self.site)
                .value(day)
                .value(baseline)
                .end();
            *next += 1;
        }
    }

    fn homework(&self, out: &mut Rows, next: &mut i64, random: &mut Random, reference: &Reference) {
        for week in 1..=3 {
            let due = self.date + TimeDelta::days(week * 7);
            let done = random.chance(0.7).then(|| due - TimeDelta::days(random.between(0, 5).into()));
            out.value(*next)
                .value(self.key)
                .value(random.pick(&reference.homework_types))
                .value(self.date)
                .value(due)
                .optional(done)
                .value(done.is_some())
                .value(self.moment(self.start + 480))
                .value(self.site)
                .end();
            *next += 1;
        }
    }

    /// Returns a time, from the minutes since the midnight before the session.
    fn moment(&self, minutes: i32) -> String {
        let date = self.date + TimeDelta::days(minutes.div_euclid(24 * 60).into());
        let minutes = minutes.rem_euclid(24 * 60);
        format!("{date} {:02}:{:02}:00+00", minutes / 60, minutes % 60)
    }
}
