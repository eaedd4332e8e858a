//! Spans of time in every zone: they are consecutive, each row is in exactly one, and no row is counted twice or omitted.
//!
//! The test finds the clock changes of all zones of Postgres since 2000, and inserts rows around them. By default it tries one
//! change of each kind; `ZONE_CASES` adds further ones, at even distances.

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::bucket::bucket as short;
use crate::fixture::{clinician, oracle, protocol};
use crate::harness::{Actor, App};
use crate::random::setting;

/// Changes that are tried in addition to one of each kind.
const CASES: usize = 20;
/// The units to which times are rounded down, with Postgres's names.
const BUCKETS: [(&str, &str); 10] = [
    ("unit: FIFTEEN_MINUTES", "quarter of an hour"),
    ("unit: HOUR", "hour"),
    ("unit: DAY", "day"),
    ("unit: WEEK", "week"),
    ("unit: MONTH", "month"),
    ("unit: QUARTER", "quarter"),
    ("unit: YEAR", "year"),
    ("length: \"P1D\"", "day"),
    ("length: \"P7D\"", "week"),
    ("length: \"PT90M\"", "an hour and a half"),
];

/// A clock change: the clock is put forward or back.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) zone: String,
    pub(crate) at: DateTime<Utc>,
    /// The properties that all changes of the kind share.
    kind: String,
}

/// Zones of Postgres that are not in the IANA database: copies of it, the server's own clock, and an unset clock.
const NO_PLACE: &str = "name ~ '^(posix|right)/' OR name IN ('localtime', 'posixrules', 'Factory')";

impl Change {
    pub(crate) fn of(zone: &str, at: &str) -> Self {
        Self { zone: zone.into(), at: at.parse().unwrap(), kind: String::new() }
    }
}

/// Returns one clock change of each kind since 2000, and a few more.
pub(crate) async fn some_changes(owner: &Client) -> Vec<Change> {
    let changes = changes(owner).await;
    assert!(changes.len() > 1_000, "only {} changes were found", changes.len());
    let cases = setting("ZONE_CASES").unwrap_or(CASES);
    let step = changes.len().div_ceil(cases.max(1)).max(1);
    let mut kinds = BTreeSet::new();
    let is_asked = |(at, change): &(usize, Change)| kinds.insert(change.kind.clone()) || at % step == 0;
    changes.into_iter().enumerate().filter(is_asked).map(|(_, change)| change).collect()
}

/// Returns every clock change since 2000, with one zone for those with the same change at the same time.
async fn changes(owner: &Client) -> Vec<Change> {
    let sql = format!("
        WITH weeks AS (
          SELECT name, week, (week AT TIME ZONE name) - (week AT TIME ZONE 'UTC') AS shows
            FROM (SELECT name FROM pg_timezone_names WHERE NOT ({NO_PLACE})) zones,
                 generate_series('2000-01-01Z'::timestamptz, '2038-01-01Z', interval '7 days') week
        ), changed AS (
          SELECT DISTINCT ON (week, before, after) * FROM (
            SELECT name, week, lag(shows) OVER (PARTITION BY name ORDER BY week) AS before, shows AS after FROM weeks) w
           WHERE before <> after ORDER BY week, before, after, name
        ), moments AS (
          SELECT name, before, after, minute AS at FROM changed
           CROSS JOIN LATERAL (
             SELECT hour FROM generate_series(week - interval '7 days', week, interval '1 hour') hour
              WHERE (hour AT TIME ZONE name) - (hour AT TIME ZONE 'UTC') <> before ORDER BY hour LIMIT 1) h
           CROSS JOIN LATERAL (
             SELECT minute FROM generate_series(hour - interval '1 hour', hour, interval '1 minute') minute
              WHERE (minute AT TIME ZONE name) - (minute AT TIME ZONE 'UTC') <> before ORDER BY minute LIMIT 1) m)
        SELECT name, (extract(epoch FROM at) * 1000)::bigint,
               format('%s by %s', ((at AT TIME ZONE 'UTC') + before)::time, after - before)
          FROM moments ORDER BY at, name");
    let rows = owner.query(&sql, &[]).await.unwrap();
    rows.iter()
        .map(|row| Change {
            zone: row.get(0),
            at: DateTime::from_timestamp_millis(row.get(1)).unwrap(),
            kind: row.get(2),
        })
        .collect()
}

/// Returns times around a change: close to it, and in the following days and months.
pub(crate) fn moments(change: &Change) -> Vec<DateTime<Utc>> {
    let close = (-300..=300).step_by(15).map(Duration::minutes);
    let beside = [-1, 1, -60_000_001, 60_000_000].map(Duration::microseconds);
    let far = (-60..60).step_by(7).map(Duration::hours);
    let farther = [-400, -100, -40, -8, 8, 40, 100, 400].map(Duration::days);
    close.chain(beside).chain(far).chain(farther).map(|distance| change.at + distance).collect()
}

/// A point of a line, or a group without its end.
#[derive(Debug)]
pub(crate) struct Span {
    pub(crate) start: DateTime<Utc>,
    pub(crate) end: Option<DateTime<Utc>>,
    pub(crate) count: u64,
}

fn span(start: &Value, end: &Value, count: &Value) -> Span {
    let moment = |value: &Value| value.as_str().map(|text| text.parse().unwrap());
    Span { start: moment(start).unwrap(), end: moment(end), count: count.as_u64().unwrap() }
}

pub(crate) struct Asker<'a> {
    pub(crate) app: &'a App,
    pub(crate) actor: &'a Actor<'a>,
    pub(crate) protocol: i64,
    pub(crate) zone: &'a str,
}

