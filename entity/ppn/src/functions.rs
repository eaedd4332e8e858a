//! The functions of the portal that the API serves.

use entity::{Argument, ArgumentType, Function, Returns, optional, required};

use crate::table;

/// All functions of this system.
pub const FUNCTIONS: &[Function] = &[
    LOG_SESSION_EVENT,
    LOG_SESSION_EVENTS,
    ASSIGN_HOMEWORK,
    COMPLETE_HOMEWORK,
    REQUEST_SUPERVISION,
    ACCEPT_SUPERVISION,
    COMPLETE_SUPERVISION,
    CANCEL_SUPERVISION,
    JOIN_CIRCLE,
    SEARCH_PRACTITIONERS,
    SUPERVISION_MATCHES,
    SUPERVISION_NETWORK,
];

const LOG_SESSION_EVENT: Function = Function {
    schema: "public",
    name: "log_session_event",
    doc: "Logs an event of a session, with its type by name or key; the default time is now. If the protocol already \
          has an event with this `clientEventId`, it writes nothing and returns that event.",
    arguments: &[
        PROTOCOL,
        EVENT_TYPE,
        EVENT_TYPE_ID,
        EVENT_TIMESTAMP,
        INTENSITY_LEVEL,
        NOTES,
        DOSE_MG,
        HEART_RATE,
        SYSTOLIC_MMHG,
        DIASTOLIC_MMHG,
        OXYGEN_SATURATION,
        CLIENT_EVENT_ID,
    ],
    returns: Returns::Written(table("session_events")),
};

const LOG_SESSION_EVENTS: Function = Function {
    schema: "public",
    name: "log_session_events",
    doc: "Logs events of a session that were recorded offline, all or none, and returns them in the given order. \
          Events with a `clientEventId` that the protocol already has are not written again, so that sending the same \
          events twice adds nothing.",
    arguments: &[
        PROTOCOL,
        Argument {
            name: "events",
            doc: "The events.",
            ty: ArgumentType::Objects(&[
                EVENT_TYPE,
                EVENT_TYPE_ID,
                EVENT_TIMESTAMP,
                INTENSITY_LEVEL,
                NOTES,
                DOSE_MG,
                HEART_RATE,
                SYSTOLIC_MMHG,
                DIASTOLIC_MMHG,
                OXYGEN_SATURATION,
                CLIENT_EVENT_ID,
            ]),
            required: true,
            least: None,
        },
    ],
    returns: Returns::AllWritten(table("session_events")),
};

const ASSIGN_HOMEWORK: Function = Function {
    schema: "public",
    name: "assign_homework",
    doc: "Assigns homework of a protocol, all or none, with types by name or key and due dates, and returns it in the \
          given order.",
    arguments: &[
        PROTOCOL,
        Argument {
            name: "homework",
            doc: "The homework assignments.",
            ty: ArgumentType::Objects(&[
                optional("homework_type", ArgumentType::Text, "Name of the homework type, in any case."),
                optional(
                    "homework_type_id",
                    ArgumentType::BigInt,
                    "Key of the homework type, instead of its name.",
                ),
                required("due_date", ArgumentType::Date, "Due date; not before the day of assignment."),
                optional("assigned_date", ArgumentType::Date, "Day of assignment; default today."),
            ]),
            required: true,
            least: None,
        },
    ],
    returns: Returns::AllWritten(table("integration_homework")),
};

const COMPLETE_HOMEWORK: Function = Function {
    schema: "public",
    name: "complete_homework",
    doc: "Completes a homework assignment. A completed assignment keeps its day of completion unless another day is \
          given.",
    arguments: &[
        required("homework_id", ArgumentType::BigInt, "Key of the homework."),
        optional("completed_date", ArgumentType::Date, "Day of completion; default today."),
        optional("completion_notes", ArgumentType::Text, "Notes about the completion."),
    ],
    returns: Returns::Written(table("integration_homework")),
};

const REQUEST_SUPERVISION: Function = Function {
    schema: "public",
    name: "request_supervision",
    doc: "Requests supervision of the caller by a practitioner. The practitioner must take new supervisees and have \
          no pending or active supervision with the caller. The request is pending until the practitioner accepts it.",
    arguments: &[required("supervisor_id", ArgumentType::BigInt, "Key of the practitioner's profile.")],
    returns: Returns::Written(table("supervision_relationships")),
};

const ACCEPT_SUPERVISION: Function = Function {
    schema: "public",
    name: "accept_supervision",
    doc: "Accepts a pending supervision. The caller must be its supervisor and have a free place: fewer active \
          supervisions than `maxSupervisees`.",
    arguments: &[RELATIONSHIP],
    returns: Returns::Written(table("supervision_relationships")),
};

