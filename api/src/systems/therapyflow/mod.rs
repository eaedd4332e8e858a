//! Declares TherapyFlow AI + BioSync: organizations with therapists and patients, sessions, notes, wearable data, consents.

pub mod demo;
mod scopes;
mod subscriptions;

use super::{Example, Offer};
use crate::graph::catalog::System;

/// The system, whose tables are below a field of `Query`.
pub const SYSTEM: System = System {
    name: "therapyflow",
    prefix: "Therapyflow",
    schemas: entity_therapyflow::SCHEMAS,
    doc: "TherapyFlow AI + BioSync: sessions, clinical notes and wearable data of the caller's organization.",
    type_names: &[("wearable_data", "WearableSample")],
    visit: |reader| entity_therapyflow::visit(reader),
    functions: entity_therapyflow::functions::FUNCTIONS,
    subscriptions: &subscriptions::SUBSCRIPTIONS,
    scopes: &scopes::SCOPES,
};

/// TherapyFlow's offer to people who try it out.
pub const OFFER: Offer = Offer { examples: &EXAMPLES, walks: &WALKS, demo: demo::DEMO };

const THERAPIST: &str = demo::PERSONAS[0].email;

/// Makes a query of a therapist.
const fn example(title: &'static str, query: &'static str, variables: &'static str) -> Example {
    Example { title, query, variables, persona: THERAPIST, keeps: &[] }
}

/// Ready-made queries.
pub const EXAMPLES: [Example; 4] = [
    example(
        "TherapyFlow: calendar",
        include_str!("queries/calendar.graphql"),
        "{\n  \"from\": \"2026-11-16T03:30:00Z\",\n  \"to\": \"2026-11-20T11:30:00Z\"\n}",
    ),
    example(
        "TherapyFlow: patient",
        include_str!("queries/patient.graphql"),
        "{\n  \"patient\": \"7f100003-0000-4000-8000-000000000000\"\n}",
    ),
    example(
        "TherapyFlow: wearables",
        include_str!("queries/wearables.graphql"),
        "{\n  \"patient\": \"7f100003-0000-4000-8000-000000000000\"\n}",
    ),
    Example {
        persona: demo::PERSONAS[2].email,
        ..example("TherapyFlow: audit trail", include_str!("queries/audit_trail.graphql"), "")
    },
];

/// Ready-made documents that walk through a use case, operation by operation.
pub const WALKS: [Example; 1] = [Example {
    keeps: &[
        ("patient", "therapyflow.patients.nodes.0.rowId"),
        ("at", "therapyflow.freeSlots.nodes.0.startsAt"),
        ("session", "therapyflowScheduleSession.session.rowId"),
        ("note", "createTherapyflowClinicalNote.clinicalNote.rowId"),
        ("consent", "createTherapyflowConsentRecord.consentRecord.rowId"),
    ],
    ..example(
        "TherapyFlow: scheduling and notes",
        include_str!("walks/scheduling_and_notes.graphql"),
        "{\n  \"from\": \"{today+1}T03:30:00Z\",\n  \"to\": \"{today+29}T11:30:00Z\"\n}",
    )
}];
