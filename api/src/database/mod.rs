//! Connects to Postgres: it has the pool, one transaction per request, and the embedded server.
//!
//! The module knows statements, roles and claims, but nothing of GraphQL.

mod connections;
pub mod embedded;
mod error;
mod gate;
mod idempotency;
mod listening;
mod migrations;
mod pool;
mod pooler;
mod session;
mod statement;
mod turns;
mod unpooled;

pub use error::{DatabaseError, LOCK_CONFLICTS};
pub use gate::Gate;
pub use idempotency::{Claim, IdempotencyKey};
pub use listening::Listening;
pub use migrations::{MigrationsError, migration_status};
pub use pool::{Access, DatabaseConfig, Pool, PoolError, WAITING_PER_CONNECTION};
pub use pooler::Pooler;
pub(crate) use postgres_wire::REACTS_WITHIN;
pub use postgres_wire::{Mode, Notification, Parameter, Row, ServerError};
pub use session::{Session, SessionCounts, StatementError};
pub use statement::Statement;
pub use tokio_postgres::error::SqlState;
pub use turns::{NoTurn, Turn, Turns};
pub use unpooled::UnpooledError;
