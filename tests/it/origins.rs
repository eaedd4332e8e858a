//! Days that are counted from an origin at any time of day, and spans of time in former centuries and at the limits of time.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::bucket::bucket as short;
use crate::fixture::{clinician, oracle, protocol};
use crate::harness::App;
use crate::zones::{Asker, Change, Span, check_spans, moments, put, some_changes};

/// Returns origins with the time of day of a change: times that the clock skips, and times that it shows twice.
async fn origins(owner: &Client, change: &Change) -> Vec<DateTime<Utc>> {
    let sql = "WITH offsets AS (
        SELECT (t - interval '1 microsecond') AT TIME ZONE z - (t - interval '1 microsecond') AT TIME ZONE 'UTC' AS before,
               t AT TIME ZONE z - t AT TIME ZONE 'UTC' AS after, t AT TIME ZONE 'UTC' AS utc, z
          FROM (SELECT $1::text::timestamptz AS t, $2::text AS z) of)
      SELECT DISTINCT (extract(epoch FROM (day::date + (utc + before + part * (after - before) + little)::time) AT TIME ZONE z) * 1000)::bigint
        FROM offsets, unnest('{2003-01-06, 2019-07-03}'::text[]) day, unnest('{0, 0.25, 0.5, 1}'::float8[]) part,
             unnest('{-1 minute, 0, 0.001 seconds}'::interval[]) little
       WHERE (day = '2003-01-06') = (part IN (0, 0.5))";
    let rows = owner.query(sql, &[&change.at.to_rfc3339(), &change.zone]).await.unwrap();
    rows.iter().map(|row| DateTime::from_timestamp_millis(row.get(0)).unwrap()).collect()
}

/// Checks that each span begins when the clock first shows this many days from the origin, or a later time.
async fn check_days(asker: &Asker<'_>, days: i64, origin: &DateTime<Utc>, points: &[Span], what: &str) {
    let spans =
        points.iter().map(|it| format!("('{}'::timestamptz, '{}'::timestamptz)", it.start, it.end.unwrap()));
    let spans = spans.collect::<Vec<_>>().join(", ");
    let sql = format!(
        "WITH spans AS (
           SELECT s, s AT TIME ZONE z AS from_then, (s - u) AT TIME ZONE z AS before, (e - u) AT TIME ZONE z AS until,
                  timestamptz '{origin}' AT TIME ZONE z AS origin
             FROM (VALUES {spans}) spans(s, e), (SELECT '{zone}'::text AS z, interval '1 microsecond' AS u) of
         ), counted AS (
           SELECT *, floor(extract(epoch FROM from_then - origin) / 86400 / {days}) AS number,
                  floor(extract(epoch FROM until - origin) / 86400 / {days}) AS last_number FROM spans)
         SELECT * FROM counted
          WHERE number <> last_number OR NOT
                (from_then = origin + number * interval '{days} days' OR before < origin + number * interval '{days} days')",
        zone = asker.zone
    );
    assert_eq!(oracle(asker.app, &sql).await, json!([]), "{what}");
}

#[tokio::test]
async fn days_that_are_counted_from_any_time_of_day_tile_the_time() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "origins").await;
    let protocol = protocol(&owner, site).await;
    let mut changes = some_changes(&owner).await;
    changes.push(Change::of("Pacific/Apia", "2011-12-30T10:00:00Z"));
    changes.push(Change::of("America/New_York", "2026-03-08T07:00:00Z"));
    for change in &changes {
        let mut rows = moments(change);
        rows.extend([10, 40].map(|minutes| change.at + Duration::minutes(minutes)));
        put(&owner, protocol, &rows).await;
        let asker = Asker { app: &app, actor: &actor, protocol, zone: &change.zone };
        for (at, origin) in origins(&owner, change).await.iter().enumerate() {
            let days = [1, 7, 1, 3][at % 4];
            let bucket = format!("length: \"P{days}D\", origin: \"{}\"", origin.to_rfc3339());
            let what = format!("{change:?}, {bucket}");
            let (count, points, groups) = asker.ask(&bucket, "fill: ZERO").await;
            assert_eq!(count, rows.len() as u64, "{what}");
            assert_eq!(points.iter().map(|point| point.count).sum::<u64>(), count, "{what}");
            check_spans(&points, &rows, true, &what);
            let with_rows = points.iter().filter(|it| it.count > 0).map(|it| (it.start, it.count));
            let grouped = groups.iter().map(|group| (group.start, group.count));
            assert!(grouped.eq(with_rows), "{what}: {groups:?}");
            check_days(&asker, days, origin, &points, &what).await;
        }
    }
}

