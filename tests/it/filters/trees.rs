//! Trees of conditions, compared with the same logic in Rust.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::fixture::{clinician, protocol};
use crate::harness::App;

/// A generated event, with small ranges, so that conditions hit and miss.
#[derive(Clone, Debug)]
struct Event {
    protocol: usize,
    level: Option<i32>,
    note: Option<String>,
    kind: Option<usize>,
}

/// A generated filter on events.
#[derive(Clone, Debug)]
enum Tree {
    And(Vec<Tree>),
    Or(Vec<Tree>),
    Not(Box<Tree>),
    Level(&'static str, i32),
    LevelIn(bool, Vec<i32>),
    LevelIsNull(bool),
    Note(&'static str, String),
    /// The event's type has this name.
    Kind(usize),
    /// Some, none or every event of the same protocol.
    Siblings(&'static str, Box<Tree>),
}

const KINDS: [&str; 3] = ["Distress", "Breakthrough", "Music Change"];
const QUANTIFIERS: [&str; 3] = ["some", "none", "every"];

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!["a", "B", "%", "_", "\\", "'", "é"]), 0..3)
        .prop_map(|letters| letters.concat())
}

fn tree() -> impl Strategy<Value = Tree> {
    let comparison = prop::sample::select(vec!["eq", "neq", "lt", "lte", "gt", "gte"]);
    let search = prop::sample::select(vec!["eq", "neq", "contains", "startsWith"]);
    let leaf = prop_oneof![
        (comparison, 1..5_i32).prop_map(|(operator, value)| Tree::Level(operator, value)),
        (any::<bool>(), prop::collection::vec(1..5_i32, 0..3))
            .prop_map(|(is_in, list)| Tree::LevelIn(is_in, list)),
        any::<bool>().prop_map(Tree::LevelIsNull),
        (search, text()).prop_map(|(operator, text)| Tree::Note(operator, text)),
        (0..KINDS.len()).prop_map(Tree::Kind),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Tree::And),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Tree::Or),
            inner.clone().prop_map(|tree| Tree::Not(Box::new(tree))),
            (prop::sample::select(&QUANTIFIERS[..]), inner)
                .prop_map(|(quantifier, tree)| Tree::Siblings(quantifier, Box::new(tree))),
        ]
    })
}

impl Tree {
    fn filter(&self) -> Value {
        let list = |trees: &[Self]| trees.iter().map(Self::filter).collect::<Value>();
        match self {
            Self::And(trees) => json!({ "and": list(trees) }),
            Self::Or(trees) => json!({ "or": list(trees) }),
            Self::Not(tree) => json!({ "not": tree.filter() }),
            Self::Level(operator, value) => json!({ "intensityLevel": { *operator: value } }),
            Self::LevelIn(true, values) => json!({ "intensityLevel": { "in": values } }),
            Self::LevelIn(false, values) => json!({ "intensityLevel": { "notIn": values } }),
            Self::LevelIsNull(is) => json!({ "intensityLevel": { "isNull": is } }),
            Self::Note(operator, text) => json!({ "notes": { *operator: text } }),
            Self::Kind(kind) => json!({ "eventType": { "eventName": { "eq": KINDS[*kind] } } }),
            Self::Siblings(quantifier, tree) => {
                json!({ "protocol": { "events": { *quantifier: tree.filter() } } })
            }
        }
    }

