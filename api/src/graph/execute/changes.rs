//! Reads changed rows with the rights of a subscriber, and writes the responses of a subscription.

pub(in crate::graph) use super::json::{ChangeEvent, Out};
use super::key::Key;
use super::level::Level;
use super::loaded::LoadedRows;
use super::{ExecutionError, ReferenceCache, json, load_all};
use crate::database::Session;
use crate::graph::catalog::Catalog;
use crate::graph::error::Error;
use crate::graph::plan::{LoadId, SubscriptionPlan};

/// The rows that were read for some changes of a subscription.
pub(in crate::graph) struct ChangedRows {
    answers: Vec<LoadedRows>,
}

/// The changed rows to read.
pub(in crate::graph) struct Changed<'a> {
    /// The primary keys of the rows.
    pub(in crate::graph) keys: Vec<&'a [Vec<u8>]>,
    /// The numbers of the changes whose earlier rows are read.
    pub(in crate::graph) recalled: Vec<i64>,
}

/// Reads the current rows by their primary keys, and the earlier rows by the numbers of their changes, with the rights of the
/// subscriber.
pub(in crate::graph) async fn read(
    subscription: &SubscriptionPlan,
    wanted: &Changed<'_>,
    session: &mut Session,
    reference: &ReferenceCache,
) -> Result<ChangedRows, ExecutionError> {
    let keys = wanted.keys.iter().map(|key| Key::from_parts(key)).collect();
    let changes = wanted.recalled.iter().map(|number| Key::Eight(number.to_be_bytes()));
    let level = Level::empty(&subscription.reads)
        .given(Some(subscription.rows), &keys)
        .given(Some(subscription.gone), &changes.collect());
    let answers = load_all(&subscription.reads, level, session, reference).await?;
    Ok(ChangedRows { answers })
}

impl ChangedRows {
    /// Returns true if a row exists, matches the filter, and is visible to the subscriber.
    pub(in crate::graph) fn has(&self, subscription: &SubscriptionPlan, key: &[Vec<u8>]) -> bool {
        self.found(subscription.rows, &Key::from_parts(key))
    }

    /// Returns true if the row of a change existed, matched the filter, and was visible to the subscriber before the change.
    pub(in crate::graph) fn had(&self, subscription: &SubscriptionPlan, change: i64) -> bool {
        self.found(subscription.gone, &Key::Eight(change.to_be_bytes()))
    }

    fn found(&self, load: LoadId, key: &Key) -> bool {
        self.answers[load.0].get(key).is_some_and(|found| !found.rows.is_empty())
    }

    /// Appends a change as JSON, with the fields that the subscription selects.
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
