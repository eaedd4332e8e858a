//! Lists the sites, their staff, and the demo users.

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use crate::systems::demo::Persona;
use crate::systems::demo::calendar::minute;

/// The demo users.
pub const PERSONAS: [Persona; 6] = [
    persona(
        0,
        "Clinician, North Shore Clinic",
        "Reads and writes the protocols of North Shore Clinic and everything below them, and nothing of any other site.",
    ),
    persona(
        1,
        "Clinician, South Bank Clinic",
        "Reads and writes the protocols of South Bank Clinic; those of North Shore Clinic are hidden from them.",
    ),
    persona(
        2,
        "Site administrator, North Shore Clinic",
        "Reads and writes the protocols of North Shore Clinic like its clinicians do, and compares its outcomes by month \
         with the network's.",
    ),
    persona(
        3,
        "Clinician, North Shore and South Bank Clinic",
        "Works at two sites: one query returns the protocols of both.",
    ),
    persona(
        4,
        "Network administrator",
        "Maintains the reference tables and compares the outcomes of all sites, but sees only the patients of Lakeside \
         Research Institute, and writes no clinical data.",
    ),
    persona(
        5,
        "Signed in, no site yet",
        "Sees the reference tables, the sites and the directory of practitioners, but no clinical data at all.",
    ),
];

const fn persona(user: usize, title: &'static str, description: &'static str) -> Persona {
    Persona { email: USERS[user].email, name: USERS[user].name, title, description, user_id: user_id(user) }
}

/// Returns the key of a user's account, which is the same on every database.
pub(super) const fn user_id(user: usize) -> Uuid {
    Uuid::from_u128(0x9a70_15de_0000_4000_8000_0000_0000_0001 + user as u128)
}

/// A site of the network.
pub(super) struct Site {
    name: &'static str,
    code: &'static str,
    region: &'static str,
    kind: &'static str,
}

/// The sites. All are where clocks show UTC in winter, so that the hours of a session read well.
pub(super) const SITES: [Site; 5] = [
    site("North Shore Clinic", "NSC", "Scotland", "clinic"),
    site("South Bank Clinic", "SBC", "London", "clinic"),
    site("Lakeside Research Institute", "LRI", "Ireland", "research"),
    site("Riverside Clinic", "RVC", "Portugal", "clinic"),
    site("Hillcrest Research Centre", "HRC", "Wales", "research"),
];

pub(super) const fn site(
    name: &'static str,
    code: &'static str,
    region: &'static str,
    kind: &'static str,
) -> Site {
    Site { name, code, region, kind }
}

const NORTH: usize = 0;
const SOUTH: usize = 1;
const LAKESIDE: usize = 2;
const RIVERSIDE: usize = 3;
const HILLCREST: usize = 4;

/// A person with an account.
pub(super) struct User {
    pub(super) email: &'static str,
    pub(super) name: &'static str,
    pub(super) memberships: &'static [(usize, Role)],
    /// True if the person is in the directory of practitioners.
    pub(super) practises: bool,
}

/// The position of a person at a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    NetworkAdmin,
    SiteAdmin,
    Clinician,
    /// The person was a clinician until `LEFT`.
    FormerClinician,
    Analyst,
    Auditor,
}

impl Role {
    const fn name(self) -> &'static str {
        match self {
            Self::NetworkAdmin => "network_admin",
            Self::SiteAdmin => "site_admin",
            Self::Clinician | Self::FormerClinician => "clinician",
            Self::Analyst => "analyst",
            Self::Auditor => "auditor",
        }
    }
}

