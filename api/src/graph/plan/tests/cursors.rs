//! Cursors: the condition that continues after one, and which texts are cursors.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::Value;

use super::{FIXTURE, Fixture, bare};
use crate::graph::arguments::json;
use crate::graph::limits::Limits;
use crate::graph::question::{cursor, order};

/// Returns a cursor with these values, of an order of events.
fn forged(fixture: &Fixture, order: &Value, values: &[Value]) -> String {
    let table = fixture.catalog.table_of_type("SessionEvent").unwrap();
    let order = order.to_string();
    let order = json::read(&order).unwrap();
    let terms = order::read(&fixture.catalog, table, Some(&order), &Limits::default()).unwrap();
    let mut parts =
        vec![Value::from(cursor::signature(table, None, &cursor::named(&fixture.catalog, table, &terms)))];
    parts.extend_from_slice(values);
    BASE64_URL_SAFE_NO_PAD.encode(Value::from(parts).to_string())
}

#[test]
fn a_page_goes_on_after_a_cursor_by_comparing_values_and_never_by_counting() {
    let fixture = &*FIXTURE;
    let time = Value::from("2026-01-01T00:00:00Z");
    for (argument, order, values, sql) in [
        // All one way and never missing: one range of an index.
        (
            "after",
            r#"[{"eventTimestamp": "ASC"}]"#,
            vec![time.clone(), "7".into()],
            "t.event_timestamp >= $1::timestamptz AND (t.event_timestamp, t.event_id) > ($1::timestamptz, $2::int8)",
        ),
        (
            "after",
            r#"[{"eventTimestamp": "DESC"}]"#,
            vec![time.clone(), "7".into()],
            "t.event_timestamp <= $1::timestamptz AND (t.event_timestamp, t.event_id) < ($1::timestamptz, $2::int8)",
        ),
        (
            "before",
            r#"[{"eventTimestamp": "ASC"}]"#,
            vec![time.clone(), "7".into()],
            "t.event_timestamp <= $1::timestamptz AND (t.event_timestamp, t.event_id) < ($1::timestamptz, $2::int8)",
        ),
        // Both ways: several ranges.
        (
            "after",
            r#"[{"eventTimestamp": "DESC"}, {"eventId": "ASC"}]"#,
            vec![time, "7".into()],
            "t.event_timestamp = $1::timestamptz AND t.event_id > $2::int8 | t.event_timestamp < $1::timestamptz",
        ),
        // Missing values stand last.
        (
            "after",
            r#"[{"intensityLevel": "ASC"}]"#,
            vec![5.into(), "7".into()],
            "t.intensity_level = $1::int4 AND t.event_id > $2::int8 | t.intensity_level IS NULL | t.intensity_level > $1::int4",
        ),
        (
            "after",
            r#"[{"intensityLevel": "ASC"}]"#,
            vec![Value::Null, "7".into()],
            "t.intensity_level IS NULL AND t.event_id > $1::int8",
        ),
        // Missing values stand first.
        (
            "after",
            r#"[{"intensityLevel": "DESC"}]"#,
            vec![Value::Null, "7".into()],
            "t.intensity_level IS NULL AND t.event_id < $1::int8 | t.intensity_level IS NOT NULL",
        ),
    ] {
        let order: Value = serde_json::from_str(order).unwrap();
        let cursor = forged(fixture, &order, &values);
        let query = format!(
            "query($o: [SessionEventOrderBy!]) {{ sessionEvents({argument}: \"{cursor}\", orderBy: $o) {{ nodes {{ notes }} }} }}"
        );
        let text = fixture.sql(&query, &serde_json::json!({ "o": order }).to_string()).remove(0);
        let ranges = text.split(" WHERE ").skip(1).map(|rest| bare(rest.split(" ORDER BY ").next().unwrap()));
        assert_eq!(ranges.collect::<Vec<_>>().join(" | "), sql, "{argument} {order} {values:?}");
    }
}

proptest! {
    #[test]
    fn a_cursor_is_read_back_as_it_was_written(level in proptest::option::of(any::<i32>()), note in proptest::option::of("[^\0]{0,20}"), id: i64) {
        let fixture = &*FIXTURE;
        let table = fixture.catalog.table_of_type("SessionEvent").unwrap();
        let order = serde_json::json!([{ "intensityLevel": "DESC" }, { "notes": "ASC_NULLS_FIRST" }]);
        let terms = order::read(&fixture.catalog, table, Some(&json::read(&order.to_string()).unwrap()), &Limits::default()).unwrap();
        let text = forged(fixture, &order, &[serde_json::json!(level), serde_json::json!(note), id.to_string().into()]);
        let read = cursor::read(&text, table, None, &cursor::named(&fixture.catalog, table, &terms)).unwrap();
        let bytes: Vec<Option<Vec<u8>>> = read.into_iter().map(|part| part.and_then(|part| part.value)).collect();
        prop_assert_eq!(bytes, vec![level.map(|level| level.to_be_bytes().to_vec()), note.map(String::into_bytes), Some(id.to_be_bytes().to_vec())]);

        // The other way round it is another order.
        let reversed: Vec<_> =
            cursor::named(&fixture.catalog, table, &terms).into_iter().map(|(name, sort)| (name, sort.reversed())).collect();
        prop_assert!(cursor::read(&text, table, None, &reversed).is_err());
    }

    #[test]
    fn a_cursor_that_was_tampered_with_is_refused_or_means_other_values(at in any::<prop::sample::Index>(), letter in "[A-Za-z0-9_=+/-]", cut in any::<bool>()) {
        let fixture = &*FIXTURE;
        let table = fixture.catalog.table_of_type("SessionEvent").unwrap();
        let order = serde_json::json!([{ "eventTimestamp": "ASC" }]);
        let terms = order::read(&fixture.catalog, table, Some(&json::read(&order.to_string()).unwrap()), &Limits::default()).unwrap();
        let good = forged(fixture, &order, &["2026-01-01T00:00:00Z".into(), "7".into()]);
        let at = at.index(good.len());
        let bad = if cut { good[..at].to_owned() } else { format!("{}{letter}{}", &good[..at], &good[at + 1..]) };
        if let Ok(values) = cursor::read(&bad, table, None, &cursor::named(&fixture.catalog, table, &terms)) {
            prop_assert!(!cut);
            prop_assert_eq!(values.len(), 2);
            // Neither value can be missing: it would mean another condition.
            prop_assert!(values.iter().all(Option::is_some));
        }
    }

    #[test]
    fn no_text_is_taken_for_a_cursor(text in ".{0,80}") {
        let fixture = &*FIXTURE;
        let table = fixture.catalog.table_of_type("SessionEvent").unwrap();
        let terms = order::read(&fixture.catalog, table, None, &Limits::default()).unwrap();
        prop_assert!(cursor::read(&text, table, None, &cursor::named(&fixture.catalog, table, &terms)).is_err());
        prop_assert!(cursor::read(&BASE64_URL_SAFE_NO_PAD.encode(&text), table, None, &cursor::named(&fixture.catalog, table, &terms)).is_err());
    }
}
