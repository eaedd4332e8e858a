//! Generates the organizations, their staff, their patients, and the demo users.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Kind, key};
use crate::systems::demo::Persona;
use crate::systems::demo::calendar::minute;
use crate::systems::demo::random::Random;

const PATIENTS: u64 = 0x7f03;

/// The demo users.
pub const PERSONAS: [Persona; 5] = [
    persona(
        0,
        "Therapist, Mindful Care",
        "Sees the patients of Mindful Care, the sessions, notes and recordings of their own patients, and the wearable data \
         of patients who consent.",
    ),
    persona(5, "Therapist, Riverbank Therapy", "Sees Riverbank Therapy; Mindful Care is hidden from them."),
    persona(
        3,
        "Administrator, Mindful Care",
        "Sees everything of Mindful Care, and its audit log; writes no notes.",
    ),
    persona(4, "Owner, Mindful Care", "An administrator who also decides who administers Mindful Care."),
    persona(
        STAFF.len(),
        "Patient, Mindful Care",
        "Sees their own record, sessions, consents and wearable data, and decides who may read the latter.",
    ),
];

const fn persona(account: usize, title: &'static str, description: &'static str) -> Persona {
    let (email, name) = if account < STAFF.len() {
        (STAFF[account].email, STAFF[account].name)
    } else {
        (PATIENT_EMAIL, PATIENT_NAMES[0])
    };
    Persona { email, name, title, description, user_id: key(Kind::Account, account) }
}

/// Address of the first patient, who is the only one with an account.
const PATIENT_EMAIL: &str = "patient@mindful.example";

/// The day on which the organizations opened; days count from the current one of the demo data.
const OPENED: i32 = -400;
/// The day on which the first patient came.
const FIRST_PATIENT: i32 = -200;

const ORGANIZATIONS: [(&str, &str); 2] = [("Mindful Care", "biosync"), ("Riverbank Therapy", "pro")];

/// A member of an organization's staff.
pub(super) struct Staff {
    email: &'static str,
    name: &'static str,
    pub(super) organization: usize,
    role: &'static str,
    specialization: Option<&'static str>,
}

/// The staff of the organizations.
pub(super) const STAFF: [Staff; 8] = [
    therapist("therapist@mindful.example", "Ananya Rao", 0, "Anxiety and trauma"),
    therapist("kabir@mindful.example", "Kabir Menon", 0, "Depression"),
    therapist("meera@mindful.example", "Meera Iyer", 0, "Couples and families"),
    staff("admin@mindful.example", "Rohan Desai", 0, "admin"),
    staff("owner@mindful.example", "Leela Krishnan", 0, "owner"),
    therapist("therapist@riverbank.example", "Farah Siddiqui", 1, "Addiction"),
    therapist("dev@riverbank.example", "Dev Chatterjee", 1, "Adolescents"),
    staff("owner@riverbank.example", "Nisha Pillai", 1, "owner"),
];

const fn therapist(
    email: &'static str,
    name: &'static str,
    organization: usize,
    specialization: &'static str,
) -> Staff {
    Staff { email, name, organization, role: "therapist", specialization: Some(specialization) }
}

const fn staff(email: &'static str, name: &'static str, organization: usize, role: &'static str) -> Staff {
    Staff { email, name, organization, role, specialization: None }
}

/// The patients, in turn of one therapist after the other.
const PATIENT_NAMES: [&str; 25] = [
    "Arjun Nair",
    "Priya Sharma",
    "Vikram Singh",
    "Sanya Kapoor",
    "Imran Khan",
    "Divya Reddy",
    "Aditya Joshi",
    "Neha Gupta",
    "Karthik Subramanian",
    "Ritu Malhotra",
    "Suresh Patil",
    "Anjali Bhat",
    "Rahul Verma",
    "Pooja Shetty",
    "Manoj Kumar",
    "Zoya Ansari",
    "Nikhil Kulkarni",
    "Lakshmi Narayan",
    "Tara Fernandes",
    "Omkar Jadhav",
    "Ishita Sen",
    "Gaurav Mehta",
    "Simran Kaur",
    "Harish Shenoy",
    "Kavya Murthy",
];

/// A patient of the demo.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patient {
    pub(super) number: usize,
    pub(super) therapist: usize,
    /// Index of the patient among the therapist's.
    pub(super) turn: usize,
    /// Day on which the patient came.
    pub(super) since: i32,
}

/// Returns all patients: three in five belong to the first organization.
pub(super) fn all_patients() -> Vec<Patient> {
    const THERAPISTS: [usize; 5] = [0, 1, 2, 5, 6];
    (0..PATIENT_NAMES.len())
        .map(|number| Patient {
            number,
            therapist: THERAPISTS[number % THERAPISTS.len()],
            turn: number / THERAPISTS.len(),
            since: FIRST_PATIENT + i32::try_from(number * 5).unwrap_or_default(),
        })
        .collect()
}

/// A row of `auth.users`.
#[derive(Debug, Serialize)]
pub(super) struct UserRow {
    id: Uuid,
    email: &'static str,
    name: &'static str,
    created_at: DateTime<Utc>,
}

pub(super) const INSERT_USERS: &str = "\
INSERT INTO auth.users (id, email, raw_user_meta_data, created_at, updated_at)
SELECT id, email, jsonb_build_object('name', name), created_at, created_at
FROM json_to_recordset($1) AS row(id uuid, email text, name text, created_at timestamptz)";

