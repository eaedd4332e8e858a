//! Reads changed rows under the rights of their subscribers, and makes the responses.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::change::RowChange;
use super::cursor::Cursor;
use super::history;
use super::outbox::Delivery;
use crate::auth::Caller;
use crate::database::{Statement, Turn, Turns};
use crate::graph::catalog::{Catalog, ChangeOperation};
use crate::graph::{Body, Change, Code, Engine, Error, ReadFailed, Subscription};

/// Pauses before a read that failed is repeated.
const RETRY_AFTER: [Duration; 4] =
    [Duration::from_millis(100), Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(5)];

/// Reads rows for all groups, and limits the reads that run at the same time: subscriptions leave connections for requests, and those
/// of one caller for others.
pub(super) struct Reader {
    engine: Arc<Engine>,
    permits: Turns,
}

impl Reader {
    /// Creates a reader that runs at most `most` reads at the same time, half of them for one caller.
    pub(super) fn new(engine: Arc<Engine>, most: usize) -> Self {
        Self { engine, permits: Turns::new(most, most.div_ceil(2), usize::MAX) }
    }

    /// Returns the catalog of the served tables.
    pub(super) fn catalog(&self) -> &Catalog {
        self.engine.catalog()
    }

    /// Waits for a permit to read for a caller.
    pub(super) async fn permit(&self, caller: &Caller) -> Option<Turn> {
        // The number of waiting reads has no limit, so that none is refused.
        self.permits.take(caller.share()).await.ok()
    }

    /// Reads the rows of some changes, and returns the deliveries to the subscribers, who may see fewer rows than have changed.
    pub(super) async fn read(
        &self,
        subscription: &Subscription,
        caller: &Arc<Caller>,
        changes: &[Arc<RowChange>],
    ) -> Result<Vec<Delivery>, Error> {
        let changes = merged(changes);
        let mut delivered = Vec::with_capacity(changes.len());
        let mut parts = vec![changes.as_slice()];
        while let Some(part) = parts.pop() {
            let requested: Vec<Change> =
                part.iter().map(|(change, operation)| with_cursor(change, *operation)).collect();
            let recall = recall(subscription, part);
            let responses = match self.responses(subscription, caller, &requested, recall.as_ref()).await {
                Ok(responses) => responses,
                // A row that cannot be read must not keep the others from being sent.
                Err(failed) if failed.is_of_rows() && part.len() > 1 => {
                    let (first, second) = part.split_at(part.len() / 2);
                    parts.extend([second, first]);
                    continue;
                }
                Err(failed) => return Err(failed.error().clone()),
            };
            let answered = part.iter().zip(requested).zip(responses);
            delivered.extend(answered.filter_map(|(((change, _), requested), response)| {
                let cursor = requested.cursor.into();
                let (change, horizon) = (change.number, change.horizon);
                Some(Delivery { change, horizon, cursor, response: response? })
            }));
        }
        Ok(delivered)
    }

    /// Returns the response to each change, and repeats a read that failed because the database was unavailable.
    async fn responses(
        &self,
        subscription: &Subscription,
        caller: &Arc<Caller>,
        changes: &[Change],
        recall: Option<&Statement>,
    ) -> Result<Vec<Option<Body>>, ReadFailed> {
        let mut pauses = RETRY_AFTER.into_iter();
        loop {
            let permit = self.permit(caller).await;
            let read = self.read_once(subscription, caller, changes, recall).await;
            drop(permit);
            match (read, pauses.next()) {
                (Err(failed), Some(pause))
                    if matches!(failed.error().code, Code::Unavailable | Code::Timeout) =>
                {
                    tokio::time::sleep(pause).await;
                }
                (read, _) => return read,
            }
        }
    }

    async fn read_once(
        &self,
        subscription: &Subscription,
        caller: &Arc<Caller>,
        changes: &[Change],
        recall: Option<&Statement>,
    ) -> Result<Vec<Option<Body>>, ReadFailed> {
        let read = self.engine.read_changes(subscription, caller, changes, recall).await;
        match (read, changes) {
            (Err(failed), [change]) if failed.is_of_rows() => {
                let response = self.engine.explain_failure(subscription, caller, change, recall, &failed);
                Ok(vec![response.await?])
            }
            (read, _) => read,
        }
    }
}

/// Returns the statement that makes the earlier rows of these changes readable, if a change needs it.
fn recall(subscription: &Subscription, changes: &[(&RowChange, ChangeOperation)]) -> Option<Statement> {
    let recalled = changes.iter().filter(|(_, operation)| subscription.recalls(*operation));
    let places: Vec<_> = recalled.map(|(change, _)| (change.transaction, change.number)).collect();
    (!places.is_empty()).then(|| history::recall(&places))
}

/// Merges several changes of a row within a transaction into one: triggers often write a row again.
fn merged(changes: &[Arc<RowChange>]) -> Vec<(&RowChange, ChangeOperation)> {
    use ChangeOperation::{Delete, Insert, Update};
    let mut merged: Vec<Option<(&RowChange, ChangeOperation)>> = Vec::with_capacity(changes.len());
    let mut places: HashMap<(u64, &[Vec<u8>]), usize> = HashMap::with_capacity(changes.len());
    for change in changes {
        let place = places.insert((change.transaction, &change.key), merged.len());
        let before = place.and_then(|place| merged[place].take());
        merged.push(match (before.map(|(_, operation)| operation), change.operation) {
            // The row existed only within the transaction.
            (Some(Insert), Delete) => None,
            (Some(Insert), _) => Some((change, Insert)),
            // The row existed before the transaction and exists after it.
            (Some(Delete), Insert) => Some((change, Update)),
            (_, operation) => Some((change, operation)),
        });
    }
    merged.into_iter().flatten().collect()
}

/// Returns a change as the engine reads it, with the cursor that the client gets.
fn with_cursor(change: &RowChange, operation: ChangeOperation) -> Change {
    let cursor = Cursor { horizon: change.horizon, transaction: change.transaction, change: change.number };
    Change {
        number: change.number,
        operation,
        key: change.key.clone(),
        changed_at: change.changed_at,
        cursor: cursor.write(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(number: i64, transaction: u64, key: u8, operation: ChangeOperation) -> Arc<RowChange> {
        Arc::new(RowChange {
            number,
            transaction,
            horizon: 1,
            changed_at: 0,
            operation,
            key: vec![vec![key]],
            topics: Vec::new(),
        })
    }

    #[test]
    fn changes_of_a_row_in_a_transaction_are_one() {
        use ChangeOperation::{Delete, Insert, Update};
        let changes = [
            change(1, 1, 1, Insert),
            change(2, 1, 2, Insert),
            change(3, 1, 1, Update),
            change(4, 1, 2, Delete),
            change(5, 2, 1, Update),
            change(6, 2, 1, Update),
            change(7, 3, 1, Update),
            change(8, 3, 1, Delete),
            change(9, 4, 1, Delete),
            change(10, 4, 1, Insert),
        ];
        let merged: Vec<_> = merged(&changes).iter().map(|(it, operation)| (it.number, *operation)).collect();
        assert_eq!(merged, [(3, Insert), (6, Update), (8, Delete), (10, Update)]);
    }
}
