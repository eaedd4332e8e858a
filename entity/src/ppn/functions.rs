//! Functions of the portal that are served beside its tables.

use crate::{Argument, ArgumentType, Function, Returns};

/// All of them.
pub const FUNCTIONS: &[Function] = &[
    Function {
        schema: "public",
        name: "search_practitioners",
        doc: "The supervision directory, searched by words: name, specialties, modalities and bio. Each word has to be \
              there, as a word, as the beginning of one, or spelt almost like it. Ask for the best first with \
              `orderBy: [{rank: DESC}]`; with `filter` and `…Groups` of the same arguments it makes a search with facets.",
        arguments: &[Argument {
            name: "query",
            doc: "What to look for, as it is typed; without it, everybody, with a rank of 0.",
            ty: ArgumentType::Text,
            required: false,
        }],
        returns: Returns::Rows("practitioner_hits"),
    },
    Function {
        schema: "public",
        name: "supervision_matches",
        doc: "Who could supervise a practitioner: who accepts supervision, has a free place, and is not related to them by \
              supervision that is asked for or under way. For somebody else than the caller, only relationships that the \
              caller may see count. Ask for the best first with `orderBy: [{score: DESC}]`.",
        arguments: &[
            Argument {
                name: "profile_id",
                doc: "Profile of the practitioner; without it, the caller's own.",
                ty: ArgumentType::BigInt,
                required: false,
            },
            Argument {
                name: "hourly_budget",
                doc: "Rate per hour that is sought, in US dollars; without it, the middle one of the directory.",
                ty: ArgumentType::Numeric,
                required: false,
            },
        ],
        returns: Returns::Rows("supervision_matches"),
    },
    Function {
        schema: "public",
        name: "supervision_network",
        doc: "The supervision network as the caller may see it, ready to be drawn: practitioners as nodes; supervision and \
              shared circles as edges. Null without a token.",
        arguments: &[],
        returns: Returns::Row("supervision_networks"),
    },
];