const COMPLETE_SUPERVISION: Function = Function {
    schema: "public",
    name: "complete_supervision",
    doc: "Completes an active supervision. The caller must be one of its participants.",
    arguments: &[RELATIONSHIP],
    returns: Returns::Written(table("supervision_relationships")),
};

const CANCEL_SUPERVISION: Function = Function {
    schema: "public",
    name: "cancel_supervision",
    doc: "Cancels a pending or active supervision. The caller must be one of its participants.",
    arguments: &[RELATIONSHIP],
    returns: Returns::Written(table("supervision_relationships")),
};

const JOIN_CIRCLE: Function = Function {
    schema: "public",
    name: "join_circle",
    doc: "Joins a circle that has a free place. `deleteCircleMember` leaves it.",
    arguments: &[required("circle_id", ArgumentType::BigInt, "Key of the circle.")],
    returns: Returns::Written(table("circle_members")),
};

const SEARCH_PRACTITIONERS: Function = Function {
    schema: "public",
    name: "search_practitioners",
    doc: "Searches the supervision directory for words in name, specialties, modalities and bio. Each word must match \
          a word, the beginning of one, or a similar spelling. Order by `orderBy: [{rank: DESC}]` for the best first; \
          use `filter`, and `…Groups` with the same arguments, for facets.",
    arguments: &[optional(
        "query",
        ArgumentType::Text,
        "Search words as typed; without them, the search returns everybody with rank 0.",
    )],
    returns: Returns::Rows(table("practitioner_hits")),
};

const SUPERVISION_MATCHES: Function = Function {
    schema: "public",
    name: "supervision_matches",
    doc: "Finds possible supervisors for a practitioner: practitioners who accept supervision, have a free place, and \
          have no pending or active supervision with the practitioner. If the practitioner is not the caller, only \
          relationships that the caller may see count. Order by `orderBy: [{score: DESC}]` for the best first.",
    arguments: &[
        optional(
            "profile_id",
            ArgumentType::BigInt,
            "Key of the practitioner's profile; default the caller's.",
        ),
        optional(
            "hourly_budget",
            ArgumentType::Numeric(2),
            "Requested rate per hour, in US dollars; default the median of the directory.",
        )
        .at_least(0),
    ],
    returns: Returns::Rows(table("supervision_matches")),
};

const SUPERVISION_NETWORK: Function = Function {
    schema: "public",
    name: "supervision_network",
    doc: "Returns the supervision network that the caller may see, as a graph: practitioners are nodes; supervision \
          and shared circles are edges. Null without a token.",
    arguments: &[],
    returns: Returns::Row(table("supervision_networks")),
};

const PROTOCOL: Argument = required("protocol_id", ArgumentType::BigInt, "Key of the protocol.");
const RELATIONSHIP: Argument =
    required("relationship_id", ArgumentType::BigInt, "Key of the supervision relationship.");

const EVENT_TYPE: Argument =
    optional("event_type", ArgumentType::Text, "Name of the event type, such as `Distress`, in any case.");
const EVENT_TYPE_ID: Argument =
    optional("event_type_id", ArgumentType::BigInt, "Key of the event type, instead of its name.");
const EVENT_TIMESTAMP: Argument = optional(
    "event_timestamp",
    ArgumentType::DateTime,
    "When the event happened; default now. Not in the future.",
);
const INTENSITY_LEVEL: Argument =
    optional("intensity_level", ArgumentType::Int, "Intensity of the event, from 1 to 10.");
const NOTES: Argument = optional("notes", ArgumentType::Text, "Structured note.");
const DOSE_MG: Argument = optional(
    "dose_mg",
    ArgumentType::Numeric(2),
    "Dose given, in milligrams, for event types that record a dose.",
);
const HEART_RATE: Argument = optional(
    "heart_rate",
    ArgumentType::Int,
    "Heart rate, in beats per minute, for event types that record vital signs.",
);
const SYSTOLIC_MMHG: Argument =
    optional("systolic_mmhg", ArgumentType::Int, "Systolic blood pressure, in mmHg.");
const DIASTOLIC_MMHG: Argument =
    optional("diastolic_mmhg", ArgumentType::Int, "Diastolic blood pressure, in mmHg.");
const OXYGEN_SATURATION: Argument =
    optional("oxygen_saturation", ArgumentType::Int, "Oxygen saturation, in percent.");
const CLIENT_EVENT_ID: Argument = optional(
    "client_event_id",
    ArgumentType::Uuid,
    "Id that the device gives the event, so that it is never written twice.",
);
