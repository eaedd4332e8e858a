//! Functions of the portal that are served beside its tables.

use entity::{Argument, ArgumentType, Function, Returns, optional, required};

use crate::table;

/// All of them.
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
    doc: "Logs an event of a session with one tap: its type by name or key, now unless another time is given. Under a \
          `clientEventId` that the protocol has already nothing is written, and the event that is there is given.",
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
    doc: "Logs events of a session that were recorded offline, all or none, and gives them in the order given. Events \
          whose `clientEventId` the protocol has already are not written again: to send the same events twice adds nothing.",
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
    doc: "Gives homework of a protocol, all or none, and in the order given: its type by name or key, and the day it is due.",
    arguments: &[
        PROTOCOL,
        Argument {
            name: "homework",
            doc: "The pieces of homework.",
            ty: ArgumentType::Objects(&[
                optional(
                    "homework_type",
                    ArgumentType::Text,
                    "Name of the kind of homework, whatever its case.",
                ),
                optional(
                    "homework_type_id",
                    ArgumentType::BigInt,
                    "Key of the kind of homework, in place of its name.",
                ),
                required("due_date", ArgumentType::Date, "Day it is due; not before it is given."),
                optional("assigned_date", ArgumentType::Date, "Day it is given; today, unless it is said."),
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
    doc: "Ticks a piece of homework off. What is completed already stays completed on its day, unless another one is given.",
    arguments: &[
        required("homework_id", ArgumentType::BigInt, "Key of the homework."),
        optional("completed_date", ArgumentType::Date, "Day it was done; today, unless it is said."),
        optional("completion_notes", ArgumentType::Text, "What is noted of it."),
    ],
    returns: Returns::Written(table("integration_homework")),
};

const REQUEST_SUPERVISION: Function = Function {
    schema: "public",
    name: "request_supervision",
    doc: "Asks a practitioner for supervision on behalf of the caller. They have to take new supervisees, and to have no \
          pending or active supervision with the caller. It is pending until they accept it.",
    arguments: &[required("supervisor_id", ArgumentType::BigInt, "Key of the profile of who is asked.")],
    returns: Returns::Written(table("supervision_relationships")),
};

const ACCEPT_SUPERVISION: Function = Function {
    schema: "public",
    name: "accept_supervision",
    doc: "Accepts a pending supervision, as its supervisor and with a free place: the active ones are fewer than \
          `maxSupervisees`.",
    arguments: &[RELATIONSHIP],
    returns: Returns::Written(table("supervision_relationships")),
};

const COMPLETE_SUPERVISION: Function = Function {
    schema: "public",
    name: "complete_supervision",
    doc: "Ends an active supervision as planned, as either of the two.",
    arguments: &[RELATIONSHIP],
    returns: Returns::Written(table("supervision_relationships")),
};

const CANCEL_SUPERVISION: Function = Function {
    schema: "public",
    name: "cancel_supervision",
    doc: "Withdraws a pending supervision, or breaks an active one off, as either of the two.",
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
    doc: "The supervision directory, searched by words: name, specialties, modalities and bio. Each word has to be there, \
          as a word, as the beginning of one, or spelt almost like it. Ask for the best first with \
          `orderBy: [{rank: DESC}]`; with `filter` and `…Groups` of the same arguments it makes a search with facets.",
    arguments: &[optional(
        "query",
        ArgumentType::Text,
        "What to look for, as it is typed; without it, everybody, with a rank of 0.",
    )],
    returns: Returns::Rows(table("practitioner_hits")),
};

const SUPERVISION_MATCHES: Function = Function {
    schema: "public",
    name: "supervision_matches",
    doc: "Who could supervise a practitioner: who accepts supervision, has a free place, and is not related to them by \
          supervision that is asked for or under way. For somebody else than the caller, only relationships that the \
          caller may see count. Ask for the best first with `orderBy: [{score: DESC}]`.",
    arguments: &[
        optional(
            "profile_id",
            ArgumentType::BigInt,
            "Profile of the practitioner; without it, the caller's own.",
        ),
        optional(
            "hourly_budget",
            ArgumentType::Numeric(2),
            "Rate per hour that is sought, in US dollars; without it, the middle one of the directory.",
        )
        .at_least(0),
    ],
    returns: Returns::Rows(table("supervision_matches")),
};

const SUPERVISION_NETWORK: Function = Function {
    schema: "public",
    name: "supervision_network",
    doc: "The supervision network as the caller may see it, ready to be drawn: practitioners as nodes; supervision and \
          shared circles as edges. Null without a token.",
    arguments: &[],
    returns: Returns::Row(table("supervision_networks")),
};

const PROTOCOL: Argument = required("protocol_id", ArgumentType::BigInt, "Key of the protocol.");
const RELATIONSHIP: Argument =
    required("relationship_id", ArgumentType::BigInt, "Key of the supervision relationship.");

const EVENT_TYPE: Argument = optional(
    "event_type",
    ArgumentType::Text,
    "Name of the kind of event, such as `Distress`, whatever its case.",
);
const EVENT_TYPE_ID: Argument =
    optional("event_type_id", ArgumentType::BigInt, "Key of the kind of event, in place of its name.");
const EVENT_TIMESTAMP: Argument = optional(
    "event_timestamp",
    ArgumentType::DateTime,
    "When it happened; now, unless it is said. Not in the future.",
);
const INTENSITY_LEVEL: Argument =
    optional("intensity_level", ArgumentType::Int, "How intense it was, from 1 to 10.");
const NOTES: Argument = optional("notes", ArgumentType::Text, "Structured note.");
const DOSE_MG: Argument = optional(
    "dose_mg",
    ArgumentType::Numeric(2),
    "Dose given, in milligrams, for a kind of event that records a dose.",
);
const HEART_RATE: Argument = optional(
    "heart_rate",
    ArgumentType::Int,
    "Heart rate, in beats per minute, for a kind of event that records vital signs.",
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
    "Name that the device gives the event, so that it is never written twice.",
);
