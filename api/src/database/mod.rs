//! Postgres: the pool, one transaction per request, the server that Praxis brings along.
//!
//! Knows statements, roles and claims; nothing of GraphQL.

pub mod embedded;
mod error;
mod login;
mod pool;
mod session;
mod statement;
mod wire;

pub use error::DatabaseError;
pub use login::{LoginError, check_login};
pub use pool::{DatabaseConfig, Pool, PoolError};
pub use session::{Session, SessionCounts, StatementError};
pub use statement::{Parameter, Statement};
pub use wire::{Row, ServerError};
