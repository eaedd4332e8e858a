//! Generates the protocols: the patients of each site, their sessions over two years, and their outcomes.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::outcomes::{Health, Measurement};
use super::people::clinicians;
use super::treatments::{OF_SITE, TREATMENTS, Treatment};
use crate::systems::demo::calendar::{date, minute, weekday};
use crate::systems::demo::random::Random;

/// Number of protocols of each site.
pub(super) const COUNTS: [usize; 5] = [60, 45, 38, 31, 26];
/// Day of the first session.
const FIRST: i32 = -728;

const PATIENT: u64 = 1;
const PROTOCOL: u64 = 2;

/// The kind of a session. Sessions of other kinds than these are short and have no timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Preparation,
    Dosing,
    Integration,
}

/// A session of a patient.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) day: i32,
    /// Minute of the day at which it begins.
    pub(super) begin: i32,
    pub(super) kind: Kind,
    pub(super) treatment: &'static Treatment,
    pub(super) measurements: Vec<Measurement>,
    site: usize,
    number: i32,
    patient: Patient,
    phq9: f64,
}

#[derive(Clone, Debug)]
struct Patient {
    number: i64,
    link_code: String,
    sex: &'static str,
    age: &'static str,
    weight: &'static str,
    smoking: &'static str,
    indication: &'static str,
    medications: Vec<&'static str>,
    baseline_phq9: f64,
}

/// Returns all sessions in order of time.
pub(super) fn sessions() -> Vec<Session> {
    let mut sessions: Vec<Session> = (0..COUNTS.len()).flat_map(of_site).collect();
    sessions.sort_by_key(|session| (session.day, session.site, session.patient.number));
    sessions
}

fn of_site(site: usize) -> Vec<Session> {
    let mut sessions = Vec::new();
    for number in 0.. {
        let room = COUNTS[site] - sessions.len();
        if room == 0 {
            break;
        }
        sessions.extend(of_patient(site, number).into_iter().take(room));
    }
    sessions
}

/// Returns the sessions of one patient: a course of one to three, some weeks apart.
fn of_patient(site: usize, number: usize) -> Vec<Session> {
    let mut random = Random::new(PATIENT, site * 1000 + number);
    let treatment = &TREATMENTS[random.pick(OF_SITE[site])];
    let indication = random.pick(treatment.indications);
    let mut health = Health::new(indication, &mut random);
    let patient = patient(site, number, indication, treatment, &health, &mut random);
    let days = days(site, number, &mut random);
    let mut sessions = Vec::new();
    for (place, &day) in days.iter().enumerate() {
        let kind = match place {
            // The first two protocols of a site have rows in every table.
            0 if number > 1 && random.chance(0.05) => Kind::Preparation,
            0 => Kind::Dosing,
            _ if random.chance(0.15) => Kind::Integration,
            _ => Kind::Dosing,
        };
        let phq9 = health.phq9();
        let until = days.get(place + 1).map_or(0, |next| next - 1);
        let measurements = health.treat(day, until, kind, treatment, &mut random);
        sessions.push(Session {
            day,
            begin: 510 + 15 * random.between(0, 6),
            kind,
            treatment,
            measurements,
            site,
            number: sessions.len().try_into().map_or(1, |before: i32| before + 1),
            patient: patient.clone(),
            phq9,
        });
    }
    sessions
}

fn days(site: usize, number: usize, random: &mut Random) -> Vec<i32> {
    // At the first site both the first protocol of all and a session that is under way today.
    let first = match (site, number) {
        (0, 0) => FIRST,
        (0, 1) => 0,
        _ => weekday(random.between(FIRST + 1, -1)),
    };
    let mut days = vec![first];
    for _ in 1..random.pick(&[1, 1, 2, 2, 3]) {
        let next = weekday(days[days.len() - 1] + random.between(23, 51));
        if next >= 0 {
            break;
        }
        days.push(next);
    }
    days
}

