//! The engine serves tables as GraphQL. It knows no table by name and no system.
//!
//! A request goes through stages: [`document`] (parse, validate, limits) → [`plan`] (what to load) → [`execute`] (level by level) →
//! JSON. Below the plan, [`question`] describes a query independently of SQL, and [`sql`] writes its statement. Arrows go one way:
//! [`catalog`] → [`arguments`] → [`question`] → [`sql`] → [`plan`] → [`execute`], each using those before it.

mod aggregate;
mod answer;
mod arguments;
#[cfg(test)]
mod arrows;
pub mod catalog;
mod context;
mod definitions;
mod document;
mod engine;
mod error;
mod execute;
mod global_id;
#[cfg(test)]
mod graphql_js;
mod introspection;
mod limits;
mod locate;
mod mutate;
mod plan;
mod policies;
mod prepared;
mod question;
mod refusal;
mod refused_value;
pub mod schema;
mod sql;
mod subscribe;
mod suggest;
mod value;

pub use answer::{Answer, Body, Errors, Outcome, REPLAYED, RETRY_AFTER_SECONDS, into_body, whole_data};
pub use arguments::{Flaw, NOT_UNICODE, Variables, fields_once, json_object};
pub use context::RequestContext;
#[cfg(fuzzing)]
pub use document::fuzz as fuzz_document;
pub use engine::{Engine, EngineError};
pub use error::{Code, Error, NOTIFICATIONS_UNAVAILABLE, PathSegment, READ_ONLY_DATABASE};
pub use execute::ReferenceCache;
pub use limits::Limits;
pub use plan::Topic;
pub use policies::refresh_policies;
pub use prepared::PreparedRequest;
pub use subscribe::{Change, ReadFailed, Subscription};
pub(crate) use value::key_part_of_json;
