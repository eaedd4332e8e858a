//! Tests the planner: the statements of queries.

mod cursors;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use async_graphql::dynamic::Schema;

use super::{ConnectionField, KeySource, LoadNode, Plan, RootField, plan};
use crate::graph::arguments::{Inputs, Variables};
use crate::graph::catalog::Catalog;
use crate::graph::definitions::Definitions;
use crate::graph::document::document;
use crate::graph::error::Error;
use crate::graph::limits::Limits;
use crate::graph::schema;
use crate::systems::{self, ppn};

static FIXTURE: LazyLock<Fixture> = LazyLock::new(Fixture::new);

struct Fixture {
    catalog: Catalog,
    schema: Schema,
    definitions: Definitions,
}

impl Fixture {
    fn new() -> Self {
        let catalog = Catalog::new(&systems::ALL).unwrap();
        let schema = schema::build(&catalog).unwrap();
        let definitions = Definitions::of(schema.registry());
        Self { catalog, schema, definitions }
    }

    fn plan(&self, query: &str, variables: &str) -> Result<Plan, Error> {
        let document = document(&self.schema, &self.definitions, query).unwrap();
        let operation = document.only_operation();
        let variables = if variables.is_empty() { "{}" } else { variables };
        let variables = Variables::sent(serde_json::from_str(variables).unwrap());
        let inputs = Inputs::read(&self.definitions, &document, operation, &variables).unwrap();
        plan(&self.catalog, &Limits::default(), &document, operation, &inputs, None)
    }

    /// Returns the statements of a query, in the order in which they first came up.
    fn sql(&self, query: &str, variables: &str) -> Vec<String> {
        let plan = self.plan(query, variables).unwrap();
        plan.loads.into_iter().map(|load| load.statement.text.to_string()).collect()
    }
}

/// Returns SQL without quotes and schemas, which makes it shorter to read.
fn bare(sql: &str) -> String {
    sql.replace("\"public\".", "").replace('"', "")
}

/// Compares every statement of the ready-made queries with `ready_made.sql`, so that a change of the planner shows.
#[test]
fn the_ready_made_queries_load_what_they_ask_for_and_no_other_column() {
    let mut text = String::from("-- The statements of the ready-made queries, without quotes and schema.\n");
    for example in ppn::EXAMPLES {
        text = text + "\n-- " + example.title + "\n";
        for sql in FIXTURE.sql(example.query, example.variables) {
            let mut sql = bare(&sql);
            for clause in ["FROM unnest(", "CROSS JOIN LATERAL (", "ORDER BY "] {
                sql = sql.replace(&format!(" {clause}"), &format!("\n  {clause}"));
            }
            text = text + &sql + ";\n";
        }
    }
    assert!(text == include_str!("ready_made.sql"), "if this is meant, ready_made.sql is now:\n{text}");
}

/// Returns what follows the columns in the SQL of a page of events.
fn page(fixture: &Fixture, arguments: &str) -> String {
    let sql = fixture.sql(&format!("{{ sessionEvents({arguments}) {{ nodes {{ notes }} }} }}"), "");
    assert_eq!(sql.len(), 1);
    let page = sql[0].strip_prefix("SELECT q.* FROM (").unwrap();
    let page = page.strip_suffix(" LIMIT 32) q LIMIT $1::int8").unwrap();
    bare(page.split_once(" FROM ").unwrap().1)
}

#[test]
fn an_order_ends_with_the_primary_key_and_says_no_more_than_it_must() {
    let fixture = &*FIXTURE;
    for (order, sql) in [
        ("[]", "session_events t ORDER BY t.event_id"),
        ("{eventTimestamp: ASC}", "session_events t ORDER BY t.event_timestamp, t.event_id"),
        (
            "{eventTimestamp: DESC_NULLS_LAST}",
            "session_events t ORDER BY t.event_timestamp DESC, t.event_id DESC",
        ),
        ("{eventId: DESC}", "session_events t ORDER BY t.event_id DESC"),
        ("{intensityLevel: ASC_NULLS_LAST}", "session_events t ORDER BY t.intensity_level, t.event_id"),
        (
            "{intensityLevel: ASC_NULLS_FIRST}",
            "session_events t ORDER BY t.intensity_level NULLS FIRST, t.event_id",
        ),
        ("{intensityLevel: DESC}", "session_events t ORDER BY t.intensity_level DESC, t.event_id DESC"),
        (
            "{intensityLevel: DESC_NULLS_LAST}",
            "session_events t ORDER BY t.intensity_level DESC NULLS LAST, t.event_id DESC",
        ),
        (
            "[{protocol: {substance: {substanceName: ASC}}}, {protocol: {sessionDate: DESC}}]",
            "session_events t LEFT JOIN log_clinical_records a1 ON a1.record_id = t.protocol_id \
             LEFT JOIN ref_substances a2 ON a2.substance_id = a1.substance_id \
             ORDER BY a2.substance_name, a1.session_date DESC, t.event_id DESC",
        ),
    ] {
        assert_eq!(page(fixture, &format!("first: 2, orderBy: {order}")), sql);
    }
    // From the end: the same order backwards.
    assert_eq!(
        page(fixture, "last: 2, orderBy: [{intensityLevel: ASC_NULLS_FIRST}]"),
        "session_events t ORDER BY t.intensity_level DESC NULLS LAST, t.event_id DESC"
    );
}

