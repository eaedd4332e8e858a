//! Requests that send the same statement more than once over a new connection.

use std::collections::BTreeSet;

use serde_json::json;

use crate::harness::{App, connections_are_fresh};

/// Two fields each that make the same SQL with other values, or the very same statement.
const TWICE: [&str; 9] = [
    "{ a: protocols(filter: {recordId: {gt: \"1\"}}) { totalCount } b: protocols(filter: {recordId: {gt: \"2\"}}) { totalCount } }",
    "{ a: protocols(first: 1) { nodes { recordId } } b: protocols(first: 1, orderBy: [{recordId: ASC}]) { nodes { recordId } } }",
    "{ a: protocols(filter: {recordId: {gt: \"1\"}}) { aggregate { count } } b: protocols(filter: {recordId: {gt: \"2\"}}) { aggregate { count } } }",
    "{ a: protocol(recordId: 1) { id } b: protocol(recordId: 2) { id } c: protocol(recordId: 3) { id } }",
    "{ protocols(first: 2) { nodes {
         a: events(filter: {intensityLevel: {gt: 1}}) { nodes { eventId } }
         b: events(filter: {intensityLevel: {gt: 2}}) { nodes { eventId } }
         c: events(filter: {intensityLevel: {gt: 3}}) { nodes { eventId } } } } }",
    "{ a: sessionEventsGroups(groupBy: {eventTypeId: true}, filter: {intensityLevel: {gt: 1}}) { aggregate { count } }
       b: sessionEventsGroups(groupBy: {eventTypeId: true}, filter: {intensityLevel: {gt: 2}}) { aggregate { count } } }",
    "{ a: sites { nodes { id } } b: sites { nodes { id } } }",
    "{ a: eventTypes(filter: {eventTypeId: {gt: \"1\"}}) { totalCount } b: eventTypes(filter: {eventTypeId: {gt: \"2\"}}) { totalCount } }",
    "{ a: protocols(first: 1) { totalCount } b: sessionEvents(first: 1) { totalCount } c: protocols(first: 1) { totalCount } d: sessionEvents(first: 1) { totalCount } }",
];

#[tokio::test]
async fn a_request_that_asks_twice_is_answered_by_a_connection_that_has_never_met_it() {
    for query in TWICE {
        // A gateway of its own, so that nothing is prepared yet.
        let app = App::start().await;
        let caller = app.clinician_north().await;
        let first = caller.ask(query).await;
        assert_ne!(*first.data(), json!({}), "{query}");
        assert_eq!(caller.ask(query).await.body, first.body, "{query}");
    }
}

#[tokio::test]
async fn each_request_has_a_new_connection_where_the_tests_are_to_run_so() {
    let app = App::with(|config| config.database.pool_size = 1).await;
    let caller = app.clinician_north().await;
    let owner = app.owner().await;
    let mut seen = BTreeSet::new();
    for number in 0..5 {
        caller.ask("{ protocols(first: 1) { nodes { recordId } } }").await.data();
        // The last statement of a connection is the end of a session, except on the connection that listens.
        let backends = "SELECT pid || ' ' || backend_start FROM pg_stat_activity
                         WHERE datname = current_database() AND usename = 'praxis_gateway' AND query = 'ROLLBACK'";
        let backends = owner.query(backends, &[]).await.unwrap();
        let before = seen.len();
        seen.extend(backends.iter().map(|row| row.get::<_, String>(0)));
        if connections_are_fresh() {
            assert!(number == 0 || seen.len() > before, "{seen:?}");
        }
    }
    if !connections_are_fresh() {
        assert!(seen.len() <= 2, "that of the callers, and that which looks at the database: {seen:?}");
    }
}
