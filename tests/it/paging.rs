//! Pages by keyset: in any order, of any size, from both ends, every row exactly once.

use std::cmp::Ordering;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::fixture::{clinician, person, protocol, signed_in};
use crate::harness::{Actor, App};

/// A value in an order; `None` is a missing one. Numbers and texts never occur in the same column.
type Key = Option<(i64, String)>;

const DIRECTIONS: [&str; 6] =
    ["ASC", "ASC_NULLS_FIRST", "ASC_NULLS_LAST", "DESC", "DESC_NULLS_FIRST", "DESC_NULLS_LAST"];

/// A term of an order: index into the listing's columns, and the direction.
type Term = (usize, &'static str);

/// A connection, and the columns that it is ordered by.
struct Listing {
    /// GraphQL type of a row.
    type_name: &'static str,
    /// GraphQL field of the key.
    key: &'static str,
    /// `orderBy` for each column; `$` is replaced by the direction.
    columns: &'static [&'static str],
}

const EVENTS: Listing = Listing {
    type_name: "SessionEvent",
    key: "eventId",
    columns: &[
        r#"{"eventTimestamp": "$"}"#,
        r#"{"intensityLevel": "$"}"#,
        r#"{"notes": "$"}"#,
        r#"{"eventType": {"eventName": "$"}}"#,
        r#"{"protocol": {"sessionDate": "$"}}"#,
        r#"{"protocol": {"substance": {"substanceName": "$"}}}"#,
        r#"{"eventId": "$"}"#,
    ],
};

const PROFILES: Listing = Listing {
    type_name: "PractitionerProfile",
    key: "profileId",
    columns: &[
        r#"{"hourlyRate": "$"}"#,
        r#"{"yearsExperience": "$"}"#,
        r#"{"displayName": "$"}"#,
        r#"{"isAcceptingSupervision": "$"}"#,
    ],
};

impl Listing {
    fn order_by(&self, order: &[Term]) -> Value {
        let term = |(column, direction): &Term| -> Value {
            serde_json::from_str(&self.columns[*column].replace('$', direction)).unwrap()
        };
        order.iter().map(term).collect()
    }

    /// Returns a query of the connection, inserted into `around` in place of `$`.
    fn query(&self, field: &str, around: &str) -> String {
        let connection = format!(
            "{field}(first: $first, after: $after, last: $last, before: $before, orderBy: $orderBy) {{
               totalCount
               edges {{ cursor node {{ {key} }} }}
               pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
             }}",
            key = self.key
        );
        format!(
            "query($first: Int, $after: String, $last: Int, $before: String, $orderBy: [{}OrderBy!]) {around}",
            self.type_name
        )
        .replace('@', &connection)
    }
}

