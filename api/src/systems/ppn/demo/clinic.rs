//! Patients' sessions, what happened in them, and what came of them.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use super::{
    ANCHOR, at,
    generator::Generator,
    people::{days, writers},
    rows::{Rows, list, text},
    user_id,
};

/// How many protocols there are.
const PROTOCOLS: usize = 200;

/// The keys of the reference rows, by table and name: they differ between databases.
pub(super) type References = BTreeMap<(String, String), i64>;

/// The first keys of the tables.
pub(super) struct Keys {
    pub(super) site: i64,
    pub(super) subject: i64,
    pub(super) protocol: i64,
    pub(super) event: i64,
    pub(super) homework: i64,
    pub(super) score: i64,
    pub(super) response: i64,
}

pub(super) struct Clinic {
    pub(super) protocols: Rows,
    pub(super) events: Rows,
    pub(super) homework: Rows,
    pub(super) scores: Rows,
    pub(super) responses: Rows,
}

/// What is given: substance, route, lowest and highest dose in hundredths of a milligram, whether a booster is usual.
type Treatment = (&'static str, &'static str, i32, i32, bool);

const PSILOCYBIN: Treatment = ("Psilocybin", "Oral", 2000, 3000, false);
const MDMA: Treatment = ("MDMA", "Oral", 8000, 12000, true);
const KETAMINE: Treatment = ("Ketamine", "Intramuscular", 4000, 9000, true);
const KETAMINE_IV: Treatment = ("Ketamine", "Intravenous", 3500, 6000, false);
const ESKETAMINE: Treatment = ("Esketamine", "Intranasal", 5600, 8400, false);
const LSD: Treatment = ("LSD-25", "Oral", 10, 20, false);
const IBOGAINE: Treatment = ("Ibogaine", "Oral", 60000, 90000, false);

/// Condition, its share in a hundred patients, what it is treated with.
const INDICATIONS: [(&str, i32, &[Treatment]); 7] = [
    ("Treatment-Resistant Depression (TRD)", 28, &[PSILOCYBIN, KETAMINE, KETAMINE_IV, ESKETAMINE]),
    ("Post-Traumatic Stress Disorder (PTSD)", 26, &[MDMA, MDMA, KETAMINE]),
    ("Major Depressive Disorder (MDD)", 16, &[PSILOCYBIN, KETAMINE, ESKETAMINE]),
    ("Generalized Anxiety Disorder (GAD)", 10, &[LSD, PSILOCYBIN]),
    ("Substance Use Disorder", 8, &[PSILOCYBIN, IBOGAINE, KETAMINE]),
    ("End-of-Life Distress", 7, &[PSILOCYBIN, PSILOCYBIN]),
    ("Obsessive-Compulsive Disorder (OCD)", 5, &[PSILOCYBIN]),
];

struct Patient {
    subject: i64,
    site: usize,
    indication: &'static str,
    treatment: Treatment,
    sex: &'static str,
    age: &'static str,
    weight: &'static str,
    smoking: &'static str,
    modality: &'static str,
    medications: Vec<&'static str>,
    /// Share of the symptoms that treatment takes away.
    response: f64,
    phq9: i32,
    gad7: i32,
    pcl5: i32,
    clinician: usize,
}

struct Session {
    patient: usize,
    number: i32,
    date: NaiveDate,
}

pub(super) fn clinic(generator: &mut Generator, references: &References, keys: &Keys) -> Clinic {
    let mut patients = Vec::new();
    let mut sessions: Vec<Session> = Vec::new();
    while sessions.len() < PROTOCOLS {
        let subject = keys.subject + i64::try_from(patients.len()).unwrap_or(0);
        // The first patient is one that every guide can point at: at the first site, the earliest session.
        let first = patients.is_empty();
        let patient = patient(generator, subject, first.then_some(0));
        let count = if first { 3 } else { generator.between(1, 4) };
        let mut date = ANCHOR - Days::new(730) + days(if first { 0 } else { generator.between(2, 722) });
        for number in 1..=count {
            if date <= ANCHOR && sessions.len() < PROTOCOLS {
                sessions.push(Session { patient: patients.len(), number, date });
            }
            date = date + days(generator.between(14, 35));
        }
        patients.push(patient);
    }
    sessions.sort_by_key(|it| (it.date, it.patient));

    let mut clinic = empty();
    for (session, protocol) in sessions.iter().zip(keys.protocol..) {
        let patient = &patients[session.patient];
        let started = at(session.date, generator.between(15, 17), generator.between(0, 59));
        record(generator, references, keys, &mut clinic, patient, session, protocol);
        timeline(generator, references, keys, &mut clinic.events, patient, protocol, started);
        integration(generator, keys, &mut clinic.scores, patient, session, protocol);
        assessments(generator, references, keys, &mut clinic.responses, patient, session, protocol);
        homework(generator, references, keys, &mut clinic.homework, patient, session, protocol);
    }
    clinic
}

