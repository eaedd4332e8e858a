use std::collections::{HashMap, HashSet};

use super::*;

#[test]
fn the_sessions_of_a_therapist_do_not_overlap() {
    let sessions = sessions::rows();
    assert!((600..900).contains(&sessions.len()), "{}", sessions.len());
    let mut of_therapist: HashMap<usize, Vec<&sessions::SessionRow>> = HashMap::new();
    for session in &sessions {
        of_therapist.entry(session.patient.therapist).or_default().push(session);
    }
    assert_eq!(of_therapist.len(), 5);
    for mut rows in of_therapist.into_values() {
        rows.sort_by_key(|row| row.scheduled_at);
        for pair in rows.windows(2) {
            let end = pair[0].scheduled_at + chrono::TimeDelta::minutes(pair[0].duration_minutes.into());
            assert!(end <= pair[1].scheduled_at, "{pair:?}");
        }
    }
    let statuses: HashSet<_> = sessions.iter().map(|row| row.status).collect();
    assert_eq!(statuses, HashSet::from(["scheduled", "completed", "cancelled"]));
}

#[test]
fn the_devices_have_recorded_two_months() {
    let samples = wearables::rows();
    assert!((4000..6000).contains(&samples.len()), "{}", samples.len());
    let days: HashSet<_> = samples.iter().map(|sample| sample.recorded_at.date_naive()).collect();
    assert_eq!(days.len(), 60);
}

#[test]
fn the_personas_are_users_of_the_demo() {
    let emails: Vec<&str> = PERSONAS.iter().map(|persona| persona.email).collect();
    assert_eq!(
        emails,
        [
            "therapist@mindful.example",
            "therapist@riverbank.example",
            "admin@mindful.example",
            "owner@mindful.example",
            "patient@mindful.example"
        ]
    );
    assert_eq!(PERSONAS[4].user_id, key(Kind::Account, 8));
}