/// Compares two rows by the values of their terms, then by their key in the last term's direction.
fn compare(one: &(i64, Vec<Key>), other: &(i64, Vec<Key>), order: &[Term]) -> Ordering {
    for (column, direction) in order {
        let (left, right) = (&one.1[*column], &other.1[*column]);
        let descending = direction.starts_with("DESC");
        let nulls_first = direction.ends_with("NULLS_FIRST") || *direction == "DESC";
        let ordering = match (left, right) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => {
                if nulls_first {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
            (Some(_), None) => {
                if nulls_first {
                    Ordering::Greater
                } else {
                    Ordering::Less
                }
            }
            (Some(left), Some(right)) if descending => right.cmp(left),
            (Some(left), Some(right)) => left.cmp(right),
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
    let descending = order.last().is_some_and(|(_, direction)| direction.starts_with("DESC"));
    if descending { other.0.cmp(&one.0) } else { one.0.cmp(&other.0) }
}

/// Returns the ids of the rows in an order, as the database should return them.
fn sorted(rows: &[(i64, Vec<Key>)], order: &[Term]) -> Vec<String> {
    let mut rows: Vec<_> = rows.iter().collect();
    rows.sort_by(|one, other| compare(one, other, order));
    rows.iter().map(|row| row.0.to_string()).collect()
}

fn ids(connection: &Value, key: &str) -> Vec<String> {
    let edges = connection["edges"].as_array().unwrap();
    edges.iter().map(|edge| edge["node"][key].as_str().unwrap().to_owned()).collect()
}

/// Reads a connection page by page from one end to the other, and checks the page info of every page.
async fn walk(
    asker: &Actor<'_>,
    query: &str,
    at: &str,
    listing: &Listing,
    order: &[Term],
    size: usize,
    forward: bool,
) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let variables = if forward {
            json!({ "first": size, "after": cursor, "orderBy": listing.order_by(order) })
        } else {
            json!({ "last": size, "before": cursor, "orderBy": listing.order_by(order) })
        };
        let answer = asker.ask_with(query, &variables).await;
        let page = answer.data().pointer(at).unwrap();
        let (edges, info) = (page["edges"].as_array().unwrap(), &page["pageInfo"]);
        let mut keys = ids(page, listing.key);
        assert!(keys.len() <= size);
        assert_eq!(info["startCursor"], edges.first().map_or(Value::Null, |edge| edge["cursor"].clone()));
        assert_eq!(info["endCursor"], edges.last().map_or(Value::Null, |edge| edge["cursor"].clone()));
        let (ahead, behind, next) = if forward {
            ("hasNextPage", "hasPreviousPage", "endCursor")
        } else {
            ("hasPreviousPage", "hasNextPage", "startCursor")
        };
        assert_eq!(info[behind], !found.is_empty(), "{info}");
        if forward {
            found.append(&mut keys);
        } else {
            keys.append(&mut found);
            found = keys;
        }
        let total = usize::try_from(page["totalCount"].as_u64().unwrap()).unwrap();
        assert_eq!(info[ahead], found.len() < total, "{info}");
        assert!(found.len() <= total, "a row came twice: {found:?}");
        if info[ahead] == false {
            return found;
        }
        cursor = info[next].clone();
    }
}

/// Checks that every way to read one connection gives the same rows in the same order.
async fn read_every_way(
    asker: &Actor<'_>,
    query: &str,
    at: &str,
    listing: &Listing,
    (order, size): (&[Term], usize),
    expected: &[String],
) {
    for (size, forward) in [(1_000, true), (1_000, false), (size, true), (size, false)] {
        let found = walk(asker, query, at, listing, order, size, forward).await;
        assert_eq!(found, expected, "pages of {size}, forward: {forward}, {}", listing.order_by(order));
    }
}

fn order(columns: usize) -> impl Strategy<Value = Vec<Term>> {
    prop::collection::vec((0..columns, prop::sample::select(&DIRECTIONS[..])), 1..=3)
}

fn runner() -> TestRunner {
    TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() })
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// An event of a generated table, with small ranges, so that there are ties.
#[derive(Clone, Debug)]
struct Event {
    protocol: usize,
    time: i64,
    intensity: Option<i32>,
    note: Option<String>,
    kind: Option<usize>,
}

fn event() -> impl Strategy<Value = Event> {
    let note =
        prop::option::of(prop::sample::select(vec!["", "a", "B", "ä", "a'\"\\"]).prop_map(str::to_owned));
    (0..3_usize, 0..4_i64, prop::option::of(1..4_i32), note, prop::option::of(0..3_usize))
        .prop_map(|(protocol, time, intensity, note, kind)| Event { protocol, time, intensity, note, kind })
}

