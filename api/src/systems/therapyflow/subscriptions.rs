//! Declares the subscriptions of TherapyFlow's use cases.

use entity_therapyflow::table;

use crate::graph::catalog::{ChangeOperation, DeclaredSubscription};

/// The subscriptions, named after the use cases.
pub(super) const SUBSCRIPTIONS: [DeclaredSubscription; 2] = [
    DeclaredSubscription {
        field: "calendarChanged",
        doc: "Sessions of a therapist, as they are scheduled, moved, started, completed or cancelled.",
        table: table("sessions"),
        operations: &ChangeOperation::ALL,
        arguments: &["therapist_id"],
    },
    DeclaredSubscription {
        field: "wearableDataReceived",
        doc: "What a patient's devices send, as it arrives.",
        table: table("wearable_data"),
        operations: &[ChangeOperation::Insert],
        arguments: &["patient_id"],
    },
];