fn empty() -> Clinic {
    Clinic {
        protocols: Rows::new(
            "public.log_clinical_records",
            &[
                ("record_id", "bigint"),
                ("site_id", "bigint"),
                ("subject_id", "bigint"),
                ("patient_link_code", "text"),
                ("substance_id", "bigint"),
                ("route_id", "bigint"),
                ("indication_id", "bigint"),
                ("session_number", "int"),
                ("session_date", "date"),
                ("session_type", "text"),
                ("session_status", "text"),
                ("dosage_mg", "numeric"),
                ("modality_id", "bigint"),
                ("support_modality_ids", "bigint[]"),
                ("concomitant_med_ids", "bigint[]"),
                ("patient_sex", "text"),
                ("patient_age", "text"),
                ("patient_weight_range", "text"),
                ("smoking_status_id", "bigint"),
                ("baseline_phq9_score", "int"),
                ("phq9_score", "int"),
                ("difficulty_score", "int"),
                ("verified_consent", "boolean"),
                ("prep_hours", "numeric"),
                ("integration_hours", "numeric"),
                ("contraindication_verdict", "text"),
                ("safety_event_id", "bigint"),
                ("severity_grade_id", "bigint"),
                ("resolution_status_id", "bigint"),
                ("is_submitted", "boolean"),
                ("submitted_at", "timestamptz"),
                ("created_by", "uuid"),
                ("created_at", "timestamptz"),
                ("updated_at", "timestamptz"),
            ],
        ),
        events: Rows::new(
            "public.session_events",
            &[
                ("event_id", "bigint"),
                ("protocol_id", "bigint"),
                ("event_type_id", "bigint"),
                ("event_timestamp", "timestamptz"),
                ("intensity_level", "int"),
                ("notes", "text"),
                ("created_by", "uuid"),
                ("created_at", "timestamptz"),
            ],
        ),
        homework: Rows::new(
            "public.integration_homework",
            &[
                ("homework_id", "bigint"),
                ("protocol_id", "bigint"),
                ("homework_type_id", "bigint"),
                ("assigned_date", "date"),
                ("due_date", "date"),
                ("completed_date", "date"),
                ("is_completed", "boolean"),
                ("completion_notes", "text"),
                ("created_by", "uuid"),
                ("created_at", "timestamptz"),
            ],
        ),
        scores: Rows::new(
            "public.integration_scores",
            &[
                ("score_id", "bigint"),
                ("protocol_id", "bigint"),
                ("scale_type", "text"),
                ("score_value", "numeric"),
                ("measured_at", "timestamptz"),
                ("created_at", "timestamptz"),
            ],
        ),
        responses: Rows::new(
            "public.assessment_responses",
            &[
                ("response_id", "bigint"),
                ("protocol_id", "bigint"),
                ("assessment_id", "bigint"),
                ("score", "numeric"),
                ("completed_at", "timestamptz"),
            ],
        ),
    }
}