impl Asker<'_> {
    /// Returns the number of rows of the line, its points and the groups.
    pub(crate) async fn ask(&self, bucket: &str, more: &str) -> (u64, Vec<Span>, Vec<Span>) {
        let zone = json!(self.zone);
        let of = format!("filter: {{ protocolId: {{ eq: {} }} }}", self.protocol);
        let bucket = short(&format!("{bucket}, timeZone: {zone}"));
        let query = format!(
            "{{ line: sessionEventsSeries(time: EVENT_TIMESTAMP, bucket: {bucket}, {of}, {more}) {{
                  aggregate {{ count }} points {{ start end aggregate {{ count }} }} }}
                groups: sessionEventsGroups(groupBy: {{ eventTimestamp: {bucket} }}, {of}, first: 1000) {{
                  key {{ eventTimestamp }} aggregate {{ count }} }} }}"
        );
        let answer = self.actor.ask(&query).await;
        let line = &answer.data()["line"][0];
        let points = line["points"].as_array().unwrap().iter();
        let points = points.map(|it| span(&it["start"], &it["end"], &it["aggregate"]["count"])).collect();
        let groups = answer.data()["groups"].as_array().unwrap().iter();
        let groups =
            groups.map(|it| span(&it["key"]["eventTimestamp"], &Value::Null, &it["aggregate"]["count"]));
        (line["aggregate"]["count"].as_u64().unwrap(), points, groups.collect())
    }

    /// Checks that the spans are those that the clock of the zone shows.
    async fn check_clock(&self, unit: &str, points: &[Span], bucket: &str) {
        let spans: Vec<String> = points
            .iter()
            .map(|point| format!("('{}'::timestamptz, '{}'::timestamptz)", point.start, point.end.unwrap()))
            .collect();
        let zone = self.zone;
        let wrong = match unit {
            "hour" => {
                "e - s > interval '1 hour' OR (date_trunc('hour', s AT TIME ZONE z) <> s AT TIME ZONE z AND
                 date_trunc('hour', (s - u) AT TIME ZONE z + u) <> (s - u) AT TIME ZONE z + u)"
                    .to_owned()
            }
            unit => format!(
                "date_trunc('{unit}', s AT TIME ZONE z) <> date_trunc('{unit}', (e - u) AT TIME ZONE z) OR
                 NOT (s AT TIME ZONE z = date_trunc('{unit}', s AT TIME ZONE z) OR
                      (s - u) AT TIME ZONE z < date_trunc('{unit}', s AT TIME ZONE z))"
            ),
        };
        let sql = format!(
            "SELECT s, e, s AT TIME ZONE z AS shows FROM (VALUES {}) spans(s, e),
                    (SELECT '{zone}'::text AS z, interval '1 microsecond' AS u) of
              WHERE {wrong}",
            spans.join(", ")
        );
        assert_eq!(oracle(self.app, &sql).await, json!([]), "{zone}, {bucket}");
    }
}

