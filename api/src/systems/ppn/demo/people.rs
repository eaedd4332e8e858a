//! Sites, users, and the supervision exchange.

use std::collections::BTreeSet;

use super::{
    ANCHOR, at,
    generator::Generator,
    personas,
    rows::{Rows, list, text},
    user_id,
};

/// Name, code, region and kind of each site. The last one coordinates the network and treats nobody.
pub(super) const SITES: [(&str, &str, &str, &str); 5] = [
    ("Northwind Clinic", "NORTH", "Pacific Northwest", "clinic"),
    ("Southbay Wellness Center", "SOUTH", "Southern California", "clinic"),
    ("Eastgate Psychiatry", "EAST", "New England", "clinic"),
    ("Mesa Research Institute", "MESA", "Southwest", "research"),
    ("Network Coordinating Center", "HUB", "Midwest", "research"),
];

/// The users beside the personas: address and name.
const OTHERS: [(&str, &str); 14] = [
    ("yusuf.demir@praxis.example", "Yusuf Demir"),
    ("lena.hartmann@praxis.example", "Lena Hartmann"),
    ("kofi.mensah@praxis.example", "Kofi Mensah"),
    ("aisha.rahman@praxis.example", "Aisha Rahman"),
    ("daniel.cohen@praxis.example", "Daniel Cohen"),
    ("sofia.marino@praxis.example", "Sofia Marino"),
    ("hiroshi.tanaka@praxis.example", "Hiroshi Tanaka"),
    ("grace.whitefeather@praxis.example", "Grace Whitefeather"),
    ("olu.adeyemi@praxis.example", "Olu Adeyemi"),
    ("claire.dubois@praxis.example", "Claire Dubois"),
    ("ravi.menon@praxis.example", "Ravi Menon"),
    ("marta.kowalska@praxis.example", "Marta Kowalska"),
    ("sam.oconnell@praxis.example", "Sam O’Connell"),
    ("noor.haddad@praxis.example", "Noor Haddad"),
];

/// User (from 0), site (from 0) and role.
const MEMBERSHIPS: [(usize, usize, &str); 21] = [
    (0, 0, "clinician"),
    (1, 1, "clinician"),
    (2, 0, "site_admin"),
    (3, 0, "clinician"),
    (3, 1, "clinician"),
    (4, 4, "network_admin"),
    (6, 0, "clinician"),
    (7, 1, "site_admin"),
    (8, 1, "clinician"),
    (9, 2, "site_admin"),
    (10, 2, "clinician"),
    (11, 2, "clinician"),
    (12, 3, "site_admin"),
    (13, 3, "clinician"),
    (14, 3, "clinician"),
    (15, 0, "analyst"),
    (16, 3, "analyst"),
    (17, 0, "auditor"),
    (17, 1, "auditor"),
    (18, 2, "analyst"),
    (19, 4, "auditor"),
];

/// Practitioners of the directory who have no account yet.
const WITHOUT_ACCOUNT: [&str; 23] = [
    "Beatriz Carvalho",
    "Chidi Nwosu",
    "Elena Petrova",
    "Farah Siddiqui",
    "Gabriel Reyes",
    "Hannah Lindqvist",
    "Imani Brooks",
    "Jin-woo Park",
    "Kateri Swiftwater",
    "Liam Gallagher",
    "Mariam Tesfaye",
    "Nikhil Desai",
    "Oksana Bondar",
    "Pablo Fuentes",
    "Quynh Tran",
    "Rosa Delgado",
    "Soren Jakobsen",
    "Tala Mahuika",
    "Uma Krishnan",
    "Viktor Novak",
    "Wanjiru Kamau",
    "Xiomara Santos",
    "Zara Aziz",
];

const SPECIALTIES: [&str; 10] = [
    "PTSD",
    "TRD",
    "Integration",
    "Addiction",
    "End-of-Life",
    "Anxiety",
    "OCD",
    "Couples",
    "Group Work",
    "Eating Disorders",
];
const MODALITIES: [&str; 8] =
    ["Ketamine", "Psilocybin", "MDMA", "LSD", "Ibogaine", "IFS", "Somatic", "Breathwork"];

/// The clinicians and administrators of a site, who write its records.
pub(super) fn writers(site: usize) -> Vec<usize> {
    MEMBERSHIPS
        .iter()
        .filter(|(_, at, role)| *at == site && matches!(*role, "clinician" | "site_admin"))
        .map(|(user, ..)| *user)
        .collect()
}

fn name(user: usize) -> &'static str {
    match personas().get(user) {
        Some(persona) => persona.name,
        None => OTHERS[user - personas().len()].1,
    }
}

/// How many users there are.
pub(super) const USERS: usize = 20;

