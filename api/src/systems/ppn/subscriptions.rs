//! Declares the subscriptions of the portal's use cases.

use entity_ppn::table;

use crate::graph::catalog::{ChangeOperation, DeclaredSubscription};

/// The subscriptions, named after the use cases.
pub(super) const SUBSCRIPTIONS: [DeclaredSubscription; 3] = [
    DeclaredSubscription {
        field: "sessionEventLogged",
        doc: "Events of a session, as they are logged.",
        table: table("session_events"),
        operations: &[ChangeOperation::Insert],
        arguments: &["protocol_id"],
    },
    DeclaredSubscription {
        field: "homeworkChanged",
        doc: "Homework of a protocol, as it is assigned, completed, changed or withdrawn.",
        table: table("integration_homework"),
        operations: &ChangeOperation::ALL,
        arguments: &["protocol_id"],
    },
    DeclaredSubscription {
        field: "supervisionChanged",
        doc: "Supervision that the caller takes part in, as it is asked for, accepted, completed or cancelled.",
        table: table("supervision_relationships"),
        operations: &ChangeOperation::ALL,
        arguments: &[],
    },
];
