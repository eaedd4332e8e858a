//! A subscriber that was here before is told what it has missed, and then what comes, without a gap in between.

use std::sync::Arc;

use super::change::Announcement;
use super::change_feed::Feeds;
use super::cursor::Cursor;
use super::history::{History, is_forgotten};
use super::outbox::{Event, OperationId, Outbox};
use super::registry::Watch;
use crate::graph::{Code, Error};

/// Changes that are read again for a subscriber at most.
const MOST_CHANGES: usize = 10_000;

/// Tells a subscriber, whose group holds back what comes meanwhile, what has changed since a cursor.
pub(super) async fn resume(
    feeds: &Feeds,
    watch: &Watch,
    cursor: Cursor,
    outbox: &Outbox,
    operation: OperationId,
) -> Result<(), Error> {
    let group = watch.group();
    let subscription = &group.subscription;
    let catalog = feeds.engine().catalog();
    let table = catalog.table(subscription.topic().table());
    let failed = |error| Error::from(&error);

    // The group has been told of this subscriber before: what is not read here, it will hold.
    let mut history = History::since(feeds.pool(), catalog, cursor.horizon, table);
    let mut known = group.known();
    loop {
        let permit = feeds.permit(&group.caller).await;
        let page = history.next(cursor.horizon).await;
        drop(permit);
        let Some(page) = page.map_err(failed)? else { break };
        let page: Vec<Arc<Announcement>> = page
            .into_iter()
            .filter(|change| change.topics.contains(subscription.topic()))
            .map(Arc::new)
            .collect();
        if !known.add(&page) || known.count() > MOST_CHANGES {
            return Err(gone("Too much has changed meanwhile."));
        }
        let is_new = |change: &&Arc<Announcement>| {
            subscription.concerns(change.operation) && !cursor.covers(change.transaction, change.number)
        };
        let missed: Vec<_> = page.iter().filter(is_new).map(Arc::clone).collect();
        for changes in missed.chunks(subscription.batch()) {
            let deliveries = group.read(feeds, changes).await?;
            if !deliveries.is_empty() {
                outbox.send(Event::Next(operation, deliveries.into())).await;
            }
        }
    }
    // Asked afterwards: what was forgotten while it was read counts as well.
    let permit = feeds.permit(&group.caller).await;
    let forgotten = is_forgotten(feeds.pool(), cursor.horizon).await;
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
