//! Generates the sites, their users, and the directory of practitioners.

use super::random::Random;
use super::rows::Rows;
use super::shape::SITES;

/// Practitioners of a site in the directory.
const PRACTITIONERS: i64 = 20;

/// Rows of the tables that do not grow with the scale.
#[derive(Debug, Default)]
pub(super) struct People {
    pub(super) sites: Rows,
    pub(super) users: Rows,
    pub(super) memberships: Rows,
    pub(super) profiles: Rows,
}

pub(super) const SITE_COLUMNS: &str = "sites (site_id, site_name, site_code, region, site_type)";
pub(super) const USER_COLUMNS: &str = "auth.users (id, email)";
pub(super) const MEMBERSHIP_COLUMNS: &str = "user_sites (user_id, site_id, role)";
pub(super) const PROFILE_COLUMNS: &str = "practitioner_profiles (profile_id, user_id, display_name, specialties, modalities, \
    years_experience, hourly_rate, is_accepting_supervision, max_supervisees, bio)";

/// Returns the e-mail address of the clinician of a site.
pub(crate) fn clinician(site: i64) -> String {
    format!("clinician.{site:03}@bench.example")
}

/// E-mail address of the administrator of the network, who is a member of every site.
pub(crate) const NETWORK_ADMIN: &str = "network@bench.example";

const REGIONS: [&str; 6] = ["Scotland", "London", "Ireland", "Portugal", "Wales", "Catalonia"];
const FIRST: [&str; 16] = [
    "Elena", "Samuel", "Yasmin", "Marcus", "Leila", "Jonathan", "Sofia", "Dev", "Hannah", "Nomvula", "Pedro",
    "Camille", "Tama", "Anders", "Rosa", "Zeynep",
];
const LAST: [&str; 16] = [
    "Petrova",
    "Okonkwo",
    "Lindqvist",
    "Farahani",
    "Reyes",
    "Marchetti",
    "Malhotra",
    "Goldberg",
    "Dlamini",
    "Laurent",
    "Zhao",
    "Nygaard",
    "Quispe",
    "Ashworth",
    "Moreau",
    "Siddiqui",
];
const SPECIALTIES: [&str; 8] =
    ["PTSD", "TRD", "Trauma", "Anxiety", "Integration", "Addiction", "OCD", "End-of-Life"];
const MODALITIES: [&str; 5] = ["Ketamine", "Psilocybin", "MDMA", "LSD-25", "Ibogaine"];

/// Returns the rows. They are the same every time.
pub(super) fn rows() -> People {
    let mut people = People::default();
    let network = user(0);
    people.users.value(&network).value(NETWORK_ADMIN).end();
    for site in 1..=SITES {
        let kind = if site % 4 == 0 { "research" } else { "clinic" };
        let region = REGIONS[usize::try_from(site).unwrap_or_default() % REGIONS.len()];
        people.sites.value(site).value(format_args!("Site {site:03}")).value(format_args!("S{site:03}"));
        people.sites.value(region).value(kind).end();
        people.memberships.value(&network).value(site).value("network_admin").end();
        people.users.value(user(site)).value(clinician(site)).end();
        people.memberships.value(user(site)).value(site).value("clinician").end();
        people.users.value(user(SITES + site)).value(format_args!("admin.{site:03}@bench.example")).end();
        people.memberships.value(user(SITES + site)).value(site).value("site_admin").end();
    }
    for key in 1..=SITES * PRACTITIONERS {
        practitioner(&mut people.profiles, key);
    }
    people
}

fn practitioner(out: &mut Rows, key: i64) {
    let mut random = Random::new(2, key.unsigned_abs());
    let account = (key % PRACTITIONERS == 1).then(|| user(key / PRACTITIONERS + 1));
    let years = random.between(0, 35);
    let rate = random.chance(0.9).then(|| 65 + years * 6 + random.between(-3, 9) * 5);
    let several = |random: &mut Random, things: &[&'static str]| {
        let mut some: Vec<&str> = (0..random.between(1, 3)).map(|_| random.pick(things)).collect();
        some.sort_unstable();
        some.dedup();
        format!("{{{}}}", some.join(","))
    };
    out.value(key)
        .optional(account)
        .value(format_args!("{} {}", random.pick(&FIRST), random.pick(&LAST)))
        .value(several(&mut random, &SPECIALTIES))
        .value(several(&mut random, &MODALITIES))
        .value(years)
        .optional(rate)
        .value(random.chance(0.6))
        .value(random.between(2, 8))
        .value("Supervises by video with recorded sessions.")
        .end();
}

/// Returns the key of an account, the same in every database.
fn user(number: i64) -> String {
    format!("be9c0000-0000-4000-8000-{number:012x}")
}
