//! Connections to Postgres over the extended query protocol, pipelined.
//!
//! A [`Connection`] runs a *batch* of statements: it sends them in one write, with one `Sync` at the end, and reads the answers
//! in as few reads as they have packets. No task and no channel is between the caller and the socket. A new statement is
//! prepared within its first batch, without a round trip of its own; later batches use it by name. The rows of a statement share one buffer.
//!
//! ```no_run
//! # async fn example(address: postgres_wire::Address) -> Result<(), postgres_wire::BatchError> {
//! use std::time::Duration;
//!
//! use postgres_wire::{Command, Parameter, Query};
//!
//! # let mut connection = address.connect().await.map_err(|error| postgres_wire::BatchError { at: 0, error })?;
//! let number = [Parameter::from(7_i64)];
//! let answers = connection
//!     .run(
//!         &[
//!             Query::plain("BEGIN READ ONLY", Command::Begin),
//!             Query { parameters: &number, ..Query::kept("SELECT $1 + 1", Command::Statement) },
//!             Query::plain("COMMIT", Command::Commit),
//!         ],
//!         Duration::from_secs(5),
//!     )
//!     .await?;
//! assert_eq!(answers[1][0].get(0), Some(8_i64));
//! # Ok(())
//! # }
//! ```
//!
//! # Why not tokio-postgres
//!
//! tokio-postgres gives each statement its own `Sync`, moves it to another task and its rows back through channels, and
//! prepares a new statement in a round trip of its own. A request of five statements took 0.145 ms of the client's processor
//! time and 0.261 ms of Postgres's; with this crate it takes 0.095 ms and 0.184 ms, and 0.067 ms and 0.122 ms with the
//! improvements that batches allow. This crate is built on `postgres-protocol`, the message formats of tokio-postgres, and uses its
//! parser of addresses, its error codes and its types ([`tokio_postgres::types`]).
//!
//! # Checks
//!
//! [`Connection::run`] checks an answer message by message: each message must belong there, every length must be right, and
//! values of types with a fixed width must have that width. Anything else closes the connection, so that one caller never
//! gets the answer to another's statement. The memory of a server's messages is limited to 256 MB of rows and messages for
//! each connection.
//!
//! # Silence
//!
//! A network can drop a connection without a word: nothing tells the client, and an answer never comes. So every exchange has a limit that
//! its caller gives, opening a connection has one that its [`Address`] has, and the system gives up a TCP connection whose peer does not
//! confirm what it receives (`keepalives_idle` and its like, with shorter defaults than libpq's, and `tcp_user_timeout`). Only
//! [`Connection::notifications`] waits without a limit.
//!
//! # Limits
//!
//! - It has no pool, and no transactions or retries of its own: the caller sends `BEGIN` and `COMMIT`.
//! - It has no `COPY`, no cursors and no large objects: the rows of a statement arrive whole.
//! - Values are in binary format only.
//! - It supports neither client certificates, GSSAPI, OAuth nor channel binding; [`AddressError::Unsupported`] names them.
//! - It logs nothing: the caller gets the errors.

mod address;
mod answers;
mod backend_process;
mod batch;
mod connect;
mod connection;
mod conninfo;
mod error;
#[cfg(any(test, fuzzing))]
mod fuzz;
mod login;
mod notify;
mod parameter;
mod prepared;
mod rows;
#[cfg(test)]
mod tests;

pub use address::{Address, Host};
pub use backend_process::{Abandoned, REACTS_WITHIN};
pub use batch::{BatchError, Command, Query};
pub use connect::{MODE, Mode};
pub use connection::Connection;
pub use conninfo::{AddressError, Conninfo, SessionAttrs};
pub use error::{ServerError, WireError, describe};
#[cfg(any(test, fuzzing))]
pub use fuzz::fuzz;
pub use notify::Notification;
pub use parameter::Parameter;
pub use rows::Row;
