use std::collections::{HashMap, HashSet};

use super::*;

fn rows() -> Vec<(protocols::Session, Vec<timeline::EventRow>)> {
    let sessions = protocols::sessions();
    let rows = sessions.into_iter().enumerate().map(|(number, session)| {
        let protocol = protocols::row(&session, number, 1, &[1, 2, 3, 4, 5]);
        let events = timeline::events(&session, number, &protocol);
        (session, events)
    });
    rows.collect()
}

#[test]
fn every_session_has_a_full_timeline() {
    let rows = rows();
    assert_eq!(rows.len(), 200);
    let mut breakthroughs = 0;
    for (_, events) in &rows {
        assert!((15..=40).contains(&events.len()), "{} events", events.len());
        assert!(events.is_sorted_by_key(|event| event.event_timestamp));
        let length = events[events.len() - 1].event_timestamp - events[0].event_timestamp;
        assert!((290..=485).contains(&length.num_minutes()), "{length}");
        let count = |what| events.iter().filter(|event| event.event_type == what).count();
        assert!(count("Distress") >= 1 && count("Booster Dose") <= 1 && count("Vital Signs Check") >= 4);
        breakthroughs += usize::from(count("Breakthrough") > 0);
        for event in events {
            assert_eq!(event.intensity_level.is_none(), event.event_type == "Bathroom Break");
            assert_eq!(event.dose_mg.is_some(), event.event_type == "Booster Dose");
            assert_eq!(event.vitals.is_some(), event.event_type == "Vital Signs Check");
            assert!(event.vitals.is_none_or(|vitals| vitals.systolic_mmhg > vitals.diastolic_mmhg));
        }
    }
    assert!(breakthroughs >= 160, "{breakthroughs}");
}

#[test]
fn the_directory_has_supervisors_to_find() {
    let keys: Vec<i64> = (1..=40).collect();
    let profiles = profiles::rows(&keys);
    assert_eq!((profiles::count(), profiles.len()), (40, 40));
    let found = profiles.iter().filter(|profile| {
        profile.specialties.iter().any(|specialty| ["PTSD", "TRD"].contains(specialty))
            && profile.modalities.contains(&"Ketamine")
            && profile.hourly_rate.is_some_and(|rate| rate <= 200)
            && profile.is_accepting_supervision
    });
    assert!(found.count() >= 5);
    assert!(profiles.iter().all(|profile| profile.bio.chars().count() <= 500));

    let relationships = supervision::relationships(&profiles);
    assert_eq!(relationships.len(), 35);
    let pair = |row: &supervision::RelationshipRow| {
        (row.supervisor_id.min(row.supervisee_id), row.supervisor_id.max(row.supervisee_id))
    };
    assert_eq!(relationships.iter().map(pair).collect::<HashSet<_>>().len(), 35);
    let is_full = |profile: &profiles::ProfileRow| {
        let of_profile = |row: &&supervision::RelationshipRow| {
            row.supervisor_id == profile.profile_id && row.status == "active"
        };
        let active = i32::try_from(relationships.iter().filter(of_profile).count()).unwrap();
        assert!(active <= profile.max_supervisees, "{profile:?}");
        active == profile.max_supervisees
    };
    assert_eq!((is_full(&profiles[0]), is_full(&profiles[4])), (false, true), "a place and none");
    let mut statuses = HashMap::new();
    for row in &relationships {
        *statuses.entry(row.status).or_insert(0) += 1;
    }
    assert_eq!(statuses.len(), 4);
}

#[test]
fn the_personas_are_users_of_the_demo() {
    let emails: Vec<&str> = PERSONAS.iter().map(|persona| persona.email).collect();
    assert_eq!(
        emails,
        [
            "clinician.north@praxis.example",
            "clinician.south@praxis.example",
            "admin.north@praxis.example",
            "both.sites@praxis.example",
            "network@praxis.example",
            "newcomer@praxis.example"
        ]
    );
}