/// Checks that each span begins where the last one ends, and has the right rows.
#[track_caller]
pub(crate) fn check_spans(points: &[Span], rows: &[DateTime<Utc>], tiles: bool, what: &str) {
    for pair in points.windows(2) {
        let end = pair[0].end.unwrap();
        assert!(if tiles { end == pair[1].start } else { end <= pair[1].start }, "{what}: {pair:?}");
    }
    for point in points {
        let end = point.end.unwrap();
        assert!(point.start < end, "{what}: {point:?}");
        let inside = rows.iter().filter(|row| (point.start..end).contains(row)).count() as u64;
        assert_eq!(point.count, inside, "{what}: {point:?}");
    }
}

/// Gives a protocol events at these times, and no others.
pub(crate) async fn put(owner: &Client, protocol: i64, moments: &[DateTime<Utc>]) {
    owner.execute("DELETE FROM session_events WHERE protocol_id = $1", &[&protocol]).await.unwrap();
    let texts: Vec<String> = moments.iter().map(DateTime::to_rfc3339).collect();
    let sql = "INSERT INTO session_events (protocol_id, event_type_id, event_timestamp)
        SELECT $1, 1, unnest($2::text[])::timestamptz";
    owner.execute(sql, &[&protocol, &texts]).await.unwrap();
}

async fn try_change(app: &App, owner: &Client, actor: &Actor<'_>, protocol: i64, change: &Change) {
    let rows = moments(change);
    put(owner, protocol, &rows).await;
    let asker = Asker { app, actor, protocol, zone: &change.zone };
    for (bucket, unit) in BUCKETS {
        let what = format!("{change:?}, {bucket}");
        // There would be too many hours up to the distant rows.
        let is_short = unit.contains("hour");
        let near = |distance: i64| (change.at + Duration::minutes(distance)).to_rfc3339();
        let (from, to) = (near(-61), near(170));
        let bounds = format!("from: \"{from}\", to: \"{to}\"");
        let fill = if is_short { "fill: NONE" } else { "fill: ZERO" };
        let (count, points, groups) = asker.ask(bucket, fill).await;
        assert_eq!(count, rows.len() as u64, "{what}");
        assert_eq!(points.iter().map(|point| point.count).sum::<u64>(), count, "{what}");
        check_spans(&points, &rows, !is_short, &what);
        let grouped: Vec<_> = groups.iter().map(|group| (group.start, group.count)).collect();
        let with_rows: Vec<_> =
            points.iter().filter(|it| it.count > 0).map(|it| (it.start, it.count)).collect();
        assert_eq!(grouped, with_rows, "{what}");

        let within: Vec<_> = {
            let (from, to): (DateTime<Utc>, DateTime<Utc>) = (from.parse().unwrap(), to.parse().unwrap());
            rows.iter().copied().filter(|row| (from..to).contains(row)).collect()
        };
        let (bounded, near_points, _) = asker.ask(bucket, &bounds).await;
        assert_eq!(bounded, within.len() as u64, "{what}");
        assert_eq!(near_points.iter().map(|point| point.count).sum::<u64>(), bounded, "{what}");
        check_spans(&near_points, &within, true, &what);
        if matches!(unit, "hour" | "day" | "week" | "month" | "quarter" | "year") {
            asker.check_clock(unit, if is_short { &near_points } else { &points }, &what).await;
        }
    }
}

#[tokio::test]
async fn in_every_zone_the_spans_of_time_tile_it_and_each_row_lies_in_one() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "zones").await;
    let protocol = protocol(&owner, site).await;
    for change in some_changes(&owner).await {
        try_change(&app, &owner, &actor, protocol, &change).await;
    }
}