pub(super) fn users() -> Rows {
    let mut rows = Rows::new(
        "auth.users",
        &[
            ("id", "uuid"),
            ("email", "text"),
            ("raw_user_meta_data", "jsonb"),
            ("created_at", "timestamptz"),
            ("updated_at", "timestamptz"),
        ],
    );
    for user in 0..USERS {
        let email = personas().get(user).map_or_else(|| OTHERS[user - personas().len()].0, |it| it.email);
        let made = at(ANCHOR - chrono::Days::new(760), 9, 0);
        rows.push([
            text(user_id(user)),
            text(email),
            text(serde_json::json!({ "name": name(user) })),
            text(made),
            text(made),
        ]);
    }
    rows
}

pub(super) fn sites(first: i64) -> Rows {
    let mut rows = Rows::new(
        "public.sites",
        &[
            ("site_id", "bigint"),
            ("site_name", "text"),
            ("site_code", "text"),
            ("region", "text"),
            ("site_type", "text"),
            ("created_at", "timestamptz"),
            ("updated_at", "timestamptz"),
        ],
    );
    let made = at(ANCHOR - chrono::Days::new(770), 9, 0);
    for ((site_name, code, region, kind), key) in SITES.into_iter().zip(first..) {
        rows.push([text(key), text(site_name), text(code), text(region), text(kind), text(made), text(made)]);
    }
    rows
}

pub(super) fn memberships(first: i64, first_site: i64) -> Rows {
    let mut rows = Rows::new(
        "public.user_sites",
        &[
            ("id", "bigint"),
            ("user_id", "uuid"),
            ("site_id", "bigint"),
            ("role", "text"),
            ("created_at", "timestamptz"),
        ],
    );
    for ((user, site, role), key) in MEMBERSHIPS.into_iter().zip(first..) {
        let joined = at(ANCHOR - chrono::Days::new(750), 9, 0);
        rows.push([text(key), text(user_id(user)), text(first_site + index(site)), text(role), text(joined)]);
    }
    rows
}

fn index(of: usize) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}

/// The profiles that belong to users: everybody but the newcomer, the network's administrator and the last auditor.
const PROFILED: [usize; 17] = [0, 1, 2, 3, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18];

pub(super) struct Exchange {
    pub(super) profiles: Rows,
    pub(super) relationships: Rows,
    pub(super) circles: Rows,
    pub(super) members: Rows,
}

/// The first keys of the tables of the exchange.
pub(super) struct ExchangeKeys {
    pub(super) profile: i64,
    pub(super) relationship: i64,
    pub(super) circle: i64,
}

pub(super) fn exchange(generator: &mut Generator, keys: &ExchangeKeys) -> Exchange {
    let people: Vec<(Option<usize>, &str)> = PROFILED
        .into_iter()
        .map(|user| (Some(user), name(user)))
        .chain(WITHOUT_ACCOUNT.into_iter().map(|name| (None, name)))
        .collect();
    let profiles = profiles(generator, &people, keys.profile);
    let relationships = relationships(generator, people.len(), keys);
    let (circles, members) = circles(generator, people.len(), keys);
    Exchange { profiles, relationships, circles, members }
}

fn profiles(generator: &mut Generator, people: &[(Option<usize>, &str)], first: i64) -> Rows {
    let mut rows = Rows::new(
        "public.practitioner_profiles",
        &[
            ("profile_id", "bigint"),
            ("user_id", "uuid"),
            ("display_name", "text"),
            ("specialties", "text[]"),
            ("modalities", "text[]"),
            ("years_experience", "int"),
            ("hourly_rate", "numeric"),
            ("is_accepting_supervision", "boolean"),
            ("max_supervisees", "int"),
            ("bio", "text"),
            ("created_at", "timestamptz"),
            ("updated_at", "timestamptz"),
        ],
    );
    for (place, ((user, name), key)) in people.iter().zip(first..).enumerate() {
        // Every fifth is what the directory is most often asked for, so that the question has answers.
        let wanted = place % 5 == 0;
        let mut specialties = many(generator, &SPECIALTIES, 2, 4);
        let mut modalities = many(generator, &MODALITIES, 1, 4);
        if wanted {
            with(&mut specialties, if place % 10 == 0 { "PTSD" } else { "TRD" });
            with(&mut modalities, "Ketamine");
        }
        let years = generator.between(1, 28);
        let rate = if wanted { generator.between(22, 39) * 5 } else { generator.between(16, 64) * 5 };
        let agreed_in_person = !wanted && generator.chance(20);
        let accepting = wanted || generator.chance(70);
        let bio = format!(
            "{} with {} of experience, working with {} and {}. {} {}",
            generator.pick(&[
                "Psychiatrist",
                "Psychologist",
                "Psychotherapist",
                "Nurse practitioner",
                "Social worker"
            ]),
            if years == 1 { "one year".to_owned() } else { format!("{years} years") },
            specialties[0],
            specialties[1],
            generator.pick(&[
                "Trained in a trial programme and now in private practice.",
                "Runs preparation groups and a monthly case conference.",
                "Works slowly, with the body first and the story second.",
                "Interested in measurement-based care and in what numbers leave out.",
                "Came to this work through hospice care.",
            ]),
            generator.pick(&[
                "Supervision by video, fortnightly.",
                "In-person supervision preferred.",
                "Happy to review session timelines together.",
                "Open to dyads and small groups.",
                "",
            ]),
        );
        let made = at(ANCHOR - days(generator.between(30, 700)), 12, generator.between(0, 59));
        rows.push([
            text(key),
            user.map(|it| user_id(it).to_string()),
            text(name),
            list(&specialties),
            list(&modalities),
            text(years),
            if agreed_in_person { None } else { text(rate) },
            text(accepting),
            text(generator.between(2, 8)),
            text(bio.trim_end()),
            text(made),
            text(made),
        ]);
    }
    rows
}

