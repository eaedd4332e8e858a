//! The context of a request holds its caller and its settings by the transport.

use std::any::TypeId;
use std::sync::Arc;

use async_graphql::Data;

use super::arguments::Variables;
use crate::auth::Caller;

/// The caller of a request, its variables and its settings by the transport. It travels in the request's `data`, or in that of its
/// session.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// The caller.
    pub caller: Arc<Caller>,
    /// The variables as they were sent. Without them the variables of the request itself count: they have been parsed, so that
    /// numbers with more digits than a double's have changed.
    pub variables: Variables,
    /// True if the transport allows nothing that writes.
    pub only_queries: bool,
    /// The idempotency key, with which a mutation runs once, however often it is sent.
    pub idempotency_key: Option<String>,
    /// The cursor after which a subscription begins if it has no argument for it.
    pub after: Option<String>,
    /// True if the response is the whole body, in `Value::Binary`, which the transport sends unchanged.
    pub as_body: bool,
}

impl RequestContext {
    /// Returns a context with a caller and defaults.
    pub fn new(caller: Arc<Caller>) -> Self {
        Self {
            caller,
            variables: Variables::default(),
            only_queries: false,
            idempotency_key: None,
            after: None,
            as_body: false,
        }
    }

    /// Returns the context in the data of a request or session.
    pub fn of(data: &Data) -> Option<&Self> {
        data.get(&TypeId::of::<Self>())?.downcast_ref()
    }
}
