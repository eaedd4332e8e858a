//! Generates the directory of practitioners.

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::people::{USERS, user_id};
use crate::systems::demo::calendar::minute;
use crate::systems::demo::random::Random;

const PROFILE: u64 = 7;

/// A row of `practitioner_profiles`.
#[derive(Debug, Serialize)]
pub(super) struct ProfileRow {
    pub(super) profile_id: i64,
    user_id: Option<Uuid>,
    display_name: &'static str,
    pub(super) specialties: Vec<&'static str>,
    pub(super) modalities: Vec<&'static str>,
    pub(super) years_experience: i32,
    pub(super) hourly_rate: Option<i32>,
    pub(super) is_accepting_supervision: bool,
    pub(super) max_supervisees: i32,
    pub(super) bio: String,
    created_at: DateTime<Utc>,
}

pub(super) const INSERT: &str = "\
INSERT INTO practitioner_profiles (
  profile_id, user_id, display_name, specialties, modalities, years_experience, hourly_rate,
  is_accepting_supervision, max_supervisees, bio, created_at, updated_at)
OVERRIDING SYSTEM VALUE
SELECT
  profile_id, user_id, display_name, specialties, modalities, years_experience, hourly_rate,
  is_accepting_supervision, max_supervisees, bio, created_at, created_at
FROM json_to_recordset($1) AS row(
  profile_id bigint, user_id uuid, display_name text, specialties text[], modalities text[], years_experience int,
  hourly_rate numeric, is_accepting_supervision boolean, max_supervisees int, bio text, created_at timestamptz)";

/// The practice of a practitioner.
struct Field {
    specialties: &'static [&'static str],
    modalities: &'static [&'static str],
    bios: [&'static str; 2],
}

const FIELDS: [Field; 8] = [
    Field {
        specialties: &["PTSD", "TRD", "Trauma"],
        modalities: &["Ketamine", "MDMA"],
        bios: [
            "Psychiatrist working with ketamine-assisted psychotherapy for treatment-resistant depression and PTSD.",
            "Clinical psychologist; intramuscular ketamine with people who have lived through trauma.",
        ],
    },
    Field {
        specialties: &["TRD", "Anxiety", "Integration"],
        modalities: &["Ketamine", "Psilocybin"],
        bios: [
            "Consultant psychiatrist with a low-dose ketamine service and a psilocybin trial.",
            "Nurse practitioner; runs the infusion room of a mood disorder clinic.",
        ],
    },
    Field {
        specialties: &["PTSD", "Trauma", "Couples"],
        modalities: &["MDMA"],
        bios: [
            "Couples therapist trained in MDMA-assisted therapy for PTSD.",
            "Trauma therapist; former EMDR trainer, now in MDMA research.",
        ],
    },
    Field {
        specialties: &["End-of-Life", "Anxiety", "Grief"],
        modalities: &["Psilocybin", "LSD-25"],
        bios: [
            "Palliative care physician who sits with people facing the end of their lives.",
            "Hospice psychologist and therapist in a study of psilocybin for existential distress.",
        ],
    },
    Field {
        specialties: &["Addiction", "Trauma"],
        modalities: &["Ibogaine", "Ketamine"],
        bios: [
            "Addiction physician; cardiac safety of ibogaine and aftercare in the community.",
            "Counsellor in recovery services, with ketamine for alcohol use disorder.",
        ],
    },
    Field {
        specialties: &["OCD", "Anxiety"],
        modalities: &["Psilocybin"],
        bios: [
            "Exposure therapist interested in what psilocybin adds to the treatment of OCD.",
            "Cognitive behavioural therapist; co-investigator of a trial in OCD.",
        ],
    },
    Field {
        specialties: &["Integration", "Somatic", "Trauma"],
        modalities: &["Psilocybin", "MDMA", "5-MeO-DMT"],
        bios: [
            "Somatic therapist; integration of strong and of difficult experiences.",
            "Body-oriented psychotherapist who leads integration groups.",
        ],
    },
    Field {
        specialties: &["TRD", "Integration", "Spiritual Care"],
        modalities: &["5-MeO-DMT", "Psilocybin", "Ayahuasca"],
        bios: [
            "Chaplain and therapist; prepares people for short and intense experiences, and helps afterwards.",
            "Psychotherapist trained in group retreats, now in clinical practice.",
        ],
    },
];