/// The sites' protocols of the events: the second has neither day nor substance, the fourth never has an event.
struct Protocols {
    ids: Vec<i64>,
    days: [Option<i64>; 4],
    substances: [Option<&'static str>; 4],
    kinds: Vec<(i64, String)>,
}

async fn protocols(owner: &Client, site: i64) -> Protocols {
    let days = [Some(2), None, Some(1), Some(1)];
    let substances = [Some("MDMA"), None, Some("Ketamine"), Some("MDMA")];
    let mut ids = Vec::new();
    for at in 0..4 {
        let id = protocol(owner, site).await;
        owner
            .execute(
                "UPDATE log_clinical_records
                 SET session_date = '2026-01-01'::date + $2::bigint::int,
                   substance_id = (SELECT substance_id FROM ref_substances WHERE substance_name = $3)
                 WHERE record_id = $1",
                &[&id, &days[at], &substances[at]],
            )
            .await
            .unwrap();
        ids.push(id);
    }
    let kinds =
        owner.query("SELECT event_type_id, event_name FROM ref_event_types LIMIT 3", &[]).await.unwrap();
    let kinds = kinds.iter().map(|row| (row.get(0), row.get(1))).collect();
    Protocols { ids, days, substances, kinds }
}

impl Protocols {
    /// Replaces all events; returns them with the values of [`EVENTS`]'s columns.
    async fn fill(&self, owner: &Client, events: &[Event]) -> Vec<(i64, Vec<Key>)> {
        owner.execute("DELETE FROM session_events WHERE protocol_id = ANY ($1)", &[&self.ids]).await.unwrap();
        let mut rows = Vec::new();
        for event in events {
            let kind = event.kind.map(|at| &self.kinds[at]);
            let row = owner
                .query_one(
                    "INSERT INTO session_events (protocol_id, event_timestamp, intensity_level, notes, event_type_id)
                     VALUES ($1, '2026-01-01Z'::timestamptz + $2::bigint * interval '1 us', $3, $4, $5)
                     RETURNING event_id",
                    &[
                        &self.ids[event.protocol],
                        &event.time,
                        &event.intensity,
                        &event.note,
                        &kind.map(|kind| kind.0),
                    ],
                )
                .await
                .unwrap();
            let id: i64 = row.get(0);
            let number = |number: i64| (number, String::new());
            let text = |text: &str| (0, text.to_owned());
            rows.push((
                id,
                vec![
                    Some(number(event.time)),
                    event.intensity.map(|level| number(level.into())),
                    event.note.as_deref().map(text),
                    kind.map(|kind| text(&kind.1)),
                    self.days[event.protocol].map(number),
                    self.substances[event.protocol].map(text),
                    Some(number(id)),
                ],
            ));
        }
        rows
    }
}

#[test]
fn pages_of_any_size_in_any_order_give_every_event_once_at_the_root_and_below_each_protocol() {
    let runtime = runtime();
    let app = runtime.block_on(App::start());
    let owner = runtime.block_on(app.owner());
    let (asker, site) = runtime.block_on(clinician(&app, &owner, "pages"));
    let protocols = runtime.block_on(protocols(&owner, site));
    let root = EVENTS.query("sessionEvents", "{ @ }");

    let cases = (prop::collection::vec(event(), 0..16), order(EVENTS.columns.len()), 1..6_usize);
    let check = async |(events, order, size): (Vec<Event>, Vec<Term>, usize)| {
        let rows = protocols.fill(&owner, &events).await;
        let expected = sorted(&rows, &order);
        read_every_way(&asker, &root, "/sessionEvents", &EVENTS, (&order, size), &expected).await;

        let below = |at: usize| -> Vec<String> {
            let own: Vec<_> = rows
                .iter()
                .zip(&events)
                .filter(|(_, event)| event.protocol == at)
                .map(|(row, _)| row.clone())
                .collect();
            sorted(&own, &order)
        };
        for (at, id) in protocols.ids.iter().enumerate() {
            let nested = EVENTS.query("events", &format!("{{ protocol(recordId: {id}) {{ @ }} }}"));
            read_every_way(&asker, &nested, "/protocol/events", &EVENTS, (&order, size), &below(at)).await;
        }

        // All parents in one request: each has a page of its own.
        let together = EVENTS.query("events", "{ protocols(orderBy: {recordId: ASC}) { nodes { @ } } }");
        for (forward, argument) in [(true, "first"), (false, "last")] {
            let variables = json!({ argument: size, "orderBy": EVENTS.order_by(&order) });
            let answer = asker.ask_with(&together, &variables).await;
            for (at, node) in answer.nodes("protocols").iter().enumerate() {
                let all = below(at);
                let page = &node["events"];
                let start = if forward { 0 } else { all.len().saturating_sub(size) };
                let end = if forward { size.min(all.len()) } else { all.len() };
                assert_eq!(ids(page, "eventId"), all[start..end]);
                assert_eq!(page["totalCount"], all.len());
                assert_eq!(page["pageInfo"]["hasNextPage"], end < all.len());
                assert_eq!(page["pageInfo"]["hasPreviousPage"], start > 0);
            }
        }
    };
    runner()
        .run(&cases, |case| {
            runtime.block_on(check(case));
            Ok(())
        })
        .unwrap();
}

/// A generated practitioner: rate in cents, years, name, and whether they take supervisees.
type Profile = (Option<i64>, Option<i32>, Option<&'static str>, Option<bool>);

#[test]
fn pages_of_the_directory_in_any_order_give_every_practitioner_once() {
    let runtime = runtime();
    let app = runtime.block_on(App::start());
    let owner = runtime.block_on(app.owner());
    let asker = signed_in(&app, &runtime.block_on(person(&owner, "reader")));
    let query = PROFILES.query("practitionerProfiles", "{ @ }");

    let rate = prop::option::of(prop::sample::select(vec![0_i64, 5, 950, 1000, 99_999_999]));
    let name = prop::option::of(prop::sample::select(vec!["Å", "Z", "a", ""]));
    let profile = (rate, prop::option::of(0..3_i32), name, prop::option::of(any::<bool>()));
    let cases = (prop::collection::vec(profile, 0..20), order(PROFILES.columns.len()), 1..7_usize);
    let check = async |(profiles, order, size): (Vec<Profile>, Vec<Term>, usize)| {
        owner.batch_execute("TRUNCATE practitioner_profiles CASCADE").await.unwrap();
        let mut rows = Vec::new();
        for (cents, years, name, accepting) in profiles {
            let row = owner
                .query_one(
                    "INSERT INTO practitioner_profiles
                       (hourly_rate, years_experience, display_name, is_accepting_supervision)
                     VALUES ($1::bigint * 0.01, $2, $3, $4) RETURNING profile_id",
                    &[&cents, &years, &name, &accepting],
                )
                .await
                .unwrap();
            let number = |number: i64| (number, String::new());
            rows.push((
                row.get(0),
                vec![
                    cents.map(number),
                    years.map(|years| number(years.into())),
                    name.map(|name| (0, name.to_owned())),
                    accepting.map(|accepting| number(accepting.into())),
                ],
            ));
        }
        let expected = sorted(&rows, &order);
        read_every_way(&asker, &query, "/practitionerProfiles", &PROFILES, (&order, size), &expected).await;
    };
    runner()
        .run(&cases, |case| {
            runtime.block_on(check(case));
            Ok(())
        })
        .unwrap();
}

/// Inserts protocols with this many events each, at one-minute steps.
async fn protocols_with_events(owner: &Client, site: i64, numbers: &[i64]) -> Vec<i64> {
    let mut ids = Vec::new();
    for number in numbers {
        let id = protocol(owner, site).await;
        owner
            .execute(
                "INSERT INTO session_events (protocol_id, event_timestamp)
                 SELECT $1, '2026-01-01Z'::timestamptz + n * interval '1 minute' FROM generate_series(1, $2::bigint) n",
                &[&id, &number],
            )
            .await
            .unwrap();
        ids.push(id);
    }
    ids
}

#[tokio::test]
async fn each_parent_has_a_page_of_its_own_also_one_without_rows() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (asker, site) = clinician(&app, &owner, "parents").await;
    protocols_with_events(&owner, site, &[0, 2, 3, 7]).await;

    let answer = asker
        .ask(
            "{ protocols(orderBy: {recordId: ASC}) { nodes {
                 events(first: 3) { totalCount nodes { eventId } pageInfo { hasNextPage endCursor } }
                 skipped: events(first: 3, offset: 2) { nodes { eventId } pageInfo { hasNextPage hasPreviousPage } }
                 none: events(first: 0) { nodes { eventId } pageInfo { hasNextPage hasPreviousPage endCursor } }
               } } }",
        )
        .await;
    assert_eq!(
        answer.statements(),
        6,
        "protocols; events and their number, skipped and what that skips, none"
    );
    let column = |field: &str, value: &dyn Fn(&Value) -> Value| -> Vec<Value> {
        answer.nodes("protocols").iter().map(|node| value(&node[field])).collect()
    };
    let length = |page: &Value| json!(page["nodes"].as_array().unwrap().len());
    let has_next = |page: &Value| page["pageInfo"]["hasNextPage"].clone();
    let has_previous = |page: &Value| page["pageInfo"]["hasPreviousPage"].clone();
    assert_eq!(column("events", &length), [0, 2, 3, 3]);
    assert_eq!(column("events", &|page| page["totalCount"].clone()), [0, 2, 3, 7]);
    assert_eq!(column("events", &has_next), [false, false, false, true]);
    assert_eq!(column("skipped", &length), [0, 0, 1, 3]);
    assert_eq!(column("skipped", &has_next), [false, false, false, true]);
    assert_eq!(column("skipped", &has_previous), [false, true, true, true], "of no rows none is skipped");
    assert_eq!(column("none", &length), [0, 0, 0, 0]);
    assert_eq!(column("none", &has_next), [false, true, true, true]);
    assert_eq!(column("none", &|page| page["pageInfo"]["endCursor"].clone()), [(); 4].map(|()| Value::Null));
}

