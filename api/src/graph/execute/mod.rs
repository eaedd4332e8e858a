//! Runs a plan: level by level, each level's statements in one round trip, then writes the answer as JSON.

mod key;
mod load;
mod reference;
mod thin;
mod write;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use apollo_compiler::response::JsonMap;
use futures_util::future::{BoxFuture, try_join_all};

use self::key::Key;
use self::load::{Batch, Found, LevelLoader, loader};
pub use self::reference::ReferenceCache;
use super::catalog::Catalog;
use super::error::Error;
use super::plan::{
    Connection, ConnectionField, EdgeField, Groups, LoadId, Plan, RootField, RowField, RowSelection, Series,
};
use crate::database::{Row, Session, SessionCounts};

/// What was loaded for a field of a row or of `Query`; its shape follows the plan's.
enum Loaded {
    /// Nothing was needed.
    Nothing,
    /// A system's own fields.
    Namespace(Vec<Loaded>),
    /// The row of each key, and what was loaded below them.
    Rows(HashMap<Key, Arc<Found>>, Vec<Loaded>),
    /// The page of each key.
    Pages(Pages),
    /// The rows of global ids, one entry per type.
    Types(Vec<Loaded>),
}

/// The pages of a connection, one per parent.
struct Pages {
    rows: HashMap<Key, Arc<Found>>,
    /// Numbers over the rows on all pages.
    aggregates: HashMap<Key, Arc<Found>>,
    /// Rows thinned for charts, one entry per load of the connection's.
    points: Vec<HashMap<Key, Arc<Found>>>,
    /// Below the rows: one entry per field of the connection, of which each has one per field of the row.
    fields: Vec<Vec<Vec<Loaded>>>,
}

/// Loads everything that a plan asks for and appends the response's `data`. `introspection`: the answers to `__schema`
/// and `__type`.
pub(super) async fn run(
    catalog: &Catalog,
    plan: &Plan,
    session: Session,
    reference: &ReferenceCache,
    introspection: &JsonMap,
    out: &mut Vec<u8>,
) -> (Result<(), Error>, SessionCounts) {
    let loaders = plan.loads.iter().map(|_| OnceLock::new()).collect();
    let execution = Execution { catalog, plan, session: &session, reference, loaders };
    let loaded = try_join_all(plan.fields.iter().map(|field| execution.root(&field.value))).await;
    drop(execution);
    let counts = session.counts();
    // The connection is free for others while the answer is written.
    drop(session);
    let written = loaded.map(|loaded| write::write_data(catalog, plan, &loaded, introspection, out));
    (written, counts)
}

struct Execution<'a> {
    catalog: &'a Catalog,
    plan: &'a Plan,
    session: &'a Session,
    reference: &'a ReferenceCache,
    loaders: Vec<OnceLock<LevelLoader<'a>>>,
}

