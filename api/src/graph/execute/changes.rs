//! Reads rows that have changed, as somebody may see them, and writes what a subscription tells of them.

use super::answer::LoadAnswer;
pub(in crate::graph) use super::json::{ChangeEvent, Out};
use super::key::Key;
use super::level::Level;
use super::{ReferenceCache, Unanswered, json, load_all};
use crate::database::Session;
use crate::graph::catalog::Catalog;
use crate::graph::error::Error;
use crate::graph::plan::{LoadId, SubscriptionPlan};

/// What was read for some changes of a subscription.
pub(in crate::graph) struct ChangedRows {
    answers: Vec<LoadAnswer>,
}

/// Changed rows to read.
pub(in crate::graph) struct Changed<'a> {
    /// Their primary keys.
    pub(in crate::graph) keys: Vec<&'a [Vec<u8>]>,
    /// Numbers of the changes before which they are recalled.
    pub(in crate::graph) recalled: Vec<i64>,
}

/// Reads rows by their primary keys, as their subscriber sees them now, and asks which changes, given by their numbers, took
/// a row out of the subscriber's sight.
pub(in crate::graph) async fn read(
    subscription: &SubscriptionPlan,
    asked: &Changed<'_>,
    session: &mut Session,
    reference: &ReferenceCache,
) -> Result<ChangedRows, Unanswered> {
    let keys = asked.keys.iter().map(|key| Key::from_parts(key)).collect();
    let changes = asked.recalled.iter().map(|number| Key::Eight(number.to_be_bytes()));
    let level = Level::empty(&subscription.reads)
        .given(Some(subscription.rows), &keys)
        .given(Some(subscription.gone), &changes.collect());
    let answers = load_all(&subscription.reads, level, session, reference).await?;
    Ok(ChangedRows { answers })
}

impl ChangedRows {
    /// Returns whether a row is there, matches, and can be seen.
    pub(in crate::graph) fn has(&self, subscription: &SubscriptionPlan, key: &[Vec<u8>]) -> bool {
        self.found(subscription.rows, &Key::from_parts(key))
    }

    /// Returns whether the row of a change was there, matched, and could be seen before it.
    pub(in crate::graph) fn had(&self, subscription: &SubscriptionPlan, change: i64) -> bool {
        self.found(subscription.gone, &Key::Eight(change.to_be_bytes()))
    }

    fn found(&self, load: LoadId, key: &Key) -> bool {
        self.answers[load.0].get(key).is_some_and(|found| !found.rows.is_empty())
    }

    /// Appends a change as the fields of the subscription ask for it.
    pub(in crate::graph) fn write(
        &self,
        catalog: &Catalog,
        subscription: &SubscriptionPlan,
        change: &ChangeEvent<'_>,
        out: Out<'_>,
    ) -> Result<(), Error> {
        json::write_change(catalog, subscription, change, &self.answers, out)
    }
}
