//! Filters on the rows below a row.

use super::{expected, found};
use crate::fixture::{clinician, protocol};
use crate::harness::App;

#[tokio::test]
async fn conditions_on_related_rows_hold_for_some_none_or_every_one() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (asker, site) = clinician(&app, &owner, "related").await;
    let (_, other_site) = clinician(&app, &owner, "unseen").await;
    // Levels of the events of each protocol; 0 is a missing one.
    for levels in [vec![], vec![1, 2], vec![2, 9], vec![9, 9], vec![9, 0], vec![0]] {
        let id = protocol(&owner, site).await;
        let sql = "INSERT INTO session_events (protocol_id, event_timestamp, intensity_level, event_type_id)
                   SELECT $1, now(), nullif(level, 0), nullif(level, 0) % 3 + 1 FROM unnest($2::int[]) level";
        owner.execute(sql, &[&id, &levels]).await.unwrap();
    }
    // Events of a site that the caller does not see match nothing.
    let unseen = protocol(&owner, other_site).await;
    let sql = "INSERT INTO session_events (protocol_id, event_timestamp, intensity_level, event_type_id)
               VALUES ($1, now(), 10, 8)";
    owner.execute(sql, &[&unseen]).await.unwrap();

    let events = "SELECT FROM session_events e WHERE e.protocol_id = p.record_id";
    for (filter, sql) in [
        (
            "{events: {some: {intensityLevel: {gte: 9}}}}",
            format!("EXISTS ({events} AND intensity_level >= 9)"),
        ),
        (
            "{events: {none: {intensityLevel: {gte: 9}}}}",
            format!("NOT EXISTS ({events} AND intensity_level >= 9)"),
        ),
        (
            "{events: {every: {intensityLevel: {gte: 9}}}}",
            format!("NOT EXISTS ({events} AND (intensity_level >= 9) IS NOT TRUE)"),
        ),
        ("{events: {some: {}}}", format!("EXISTS ({events})")),
        ("{events: {none: {}}}", format!("NOT EXISTS ({events})")),
        ("{events: {every: {}}}", "true".into()),
        ("{events: {}}", "true".into()),
        (
            "{events: {some: {intensityLevel: {eq: 9}}, every: {intensityLevel: {gt: 1}}}}",
            format!(
                "EXISTS ({events} AND intensity_level = 9) AND NOT EXISTS ({events} AND (intensity_level > 1) IS NOT TRUE)"
            ),
        ),
        (
            "{not: {events: {every: {intensityLevel: {gte: 9}}}}}",
            format!("EXISTS ({events} AND (intensity_level >= 9) IS NOT TRUE)"),
        ),
        (
            "{events: {some: {eventType: {eventName: {eq: \"Distress\"}}}}}",
            format!("EXISTS ({events} AND event_type_id = 1)"),
        ),
        (
            "{events: {every: {not: {eventType: {eventName: {eq: \"Distress\"}}}}}}",
            format!("NOT EXISTS ({events} AND event_type_id = 1)"),
        ),
        (
            "{events: {none: {protocol: {events: {every: {intensityLevel: {gte: 9}}}}}}}",
            format!(
                "NOT (EXISTS ({events}) AND NOT EXISTS ({events} AND (intensity_level >= 9) IS NOT TRUE))"
            ),
        ),
    ] {
        let sql = format!("SELECT record_id FROM log_clinical_records p WHERE site_id = {site} AND ({sql})");
        assert_eq!(
            found(&asker, "protocols", "recordId", filter).await,
            expected(&owner, &sql).await,
            "{filter}"
        );
    }

    // From a table that every user sees: only the caller's own events count.
    let seen = format!(
        "SELECT FROM session_events e WHERE e.event_type_id = t.event_type_id AND e.site_id = {site}"
    );
    for (filter, sql) in [
        ("{events: {some: {}}}", format!("EXISTS ({seen})")),
        ("{events: {none: {intensityLevel: {eq: 10}}}}", "true".into()),
        (
            "{events: {some: {protocol: {events: {some: {intensityLevel: {eq: 1}}}}}}}",
            format!(
                "EXISTS ({seen} AND EXISTS (SELECT FROM session_events f
                   WHERE f.protocol_id = e.protocol_id AND f.intensity_level = 1))"
            ),
        ),
    ] {
        let sql = format!("SELECT event_type_id FROM ref_event_types t WHERE {sql}");
        assert_eq!(
            found(&asker, "eventTypes", "eventTypeId", filter).await,
            expected(&owner, &sql).await,
            "{filter}"
        );
    }
}