const STYLES: [&str; 8] = [
    "Supervises by video with recorded sessions.",
    "Offers live consultation on the day of a session.",
    "Case discussion every two weeks, with attention to transference.",
    "Particularly glad to support clinicians in their first year.",
    "Works from an IFS frame.",
    "Interested in cultural humility and access for people who are usually left out.",
    "Experienced with adverse events and how to talk about them afterwards.",
    "Teaches on a postgraduate programme in psychedelic therapy.",
];

/// Practitioners who have no account.
const OTHERS: [&str; 23] = [
    "Elena Petrova",
    "Samuel Okonkwo",
    "Yasmin El-Sayed",
    "Marcus Lindqvist",
    "Leila Farahani",
    "Jonathan Reyes",
    "Sofia Marchetti",
    "Dev Malhotra",
    "Hannah Goldberg",
    "Nomvula Dlamini",
    "Pedro Ximénez",
    "Camille Laurent",
    "Tama Rangihau",
    "Mei-Ling Zhao",
    "Anders Nygaard",
    "Rosa Quispe",
    "William Ashworth",
    "Zeynep Yıldız",
    "Gabriel Moreau",
    "Farah Siddiqui",
    "Eun-ji Park",
    "Isaac Thompson",
    "Katarina Horvat",
];

/// Returns the number of practitioners, with and without an account.
pub(super) fn count() -> usize {
    people().count()
}

fn people() -> impl Iterator<Item = (Option<Uuid>, &'static str)> {
    let users = USERS.iter().enumerate().filter(|(_, user)| user.practises);
    users
        .map(|(number, user)| (Some(user_id(number)), user.name))
        .chain(OTHERS.iter().map(|&name| (None, name)))
}

pub(super) fn rows(keys: &[i64]) -> Vec<ProfileRow> {
    people()
        .zip(keys)
        .enumerate()
        .map(|(number, ((user_id, name), &key))| row(number, user_id, name, key))
        .collect()
}

fn row(number: usize, user_id: Option<Uuid>, display_name: &'static str, profile_id: i64) -> ProfileRow {
    let mut random = Random::new(PROFILE, number);
    let field = &FIELDS[number % FIELDS.len()];
    // All practitioners of the first field accept supervision, at a low rate, so that a search for supervision of ketamine work
    // with trauma or depression finds somebody.
    let first = number.is_multiple_of(FIELDS.len());
    let years_experience = random.between(if first { 4 } else { 0 }, 35);
    let rate = 65 + years_experience * 6 + random.between(-3, 9) * 5;
    let rate = (rate / 5 * 5).clamp(60, if first { 195 } else { 320 });
    let has_rate = first || random.chance(0.88);
    let mut bio = random.pick(&field.bios).to_owned();
    let sentences = random.between(0, 2);
    for style in random.some(&STYLES, usize::try_from(sentences).unwrap_or_default()) {
        bio.push(' ');
        bio.push_str(style);
    }
    let specialties = random.between(2, 3);
    ProfileRow {
        profile_id,
        user_id,
        display_name,
        specialties: random.some(field.specialties, usize::try_from(specialties).unwrap_or_default()),
        modalities: field.modalities.to_vec(),
        years_experience,
        hourly_rate: has_rate.then_some(rate),
        is_accepting_supervision: first || random.chance(0.65),
        max_supervisees: random.between(2, 8),
        bio,
        created_at: minute(random.between(-700, -40), random.between(480, 1200)),
    }
}