#[tokio::test]
async fn a_page_without_columns_still_has_rows_and_cursors() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (asker, site) = clinician(&app, &owner, "bare").await;
    protocols_with_events(&owner, site, &[2]).await;

    let answer = asker
        .ask(
            "{
               cursors: sessionEvents { edges { cursor } }
               info: sessionEvents { pageInfo { startCursor hasNextPage } }
               types: sessionEvents { nodes { __typename } }
               count: sessionEvents { totalCount }
             }",
        )
        .await;
    let data = answer.data();
    let first = &data["cursors"]["edges"][0]["cursor"];
    assert!(first.is_string());
    assert_eq!(data["info"]["pageInfo"], json!({ "startCursor": first, "hasNextPage": false }));
    assert_eq!(
        data["types"]["nodes"],
        json!([{ "__typename": "SessionEvent" }, { "__typename": "SessionEvent" }])
    );
    assert_eq!(data["count"]["totalCount"], 2);
}

#[tokio::test]
async fn an_offset_counts_from_the_cursor_and_two_cursors_enclose_a_page() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (asker, site) = clinician(&app, &owner, "offset").await;
    protocols_with_events(&owner, site, &[10]).await;
    let order = "orderBy: [{eventTimestamp: DESC}]";

    let all =
        asker.ask(&format!("{{ sessionEvents({order}) {{ edges {{ cursor node {{ eventId }} }} }} }}")).await;
    let edges = all.data()["sessionEvents"]["edges"].as_array().unwrap();
    let cursor = |at: usize| edges[at]["cursor"].clone();
    let id = |at: usize| edges[at]["node"]["eventId"].as_str().unwrap().to_owned();
    let page = async |arguments: String| -> Vec<String> {
        let answer =
            asker.ask(&format!("{{ sessionEvents({order}, {arguments}) {{ nodes {{ eventId }} }} }}")).await;
        answer
            .nodes("sessionEvents")
            .iter()
            .map(|node| node["eventId"].as_str().unwrap().to_owned())
            .collect()
    };

    assert_eq!(page("first: 2, offset: 3".into()).await, [id(3), id(4)]);
    assert_eq!(page(format!("first: 2, offset: 3, after: {}", cursor(1))).await, [id(5), id(6)]);
    assert_eq!(page("offset: 99".into()).await, Vec::<String>::new());
    assert_eq!(page(format!("after: {}, before: {}", cursor(2), cursor(5))).await, [id(3), id(4)]);
    assert_eq!(page(format!("last: 1, after: {}, before: {}", cursor(2), cursor(5))).await, [id(4)]);
    assert_eq!(
        page(format!("first: 9, after: {}, before: {}", cursor(5), cursor(2))).await,
        Vec::<String>::new()
    );
    assert_eq!(page(format!("last: 2, before: {}", cursor(0))).await, Vec::<String>::new());
}

