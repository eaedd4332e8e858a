//! Subscriptions at run time: what changes in the database reaches those who watch it.
//!
//! ```text
//! Postgres ── NOTIFY ──► listener ──► dispatcher ──► groups ──► outboxes ──► connections
//! ```
//!
//! The [`listener`] is the gateway's only one. The [`dispatcher`] makes sure that no change is lost or told twice, and sorts
//! changes by the topics that somebody watches. Subscribers who ask the same with the same rights are one [`group`]: it
//! reads changed rows once, under those rights, and its answer is shared. Each connection has an [`outbox`] of bounded
//! size.

mod announcement;
mod cursor;
mod dispatcher;
mod feeds;
mod group;
mod hearing;
mod history;
mod listener;
mod outbox;
mod registry;
mod resume;

use std::time::Duration;

pub use feeds::Feeds;
pub use hearing::{Deaf, check_hearing};
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
    /// Deliveries that may wait for a connection.
    pub queue_length: usize,
    /// Bytes that may wait for a connection.
    pub queue_bytes: usize,
    /// How long a `WebSocket` may take to say who it is.
    pub init_within: Duration,
    /// How often a quiet connection is asked whether it is still there.
    pub ping_every: Duration,
}

impl Default for FeedSettings {
    fn default() -> Self {
        Self {
            retention: Duration::from_hours(1),
            connections: 10_000,
            connections_per_caller: None,
            anonymous_connections: 100,
            operations: 100,
            queue_length: 1_000,
            queue_bytes: 1024 * 1024,
            init_within: Duration::from_secs(10),
            ping_every: Duration::from_secs(20),
        }
    }
}
