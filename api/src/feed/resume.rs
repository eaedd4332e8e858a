//! Resuming: a subscriber that gives a cursor receives the changes since then, and then the new ones, without a gap.

use std::sync::Arc;

use super::change::RowChange;
use super::cursor::Cursor;
use super::history::{History, is_forgotten};
use super::outbox::{Event, OperationId, Outbox};
use super::reader::Reader;
use super::registry::Watch;
use crate::database::Pool;
use crate::graph::{Code, Error};

/// Largest number of missed changes that a subscriber may receive.
const MOST_CHANGES: usize = 10_000;

/// Sends a subscriber the changes since a cursor. Its group holds back new changes meanwhile.
pub(super) async fn resume(
    pool: &Pool,
    reader: &Reader,
    watch: &Watch,
    cursor: Cursor,
    outbox: &Outbox,
    operation: OperationId,
) -> Result<(), Error> {
    let group = watch.group();
    let subscription = &group.subscription;
    let catalog = reader.catalog();
    let table = catalog.table(subscription.topic().table());
    let failed = |error| Error::from(&error);

    // The group has the subscriber already: it holds back every change that is not read here.
    let mut history = History::since(pool, catalog, cursor.horizon, table);
    let mut known = group.known();
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
        if !known.add(&page) || known.count() > MOST_CHANGES {
            return Err(gone("Too much has changed meanwhile."));
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
    let forgotten = is_forgotten(pool, cursor.horizon).await;
    drop(permit);
    if forgotten.map_err(failed)? {
        return Err(gone("What has changed meanwhile is no longer known."));
    }
    group.release(watch.number(), known);
    Ok(())
}

fn gone(what: &str) -> Error {
    Error::new(Code::Gone, format!("{what} Load the data anew and subscribe without `after`."))
}