    /// Returns whether an event matches, in SQL's three-valued logic.
    fn holds(&self, event: &Event, all: &[Event]) -> Option<bool> {
        match self {
            Self::And(trees) => all_of(trees.iter().map(|tree| tree.holds(event, all))),
            Self::Or(trees) => {
                all_of(trees.iter().map(|tree| tree.holds(event, all).map(|it| !it))).map(|it| !it)
            }
            Self::Not(tree) => tree.holds(event, all).map(|it| !it),
            Self::Level(operator, value) => event.level.map(|level| match *operator {
                "eq" => level == *value,
                "neq" => level != *value,
                "lt" => level < *value,
                "lte" => level <= *value,
                "gt" => level > *value,
                _ => level >= *value,
            }),
            // `x = ANY ('{}')` is false and `x <> ALL ('{}')` true, even for a missing x.
            Self::LevelIn(is_in, values) if values.is_empty() => Some(!is_in),
            Self::LevelIn(is_in, values) => event.level.map(|level| values.contains(&level) == *is_in),
            Self::LevelIsNull(is) => Some(event.level.is_none() == *is),
            Self::Note(operator, text) => event.note.as_ref().map(|note| match *operator {
                "eq" => note == text,
                "neq" => note != text,
                "startsWith" => note.starts_with(text),
                _ => note.to_lowercase().contains(&text.to_lowercase()),
            }),
            Self::Kind(kind) => Some(event.kind == Some(*kind)),
            Self::Siblings(quantifier, tree) => {
                let mut siblings = all.iter().filter(|other| other.protocol == event.protocol);
                let mut holds =
                    |wanted: bool| siblings.any(|other| (tree.holds(other, all) == Some(true)) == wanted);
                Some(match *quantifier {
                    "some" => holds(true),
                    "none" => !holds(true),
                    _ => !holds(false),
                })
            }
        }
    }
}

/// Returns false if one is false, otherwise unknown if one is unknown.
fn all_of(values: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let values: Vec<_> = values.collect();
    if values.contains(&Some(false)) {
        return Some(false);
    }
    (!values.contains(&None)).then_some(true)
}

#[test]
fn any_tree_of_conditions_finds_the_rows_that_it_describes() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    // Some of these trees are deeper than a request may be.
    let app = runtime.block_on(App::with(|config| config.limits.relation_depth = 16));
    let owner = runtime.block_on(app.owner());
    let (asker, site) = runtime.block_on(clinician(&app, &owner, "trees"));
    let protocols = runtime.block_on(async { [protocol(&owner, site).await, protocol(&owner, site).await] });

    let event =
        (0..2_usize, prop::option::of(1..5_i32), prop::option::of(text()), prop::option::of(0..KINDS.len()))
            .prop_map(|(protocol, level, note, kind)| Event { protocol, level, note, kind });
    let cases = (prop::collection::vec(event, 0..10), prop::collection::vec(tree(), 4));
    let check = async |(events, trees): (Vec<Event>, Vec<Tree>)| {
        owner.execute("DELETE FROM session_events WHERE site_id = $1", &[&site]).await.unwrap();
        let mut ids: Vec<i64> = Vec::new();
        for event in &events {
            let sql = "INSERT INTO session_events
                         (protocol_id, event_timestamp, intensity_level, notes, event_type_id)
                       SELECT $1, now(), $2, $3, (SELECT event_type_id FROM ref_event_types WHERE event_name = $4)
                       RETURNING event_id";
            let kind = event.kind.map(|kind| KINDS[kind]);
            let row =
                owner.query_one(sql, &[&protocols[event.protocol], &event.level, &event.note, &kind]).await;
            ids.push(row.unwrap().get(0));
        }
        for tree in trees {
            let query = "query($filter: SessionEventFilter) {
              sessionEvents(filter: $filter, orderBy: {eventId: ASC}) { totalCount nodes { eventId } }
            }";
            let answer = asker.ask_with(query, &json!({ "filter": tree.filter() })).await;
            let found: Vec<&str> =
                answer.nodes("sessionEvents").iter().map(|node| node["eventId"].as_str().unwrap()).collect();
            let matching =
                events.iter().zip(&ids).filter(|(event, _)| tree.holds(event, &events) == Some(true));
            let expected: Vec<String> = matching.map(|(_, id)| id.to_string()).collect();
            assert_eq!(found, expected, "{}", tree.filter());
            assert_eq!(answer.data()["sessionEvents"]["totalCount"], expected.len());
        }
    };
    TestRunner::new(Config { cases: 48, failure_persistence: None, ..Config::default() })
        .run(&cases, |case| {
            runtime.block_on(check(case));
            Ok(())
        })
        .unwrap();
}