fn patient(
    site: usize,
    number: usize,
    indication: &'static str,
    treatment: &Treatment,
    health: &Health,
    random: &mut Random,
) -> Patient {
    let letters: String =
        (0..6).map(|_| char::from(random.pick(b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ"))).collect();
    let medications = random.pick(&[0, 0, 1, 1, 2]);
    Patient {
        number: i64::try_from((site + 1) * 1000 + number + 1).unwrap_or_default(),
        link_code: format!("PX-{letters}"),
        sex: random
            .pick(&["Female", "Female", "Female", "Female", "Male", "Male", "Male", "Male", "Intersex"]),
        age: random.pick(&["18-25", "26-35", "26-35", "36-45", "36-45", "46-55", "46-55", "56-65", "66+"]),
        weight: random.pick(&["46-60 kg", "61-75 kg", "61-75 kg", "76-90 kg", "76-90 kg", "91-105 kg"]),
        smoking: random.pick(&[
            "Non-Smoker",
            "Non-Smoker",
            "Non-Smoker",
            "Former Smoker",
            "Current Smoker (Occasional)",
            "Current Smoker (Daily)",
        ]),
        indication,
        medications: random.some(treatment.medications, medications),
        baseline_phq9: health.phq9(),
    }
}

/// A row of `log_clinical_records`, with the names of reference rows instead of their keys.
#[derive(Debug, Serialize)]
pub(super) struct ProtocolRow {
    pub(super) record_id: i64,
    site_id: i64,
    subject_id: i64,
    patient_link_code: String,
    substance: &'static str,
    route: Option<&'static str>,
    indication: &'static str,
    session_number: i32,
    session_date: NaiveDate,
    session_type: Kind,
    session_status: &'static str,
    dosage_mg: Option<f64>,
    modalities: Vec<&'static str>,
    medications: Vec<&'static str>,
    patient_sex: &'static str,
    patient_age: &'static str,
    patient_weight_range: &'static str,
    smoking_status: &'static str,
    baseline_phq9_score: f64,
    phq9_score: f64,
    difficulty_score: i32,
    verified_consent: bool,
    prep_hours: f64,
    integration_hours: f64,
    contraindication_verdict: &'static str,
    safety_event: Option<&'static str>,
    severity: Option<i32>,
    resolution: Option<&'static str>,
    submitted_at: Option<DateTime<Utc>>,
    pub(super) created_by: Option<Uuid>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

pub(super) const INSERT: &str = "\
INSERT INTO log_clinical_records (
  record_id, site_id, subject_id, patient_link_code, substance_id, route_id, indication_id, session_number,
  session_date, session_type, session_status, dosage_mg, modality_id, support_modality_ids, concomitant_med_ids,
  patient_sex, patient_age, patient_weight_range, smoking_status_id, baseline_phq9_score, phq9_score,
  difficulty_score, verified_consent, prep_hours, integration_hours, contraindication_verdict, safety_event_id,
  severity_grade_id, resolution_status_id, is_submitted, submitted_at, created_by, created_at, updated_at)
OVERRIDING SYSTEM VALUE
SELECT
  record_id, site_id, subject_id, patient_link_code,
  (SELECT substance_id FROM ref_substances WHERE substance_name = substance),
  (SELECT route_id FROM ref_routes WHERE route_name = route),
  (SELECT indication_id FROM ref_indications WHERE indication_name = indication),
  session_number, session_date, session_type, session_status, dosage_mg,
  (SELECT modality_id FROM ref_support_modality WHERE modality_name = modalities[1]),
  ARRAY(SELECT modality_id FROM ref_support_modality WHERE modality_name = ANY (modalities) ORDER BY modality_id),
  ARRAY(SELECT medication_id FROM ref_medications WHERE medication_name = ANY (medications) ORDER BY medication_id),
  patient_sex, patient_age, patient_weight_range,
  (SELECT smoking_status_id FROM ref_smoking_status WHERE status_name = smoking_status),
  baseline_phq9_score, phq9_score, difficulty_score, verified_consent, prep_hours, integration_hours,
  contraindication_verdict,
  (SELECT safety_event_id FROM ref_safety_events WHERE event_name = safety_event),
  (SELECT severity_grade_id FROM ref_severity_grade WHERE grade_value = severity),
  (SELECT resolution_status_id FROM ref_resolution_status WHERE status_name = resolution),
  submitted_at IS NOT NULL, submitted_at, created_by, created_at, updated_at
FROM json_to_recordset($1) AS row(
  record_id bigint, site_id bigint, subject_id bigint, patient_link_code text, substance text, route text,
  indication text, session_number int, session_date date, session_type text, session_status text, dosage_mg numeric,
  modalities text[], medications text[], patient_sex text, patient_age text, patient_weight_range text,
  smoking_status text, baseline_phq9_score numeric, phq9_score numeric, difficulty_score int,
  verified_consent boolean, prep_hours numeric, integration_hours numeric, contraindication_verdict text,
  safety_event text, severity int, resolution text, submitted_at timestamptz, created_by uuid,
  created_at timestamptz, updated_at timestamptz)";

/// Returns the row of a session; `number` counts all sessions.
pub(super) fn row(session: &Session, number: usize, record_id: i64, sites: &[i64]) -> ProtocolRow {
    let mut random = Random::new(PROTOCOL, number);
    let Session { day, treatment, ref patient, .. } = *session;
    let dosing = session.kind == Kind::Dosing;
    let first = random.pick(&["IFS", "Somatic", "Psychodynamic", "CBT", "IFS", "Somatic", "None/Sitter"]);
    let second = random.pick(&["CBT", "Somatic", "IFS"]);
    let modalities = if random.chance(0.4) && second != first && first != "None/Sitter" {
        vec![first, second]
    } else {
        vec![first]
    };
    let caution = treatment.substance == "Ibogaine"
        || patient.medications.iter().any(|name| {
            ["Quetiapine", "Lorazepam", "Clonazepam"].iter().any(|cautious| name.starts_with(cautious))
        })
        || random.chance(0.06);
    let safety_event =
        (dosing && random.chance(treatment.risk)).then(|| random.pick(treatment.safety_events));
    let dose = random.pick(treatment.doses);
    let status = match day {
        0 => "active",
        -14..0 if random.chance(0.6) => "draft",
        _ => "completed",
    };
    let submitted = status == "completed" && day < -5 && random.chance(0.92);
    let submitted_at = submitted
        .then(|| minute(weekday(day + random.between(1, 5)).max(day + 1), random.between(480, 1020)));
    let created_at = minute(weekday(day - random.between(1, 4)), random.between(540, 1000));
    ProtocolRow {
        record_id,
        site_id: sites[session.site],
        subject_id: patient.number,
        patient_link_code: patient.link_code.clone(),
        substance: treatment.substance,
        route: dosing.then_some(treatment.route),
        indication: patient.indication,
        session_number: session.number,
        session_date: date(day),
        session_type: session.kind,
        session_status: status,
        dosage_mg: dosing.then_some(dose),
        modalities,
        medications: patient.medications.clone(),
        patient_sex: patient.sex,
        patient_age: patient.age,
        patient_weight_range: patient.weight,
        smoking_status: patient.smoking,
        baseline_phq9_score: patient.baseline_phq9,
        phq9_score: session.phq9,
        difficulty_score: random.between(1, 7) + if safety_event.is_some() { 2 } else { 0 },
        verified_consent: status != "draft" || random.chance(0.5),
        prep_hours: f64::from(random.between(4, 16)) / 2.0,
        integration_hours: f64::from(random.between(3, 18)) / 2.0,
        contraindication_verdict: if caution { "PROCEED_WITH_CAUTION" } else { "CLEAR" },
        severity: safety_event.map(|_| random.pick(&[1, 1, 1, 1, 1, 1, 2, 2, 2, 3])),
        resolution: safety_event.map(|_| {
            random.pick(&[
                "Resolved in Session",
                "Resolved in Session",
                "Resolved in Session",
                "Resolved Post-Session",
                "Resolved Post-Session",
                "Unresolved/Lingering",
            ])
        }),
        safety_event,
        submitted_at,
        created_by: Some(random.pick(&clinicians(session.site, day))),
        created_at,
        updated_at: submitted_at.unwrap_or_else(|| minute(day, session.begin + 495)),
    }
}
