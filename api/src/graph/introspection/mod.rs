//! `__schema` and `__type`: answered from kept bytes, and made off the runtime, one at a time.
//!
//! A short query can ask for much of a large schema many times over. What is written is counted like the rest of an answer, by
//! objects and bytes, and it ends where these do.

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
use super::plan::{Keyed, RootField};
use crate::cache::Cache;

/// Bytes of answers that are kept. The whole schema takes about two megabytes.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// What a field of a request takes beside the bytes of its answer, as a key of the cache.
const FIELD: usize = 96;

/// A field `__schema` or `__type`; equal ones have the same answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Introspected {
    /// `__schema`
    Schema(Shape),
    /// `__type`, of this name.
    Type(String, Shape),
}

/// What is asked of an object of the schema's schema.
pub(super) type Shape = Vec<Wanted>;

/// A field of such an object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Wanted {
    /// Response key.
    pub(super) key: String,
    /// Name.
    pub(super) name: String,
    /// Whether what is deprecated is listed too.
    pub(super) deprecated: bool,
    /// What is asked of the objects that it holds.
    pub(super) below: Shape,
}

/// The answers to the introspection of a request, by response key.
pub(super) type Answers = HashMap<String, Bytes>;

/// The introspection of one schema.
pub(super) struct Introspection {
    schema: Schema,
    kept: Cache<Introspected, Kept>,
    /// Answers are made one at a time, in the order in which they were asked for.
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

    /// Answers the introspection among the fields of `Query`. `cost`: what the request costs already; what is answered is
    /// added.
    pub(super) async fn answer(
        &self,
        fields: &[Keyed<RootField>],
        limits: &Limits,
        cost: &mut u64,
    ) -> Result<Answers, Error> {
        let mut answers = Answers::new();
        let mut bytes = 0;
        for Keyed { key, value } in fields {
            let RootField::Introspection(asked) = value else { continue };
            if !limits.introspection {
                return Err(Error::new(Code::Forbidden, "This server does not show its schema."));
            }
            let too_much = || too_much(key);
            let room = Room {
                objects: limits.cost.saturating_sub(*cost),
                bytes: limits.answer.saturating_sub(bytes),
            };
            let kept = match self.kept.get(asked) {
                Some(kept) if kept.objects <= room.objects && kept.bytes.len() <= room.bytes => kept,
                Some(_) => return Err(too_much()),
                None => self.make(asked, room).await?.ok_or_else(too_much)?,
            };
            *cost = cost.saturating_add(kept.objects);
            bytes += kept.bytes.len();
            answers.insert(key.clone(), kept.bytes);
        }
        Ok(answers)
    }

    /// Makes an answer; `None`: there is no room for it.
    async fn make(&self, asked: &Introspected, room: Room) -> Result<Option<Kept>, Error> {
        let turn = Arc::clone(&self.turn).acquire_owned().await.map_err(|closed| Error::internal(&closed))?;
        if let Some(kept) = self.kept.get(asked) {
            // Whoever came before has asked the same.
            let fits = kept.objects <= room.objects && kept.bytes.len() <= room.bytes;
            return Ok(fits.then_some(kept));
        }
        let (schema, wanted) = (self.schema.clone(), asked.clone());
        let work = move || {
            // Held to the end of the work, even where nobody waits for it any more.
            let _turn = turn;
            Writer::new(schema.registry(), room).write(&wanted)
        };
        let made = tokio::task::spawn_blocking(work).await.map_err(|failed| Error::internal(&failed))?;
        let made = made.map(|(bytes, objects)| Kept { bytes, objects });
        if let Some(kept) = &made {
            self.kept.put(asked.clone(), kept.clone(), kept.bytes.len() + asked.fields() * FIELD);
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

/// What an answer may still take.
#[derive(Clone, Copy)]
struct Room {
    objects: u64,
    bytes: usize,
}

fn too_much(key: &str) -> Error {
    Error::new(Code::LimitExceeded, "The introspection asks for more of the schema than one answer may have.")
        .at(&[PathSegment::Field(key.to_owned())], None)
}