fn many(generator: &mut Generator, of: &[&'static str], low: i32, high: i32) -> Vec<&'static str> {
    let count = usize::try_from(generator.between(low, high)).unwrap_or(1);
    generator.some(of, count).into_iter().copied().collect()
}

fn with(items: &mut Vec<&'static str>, item: &'static str) {
    if !items.contains(&item) {
        items.insert(0, item);
    }
}

pub(super) fn days(count: i32) -> chrono::Days {
    chrono::Days::new(u64::try_from(count).unwrap_or(0))
}

fn relationships(generator: &mut Generator, people: usize, keys: &ExchangeKeys) -> Rows {
    let mut rows = Rows::new(
        "public.supervision_relationships",
        &[
            ("relationship_id", "bigint"),
            ("supervisor_id", "bigint"),
            ("supervisee_id", "bigint"),
            ("status", "text"),
            ("started_at", "timestamptz"),
            ("ended_at", "timestamptz"),
            ("created_at", "timestamptz"),
        ],
    );
    // The first persona takes part in one of each status.
    let mut pairs = vec![(1, 0), (0, 4), (3, 0), (0, 6)];
    let mut seen: BTreeSet<(usize, usize)> = pairs.iter().copied().collect();
    let everyone: Vec<usize> = (0..people).collect();
    while pairs.len() < 32 {
        let pair = (generator.pick(&everyone), generator.pick(&everyone));
        if pair.0 != pair.1 && seen.insert(pair) {
            pairs.push(pair);
        }
    }
    for (place, ((supervisor, supervisee), key)) in pairs.into_iter().zip(keys.relationship..).enumerate() {
        let status = ["active", "pending", "completed", "cancelled"][place % 4];
        let asked = ANCHOR - days(generator.between(if status == "pending" { 1 } else { 150 }, 400));
        let started = asked + days(generator.between(3, 21));
        let ended = started + days(generator.between(40, 120));
        rows.push([
            text(key),
            text(keys.profile + index(supervisor)),
            text(keys.profile + index(supervisee)),
            text(status),
            if status == "pending" { None } else { text(at(started, 17, 0)) },
            if matches!(status, "completed" | "cancelled") { text(at(ended, 17, 0)) } else { None },
            text(at(asked, 15, generator.between(0, 59))),
        ]);
    }
    rows
}

fn circles(generator: &mut Generator, people: usize, keys: &ExchangeKeys) -> (Rows, Rows) {
    let mut rows = Rows::new(
        "public.supervision_circles",
        &[
            ("circle_id", "bigint"),
            ("circle_name", "text"),
            ("max_members", "int"),
            ("meeting_frequency", "text"),
            ("created_at", "timestamptz"),
        ],
    );
    let mut members = Rows::new(
        "public.circle_members",
        &[("circle_id", "bigint"), ("profile_id", "bigint"), ("joined_at", "timestamptz")],
    );
    let everyone: Vec<usize> = (0..people).collect();
    for ((name, frequency, size), key) in [
        ("Trauma and the Body", "biweekly", 6),
        ("First Hundred Sessions", "weekly", 8),
        ("Ketamine in Practice", "monthly", 8),
        ("Integration Round Table", "monthly", 7),
        ("Ethics and Difficult Moments", "biweekly", 5),
        ("End-of-Life Care", "monthly", 4),
    ]
    .into_iter()
    .zip(keys.circle..)
    {
        let made = ANCHOR - days(generator.between(200, 600));
        rows.push([text(key), text(name), text(8), text(frequency), text(at(made, 16, 0))]);
        for profile in generator.some(&everyone, size) {
            let joined = made + days(generator.between(0, 150));
            members.push([text(key), text(keys.profile + index(*profile)), text(at(joined, 18, 0))]);
        }
    }
    (rows, members)
}
