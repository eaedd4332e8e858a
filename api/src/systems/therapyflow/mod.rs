//! TherapyFlow AI + BioSync: organizations with therapists and patients, sessions, notes, wearable data, consents.

pub mod demo;
mod feeds;
mod scopes;

use super::{Example, Offer};
use crate::graph::catalog::System;

/// TherapyFlow's tables stand under a field of their own.
pub const SYSTEM: System = System {
    name: "therapyflow",
    prefix: "Therapyflow",
    doc: "TherapyFlow AI + BioSync: sessions, clinical notes and wearable data of the caller's organization.",
    type_names: &[("wearable_data", "WearableSample")],
    visit: |reader| entity::therapyflow::visit(reader),
    functions: entity::therapyflow::functions::FUNCTIONS,
    feeds: &feeds::FEEDS,
    scopes: &scopes::SCOPES,
};

/// What TherapyFlow offers to whoever tries it out.
pub const OFFER: Offer =
    Offer { system: SYSTEM.name, examples: &EXAMPLES, walks: &WALKS, personas: &demo::PERSONAS };

/// Ready-made queries.
pub const EXAMPLES: [Example; 4] = [
    Example {
        title: "TherapyFlow: calendar",
        query: include_str!("queries/calendar.graphql"),
        variables: "{\n  \"from\": \"2026-11-16T03:30:00Z\",\n  \"to\": \"2026-11-20T11:30:00Z\"\n}",
    },
    Example {
        title: "TherapyFlow: patient",
        query: include_str!("queries/patient.graphql"),
        variables: "{\n  \"patient\": \"7f100003-0000-4000-8000-000000000000\"\n}",
    },
    Example {
        title: "TherapyFlow: wearables",
        query: include_str!("queries/wearables.graphql"),
        variables: "{\n  \"patient\": \"7f100003-0000-4000-8000-000000000000\"\n}",
    },
    Example {
        title: "TherapyFlow: audit trail",
        query: include_str!("queries/audit_trail.graphql"),
        variables: "",
    },
];

/// Ready-made documents that walk through a use case, operation by operation.
pub const WALKS: [Example; 1] = [Example {
    title: "TherapyFlow: scheduling and notes",
    query: include_str!("walks/scheduling_and_notes.graphql"),
    variables: "{\n  \"patient\": \"7f100003-0000-4000-8000-000000000000\",\n  \"at\": \"2027-02-01T03:30:00Z\",\n  \
                \"session\": \"\",\n  \"note\": \"\",\n  \"consent\": \"\"\n}",
}];