fn patient(generator: &mut Generator, subject: i64, site: Option<usize>) -> Patient {
    let drawn = generator.pick(&[0, 0, 0, 1, 1, 1, 2, 2, 3]);
    let site = site.unwrap_or(drawn);
    let mut share = generator.between(1, 100);
    let (indication, _, treatments) = INDICATIONS
        .into_iter()
        .find(|(_, percent, _)| {
            share -= percent;
            share <= 0
        })
        .unwrap_or(INDICATIONS[0]);
    let depressed = indication.contains("Depress");
    let responds = generator.chance(65);
    Patient {
        subject,
        site,
        indication,
        treatment: generator.pick(treatments),
        sex: generator.pick(&["Female", "Female", "Female", "Male", "Male", "Male", "Intersex", "Unknown"]),
        age: generator.pick(&["18-25", "26-35", "26-35", "36-45", "36-45", "46-55", "56-65", "66+"]),
        weight: generator.pick(&["45-60 kg", "61-75 kg", "61-75 kg", "76-90 kg", "76-90 kg", "91-105 kg"]),
        smoking: generator.pick(&[
            "Non-Smoker",
            "Non-Smoker",
            "Non-Smoker",
            "Former Smoker",
            "Current Smoker (Occasional)",
            "Current Smoker (Daily)",
        ]),
        modality: generator.pick(&[
            "CBT",
            "Somatic",
            "Somatic",
            "Psychodynamic",
            "IFS",
            "IFS",
            "None/Sitter",
        ]),
        medications: match generator.between(1, 10) {
            1 => vec!["Sertraline (Zoloft)"],
            2 => vec!["Bupropion (Wellbutrin)"],
            3 => vec!["Lamotrigine (Lamictal)", "Trazodone (Desyrel)"],
            4 => vec!["Lorazepam (Ativan)"],
            5 => vec!["Escitalopram (Lexapro)", "Quetiapine (Seroquel)"],
            _ => Vec::new(),
        },
        response: if responds { generator.real(0.5, 0.85) } else { generator.real(0.05, 0.4) },
        phq9: if depressed { generator.between(15, 25) } else { generator.between(8, 19) },
        gad7: if indication.contains("Anxiety") {
            generator.between(13, 20)
        } else {
            generator.between(6, 16)
        },
        pcl5: generator.between(40, 66),
        clinician: generator.pick(&writers(site)),
    }
}

/// How much of a score is left when so many sessions lie behind.
fn left(patient: &Patient, sessions: f64) -> f64 {
    1.0 - patient.response * (sessions / 3.0).min(1.0) * 0.4
        - if sessions > 0.0 { patient.response * 0.6 } else { 0.0 }
}

fn record(
    generator: &mut Generator,
    references: &References,
    keys: &Keys,
    clinic: &mut Clinic,
    patient: &Patient,
    session: &Session,
    protocol: i64,
) {
    let find = |table: &str, name: &str| reference(references, table, name);
    let (substance, route, low, high, _) = patient.treatment;
    let hundredths = generator.between(low, high);
    let dose = if substance == "LSD-25" { hundredths } else { hundredths / 500 * 500 };
    let caution = patient.medications.iter().any(|it| it.contains("Lorazepam") || it.contains("Quetiapine"));
    let safety = generator.chance(14).then(|| {
        generator.pick(&[
            "Anxiety",
            "Nausea",
            "Nausea",
            "Hypertension",
            "Headache",
            "Dissociation",
            "Panic Attack",
            "Insomnia",
        ])
    });
    let grade = generator.pick(&["Mild", "Mild", "Mild", "Moderate", "Moderate", "Severe"]);
    let ended = generator.pick(&[
        "Resolved in Session",
        "Resolved in Session",
        "Resolved Post-Session",
        "Unresolved/Lingering",
    ]);
    let before = f64::from(patient.phq9) * left(patient, f64::from(session.number - 1));
    let over = session.date < ANCHOR;
    let submitted = over && generator.chance(85);
    let made = at(session.date - Days::new(7), 10, generator.between(0, 59));
    let changed = if over { at(session.date + Days::new(1), 10, 0) } else { made };
    let forms = [find("ref_support_modality", patient.modality), find("ref_support_modality", "Somatic")];
    let forms = if forms[0] == forms[1] { &forms[..1] } else { &forms[..] };
    clinic.protocols.push([
        text(protocol),
        text(keys.site + i64::try_from(patient.site).unwrap_or(0)),
        text(patient.subject),
        text(format!("PT-{:05}", patient.subject)),
        find("ref_substances", substance),
        find("ref_routes", route),
        find("ref_indications", patient.indication),
        text(session.number),
        text(session.date),
        text("dosing"),
        text(if over { "completed" } else { "active" }),
        text(format!("{}.{:02}", dose / 100, dose % 100)),
        find("ref_support_modality", patient.modality),
        list(forms.iter().flatten()),
        list(patient.medications.iter().filter_map(|it| find("ref_medications", it))),
        text(patient.sex),
        text(patient.age),
        text(patient.weight),
        find("ref_smoking_status", patient.smoking),
        text(patient.phq9),
        text(format!("{before:.0}")),
        if over { text(generator.between(2, 9)) } else { None },
        text(true),
        text(format!("{}.{}", generator.between(1, 5), generator.pick(&[0, 5]))),
        if over { text(format!("{}.{}", generator.between(1, 7), generator.pick(&[0, 5]))) } else { None },
        text(if caution { "PROCEED_WITH_CAUTION" } else { "CLEAR" }),
        safety.and_then(|it| find("ref_safety_events", it)),
        safety.and_then(|_| find("ref_severity_grade", grade)),
        safety.and_then(|_| find("ref_resolution_status", ended)),
        text(submitted),
        if submitted { text(at(session.date + Days::new(2), 10, 0)) } else { None },
        text(user_id(patient.clinician)),
        text(made),
        text(changed),
    ]);
}