/// Clocks that were set back by a whole day, that skipped a day or its midnight, or that had offsets with seconds.
const FORMER: [(&str, &str); 10] = [
    ("America/Juneau", "1867-10-19T00:31:13Z"),
    ("America/Metlakatla", "1867-10-19T00:31:13Z"),
    ("Pacific/Apia", "1892-07-04T11:26:56Z"),
    ("Asia/Manila", "1844-12-31T15:56:00Z"),
    ("Pacific/Rarotonga", "1899-12-25T10:39:04Z"),
    ("America/Toronto", "1919-03-31T04:30:00Z"),
    ("Pacific/Kwajalein", "1969-09-30T13:00:00Z"),
    ("America/New_York", "1883-11-18T17:00:00Z"),
    ("Africa/Monrovia", "1972-01-07T00:44:30Z"),
    ("Antarctica/Vostok", "1994-01-31T17:00:00Z"),
];

#[tokio::test]
async fn whatever_clocks_did_in_former_times_spans_tile_it_and_each_row_lies_in_one() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "former times").await;
    let protocol = protocol(&owner, site).await;
    for (zone, at) in FORMER {
        let change = Change::of(zone, at);
        let mut rows = moments(&change);
        let seconds =
            [-90_000, -86_400, -50_000, -7_200, -3_600, -60, -1, 0, 1, 60, 3_600, 7_200, 50_000, 86_400];
        rows.extend(seconds.map(|distance| change.at + Duration::seconds(distance)));
        put(&owner, protocol, &rows).await;
        let asker = Asker { app: &app, actor: &actor, protocol, zone };
        let near = |days: i64| (change.at + Duration::days(days)).to_rfc3339();
        let bounds = format!("from: \"{}\", to: \"{}\"", near(-500), near(500));
        let late =
            format!("length: \"P1D\", origin: \"{}\"", (change.at + Duration::minutes(100)).to_rfc3339());
        let buckets =
            ["unit: DAY", "unit: WEEK", "unit: MONTH", "unit: YEAR", "length: \"P1D\"", late.as_str()];
        for bucket in buckets {
            let what = format!("{zone}, {bucket}");
            let (count, points, groups) = asker.ask(bucket, &format!("{bounds}, fill: ZERO")).await;
            assert_eq!(count, rows.len() as u64, "{what}");
            assert_eq!(points.iter().map(|point| point.count).sum::<u64>(), count, "{what}");
            check_spans(&points, &rows, true, &what);
            let with_rows = points.iter().filter(|it| it.count > 0).map(|it| (it.start, it.count));
            assert!(
                groups.iter().map(|group| (group.start, group.count)).eq(with_rows),
                "{what}: {groups:?}"
            );
        }
        // Bounds within the days that occur twice.
        for hours in [-20, -9, 3, 14] {
            let from = change.at + Duration::hours(hours);
            let to = change.at + Duration::hours(hours + 31);
            let bounds = format!("from: \"{}\", to: \"{}\"", from.to_rfc3339(), to.to_rfc3339());
            let (count, points, _) = asker.ask("unit: DAY", &bounds).await;
            let within: Vec<_> = rows.iter().copied().filter(|row| (from..to).contains(row)).collect();
            let what = format!("{zone}, {bounds}");
            assert_eq!(count, within.len() as u64, "{what}");
            check_spans(&points, &within, true, &what);
            assert_eq!(points.iter().map(|point| point.count).sum::<u64>(), count, "{what}");
        }
    }
}

