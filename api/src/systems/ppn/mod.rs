//! Declares the PPN Research Portal: protocols of psychedelic treatment, the supervision exchange and the integration hub.

pub mod demo;
mod scopes;
mod subscriptions;

use super::{Example, Offer};
use crate::graph::catalog::System;

/// The system, whose tables are fields of `Query` itself.
pub const SYSTEM: System = System {
    name: "ppn",
    prefix: "",
    schemas: entity_ppn::SCHEMAS,
    doc: "PPN Research Portal.",
    // The portal's schema brief calls a clinical record a protocol everywhere but in the table's name.
    type_names: &[("log_clinical_records", "Protocol")],
    visit: |reader| entity_ppn::visit(reader),
    functions: entity_ppn::functions::FUNCTIONS,
    subscriptions: &subscriptions::SUBSCRIPTIONS,
    scopes: &scopes::SCOPES,
};

/// The portal's offer to people who try it out.
pub const OFFER: Offer = Offer { examples: &EXAMPLES, walks: &WALKS, demo: demo::DEMO };

const NORTH: &str = demo::PERSONAS[0].email;

/// Makes a query of a clinician.
const fn example(title: &'static str, query: &'static str, variables: &'static str) -> Example {
    Example { title, query, variables, persona: NORTH, keeps: &[] }
}

/// Ready-made queries.
pub const EXAMPLES: [Example; 14] = [
    example("Timeline", include_str!("queries/timeline.graphql"), ""),
    example("One protocol", include_str!("queries/one_protocol.graphql"), "{\n  \"id\": \"1\"\n}"),
    example("Directory", include_str!("queries/directory.graphql"), ""),
    example("Protocol builder", include_str!("queries/protocol_builder.graphql"), ""),
    example("Scores by week", include_str!("queries/scores_by_week.graphql"), ""),
    example("Events by type", include_str!("queries/events_by_type.graphql"), ""),
    Example {
        persona: demo::PERSONAS[2].email,
        ..example("Beside the network", include_str!("queries/beside_the_network.graphql"), "")
    },
    Example {
        persona: demo::PERSONAS[4].email,
        ..example("Activity by site", include_str!("queries/activity_by_site.graphql"), "")
    },
    example("Session chart", include_str!("queries/session_chart.graphql"), "{\n  \"id\": \"1\"\n}"),
    example("Score trend", include_str!("queries/score_trend.graphql"), "{\n  \"id\": \"1\"\n}"),
    example("Trend by day", include_str!("queries/trend_by_day.graphql"), ""),
    example(
        "Search",
        include_str!("queries/search.graphql"),
        "{\n  \"query\": \"ketamin integration\",\n  \"filter\": { \"isAcceptingSupervision\": { \"eq\": true } }\n}",
    ),
    example("Supervisors for you", include_str!("queries/matches.graphql"), "{\n  \"budget\": 150\n}"),
    example("Network", include_str!("queries/network.graphql"), ""),
];

/// Ready-made documents that walk through a use case, operation by operation.
pub const WALKS: [Example; 3] = [
    Example {
        keeps: &[("site", "userSites.nodes.0.site.siteId"), ("protocol", "createProtocol.protocol.recordId")],
        ..example("Session logger", include_str!("walks/session_logger.graphql"), "")
    },
    Example {
        keeps: &[
            ("site", "userSites.nodes.0.site.siteId"),
            ("protocol", "createProtocol.protocol.recordId"),
            ("homework", "assignHomework.nodes.0.homeworkId"),
        ],
        ..example(
            "Integration hub",
            include_str!("walks/integration_hub.graphql"),
            "{\n  \"dosed\": \"{today-14}\",\n  \"due\": \"{today+14}\",\n  \"at\": \"{today}T00:00:00Z\"\n}",
        )
    },
    Example {
        keeps: &[
            ("supervisor", "upsertPractitionerProfile.supervisor.profileId"),
            ("relationship", "requestSupervision.supervisionRelationship.relationshipId"),
            ("circle", "createSupervisionCircle.supervisionCircle.circleId"),
        ],
        persona: demo::PERSONAS[3].email,
        ..example("Supervision", include_str!("walks/supervision.graphql"), "")
    },
];