#[tokio::test]
async fn arguments_that_make_no_page_are_refused_with_their_place() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (asker, site) = clinician(&app, &owner, "refused").await;
    protocols_with_events(&owner, site, &[3]).await;
    let by_time = asker
        .ask("{ sessionEvents(first: 1, orderBy: {eventTimestamp: ASC}) { pageInfo { endCursor } } }")
        .await;
    let by_time = by_time.data()["sessionEvents"]["pageInfo"]["endCursor"].as_str().unwrap().to_owned();
    let of_protocols = asker.ask("{ protocols(first: 1) { pageInfo { endCursor } } }").await;
    let of_protocols = of_protocols.data()["protocols"]["pageInfo"]["endCursor"].as_str().unwrap().to_owned();
    let forged = |plain: &str| {
        use base64::Engine as _;
        base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(plain)
    };

    for (arguments, argument, code) in [
        ("first: 1, last: 1".to_owned(), "last", "BAD_USER_INPUT"),
        ("last: 1, offset: 1".into(), "offset", "BAD_USER_INPUT"),
        ("first: -1".into(), "first", "BAD_USER_INPUT"),
        ("last: -1".into(), "last", "BAD_USER_INPUT"),
        ("offset: -1".into(), "offset", "BAD_USER_INPUT"),
        ("first: 1001".into(), "first", "LIMIT_EXCEEDED"),
        (format!("after: \"{by_time}\""), "after", "BAD_USER_INPUT"),
        (format!("before: \"{by_time}\", orderBy: {{eventTimestamp: DESC}}"), "before", "BAD_USER_INPUT"),
        (
            format!("after: \"{by_time}\", orderBy: [{{eventTimestamp: ASC}}, {{notes: ASC}}]"),
            "after",
            "BAD_USER_INPUT",
        ),
        (format!("after: \"{of_protocols}\""), "after", "BAD_USER_INPUT"),
        ("after: \"\"".into(), "after", "BAD_USER_INPUT"),
        ("after: \"garbage!\"".into(), "after", "BAD_USER_INPUT"),
        (format!("after: \"{}\"", forged("[]")), "after", "BAD_USER_INPUT"),
        (format!("after: \"{}\"", forged("{\"a\": 1}")), "after", "BAD_USER_INPUT"),
        ("orderBy: {eventTimestamp: ASC, notes: ASC}".into(), "orderBy.0", "GRAPHQL_INVALID"),
        ("orderBy: [{eventTimestamp: ASC}, {}]".into(), "orderBy.1", "GRAPHQL_INVALID"),
    ] {
        let root = format!("{{\n  list: sessionEvents({arguments}) {{ nodes {{ eventId }} }} }}");
        let nested =
            format!("{{ protocols {{ nodes {{\n    events({arguments}) {{ nodes {{ eventId }} }} }} }} }}");
        for (query, path) in [(&root, json!(["list"])), (&nested, json!(["protocols", "nodes", "events"]))] {
            let answer = asker.ask(query).await;
            let error = answer.error();
            assert_eq!(error["extensions"]["code"], code, "{arguments}");
            assert_eq!(error["extensions"]["argument"], argument, "{arguments}");
            // Validation errors have no path, since nothing ran.
            let path = if code == "GRAPHQL_INVALID" { Value::Null } else { path };
            assert_eq!(error["path"], path, "{arguments}");
            let before = query.split_once(answer.points_at(query)).unwrap().0;
            assert!(before.contains(argument.split('.').next().unwrap()), "{arguments}: {error}");
            assert_eq!(answer.body.get("data").unwrap_or(&Value::Null), &Value::Null);
        }
    }
}

