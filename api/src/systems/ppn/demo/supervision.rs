//! Generates supervision of practitioners, and circles of peers.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::profiles::ProfileRow;
use crate::systems::demo::calendar::minute;
use crate::systems::demo::random::Random;

const RELATIONSHIPS: u64 = 8;
const MEMBERS: u64 = 9;

/// A row of `supervision_relationships`.
#[derive(Debug, Serialize)]
pub(super) struct RelationshipRow {
    pub(super) supervisor_id: i64,
    pub(super) supervisee_id: i64,
    pub(super) status: &'static str,
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

pub(super) const INSERT_RELATIONSHIPS: &str = "\
INSERT INTO supervision_relationships (supervisor_id, supervisee_id, status, started_at, ended_at, created_at)
SELECT supervisor_id, supervisee_id, status, started_at, ended_at, created_at
FROM json_to_recordset($1) AS row(
  supervisor_id bigint, supervisee_id bigint, status text, started_at timestamptz, ended_at timestamptz,
  created_at timestamptz)";

/// Indexes of the first supervisees, so that the demo users see supervision.
const FIRST_SUPERVISEES: [usize; 4] = [0, 0, 1, 3];

/// Supervisor, supervisee and status of the relationships with demo users: a request to accept, and one that
/// has to wait because all three places are taken. By places among the practitioners.
const OF_PERSONAS: [(usize, usize, &str); 5] =
    [(0, 1, "pending"), (4, 3, "active"), (4, 2, "active"), (4, 9, "active"), (4, 6, "pending")];

/// Returns thirty-five pairs of supervisors and less experienced supervisees; no supervisor has more supervisees than they accept.
pub(super) fn relationships(profiles: &[ProfileRow]) -> Vec<RelationshipRow> {
    let mut random = Random::new(RELATIONSHIPS, 0);
    let statuses = [("active", 12), ("pending", 6), ("completed", 8), ("cancelled", 4)];
    // One of each in turn, as long as there are some left.
    let mut turns: Vec<(usize, &str)> =
        statuses.iter().flat_map(|&(status, count)| (0..count).map(move |turn| (turn, status))).collect();
    turns.sort_by_key(|&(turn, _)| turn);
    let everyone: Vec<&ProfileRow> = profiles.iter().collect();
    let mut rows: Vec<RelationshipRow> = Vec::new();
    for (number, (_, status)) in turns.into_iter().enumerate() {
        let pair = (0..1000).find_map(|_| {
            let anyone = random.pick(&everyone);
            let junior = FIRST_SUPERVISEES.get(number).map_or(anyone, |&place| everyone[place]);
            let senior = random.pick(&everyone);
            let taken = rows.iter().filter(|row| row.supervisor_id == senior.profile_id).count();
            let known = rows.iter().any(|row| {
                let pair = [row.supervisor_id, row.supervisee_id];
                pair.contains(&senior.profile_id) && pair.contains(&junior.profile_id)
            });
            let fits = senior.years_experience >= 8
                && senior.years_experience > junior.years_experience + 2
                && i32::try_from(taken).is_ok_and(|taken| taken < senior.max_supervisees)
                && (status != "pending" || senior.is_accepting_supervision);
            (fits && !known).then_some((senior.profile_id, junior.profile_id))
        });
        if let Some((supervisor_id, supervisee_id)) = pair {
            rows.push(relationship(supervisor_id, supervisee_id, status, &mut random));
        }
    }
    rows.extend(OF_PERSONAS.map(|(supervisor, supervisee, status)| {
        let [supervisor, supervisee] = [supervisor, supervisee].map(|place| profiles[place].profile_id);
        relationship(supervisor, supervisee, status, &mut random)
    }));
    rows
}

fn relationship(
    supervisor_id: i64,
    supervisee_id: i64,
    status: &'static str,
    random: &mut Random,
) -> RelationshipRow {
    let asked = match status {
        "pending" => random.between(-21, -1),
        "active" => random.between(-330, -30),
        _ => random.between(-680, -260),
    };
    let started = match status {
        "pending" => None,
        // Some are called off before they begin.
        "cancelled" if random.chance(0.5) => None,
        _ => Some(asked + random.between(2, 14)),
    };
    let ended = match status {
        "completed" => Some(asked + random.between(120, 250)),
        "cancelled" => Some(asked + random.between(15, 60)),
        _ => None,
    };
    let mut at = |day| minute(day, random.between(480, 1140));
    RelationshipRow {
        supervisor_id,
        supervisee_id,
        status,
        started_at: started.map(&mut at),
        ended_at: ended.map(&mut at),
        created_at: at(asked),
    }
}

/// A circle of peers.
pub(super) struct Circle {
    name: &'static str,
    max_members: usize,
    frequency: &'static str,
    members: usize,
}

pub(super) const CIRCLES: [Circle; 6] = [
    circle("Ketamine Practice Circle", 8, "biweekly", 8),
    circle("Trauma and MDMA Peer Group", 8, "monthly", 6),
    circle("Psilocybin Research Therapists", 6, "monthly", 5),
    circle("Integration Hour", 8, "weekly", 7),
    circle("End-of-Life Care Circle", 6, "monthly", 3),
    circle("First-Year Clinicians", 6, "biweekly", 4),
];

const fn circle(name: &'static str, max_members: usize, frequency: &'static str, members: usize) -> Circle {
    Circle { name, max_members, frequency, members }
}

/// A row of `supervision_circles`.
#[derive(Debug, Serialize)]
pub(super) struct CircleRow {
    circle_id: i64,
    circle_name: &'static str,
    max_members: usize,
    meeting_frequency: &'static str,
    created_at: DateTime<Utc>,
}

pub(super) const INSERT_CIRCLES: &str = "\
INSERT INTO supervision_circles (circle_id, circle_name, max_members, meeting_frequency, created_at)
OVERRIDING SYSTEM VALUE
SELECT circle_id, circle_name, max_members, meeting_frequency, created_at
FROM json_to_recordset($1) AS row(
  circle_id bigint, circle_name text, max_members int, meeting_frequency text, created_at timestamptz)";

pub(super) fn circles(keys: &[i64]) -> Vec<CircleRow> {
    let founded = [-610, -520, -455, -380, -290, -170];
    CIRCLES
        .iter()
        .zip(founded)
        .zip(keys)
        .map(|((circle, day), &circle_id)| CircleRow {
            circle_id,
            circle_name: circle.name,
            max_members: circle.max_members,
            meeting_frequency: circle.frequency,
            created_at: minute(day, 1020),
        })
        .collect()
}

/// A row of `circle_members`.
#[derive(Debug, Serialize)]
pub(super) struct MemberRow {
    circle_id: i64,
    profile_id: i64,
    joined_at: DateTime<Utc>,
}

pub(super) const INSERT_MEMBERS: &str = "\
INSERT INTO circle_members (circle_id, profile_id, joined_at)
SELECT circle_id, profile_id, joined_at
FROM json_to_recordset($1) AS row(circle_id bigint, profile_id bigint, joined_at timestamptz)";

/// The first practitioner is in the first circle.
pub(super) fn members(circles: &[i64], profiles: &[ProfileRow]) -> Vec<MemberRow> {
    let mut rows = Vec::new();
    for (number, (circle, &circle_id)) in CIRCLES.iter().zip(circles).enumerate() {
        let mut random = Random::new(MEMBERS, number);
        let all: Vec<i64> = profiles.iter().map(|profile| profile.profile_id).collect();
        let members = match all.split_first() {
            Some((&first, rest)) if number == 0 => {
                let mut members = vec![first];
                members.extend(random.some(rest, circle.members - 1));
                members
            }
            _ => random.some(&all, circle.members),
        };
        rows.extend(members.into_iter().map(|profile_id| MemberRow {
            circle_id,
            profile_id,
            joined_at: minute(random.between(-165, -5), random.between(960, 1200)),
        }));
    }
    rows
}
