//! Reads rows that have changed, as somebody may see them, and writes what a subscription tells of them.

use super::answer::Answer;
use super::key::Key;
use super::level::Level;
pub(in crate::graph) use super::write::{Change, Out};
use super::{ReferenceCache, load_all, write};
use crate::database::Session;
use crate::graph::catalog::Catalog;
use crate::graph::error::Error;
use crate::graph::plan::Feed;

/// What was read for some changes of a feed.
pub(in crate::graph) struct Rows {
    answers: Vec<Answer>,
    /// Whether the parent of all rows of the feed can be seen.
    pub(in crate::graph) parent_is_seen: bool,
}

/// Reads rows by their primary keys, as their subscriber sees them now. `ask_parent`: and whether their parent can be seen.
pub(in crate::graph) async fn read(
    feed: &Feed,
    keys: &[Vec<Vec<u8>>],
    ask_parent: bool,
    session: &mut Session,
    reference: &ReferenceCache,
) -> Result<Rows, Error> {
    let mut parent_is_seen = false;
    if let Some(parent) = feed.parent.as_ref().filter(|_| ask_parent) {
        let key = Key::from_parts(std::slice::from_ref(&parent.key));
        let level = Level::given(&feed.plan, std::slice::from_ref(&key), [(parent.load, &parent.nothing)]);
        // The last statements of a level end the session, and the rows are read in the next one.
        let answers = load_all(&feed.plan, level, session, reference).await?;
        parent_is_seen = answers[parent.load.0].get(&key).is_some_and(|found| !found.rows.is_empty());
    }
    let keys: Vec<Key> = keys.iter().map(|key| Key::from_parts(key)).collect();
    let level = Level::given(&feed.plan, &keys, feed.selections().map(|selection| (feed.rows, selection)));
    let answers = load_all(&feed.plan, level, session, reference).await?;
    Ok(Rows { answers, parent_is_seen })
}

impl Rows {
    /// Whether a row is there, matches, and can be seen.
    pub(in crate::graph) fn has(&self, feed: &Feed, key: &[Vec<u8>]) -> bool {
        self.answers[feed.rows.0].get(&Key::from_parts(key)).is_some_and(|found| !found.rows.is_empty())
    }

    /// Appends a change as the fields of the feed ask for it.
    pub(in crate::graph) fn write(
        &self,
        catalog: &Catalog,
        feed: &Feed,
        change: &Change<'_>,
        out: Out<'_>,
    ) -> Result<(), Error> {
        write::write_change(catalog, feed, change, &self.answers, out)
    }
}