impl Execution<'_> {
    fn root<'s>(&'s self, field: &'s RootField) -> BoxFuture<'s, Result<Loaded, Error>> {
        Box::pin(async move {
            Ok(match field {
                RootField::Typename(_) | RootField::Introspection => Loaded::Nothing,
                RootField::Namespace(fields) => {
                    Loaded::Namespace(try_join_all(fields.iter().map(|field| self.root(&field.value))).await?)
                }
                RootField::One(lookup) => {
                    let key = Key::from_parts(&lookup.key);
                    self.rows(lookup.load, vec![key], &lookup.selection).await?
                }
                RootField::Nodes(nodes) => {
                    let types = nodes.types.iter().enumerate().map(|(at, (load, selection))| {
                        let ids = nodes.ids.iter().filter(move |(of, _)| *of == at);
                        self.rows(*load, ids.map(|(_, key)| Key::from_parts(key)).collect(), selection)
                    });
                    Loaded::Types(try_join_all(types).await?)
                }
                RootField::Connection(connection) => self.pages(connection, vec![Key::Whole]).await?,
                RootField::Groups(Groups { load, .. }) | RootField::Series(Series { load, .. }) => {
                    self.only_rows(*load, vec![Key::Whole]).await?
                }
            })
        })
    }

    async fn rows(&self, load: LoadId, keys: Vec<Key>, selection: &RowSelection) -> Result<Loaded, Error> {
        let found = self.load(load, keys).await?;
        let below = self.below(selection, &found).await?;
        Ok(Loaded::Rows(found, below))
    }

    /// Rows that point to nothing else.
    async fn only_rows(&self, load: LoadId, keys: Vec<Key>) -> Result<Loaded, Error> {
        Ok(Loaded::Rows(self.load(load, keys).await?, Vec::new()))
    }

    async fn pages(&self, connection: &Connection, keys: Vec<Key>) -> Result<Loaded, Error> {
        let load = async |load: Option<LoadId>, keys| match load {
            Some(load) => self.load(load, keys).await,
            None => Ok(HashMap::new()),
        };
        let aggregate_keys = if connection.aggregate.is_some() { keys.clone() } else { Vec::new() };
        let points = try_join_all(connection.points.iter().map(|load| self.load(*load, keys.clone())));
        let (points, rows, aggregates) = futures_util::try_join!(
            points,
            load(connection.page, keys),
            load(connection.aggregate, aggregate_keys)
        )?;
        let fields = try_join_all(connection.fields.iter().map(|field| async {
            match &field.value {
                ConnectionField::Nodes(selection) => Ok(vec![self.below(selection, &rows).await?]),
                ConnectionField::Edges(edges) => {
                    try_join_all(edges.iter().map(|edge| async {
                        match &edge.value {
                            EdgeField::Node(selection) => self.below(selection, &rows).await,
                            EdgeField::Typename | EdgeField::Cursor => Ok(Vec::new()),
                        }
                    }))
                    .await
                }
                ConnectionField::Points(at, selection) => {
                    Ok(vec![self.below(selection, &points[*at]).await?])
                }
                ConnectionField::Typename
                | ConnectionField::PageInfo(_)
                | ConnectionField::TotalCount(_)
                | ConnectionField::Aggregate(_) => Ok(Vec::new()),
            }
        }))
        .await?;
        Ok(Loaded::Pages(Pages { rows, aggregates, points, fields }))
    }

    /// Loads what the rows of one level point to; one entry per field of the selection.
    fn below<'s>(
        &'s self,
        selection: &'s RowSelection,
        parents: &'s HashMap<Key, Arc<Found>>,
    ) -> BoxFuture<'s, Result<Vec<Loaded>, Error>> {
        Box::pin(async move {
            try_join_all(selection.fields.iter().map(|field| async {
                match &field.value {
                    RowField::Typename | RowField::GlobalId(_) | RowField::Column(..) => Ok(Loaded::Nothing),
                    RowField::One { load, key, selection } => {
                        self.rows(*load, keys(parents, key), selection).await
                    }
                    RowField::Groups { key, groups: Groups { load, .. } }
                    | RowField::Series { key, series: Series { load, .. } } => {
                        self.only_rows(*load, keys(parents, key)).await
                    }
                    RowField::Many { key, connection } => self.pages(connection, keys(parents, key)).await,
                }
            }))
            .await
        })
    }

    async fn load(&self, load: LoadId, keys: Vec<Key>) -> Result<HashMap<Key, Arc<Found>>, Error> {
        if keys.is_empty() {
            return Ok(HashMap::new());
        }
        let loader = self.loaders[load.0].get_or_init(|| {
            loader(Batch {
                load: &self.plan.loads[load.0],
                catalog: self.catalog,
                session: self.session,
                reference: self.reference,
            })
        });
        loader.load_many(keys).await.into_iter().map(|(key, found)| Ok((key, found?))).collect()
    }
}

fn keys(parents: &HashMap<Key, Arc<Found>>, positions: &[usize]) -> Vec<Key> {
    let rows = parents.values().flat_map(|found| found.rows.iter());
    rows.filter_map(|row: &Row| Key::of(row, positions)).collect()
}