#[tokio::test]
async fn dates_are_counted_from_the_day_of_an_origin_whatever_its_time() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "dates of origins").await;
    let sql = "INSERT INTO log_clinical_records (site_id, session_date) SELECT $1, day::date
        FROM generate_series('2024-11-10'::timestamp, '2024-12-20', interval '1 day') day";
    owner.execute(sql, &[&site]).await.unwrap();
    for zone in ["UTC", "America/Denver", "Pacific/Kiritimati", "-09:30", "America/Santiago"] {
        for origin in [
            "2024-01-01T12:00:00Z",
            "2024-01-01T00:00:00Z",
            "2024-09-08T04:30:00Z",
            "2031-05-05T23:59:59.999Z",
        ] {
            for (every, days) in [("P1D", 1), ("P7D", 7), ("P10D", 10)] {
                let bucket = format!(
                    "{{ every: {{ length: \"{every}\", origin: \"{origin}\", timeZone: \"{zone}\" }} }}"
                );
                let query = format!(
                    "{{ line: protocolsSeries(time: SESSION_DATE, bucket: {bucket}) {{
                          points {{ start end aggregate {{ count sessionDate {{ min max }} }} }} }}
                        groups: protocolsGroups(groupBy: {{ sessionDate: {bucket} }}, filter: {{ sessionDate: {{ isNull: false }} }}, first: 100) {{
                          key {{ sessionDate }} aggregate {{ count }} }} }}"
                );
                let answer = actor.ask(&query).await;
                let offset = if zone == "-09:30" { "interval '-09:30'".into() } else { format!("'{zone}'") };
                let sql = format!(
                    "SELECT (origin + number * {days})::text AS start, (origin + (number + 1) * {days})::text AS end, count(*)::int AS count
                       FROM (SELECT origin, floor((session_date - origin)::numeric / {days})::int AS number
                               FROM log_clinical_records, (SELECT (timestamptz '{origin}' AT TIME ZONE {offset})::date AS origin) o
                              WHERE site_id = {site} AND session_date IS NOT NULL) numbered
                      GROUP BY origin, number ORDER BY number"
                );
                let expected = oracle(&app, &sql).await;
                let points = answer.data()["line"][0]["points"].as_array().unwrap();
                let told: Value = points
                    .iter()
                    .map(|it| json!({ "start": it["start"], "end": it["end"], "count": it["aggregate"]["count"] }))
                    .collect();
                assert_eq!(told, expected, "{bucket}");
                for point in points {
                    let of = &point["aggregate"]["sessionDate"];
                    assert!(of["min"].as_str() >= point["start"].as_str(), "{bucket}: {point}");
                    assert!(of["max"].as_str() < point["end"].as_str(), "{bucket}: {point}");
                }
                let keys =
                    answer.data()["groups"].as_array().unwrap().iter().map(|it| &it["key"]["sessionDate"]);
                assert!(keys.eq(points.iter().map(|point| &point["start"])), "{bucket}");
            }
        }
    }
}