/// Returns starts and counts of the points of a line.
async fn points(actor: &Actor<'_>, line: &str) -> Vec<(String, u64)> {
    let answer =
        actor.ask(&format!("{{ line: {line} {{ points {{ start aggregate {{ count }} }} }} }}")).await;
    let points = answer.data()["line"][0]["points"].as_array().unwrap().iter();
    let count = |point: &Value| point["aggregate"]["count"].as_u64().unwrap();
    points.map(|point| (point["start"].as_str().unwrap().to_owned(), count(point))).collect()
}

#[tokio::test]
async fn an_offset_is_counted_eastwards_and_days_that_are_counted_begin_at_midnight() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "offsets").await;
    let protocol = protocol(&owner, site).await;
    owner
        .execute(
            "INSERT INTO session_events (protocol_id, event_type_id, event_timestamp)
             VALUES ($1, 1, '2026-03-06T18:20:00Z'), ($1, 1, '2026-03-07T18:40:00Z'), ($1, 1, '2026-03-10T18:40:00Z')",
            &[&protocol],
        )
        .await
        .unwrap();
    let line = |bucket: &str| {
        format!("sessionEventsSeries(time: EVENT_TIMESTAMP, fill: NONE, bucket: {})", short(bucket))
    };
    for (bucket, starts) in [
        (
            "unit: DAY, timeZone: \"+05:30\"",
            ["2026-03-05T18:30:00Z", "2026-03-07T18:30:00Z", "2026-03-10T18:30:00Z"],
        ),
        (
            "unit: DAY, timeZone: \"Asia/Kolkata\"",
            ["2026-03-05T18:30:00Z", "2026-03-07T18:30:00Z", "2026-03-10T18:30:00Z"],
        ),
        (
            "unit: HOUR, timeZone: \"-0330\"",
            ["2026-03-06T17:30:00Z", "2026-03-07T18:30:00Z", "2026-03-10T18:30:00Z"],
        ),
        (
            "length: \"PT24H\", timeZone: \"-07\"",
            ["2026-03-06T07:00:00Z", "2026-03-07T07:00:00Z", "2026-03-10T07:00:00Z"],
        ),
        // The clocks go forward on 8 March.
        (
            "length: \"P1D\", timeZone: \"America/Denver\"",
            ["2026-03-06T07:00:00Z", "2026-03-07T07:00:00Z", "2026-03-10T06:00:00Z"],
        ),
        (
            "length: \"PT24H\", timeZone: \"America/Denver\"",
            ["2026-03-06T07:00:00Z", "2026-03-07T07:00:00Z", "2026-03-10T07:00:00Z"],
        ),
        (
            "length: \"P1D\", origin: \"2026-03-01T12:00:00Z\", timeZone: \"America/Denver\"",
            ["2026-03-06T12:00:00Z", "2026-03-07T12:00:00Z", "2026-03-10T11:00:00Z"],
        ),
    ] {
        let found: Vec<_> = points(&actor, &line(bucket)).await.into_iter().map(|point| point.0).collect();
        assert_eq!(found, starts, "{bucket}");
    }
}

