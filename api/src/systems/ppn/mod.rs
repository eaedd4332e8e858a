//! PPN Research Portal: protocols of psychedelic treatment, the supervision exchange and the integration hub.

pub mod demo;
mod feeds;
mod scopes;

use super::{Example, Offer};
use crate::graph::catalog::System;

/// The portal's tables stand at the root of `Query`.
pub const SYSTEM: System = System {
    name: "ppn",
    prefix: "",
    doc: "PPN Research Portal.",
    // The portal's schema brief calls a clinical record a protocol everywhere but in the table's name.
    type_names: &[("log_clinical_records", "Protocol")],
    visit: |reader| entity::ppn::visit(reader),
    functions: entity::ppn::functions::FUNCTIONS,
    feeds: &feeds::FEEDS,
    scopes: &scopes::SCOPES,
};

/// What the portal offers to whoever tries it out.
pub const OFFER: Offer =
    Offer { system: SYSTEM.name, examples: &EXAMPLES, walks: &WALKS, personas: &demo::PERSONAS };

/// Ready-made queries.
pub const EXAMPLES: [Example; 14] = [
    Example { title: "Timeline", query: include_str!("queries/timeline.graphql"), variables: "" },
    Example {
        title: "One protocol",
        query: include_str!("queries/one_protocol.graphql"),
        variables: "{\n  \"id\": \"1\"\n}",
    },
    Example { title: "Directory", query: include_str!("queries/directory.graphql"), variables: "" },
    Example {
        title: "Protocol builder",
        query: include_str!("queries/protocol_builder.graphql"),
        variables: "",
    },
    Example { title: "Scores by week", query: include_str!("queries/scores_by_week.graphql"), variables: "" },
    Example { title: "Events by type", query: include_str!("queries/events_by_type.graphql"), variables: "" },
    Example {
        title: "Beside the network",
        query: include_str!("queries/beside_the_network.graphql"),
        variables: "",
    },
    Example {
        title: "Activity by site",
        query: include_str!("queries/activity_by_site.graphql"),
        variables: "",
    },
    Example {
        title: "Session chart",
        query: include_str!("queries/session_chart.graphql"),
        variables: "{\n  \"id\": \"1\"\n}",
    },
    Example {
        title: "Score trend",
        query: include_str!("queries/score_trend.graphql"),
        variables: "{\n  \"id\": \"1\"\n}",
    },
    Example { title: "Trend by day", query: include_str!("queries/trend_by_day.graphql"), variables: "" },
    Example {
        title: "Search",
        query: include_str!("queries/search.graphql"),
        variables: "{\n  \"query\": \"ketamin integration\",\n  \"filter\": { \"isAcceptingSupervision\": { \"eq\": true } }\n}",
    },
    Example {
        title: "Supervisors for you",
        query: include_str!("queries/matches.graphql"),
        variables: "{\n  \"budget\": 150\n}",
    },
    Example { title: "Network", query: include_str!("queries/network.graphql"), variables: "" },
];

/// Ready-made documents that walk through a use case, operation by operation.
pub const WALKS: [Example; 3] = [
    Example {
        title: "Session logger",
        query: include_str!("walks/session_logger.graphql"),
        variables: "{\n  \"site\": \"1\",\n  \"protocol\": \"1\"\n}",
    },
    Example {
        title: "Integration hub",
        query: include_str!("walks/integration_hub.graphql"),
        variables: "{\n  \"protocol\": \"1\",\n  \"homework\": \"1\",\n  \"due\": \"2027-01-15\",\n  \"at\": \"2026-11-01T09:00:00Z\"\n}",
    },
    Example {
        title: "Supervision",
        query: include_str!("walks/supervision.graphql"),
        variables: "{\n  \"supervisor\": \"25\",\n  \"relationship\": \"31\",\n  \"circle\": \"2\"\n}",
    },
];