/// The users, with the demo users first.
pub(super) const USERS: [User; 20] = [
    user("clinician.north@praxis.example", "Amara Okafor", &[(NORTH, Role::Clinician)]),
    user("clinician.south@praxis.example", "Mateo Silva", &[(SOUTH, Role::Clinician)]),
    user("admin.north@praxis.example", "Ingrid Halvorsen", &[(NORTH, Role::SiteAdmin)]),
    user("both.sites@praxis.example", "Priya Raman", &[(NORTH, Role::Clinician), (SOUTH, Role::Clinician)]),
    user("network@praxis.example", "Daniel Abrams", &[(LAKESIDE, Role::NetworkAdmin)]),
    // This user has no profile either, so that people can try to create one.
    bystander("newcomer@praxis.example", "Noor Haddad", &[]),
    user("fiona.mackay@praxis.example", "Fiona Mackay", &[(NORTH, Role::Clinician)]),
    user("tomasz.zielinski@praxis.example", "Tomasz Zieliński", &[(NORTH, Role::FormerClinician)]),
    user("grace.adeyemi@praxis.example", "Grace Adeyemi", &[(SOUTH, Role::SiteAdmin)]),
    user("oliver.bennett@praxis.example", "Oliver Bennett", &[(SOUTH, Role::Clinician)]),
    user("aoife.brennan@praxis.example", "Aoife Brennan", &[(LAKESIDE, Role::SiteAdmin)]),
    user("chen.wei@praxis.example", "Chen Wei", &[(LAKESIDE, Role::Clinician)]),
    user("siobhan.kelly@praxis.example", "Siobhán Kelly", &[(LAKESIDE, Role::Clinician)]),
    bystander("lukas.novak@praxis.example", "Lukáš Novák", &[(LAKESIDE, Role::Analyst)]),
    user("beatriz.almeida@praxis.example", "Beatriz Almeida", &[(RIVERSIDE, Role::SiteAdmin)]),
    user("rui.carvalho@praxis.example", "Rui Carvalho", &[(RIVERSIDE, Role::Clinician)]),
    user("carys.llewellyn@praxis.example", "Carys Llewellyn", &[(HILLCREST, Role::SiteAdmin)]),
    user("kwame.mensah@praxis.example", "Kwame Mensah", &[(HILLCREST, Role::Clinician)]),
    user("hana.suzuki@praxis.example", "Hana Suzuki", &[(HILLCREST, Role::Clinician)]),
    bystander("margaret.doyle@praxis.example", "Margaret Doyle", &[(SOUTH, Role::Auditor)]),
];

const fn user(email: &'static str, name: &'static str, memberships: &'static [(usize, Role)]) -> User {
    User { email, name, memberships, practises: true }
}

const fn bystander(email: &'static str, name: &'static str, memberships: &'static [(usize, Role)]) -> User {
    User { email, name, memberships, practises: false }
}

/// Day on which the network opened its accounts.
const OPENED: i32 = -780;
/// Day on which the former clinician left.
const LEFT: i32 = -240;

/// Returns the clinicians of a site on a day.
pub(super) fn clinicians(site: usize, day: i32) -> Vec<Uuid> {
    let treats = |role| role == Role::Clinician || role == Role::FormerClinician && day < LEFT;
    let members = USERS.iter().enumerate();
    members
        .filter(|(_, user)| user.memberships.iter().any(|&(at, role)| at == site && treats(role)))
        .map(|(number, _)| user_id(number))
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

/// A row of `sites`.
#[derive(Debug, Serialize)]
pub(super) struct SiteRow {
    site_id: i64,
    site_name: &'static str,
    site_code: &'static str,
    region: &'static str,
    site_type: &'static str,
    created_at: DateTime<Utc>,
}

pub(super) const INSERT_SITES: &str = "\
INSERT INTO sites (site_id, site_name, site_code, region, site_type, created_at, updated_at)
OVERRIDING SYSTEM VALUE
SELECT site_id, site_name, site_code, region, site_type, created_at, created_at
FROM json_to_recordset($1) AS row(
  site_id bigint, site_name text, site_code text, region text, site_type text, created_at timestamptz)";

/// A row of `user_sites`.
#[derive(Debug, Serialize)]
pub(super) struct MembershipRow {
    user_id: Uuid,
    site_id: i64,
    role: &'static str,
    is_active: bool,
    created_at: DateTime<Utc>,
}

pub(super) const INSERT_MEMBERSHIPS: &str = "\
INSERT INTO user_sites (user_id, site_id, role, is_active, created_at)
SELECT user_id, site_id, role, is_active, created_at
FROM json_to_recordset($1) AS row(
  user_id uuid, site_id bigint, role text, is_active boolean, created_at timestamptz)";

pub(super) fn users() -> Vec<UserRow> {
    let rows = (OPENED..).zip(&USERS).enumerate();
    rows.map(|(number, (day, user))| UserRow {
        id: user_id(number),
        email: user.email,
        name: user.name,
        created_at: minute(day, 600),
    })
    .collect()
}

pub(super) fn sites(sites: &[Site], keys: &[i64]) -> Vec<SiteRow> {
    sites
        .iter()
        .zip(keys)
        .map(|(site, &site_id)| SiteRow {
            site_id,
            site_name: site.name,
            site_code: site.code,
            region: site.region,
            site_type: site.kind,
            created_at: minute(OPENED - 1, 540),
        })
        .collect()
}

pub(super) fn memberships(keys: &[i64]) -> Vec<MembershipRow> {
    let row = |user: usize, day: i32, &(site, role): &(usize, Role)| MembershipRow {
        user_id: user_id(user),
        site_id: keys[site],
        role: role.name(),
        is_active: role != Role::FormerClinician,
        created_at: minute(day, 615),
    };
    let users = (OPENED..).zip(&USERS).enumerate();
    users
        .flat_map(|(number, (day, user))| {
            user.memberships.iter().map(move |membership| row(number, day, membership))
        })
        .collect()
}