pub(super) fn users() -> Vec<UserRow> {
    let staff = STAFF.iter().map(|staff| (staff.email, staff.name));
    let people = staff.chain([(PATIENT_EMAIL, PATIENT_NAMES[0])]);
    let row = |(number, (email, name))| UserRow {
        id: key(Kind::Account, number),
        email,
        name,
        created_at: minute(OPENED, 240),
    };
    people.enumerate().map(row).collect()
}

/// A row of `organizations`.
#[derive(Debug, Serialize)]
pub(super) struct OrganizationRow {
    id: Uuid,
    name: &'static str,
    subscription_tier: &'static str,
    settings: Value,
    created_at: DateTime<Utc>,
}

pub(super) const INSERT_ORGANIZATIONS: &str = "\
INSERT INTO therapyflow.organizations (id, name, subscription_tier, settings, created_at, updated_at)
SELECT id, name, subscription_tier, settings, created_at, created_at
FROM json_to_recordset($1) AS row(
  id uuid, name text, subscription_tier text, settings jsonb, created_at timestamptz)";

pub(super) fn organizations() -> Vec<OrganizationRow> {
    let row = |(number, (name, subscription_tier))| OrganizationRow {
        id: key(Kind::Organization, number),
        name,
        subscription_tier,
        settings: json!({ "time_zone": "Asia/Kolkata", "currency": "INR" }),
        created_at: minute(OPENED, 210),
    };
    ORGANIZATIONS.into_iter().enumerate().map(row).collect()
}

/// A row of `therapists`.
#[derive(Debug, Serialize)]
pub(super) struct TherapistRow {
    id: Uuid,
    org_id: Uuid,
    user_id: Uuid,
    role: &'static str,
    email: &'static str,
    full_name: &'static str,
    license_number: Option<String>,
    specialization: Option<&'static str>,
    created_at: DateTime<Utc>,
}

pub(super) const INSERT_THERAPISTS: &str = "\
INSERT INTO therapyflow.therapists (
  id, org_id, user_id, role, email, full_name, license_number, specialization, created_at, updated_at)
SELECT id, org_id, user_id, role, email, full_name, license_number, specialization, created_at, created_at
FROM json_to_recordset($1) AS row(
  id uuid, org_id uuid, user_id uuid, role text, email text, full_name text, license_number text, specialization text,
  created_at timestamptz)";

pub(super) fn therapists() -> Vec<TherapistRow> {
    let row = |(number, staff): (usize, &Staff)| TherapistRow {
        id: key(Kind::Therapist, number),
        org_id: key(Kind::Organization, staff.organization),
        user_id: key(Kind::Account, number),
        role: staff.role,
        email: staff.email,
        full_name: staff.name,
        license_number: staff.specialization.map(|_| format!("RCI-{}", 41_200 + number * 37)),
        specialization: staff.specialization,
        created_at: minute(OPENED, 250),
    };
    STAFF.iter().enumerate().map(row).collect()
}

/// A row of `patients`.
#[derive(Debug, Serialize)]
pub(super) struct PatientRow {
    id: Uuid,
    org_id: Uuid,
    assigned_therapist_id: Uuid,
    user_id: Option<Uuid>,
    full_name: &'static str,
    phone: String,
    abha_id: Option<String>,
    demographics: Value,
    created_at: DateTime<Utc>,
}

pub(super) const INSERT_PATIENTS: &str = "\
INSERT INTO therapyflow.patients (
  id, org_id, assigned_therapist_id, user_id, full_name, phone, abha_id, demographics, created_at, updated_at)
SELECT id, org_id, assigned_therapist_id, user_id, full_name, phone, abha_id, demographics, created_at, created_at
FROM json_to_recordset($1) AS row(
  id uuid, org_id uuid, assigned_therapist_id uuid, user_id uuid, full_name text, phone text, abha_id text,
  demographics jsonb, created_at timestamptz)";

pub(super) fn patients() -> Vec<PatientRow> {
    let row = |patient: Patient| {
        let mut random = Random::new(PATIENTS, patient.number);
        let mut digits = |low, high| random.between(low, high);
        let phone = format!("9{:04}{:05}", digits(0, 9999), digits(0, 99_999));
        let abha = format!(
            "{:02}-{:04}-{:04}-{:04}",
            digits(10, 99),
            digits(0, 9999),
            digits(0, 9999),
            digits(0, 9999)
        );
        let has_abha = random.chance(0.8);
        PatientRow {
            id: key(Kind::Patient, patient.number),
            org_id: key(Kind::Organization, STAFF[patient.therapist].organization),
            assigned_therapist_id: key(Kind::Therapist, patient.therapist),
            user_id: (patient.number == 0).then(|| key(Kind::Account, STAFF.len())),
            full_name: PATIENT_NAMES[patient.number],
            phone,
            abha_id: has_abha.then_some(abha),
            demographics: json!({
                "age": random.between(17, 68),
                "gender": random.pick(&["female", "male", "other", "female", "male"]),
                "primary_concern": random.pick(&[
                    "Panic attacks", "Low mood", "Grief", "Sleep", "Work stress", "Conflict at home", "Alcohol",
                ]),
                "referral_source": random.pick(&["Family doctor", "Friend", "Website", "Employer"]),
            }),
            created_at: minute(patient.since, random.between(210, 690)),
        }
    };
    all_patients().into_iter().map(row).collect()
}
