//! Resumes a subscription after a cursor: the subscriber receives the changes since then, and then the new ones, without a gap.

use std::sync::Arc;

use super::change::RowChange;
use super::cursor::Cursor;
use super::history::{History, were_deleted};
use super::outbox::{Event, OperationId, Outbox};
use super::reader::Reader;
use super::registry::ActiveSubscription;
use crate::database::Pool;
use crate::graph::{Code, Error};

/// Largest number of missed changes that a subscriber may receive.
const MOST_CHANGES: usize = 10_000;

/// Sends a subscriber the changes since a cursor. Its group holds back new changes meanwhile.
pub(super) async fn resume(
    pool: &Pool,
    reader: &Reader,
    active: &ActiveSubscription,
    cursor: Cursor,
    outbox: &Outbox,
    operation: OperationId,
) -> Result<(), Error> {
    let group = active.group();
    let subscription = &group.subscription;
    let catalog = reader.catalog();
    let table = catalog.table(subscription.topic().table());
    let failed = |error| Error::from(&error);

    // The group has the subscriber already: it holds back every change that is not read here.
    let mut history = History::since(pool, catalog, cursor.horizon, table);
    let mut received = group.received_changes();
    loop {
        let permit = reader.permit(&group.caller).await;
        let page = history.next(cursor.horizon).await;
        drop(permit);
        let Some(page) = page.map_err(failed)? else { break };
        let page: Vec<Arc<RowChange>> = page
            .into_iter()
            .filter(|change| change.topics.contains(subscription.topic()))
            .map(Arc::new)
            .collect();
        if !received.add(&page) || received.count() > MOST_CHANGES {
            return Err(gone("Too many rows have changed meanwhile."));
        }
        let is_new = |change: &&Arc<RowChange>| {
            subscription.concerns(change.operation) && !cursor.covers(change.transaction, change.number)
        };
        let missed: Vec<_> = page.iter().filter(is_new).map(Arc::clone).collect();
        for changes in missed.chunks(subscription.batch()) {
            let deliveries = reader.read(subscription, &group.caller, changes).await?;
            if !deliveries.is_empty() {
                outbox.send(Event::Next(operation, deliveries.into())).await;
            }
        }
    }
    // Checked afterwards: a change that was deleted during the read counts as missed.
    let permit = reader.permit(&group.caller).await;
    let forgotten = were_deleted(pool, cursor.horizon).await;
    drop(permit);
    if forgotten.map_err(failed)? {
        return Err(gone("The changes since the cursor are no longer stored."));
    }
    group.release(active.number(), received);
    Ok(())
}

fn gone(why: &str) -> Error {
    Error::new(Code::Gone, format!("{why} Load the data anew and subscribe without `after`."))
}