#[tokio::test]
async fn spans_of_dates_are_dates_whatever_the_zone() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (actor, site) = clinician(&app, &owner, "dates").await;
    let dates = ["2011-12-30", "2026-10-31", "2026-11-01", "2026-11-01", "2026-11-30", "2026-12-01"];
    for date in dates {
        let sql = "INSERT INTO log_clinical_records (site_id, session_date) VALUES ($1, $2::text::date)";
        owner.execute(sql, &[&site, &date]).await.unwrap();
    }
    for zone in ["UTC", "America/Denver", "Pacific/Apia", "Pacific/Kiritimati", "+05:45", "America/Santiago"]
    {
        let bucket = |bucket: &str| format!("bucket: {}", short(&format!("{bucket}, timeZone: \"{zone}\"")));
        let line = |more: &str| format!("protocolsSeries(time: SESSION_DATE, fill: NONE, {more})");
        let found = points(&actor, &line(&bucket("unit: MONTH"))).await;
        let expected = [("2011-12-01", 1), ("2026-10-01", 1), ("2026-11-01", 3), ("2026-12-01", 1)];
        assert_eq!(found, expected.map(|(start, count)| (start.to_owned(), count)), "{zone}");
        for unit in ["unit: DAY", "unit: WEEK", "unit: QUARTER", "unit: YEAR", "length: \"P14D\""] {
            let found = points(&actor, &line(&bucket(unit))).await;
            assert_eq!(found.iter().map(|point| point.1).sum::<u64>(), 6, "{zone}, {unit}");
            let in_full = short(&format!("{unit}, timeZone: \"{zone}\""));
            let groups = format!(
                "{{ protocolsGroups(groupBy: {{ sessionDate: {in_full} }}) {{
                key {{ sessionDate }} aggregate {{ count }} }} }}"
            );
            let answer = actor.ask(&groups).await;
            let groups: Vec<_> = answer.data()["protocolsGroups"]
                .as_array()
                .unwrap()
                .iter()
                .map(|group| {
                    let start = group["key"]["sessionDate"].as_str().unwrap().to_owned();
                    (start, group["aggregate"]["count"].as_u64().unwrap())
                })
                .collect();
            assert_eq!(found, groups, "{zone}, {unit}");
        }
        // A date belongs to the span of its midnight, and all of November is filled.
        let midnight = async |date: &str| {
            let sql = format!(
                "SELECT ('{date}'::timestamp AT TIME ZONE '{}')::text AS t",
                if zone == "+05:45" { "Asia/Kathmandu" } else { zone }
            );
            oracle(&app, &sql).await[0]["t"].as_str().unwrap().replace(' ', "T").replace("+00", "Z")
        };
        let (from, to) = (midnight("2026-11-01").await, midnight("2026-12-01").await);
        let all = format!(
            "protocolsSeries(time: SESSION_DATE, {}, from: \"{from}\", to: \"{to}\")",
            bucket("unit: DAY")
        );
        let found = points(&actor, &all).await;
        assert_eq!(found.len(), 30, "{zone}");
        assert_eq!(found.iter().map(|point| point.1).sum::<u64>(), 3, "{zone}");
        assert_eq!((found[0].0.as_str(), found[29].0.as_str()), ("2026-11-01", "2026-11-30"), "{zone}");
    }
    let hours =
        "{ protocolsSeries(time: SESSION_DATE, bucket: { calendar: { unit: HOUR } }) { points { start } } }";
    let answer = actor.ask(hours).await;
    assert_eq!(answer.code(), "BAD_USER_INPUT");
    assert_eq!(answer.error()["extensions"]["argument"], "bucket");
}

#[tokio::test]
async fn of_the_names_that_postgres_has_those_of_the_iana_database_are_zones() {
    let app = App::start().await;
    let actor = app.clinician_north().await;
    let owner = app.owner().await;
    let names = async |which: &str| -> Vec<String> {
        let sql = format!("SELECT name FROM pg_timezone_names WHERE {which} ORDER BY name");
        owner.query(&sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    };
    let line = |zone: &str| {
        format!(
            "sessionEventsSeries(time: EVENT_TIMESTAMP, bucket: {{ calendar: {{ unit: YEAR, timeZone: {} }} }}, \
             from: \"2026-01-01T00:00:00Z\", to: \"2026-02-01T00:00:00Z\") {{ points {{ start }} }}",
            json!(zone)
        )
    };
    let places = names(&format!("NOT ({NO_PLACE})")).await;
    assert!(places.len() > 400, "{places:?}");
    for some in places.chunks(20) {
        let lines: Vec<_> =
            some.iter().enumerate().map(|(at, zone)| format!("a{at}: {}", line(zone))).collect();
        let lines = lines.join(" ");
        assert!(actor.ask(&format!("{{ {lines} }}")).await.data().is_object(), "{some:?}");
    }
    let mut others = names(NO_PLACE).await;
    others.extend(
        [
            "Factory",
            "factory",
            "localtime",
            "posixrules",
            "posix/UTC",
            "right/UTC",
            "leapseconds",
            "tzdata.zi",
        ]
        .map(Into::into),
    );
    for zone in others {
        let answer = actor.ask(&format!("{{ {} }}", line(&zone))).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT", "{zone}");
        assert_eq!(answer.error()["extensions"]["argument"], "bucket.calendar.timeZone", "{zone}");
    }
}