/// Orders by values that are not numbers, in both directions: each row occurs once.
#[tokio::test]
async fn pages_end_whatever_the_rows_are_ordered_by() {
    let app = App::start().await;
    let owner = app.owner().await;
    let (asker, site) = clinician(&app, &owner, "special").await;
    owner.batch_execute("SET session_replication_role = replica").await.unwrap();
    let sql = format!(
        "INSERT INTO log_clinical_records (site_id, prep_hours, dosage_mg, session_date, created_at)
         SELECT {site}, h, d, s, c
           FROM unnest(ARRAY['NaN', 'NaN', 'Infinity', 'Infinity', '-Infinity', NULL, NULL, 0, '-0', 1e400, 1e-400, 0.1]::numeric[],
                       ARRAY['NaN', 'NaN', 'NaN', NULL, NULL, 0, 0, 0.1, 0.10, 999, -999, 1]::numeric[],
                       ARRAY['infinity', 'infinity', '-infinity', '-infinity', NULL, NULL, '5874897-12-31', '4714-11-24 BC',
                             '2026-01-01', '2026-01-01', '0001-01-01', '0001-12-31 BC']::date[],
                       ARRAY['-infinity', '-infinity', 'infinity', 'infinity', NULL, NULL, '294276-12-31 23:59:59.999999Z',
                             '2026-01-01Z', '2026-01-01Z', '1999-12-31 23:59:59.999999Z', '2000-01-01Z', '0044-03-15Z BC']::timestamptz[]) AS r(h, d, s, c)"
    );
    owner.batch_execute(&sql).await.unwrap();
    let query =
        "query($orderBy: [ProtocolOrderBy!], $first: Int, $after: String, $last: Int, $before: String) {
      protocols(orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
        edges { node { recordId } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";
    for column in ["prepHours", "dosageMg", "sessionDate", "createdAt", "sessionStatus", "subjectId"] {
        for direction in ["ASC", "DESC", "ASC_NULLS_FIRST", "DESC_NULLS_LAST"] {
            let order_by = json!([{ column: direction }]);
            let all = asker.ask_with(query, &json!({ "orderBy": order_by })).await;
            let all = ids(&all.data()["protocols"], "recordId");
            assert_eq!(all.len(), 12);
            for (size, forward) in [(1, true), (5, true), (1, false), (5, false)] {
                let mut found: Vec<String> = Vec::new();
                let mut cursor = Value::Null;
                loop {
                    let (number, from) = if forward { ("first", "after") } else { ("last", "before") };
                    let variables = json!({ "orderBy": order_by, number: size, from: cursor });
                    let page = asker.ask_with(query, &variables).await;
                    let page = &page.data()["protocols"];
                    let rows = ids(page, "recordId");
                    found = if forward { [found, rows].concat() } else { [rows, found].concat() };
                    let (more, next) = if forward {
                        ("hasNextPage", "endCursor")
                    } else {
                        ("hasPreviousPage", "startCursor")
                    };
                    cursor = page["pageInfo"][next].clone();
                    if page["pageInfo"][more] == false || found.len() > 12 {
                        break;
                    }
                }
                assert_eq!(found, all, "{column} {direction} by {size}, forward: {forward}");
            }
        }
    }
}