fn reference(references: &References, table: &str, name: &str) -> Option<String> {
    references.get(&(table.to_owned(), name.to_owned())).map(ToString::to_string)
}

/// How strong the experience is at a share of the session, from 0 to 1: it rises to a peak and falls slowly.
fn strength(share: f64, peak: f64) -> f64 {
    if share < peak {
        let x = share / peak;
        x * x * (3.0 - 2.0 * x)
    } else {
        let x = (1.0 - share) / (1.0 - peak);
        x * (0.4 + 0.6 * x)
    }
}

/// Six to eight hours, with vital signs by the clock and the rest where the experience stands.
fn timeline(
    generator: &mut Generator,
    references: &References,
    keys: &Keys,
    events: &mut Rows,
    patient: &Patient,
    protocol: i64,
    started: DateTime<Utc>,
) {
    let minutes = f64::from(generator.between(360, 480));
    let peak = generator.real(0.28, 0.4);
    let height = generator.real(7.0, 10.0);
    // Share of the session, kind of event.
    let mut moments: Vec<(f64, &'static str)> = Vec::new();
    let checks = generator.between(6, 9);
    for check in 0..=checks {
        moments.push(((f64::from(check) + 0.02) / (f64::from(checks) + 0.1), "Vital Signs Check"));
    }
    let mut strew = |generator: &mut Generator, kind, low, high, from, to| {
        for _ in 0..generator.between(low, high) {
            moments.push((generator.real(from, to), kind));
        }
    };
    strew(generator, "Music Change", 3, 7, 0.03, 0.95);
    strew(generator, "Bathroom Break", 1, 3, 0.1, 0.95);
    strew(generator, "Distress", 1, 4, 0.08, peak);
    strew(generator, "Peak Experience", 1, 3, peak - 0.04, peak + 0.08);
    strew(generator, "Breakthrough", 1, 3, peak, peak + 0.25);
    strew(generator, "Integration Moment", 2, 6, 0.6, 0.98);
    let boosted = if patient.treatment.4 { 80 } else { 10 };
    if generator.chance(boosted) {
        moments.push((generator.real(0.2, 0.28), "Booster Dose"));
    }
    moments.sort_by(|a, b| a.0.total_cmp(&b.0));

    let mut passed = -1.0;
    for (share, kind) in moments {
        // No two events at once.
        let minute = f64::max(share * minutes, passed + 1.0);
        passed = minute;
        let level = height * strength(share.min(1.0), peak);
        let noisy = (level + generator.real(-1.0, 1.0)).clamp(1.0, 10.0);
        let intensity = match kind {
            "Music Change" | "Bathroom Break" | "Booster Dose" => None,
            "Distress" => text(format!("{:.0}", (noisy + 1.0).clamp(3.0, 10.0))),
            _ => text(format!("{noisy:.0}")),
        };
        let phase = if share < peak - 0.04 {
            "onset"
        } else if share < peak + 0.25 {
            "peak"
        } else {
            "integration"
        };
        let note = note(generator, kind, level, patient);
        let when = started + TimeDelta::seconds(format!("{:.0}", minute * 60.0).parse().unwrap_or(0));
        let key = keys.event + i64::try_from(events.len()).unwrap_or(0);
        events.push([
            text(key),
            text(protocol),
            reference(references, "ref_event_types", kind),
            text(when),
            intensity,
            text(format!("Phase: {phase}; {note}")),
            text(user_id(patient.clinician)),
            text(when),
        ]);
    }
}

fn note(generator: &mut Generator, kind: &str, level: f64, patient: &Patient) -> String {
    match kind {
        "Vital Signs Check" => format!(
            "BP {:.0}/{:.0}, HR {:.0}, SpO2 {}%",
            114.0 + 3.2 * level + generator.real(-6.0, 6.0),
            72.0 + 1.6 * level + generator.real(-4.0, 4.0),
            66.0 + 3.0 * level + generator.real(-5.0, 5.0),
            generator.between(96, 99),
        ),
        "Music Change" => {
            format!(
                "Playlist: {}",
                generator.pick(&["Arrival", "Ascent", "Open Water", "Silence", "Strings", "Return", "Home"])
            )
        }
        "Bathroom Break" => {
            format!("Duration: {} min; assisted: {}", generator.between(3, 9), generator.pick(&["yes", "no"]))
        }
        "Booster Dose" => {
            let (substance, route, low, ..) = patient.treatment;
            format!("Substance: {substance}; route: {route}; dose: {}.{:02} mg", low / 200, low / 2 % 100)
        }
        "Distress" => format!(
            "Theme: {}; response: {}; settled after {} min",
            generator.pick(&["fear", "grief", "loss of control", "nausea", "memory"]),
            generator.pick(&[
                "breathing",
                "hand holding",
                "reassurance",
                "change of music",
                "change of posture"
            ]),
            generator.between(3, 25),
        ),
        "Breakthrough" => format!(
            "Theme: {}; affect: {}",
            generator.pick(&[
                "forgiveness",
                "self-compassion",
                "a lost person",
                "an old memory",
                "belonging"
            ]),
            generator.pick(&["tears", "laughter", "calm", "relief"]),
        ),
        "Peak Experience" => {
            format!(
                "Quality: {}",
                generator.pick(&["unity", "awe", "timelessness", "ego dissolution", "light"])
            )
        }
        _ => format!(
            "Theme: {}",
            generator.pick(&["family", "work", "next steps", "values", "rest", "the body"])
        ),
    }
}

/// IES: what the patient does, high at first and slowly less. EIS: how integrated it feels, rising with the response.
fn integration(
    generator: &mut Generator,
    keys: &Keys,
    scores: &mut Rows,
    patient: &Patient,
    session: &Session,
    protocol: i64,
) {
    for day in [1, 3, 7, 14, 21, 30, 45, 60, 90, 120, 180] {
        let date = session.date + days(day);
        if date > ANCHOR || (day > 7 && generator.chance(12)) {
            continue;
        }
        let share = f64::from(day) / (f64::from(day) + 25.0);
        let engagement = 62.0 + 25.0 * patient.response - 22.0 * share;
        let experienced = 32.0 + 12.0 * patient.response + 48.0 * patient.response * share;
        let measured = at(date, 18, generator.between(0, 59));
        for (scale, value) in [("IES", engagement), ("EIS", experienced)] {
            let value = (value + generator.real(-5.0, 5.0)).clamp(0.0, 100.0);
            let key = keys.score + i64::try_from(scores.len()).unwrap_or(0);
            scores.push([
                text(key),
                text(protocol),
                text(scale),
                text(format!("{value:.2}")),
                text(measured),
                text(measured),
            ]);
        }
    }
}

fn assessments(
    generator: &mut Generator,
    references: &References,
    keys: &Keys,
    responses: &mut Rows,
    patient: &Patient,
    session: &Session,
    protocol: i64,
) {
    let mut answer = |code: &str, score: f64, highest: f64, date: NaiveDate, minute: i32| {
        if date <= ANCHOR {
            let key = keys.response + i64::try_from(responses.len()).unwrap_or(0);
            let score = format!("{:.0}", score.clamp(0.0, highest));
            let completed = at(date, 13, minute);
            responses.push([
                text(key),
                text(protocol),
                reference(references, "ref_assessments", code),
                text(score),
                text(completed),
            ]);
        }
    };
    let traumatised = patient.indication.contains("PTSD");
    let before = left(patient, f64::from(session.number - 1));
    let after = left(patient, f64::from(session.number));
    for (day, share) in [(-7, before), (7, after * 0.9 + 0.05), (30, after), (90, after * 1.05)] {
        if day == 90 && generator.chance(30) {
            continue;
        }
        let date = if day < 0 { session.date - days(-day) } else { session.date + days(day) };
        let minute = generator.between(0, 50);
        answer("PHQ9", f64::from(patient.phq9) * share + generator.real(-1.2, 1.2), 27.0, date, minute);
        answer("GAD7", f64::from(patient.gad7) * share + generator.real(-1.2, 1.2), 21.0, date, minute + 4);
        if traumatised {
            answer(
                "PCL5",
                f64::from(patient.pcl5) * share + generator.real(-3.0, 3.0),
                80.0,
                date,
                minute + 8,
            );
        }
        if day == -7 || day == 90 {
            answer("WHOQOL", 72.0 - 34.0 * share + generator.real(-4.0, 4.0), 100.0, date, minute + 9);
        }
    }
    if session.number == 1 {
        answer("EXPECTANCY", generator.real(45.0, 95.0), 100.0, session.date - Days::new(7), 55);
    }
    let next = session.date + Days::new(1);
    answer("MEQ30", 38.0 + 50.0 * patient.response + generator.real(-12.0, 12.0), 100.0, next, 10);
    answer("EDI", 30.0 + 45.0 * patient.response + generator.real(-15.0, 15.0), 100.0, next, 15);
    answer("CEQ", generator.real(8.0, 60.0), 100.0, next, 20);
}

fn homework(
    generator: &mut Generator,
    references: &References,
    keys: &Keys,
    rows: &mut Rows,
    patient: &Patient,
    session: &Session,
    protocol: i64,
) {
    let kinds = [
        "Journaling",
        "Meditation",
        "Therapy Session",
        "Body Work",
        "Creative Expression",
        "Nature Connection",
        "Social Connection",
        "Integration Reading",
    ];
    let count = usize::try_from(generator.between(3, 6)).unwrap_or(3);
    let mut assigned = session.date + Days::new(1);
    for kind in generator.some(&kinds, count) {
        if assigned > ANCHOR {
            break;
        }
        let due = assigned + days(generator.between(5, 14));
        let done = assigned + days(generator.between(1, 16));
        // What is never done stays open, and is overdue once its day has passed.
        let completed = done <= ANCHOR && generator.chance(78);
        let notes = generator.pick(&[
            "Done as agreed",
            "Done twice; helpful",
            "Hard to begin, then calming",
            "Brought up in the next session",
            "Shortened",
        ]);
        let key = keys.homework + i64::try_from(rows.len()).unwrap_or(0);
        rows.push([
            text(key),
            text(protocol),
            reference(references, "ref_homework_types", kind),
            text(assigned),
            text(due),
            if completed { text(done) } else { None },
            text(completed),
            if completed { text(notes) } else { None },
            text(user_id(patient.clinician)),
            text(at(assigned, 11, 0)),
        ]);
        assigned = assigned + days(generator.between(2, 9));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_sessions_come_out_every_time() {
        let keys = Keys { site: 1, subject: 1001, protocol: 1, event: 1, homework: 1, score: 1, response: 1 };
        let make = || clinic(&mut Generator::new(1), &References::new(), &keys);
        let (one, two) = (make(), make());
        assert_eq!(one.protocols.len(), PROTOCOLS);
        for (one, two) in [
            (&one.protocols, &two.protocols),
            (&one.events, &two.events),
            (&one.homework, &two.homework),
            (&one.scores, &two.scores),
            (&one.responses, &two.responses),
        ] {
            assert_eq!(one, two);
        }
        let per_session = one.events.len() / PROTOCOLS;
        assert!((15..=40).contains(&per_session), "{per_session} events in a session");
    }
}