#[test]
fn parents_have_a_limit_each() {
    let query =
        "{ supervisionCircles { nodes { members(first: 2, offset: 1) { totalCount nodes { joinedAt } } } } }";
    let sql: Vec<String> = FIXTURE.sql(query, "").iter().map(|sql| bare(sql)).collect();
    assert_eq!(
        sql[1..],
        [
            "SELECT count(*), k.k0 FROM unnest((SELECT $1::bigint[])) k(k0) JOIN circle_members t ON t.circle_id = k.k0 \
             GROUP BY k.k0",
            "SELECT p.* FROM unnest((SELECT $1::bigint[])) k(k0) CROSS JOIN LATERAL (SELECT q.* FROM (\
             SELECT t.circle_id, t.joined_at FROM circle_members t WHERE t.circle_id = ANY (ARRAY[k.k0]) \
             ORDER BY t.circle_id, t.profile_id LIMIT 32) q LIMIT $2::int8 OFFSET $3::int8) p",
        ]
    );
}

#[test]
fn points_are_chosen_from_one_row_more_than_the_limit_for_each_parent_and_in_total() {
    let points = "points(x: EVENT_TIMESTAMP, y: INTENSITY_LEVEL, max: 50) { notes }";
    let query =
        format!("{{ sessionEvents {{ {points} }} protocols {{ nodes {{ events {{ {points} }} }} }} }}");
    let sql: Vec<String> = FIXTURE.sql(&query, "").iter().map(|sql| bare(sql)).collect();
    assert_eq!(
        [&sql[0], &sql[2]],
        [
            "SELECT q.* FROM (SELECT t.event_timestamp, t.intensity_level, t.notes FROM session_events t \
             WHERE t.intensity_level IS NOT NULL \
             ORDER BY t.event_timestamp, t.event_id LIMIT 131072) q LIMIT $1::int8",
            "SELECT p.* FROM unnest((SELECT $1::bigint[])) k(k0) CROSS JOIN LATERAL (SELECT q.* FROM (\
             SELECT t.event_timestamp, t.intensity_level, t.protocol_id, t.notes FROM session_events t \
             WHERE t.protocol_id = ANY (ARRAY[k.k0]) AND t.intensity_level IS NOT NULL \
             ORDER BY t.protocol_id, t.event_timestamp, t.event_id LIMIT 131072) q LIMIT $2::int8) p LIMIT 100001",
        ]
    );
}

#[test]
fn pages_of_other_sizes_are_one_statement_with_other_parameters() {
    let (list, nested, groups) = (
        |page: &str| format!("{{ sessionEvents({page}) {{ nodes {{ notes }} }} }}"),
        |page: &str| format!("{{ protocols {{ nodes {{ events({page}) {{ nodes {{ notes }} }} }} }} }}"),
        |page: &str| {
            format!("{{ sessionEventsGroups(groupBy: {{notes: true}}, {page}) {{ key {{ notes }} }} }}")
        },
    );
    let kinds: [&dyn Fn(&str) -> String; 3] = [&list, &nested, &groups];
    let statements =
        |query: &str| FIXTURE.plan(query, "").unwrap().loads.into_iter().map(|load| load.statement);
    for query in kinds {
        let mut texts = BTreeSet::new();
        let mut values = std::collections::HashSet::new();
        for first in 0..=200 {
            for page in [format!("first: {first}"), format!("first: {first}, offset: {}", first + 1)] {
                for statement in statements(&query(&page)) {
                    texts.insert(statement.text.to_string());
                    values.insert(statement.parameters);
                }
            }
        }
        // The literals of pages up to 31, 127 and 511 rows, each with and without rows that are skipped; and what leads there.
        assert!(texts.len() <= 7, "{} statements: {texts:#?}", texts.len());
        assert!(values.len() >= 402, "{}", values.len());
    }
}

/// Returns the response keys of the nodes of a query's first list, in order.
fn keys(fixture: &Fixture, query: &str, variables: &str) -> Vec<String> {
    let plan = fixture.plan(query, variables).unwrap();
    let RootField::Connection(connection) = &plan.fields[0].value else { panic!("no list") };
    let ConnectionField::Nodes(row) = &connection.fields[0].value else { panic!("no nodes") };
    row.fields.iter().map(|field| field.key.clone()).collect()
}

