//! `timeline_events`: events on the clock of their session.

use crate::cluster::{Session, migrated};

async fn sessions() -> Session {
    let mut session = migrated().await.connect().await;
    session
        .run(
            "SELECT setseed(0.5);
             INSERT INTO sites (site_name) VALUES ('One');
             INSERT INTO log_clinical_records (site_id) SELECT 1 FROM generate_series(1, 60);
             -- A moment may come twice.
             INSERT INTO session_events (protocol_id, event_timestamp, intensity_level)
             SELECT 1 + floor(random() * 50), timestamptz '2026-01-10Z' + floor(random() * 400) * interval '90.5 seconds', 5
             FROM generate_series(1, 2000);",
        )
        .await
        .unwrap();
    session
}

#[tokio::test]
async fn offsets_and_gaps_are_what_a_look_up_for_each_event_would_find() {
    let mut session = sessions().await;
    let naive = "
        SELECT protocol_id, event_id, site_id, event_type_id, event_timestamp, intensity_level, notes,
          (SELECT count(*)::int FROM session_events AS earlier WHERE earlier.protocol_id = event.protocol_id
             AND (earlier.event_timestamp, earlier.event_id) <= (event.event_timestamp, event.event_id)) AS sequence,
          (SELECT extract(epoch FROM event.event_timestamp - min(event_timestamp))::float FROM session_events AS first
             WHERE first.protocol_id = event.protocol_id) AS offset_seconds,
          (SELECT extract(epoch FROM event.event_timestamp - max(event_timestamp))::float FROM session_events AS earlier
             WHERE earlier.protocol_id = event.protocol_id
               AND (earlier.event_timestamp, earlier.event_id) < (event.event_timestamp, event.event_id)) AS gap_seconds
        FROM session_events AS event";
    let view = "SELECT protocol_id, event_id, site_id, event_type_id, event_timestamp, intensity_level, notes, sequence,
          offset_seconds, gap_seconds FROM timeline_events";
    let differing = format!(
        "SELECT row_to_json(d)::text FROM ((({naive}) EXCEPT ALL ({view})) UNION ALL (({view}) EXCEPT ALL ({naive}))) AS d LIMIT 4"
    );
    assert_eq!(session.rows(differing).await, Vec::<String>::new());
    let seen = "SELECT concat_ws(' ', count(*), count(*) FILTER (WHERE gap_seconds = 0) > 10,
          count(*) - count(gap_seconds), max(gap_seconds) > 1000) FROM timeline_events";
    assert_eq!(session.one(seen).await, "2000 t 50 t");

    // An event without a time does not keep the others from being read.
    session
        .run("INSERT INTO session_events (protocol_id, event_timestamp) VALUES (1, 'infinity'), (1, '-infinity')")
        .await
        .unwrap();
    assert_eq!(session.one("SELECT count(*)::text FROM timeline_events").await, "2000");
}

#[tokio::test]
async fn whatever_asks_for_some_protocols_reads_the_events_of_these_by_index() {
    let mut session = sessions().await;
    session.run("ANALYZE; SET enable_seqscan = off; SET enable_bitmapscan = off").await.unwrap();
    let keys = "unnest('{3,7,11}'::bigint[]) AS k(k0)";
    for query in [
        "SELECT * FROM timeline_events t WHERE t.protocol_id = 7 ORDER BY t.event_timestamp LIMIT 10".to_owned(),
        format!(
            "SELECT p.* FROM {keys} CROSS JOIN LATERAL (
               SELECT t.* FROM timeline_events t WHERE t.protocol_id = k.k0 ORDER BY t.event_timestamp LIMIT 10) p"
        ),
        format!(
            "SELECT count(*), max(t.gap_seconds), k.k0 FROM {keys} JOIN timeline_events t ON t.protocol_id = k.k0 GROUP BY k.k0"
        ),
        "SELECT * FROM timeline_events t WHERE t.protocol_id = 7 AND t.event_id = 12".to_owned(),
    ] {
        // The plan reads the rows of three protocols at most.
        let plan = session.rows(format!("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) {query}")).await.join("\n");
        let (_, scan) = plan.split_once("on session_events").unwrap_or_else(|| panic!("{plan}"));
        assert!(plan.contains("using idx_events_protocol on session_events"), "{plan}");
        assert!(scan.contains("Index Cond: (protocol_id = protocol.record_id)"), "{plan}");
        let (_, loops) = scan.split_once("loops=").unwrap();
        let loops: u32 = loops.split(')').next().unwrap().parse().unwrap();
        assert!(loops <= 3, "{plan}");
    }
}
