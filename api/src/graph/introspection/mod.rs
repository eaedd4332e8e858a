//! Answers `__schema` and `__type` from cached bytes, which are computed outside of the async runtime, one at a time.
//!
//! A short query can select much of a large schema many times. The objects and bytes of an answer count like those of the rest,
//! and writing stops at their limits.

#[cfg(test)]
mod tests;
mod write;

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dynamic::Schema;
use bytes::Bytes;
use tokio::sync::Semaphore;

use self::write::Writer;
use super::error::{Code, Error, PathSegment};
use super::limits::Limits;
use crate::cache::Cache;

/// The most bytes of cached answers. The whole schema takes about two megabytes.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// The bytes that a field of a request takes as a key of the cache, in addition to its answer.
const FIELD: usize = 96;

/// A field `__schema` or `__type`; equal ones have the same answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Introspected {
    /// `__schema`
    Schema(Shape),
    /// `__type`, of this name.
    Type(String, Shape),
}

/// The selection on an object of introspection.
pub(super) type Shape = Vec<Wanted>;

/// A field of such an object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Wanted {
    /// Response key.
    pub(super) key: String,
    /// Name.
    pub(super) name: String,
    /// True if deprecated members are listed too.
    pub(super) deprecated: bool,
    /// The selection on the objects that the field returns.
    pub(super) below: Shape,
}

/// The answers to the introspection of a request, by response key.
pub(super) type IntrospectionAnswers = HashMap<String, Bytes>;

/// The introspection of one schema.
pub(super) struct Introspection {
    schema: Schema,
    kept: Cache<Introspected, Kept>,
    /// Serializes the computation of answers, in the order of the requests.
    turn: Arc<Semaphore>,
}

#[derive(Clone)]
struct Kept {
    bytes: Bytes,
    objects: u64,
}

impl Introspection {
    pub(super) fn new(schema: Schema) -> Self {
        Self { schema, kept: Cache::new(MOST_BYTES), turn: Arc::new(Semaphore::new(1)) }
    }

    /// Answers introspection fields of `Query`, each under its response key. `cost` is the cost of the request so far, to which the
    /// answer is added.
    pub(super) async fn answer<'f>(
        &self,
        fields: impl Iterator<Item = (&'f str, &'f Introspected)>,
        limits: &Limits,
        cost: &mut u64,
    ) -> Result<IntrospectionAnswers, Error> {
        let mut answers = IntrospectionAnswers::new();
        let mut bytes = 0;
        for (key, requested) in fields {
            if !limits.introspection {
                return Err(Error::new(Code::Forbidden, "This server does not show its schema."));
            }
            let too_much = || too_much(key);
            let room = Room {
                objects: limits.cost.saturating_sub(*cost),
                bytes: limits.answer.saturating_sub(bytes),
            };
            let kept = match self.kept.get(requested) {
                Some(kept) if kept.objects <= room.objects && kept.bytes.len() <= room.bytes => kept,
                Some(_) => return Err(too_much()),
                None => self.make(requested, room).await?.ok_or_else(too_much)?,
            };
            *cost = cost.saturating_add(kept.objects);
            bytes += kept.bytes.len();
            answers.insert(key.to_owned(), kept.bytes);
        }
        Ok(answers)
    }

    /// Computes an answer; returns `None` if it exceeds the room.
    async fn make(&self, requested: &Introspected, room: Room) -> Result<Option<Kept>, Error> {
        let turn = Arc::clone(&self.turn).acquire_owned().await.map_err(|closed| Error::internal(&closed))?;
        if let Some(kept) = self.kept.get(requested) {
            // An earlier request may have had the same selection.
            let fits = kept.objects <= room.objects && kept.bytes.len() <= room.bytes;
            return Ok(fits.then_some(kept));
        }
        let (schema, wanted) = (self.schema.clone(), requested.clone());
        let work = move || {
            // Held to the end of the work, even if the request has been cancelled.
            let _turn = turn;
            Writer::new(schema.registry(), room).write(&wanted)
        };
        let made = tokio::task::spawn_blocking(work).await.map_err(|failed| Error::internal(&failed))?;
        let made = made.map(|(bytes, objects)| Kept { bytes, objects });
        if let Some(kept) = &made {
            self.kept.put(requested.clone(), kept.clone(), kept.bytes.len() + requested.fields() * FIELD);
        }
        Ok(made)
    }
}

impl Introspected {
    fn fields(&self) -> usize {
        fn of(shape: &Shape) -> usize {
            shape.iter().map(|wanted| 1 + of(&wanted.below)).sum()
        }
        match self {
            Self::Schema(shape) | Self::Type(_, shape) => of(shape),
        }
    }
}

/// The objects and bytes that an answer may still take.
#[derive(Clone, Copy)]
struct Room {
    objects: u64,
    bytes: usize,
}

fn too_much(key: &str) -> Error {
    Error::new(Code::LimitExceeded, "The introspection asks for more of the schema than one answer may have.")
        .at(&[PathSegment::Field(key.to_owned())], None)
}
