//! Subscriptions at run time: what changes in the database reaches those who watch it.
//!
//! ```text
//! Postgres ── NOTIFY ──► listener ──► dispatcher ──► groups ──► outboxes ──► connections
//! ```
//!
//! The [`listener`] is the gateway's only one. The [`dispatcher`] makes sure that no change is lost or told twice, and sorts
//! changes by the topics that somebody watches. Subscribers who ask the same with the same rights are one [`group`]: it
//! reads changed rows once, under those rights, and its answer is shared. Each connection has an [`outbox`] of bounded
//! size. The [`executor`] answers requests and subscriptions for whoever serves async-graphql's executors.

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
pub use registry::Watch;

/// Settings of subscriptions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedSettings {
    /// How long a change is remembered, and with it how long a client may be away and still go on where it stopped.
    pub retention: Duration,
    /// Connections that watch, over `WebSockets` and as event streams, at most.
    pub connections: usize,
    /// Those of one caller at most; `None`: a quarter of them.
    pub connections_per_caller: Option<usize>,
    /// Those of callers without a token at most, from all addresses; 0: they need one.
    pub anonymous_connections: usize,
    /// Operations of one `WebSocket` at most.
    pub operations: usize,
    /// Subscriptions under way at most.
    pub subscriptions: Bound,
    /// Different subscriptions at most: those that ask the same with the same rights are read for together.
    pub groups: Bound,
    /// Bytes of changes and answers that may wait to be told, before they are put into a connection's queue.
    /// One caller's may take a quarter of them.
    pub waiting_bytes: usize,
    /// Deliveries that may wait for a connection.
    pub queue_length: usize,
    /// Bytes that may wait for a connection.
    pub queue_bytes: usize,
    /// How long a `WebSocket` may take to say who it is.
    pub init_within: Duration,
    /// How often a quiet connection is asked whether it is still there.
    pub ping_every: Duration,
}

/// How many there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// Of one caller: all tokens of a role and `sub`, or all callers without a token.
    pub each: usize,
    /// Of all callers together.
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
