//! What surrounds a request.

use std::any::TypeId;
use std::sync::Arc;

use async_graphql::Data;

use super::arguments::Variables;
use crate::auth::Caller;

/// Who sends a request, and what came beside its text. It travels in the request's `data`, or in that of its session.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// Who asks.
    pub caller: Arc<Caller>,
    /// The variables as they were sent. Where there are none, those of the request itself count: they have been read, and
    /// numbers of more digits than a double's are no longer what was sent.
    pub variables: Variables,
    /// Whether it came in a way that allows nothing that writes.
    pub only_queries: bool,
    /// Under this key a mutation is carried out once, however often it is sent.
    pub idempotency_key: Option<String>,
    /// The cursor behind which a subscription begins that names none itself.
    pub after: Option<String>,
    /// Whether the response is the whole body, in `Value::Binary`, for somebody who sends it as it is.
    pub as_body: bool,
}

impl RequestContext {
    /// A caller, and nothing else.
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

    /// The context in the data of a request or session.
    pub fn of(data: &Data) -> Option<&Self> {
        data.get(&TypeId::of::<Self>())?.downcast_ref()
    }
}
