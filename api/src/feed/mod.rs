//! Delivers changes in the database to the clients that subscribe to them.
//!
//! ```text
//! Postgres ── NOTIFY ──► listener ──► dispatcher ──► groups ──► outboxes ──► connections
//! ```
//!
//! The [`listener`] has the gateway's only listening connection. The [`dispatcher`] delivers each change exactly once, sorted by the
//! topics that groups watch. A [`group`] holds the subscribers with the same subscription and the same rights: a [`reader`] reads
//! changed rows once for all of them, under those rights. Each connection has an [`outbox`] of bounded size. The [`executor`] answers
//! requests and subscriptions for our transports, and for other services that use async-graphql's executors.
//!
//! [`change_feed`] makes these parts and connects them. Each module uses only those that are listed before it in the test below.

mod change;
mod change_feed;
mod cursor;
mod delivered;
mod dispatcher;
mod executor;
mod group;
mod history;
mod listener;
mod notifications;
mod outbox;
mod reader;
mod registry;
mod resume;
mod status;

use std::time::Duration;

pub use change_feed::ChangeFeed;
pub use executor::{Gateway, NO_BATCHES, SERVER_TIMING, expired, until};
pub use notifications::{ListenError, check_notifications};
pub use outbox::{Delivery, Event, Inbox, OperationId, Outbox, outbox};
pub use registry::ActiveSubscription;

/// Settings of subscriptions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedSettings {
    /// Time for which changes are stored, so that a client that was disconnected for less can resume.
    pub retention: Duration,
    /// Largest number of connections with subscriptions: `WebSockets` and event streams.
    pub connections: usize,
    /// Largest number of these connections of one caller; `None` for a quarter.
    pub connections_per_caller: Option<usize>,
    /// Largest number of these connections without a token, from all addresses; with 0, each needs a token.
    pub anonymous_connections: usize,
    /// Largest number of operations of one `WebSocket`.
    pub operations: usize,
    /// Largest numbers of running subscriptions.
    pub subscriptions: Bound,
    /// Largest numbers of different subscriptions: equal ones with the same rights share their reads.
    pub groups: Bound,
    /// Bytes of changes and responses that may wait before they enter the queue of a connection; one caller may have a quarter.
    pub waiting_bytes: usize,
    /// Deliveries that may wait in the queue of a connection.
    pub queue_length: usize,
    /// Bytes that may wait in the queue of a connection.
    pub queue_bytes: usize,
    /// Time within which a `WebSocket` has to send `connection_init`.
    pub init_within: Duration,
    /// Pause between two pings of a quiet connection.
    pub ping_every: Duration,
}

/// The largest numbers of subscriptions or groups, for one caller and for all callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// For one caller: all tokens of a role and `sub`, or all requests without a token.
    pub each: usize,
    /// For all callers together.
    pub all: usize,
}

impl Default for FeedSettings {
    fn default() -> Self {
        Self {
            retention: Duration::from_hours(1),
            connections: 10_000,
            connections_per_caller: None,
            anonymous_connections: 100,
            operations: 100,
            subscriptions: Bound { each: 1_000, all: 50_000 },
            groups: Bound { each: 200, all: 10_000 },
            waiting_bytes: 256 * 1024 * 1024,
            queue_length: 1_000,
            queue_bytes: 1024 * 1024,
            init_within: Duration::from_secs(10),
            ping_every: Duration::from_secs(20),
        }
    }
}

#[cfg(test)]
mod tests {
    /// The modules in the order of their arrows: each uses only earlier ones.
    const ORDER: [&str; 15] = [
        "cursor",
        "change",
        "outbox",
        "delivered",
        "notifications",
        "history",
        "status",
        "listener",
        "reader",
        "group",
        "registry",
        "resume",
        "dispatcher",
        "change_feed",
        "executor",
    ];

    #[test]
    fn no_module_uses_a_later_one() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/feed");
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), ORDER.len() + 1, "each module has its place");
        for (place, module) in ORDER.iter().enumerate() {
            let source = std::fs::read_to_string(folder.join(format!("{module}.rs"))).unwrap();
            for later in &ORDER[place..] {
                assert!(!source.contains(&format!("super::{later}::")), "{module} uses {later}");
            }
        }
    }
}