#[tokio::test]
async fn at_the_ends_of_writable_time_groups_are_those_of_the_chart() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "ends of time").await;
    let protocol = protocol(&owner, site).await;
    let ends = [
        ("0001-01-01T00:00:00Z", "from: \"0001-01-01T00:00:00Z\", to: \"0001-01-02T00:00:00Z\""),
        ("9999-12-31T23:59:59Z", "from: \"9999-12-31T00:00:00Z\""),
    ];
    for (end, bounds) in ends {
        put(&owner, protocol, &[end.parse().unwrap()]).await;
        for zone in ["UTC", "America/Denver", "Asia/Tokyo", "Pacific/Kiritimati", "+05:30", "-11:00"] {
            for bucket in [
                "unit: HOUR",
                "unit: DAY",
                "unit: WEEK",
                "unit: MONTH",
                "unit: QUARTER",
                "unit: YEAR",
                "length: \"P1D\"",
                "length: \"P3650D\"",
                "length: \"PT25H\"",
                "length: \"P36500D\"",
            ] {
                for fill in ["NULL", "NONE"] {
                    let what = format!("{end}, {zone}, {bucket}, {fill}");
                    let bucket = short(&format!("{bucket}, timeZone: \"{zone}\""));
                    let query = format!(
                        "{{ line: sessionEventsSeries(time: EVENT_TIMESTAMP, bucket: {bucket}, {bounds}, fill: {fill}) {{
                              aggregate {{ count }} points {{ start end aggregate {{ count }} }} }}
                            groups: sessionEventsGroups(groupBy: {{ eventTimestamp: {bucket} }}) {{ key {{ eventTimestamp }} }} }}"
                    );
                    let answer = actor.ask(&query).await;
                    let line = &answer.data()["line"][0];
                    assert_eq!(line["aggregate"]["count"], 1, "{what}");
                    let points = line["points"].as_array().unwrap();
                    let point = points.iter().find(|point| point["aggregate"]["count"] == 1).unwrap();
                    let (start, until) = (point["start"].as_str().unwrap(), point["end"].as_str().unwrap());
                    let moment = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
                    assert!(moment(start) <= moment(end) && moment(end) < moment(until), "{what}: {point}");
                    // A year has four digits.
                    assert!([start, until].iter().all(|told| told.as_bytes()[4] == b'-'), "{what}: {point}");
                    assert_eq!(answer.data()["groups"][0]["key"]["eventTimestamp"], start, "{what}");
                }
            }
        }
    }
}

#[tokio::test]
async fn between_bounds_that_hold_no_time_there_is_no_point() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "no time").await;
    let protocol = protocol(&owner, site).await;
    put(&owner, protocol, &["2026-02-03T10:00:00Z".parse().unwrap()]).await;
    for (from, to, points) in [
        ("2026-02-03T10:00:00Z", "2026-02-03T10:00:00Z", 0),
        ("2026-02-03T00:00:00Z", "2026-02-03T00:00:00Z", 0),
        ("2026-02-03T10:00:01Z", "2026-02-03T10:00:00Z", 0),
        ("2026-02-05T00:00:00Z", "2026-02-03T00:00:00Z", 0),
        ("2026-02-03T10:00:00Z", "2026-02-03T10:00:01Z", 1),
        ("2026-02-03T00:00:00Z", "2026-02-04T00:00:00Z", 1),
    ] {
        for bucket in [
            "unit: DAY",
            "unit: HOUR",
            "unit: MONTH, timeZone: \"America/Denver\"",
            "length: \"P1D\"",
            "length: \"PT25H\"",
        ] {
            let in_full = short(bucket);
            for fill in ["NULL", "ZERO", "PREVIOUS"] {
                let query = format!(
                    "{{ sessionEventsSeries(time: EVENT_TIMESTAMP, bucket: {in_full}, from: \"{from}\", to: \"{to}\", fill: {fill}) {{
                         aggregate {{ count }} points {{ start }} }} }}"
                );
                let answer = actor.ask(&query).await;
                let line = &answer.data()["sessionEventsSeries"][0];
                let told = line["points"].as_array().unwrap().len();
                assert!(if points == 0 { told == 0 } else { told >= 1 }, "{from}, {to}, {bucket}: {line}");
            }
        }
    }
    // The same for dates: none has its midnight within a day.
    let dates = "{ protocolsSeries(time: SESSION_DATE, bucket: { calendar: { unit: MONTH } }, from: \"2026-02-03T10:00:00Z\", to: \"2026-02-03T12:00:00Z\") {
        points { start } } }";
    assert_eq!(actor.ask(dates).await.data()["protocolsSeries"][0]["points"], json!([]));
}