#[test]
fn fields_are_collected_once_in_the_order_of_their_first_appearance() {
    let fixture = &*FIXTURE;
    for (selection, variables, expected) in [
        ("eventId notes eventId", "{}", vec!["eventId", "notes"]),
        ("b: eventId a: eventId", "{}", vec!["b", "a"]),
        ("notes ...f eventId", "{}", vec!["notes", "createdAt", "eventId"]),
        ("...f ...f eventId", "{}", vec!["createdAt", "notes", "eventId"]),
        (
            "... { notes } ... on SessionEvent { eventId } ... on Node { id }",
            "{}",
            vec!["notes", "eventId", "id"],
        ),
        ("eventId notes @skip(if: true)", "{}", vec!["eventId"]),
        ("eventId notes @include(if: false)", "{}", vec!["eventId"]),
        ("eventId notes @skip(if: false) @include(if: true)", "{}", vec!["eventId", "notes"]),
        ("eventId notes @skip(if: true) @include(if: true)", "{}", vec!["eventId"]),
        ("eventId notes @skip(if: $yes)", r#"{"yes": true}"#, vec!["eventId"]),
        ("eventId notes @skip(if: $yes)", r#"{"yes": false}"#, vec!["eventId", "notes"]),
        ("eventId notes @skip(if: $yes)", "{}", vec!["eventId", "notes"]),
        ("eventId notes @include(if: $yes)", "{}", vec!["eventId"]),
        ("eventId ...f @skip(if: true) ...f @include(if: false)", "{}", vec!["eventId"]),
        ("eventId ...f @skip(if: true) ...f", "{}", vec!["eventId", "createdAt", "notes"]),
        ("eventId ... @include(if: false) { notes }", "{}", vec!["eventId"]),
    ] {
        let fragment =
            if selection.contains("...f") { "fragment f on SessionEvent { createdAt notes }" } else { "" };
        let declared = if selection.contains("$yes") { "($yes: Boolean! = false)" } else { "" };
        let query = format!("query{declared} {{ sessionEvents {{ nodes {{ {selection} }} }} }} {fragment}");
        assert_eq!(keys(fixture, &query, variables), expected, "{selection} {variables}");
    }
}

#[test]
fn selections_under_one_key_are_merged() {
    let fixture = &*FIXTURE;
    let query = "{ sessionEvents { nodes { notes } ...more nodes { eventId } } }
      fragment more on SessionEventConnection { nodes { intensityLevel notes } }";
    assert_eq!(keys(fixture, query, ""), ["notes", "intensityLevel", "eventId"]);
}

/// Adds the loads of a tree, and checks that each stands below the load whose rows hold its keys.
fn add_loads(plan: &Plan, nodes: &[LoadNode], above: Option<usize>, into: &mut BTreeSet<usize>) {
    let mut here = Vec::new();
    for LoadNode { load, keys, children } in nodes {
        assert!(!here.contains(&(load, keys)), "{load:?} stands twice below {above:?} with the same keys");
        here.push((load, keys));
        into.insert(load.0);
        match keys {
            KeySource::Rows(key) => {
                let load = &plan.loads[load.0];
                // The rows of a reference table are loaded whole.
                assert!(
                    above.is_some() && (key.len() == load.parts.len() || load.only_reference),
                    "{load:?}"
                );
            }
            KeySource::Whole => assert!(above.is_none() && plan.loads[load.0].parts.is_empty()),
            KeySource::Request(keys) => assert!(above.is_none() && !keys.is_empty()),
            KeySource::Later => panic!("a query gives its keys itself"),
        }
        add_loads(plan, children, Some(load.0), into);
    }
}

#[test]
fn each_load_stands_in_the_tree_below_the_rows_with_its_keys() {
    let events = "events(first: 5) { totalCount nodes { eventId protocol { recordId events(first: 5) { nodes { notes } } } } }";
    let twice = format!(
        "{{ a: protocols(first: 5) {{ nodes {{ {events} }} edges {{ node {{ {events} recordId }} }} }} }}"
    );
    let own =
        [twice.as_str(), "{ protocols(first: 5) { nodes { substance { protocols { totalCount } } } } }"];
    let ready_made = ppn::EXAMPLES.iter().map(|example| (example.query, example.variables));
    for (query, variables) in own.into_iter().map(|query| (query, "")).chain(ready_made) {
        let plan = FIXTURE.plan(query, variables).unwrap();
        let mut found = BTreeSet::new();
        add_loads(&plan, &plan.load_tree, None, &mut found);
        assert_eq!(found, (0..plan.loads.len()).collect(), "{query}");
    }
}
