//! The planner: it walks an operation and makes its plan.
//!
//! This file holds the state of the walk: loads, limits, places. The other files of the folder plan one kind of field each.

mod aggregates;
mod connections;
mod finish;
mod groups;
mod introspection;
mod loads;
mod mutations;
mod points;
mod root;
mod rows;
mod series;
mod subscriptions;

use foldhash::HashMap;

use self::loads::{LoadDraft, LoadKey};
use super::collect::{Collected, collect};
use super::{KeySource, Keyed, LoadId, LoadNode, Plan, RequestPlace, Trial};
use crate::graph::arguments::{ArgumentError, Arguments, Inputs, Reading};
use crate::graph::catalog::Catalog;
use crate::graph::document::{Document, Field, Operation, Selection};
use crate::graph::error::{Code, Error, PathSegment};
use crate::graph::limits::Limits;
use crate::graph::question::allowance::Allowance;

/// Plans a validated query. `trial` is a part to leave out.
pub(crate) fn plan(
    catalog: &Catalog,
    limits: &Limits,
    document: &Document,
    operation: &Operation,
    inputs: &Inputs<'_>,
    trial: Option<&Trial>,
) -> Result<Plan, Error> {
    let mut planner = Planner { trial, ..Planner::new(catalog, limits, document, inputs) };
    let fields = planner.root(&[operation.selections.as_slice()], "Query", None)?;
    let (loads, load_tree) = planner.take_loads()?;
    Ok(Plan { fields, load_tree, loads, cost: planner.cost })
}

struct Planner<'a> {
    catalog: &'a Catalog,
    limits: &'a Limits,
    document: &'a Document,
    inputs: &'a Inputs<'a>,
    trial: Option<&'a Trial>,
    drafts: Vec<LoadDraft<'a>>,
    interned: HashMap<LoadKey, LoadId>,
    /// The nodes of the loads at the planner's position: the roots of the tree, or the children of one node.
    load_tree: Vec<LoadNode>,
    /// The source of the keys of the loads that are added at this position.
    keys: KeySource,
    /// The fields from the root to the planner's position.
    path: Vec<&'a Field>,
    allowance: Allowance<'a>,
    fields: usize,
    cost: u64,
    /// True if reference tables are read from the database instead of the cache: the request writes one of them, or a subscription reads
    /// changed rows of one.
    fresh: bool,
}

pub(crate) use mutations::plan_mutation;
pub(crate) use subscriptions::plan_subscription;

type Planned<T> = Result<T, Error>;

impl<'a> Planner<'a> {
    fn new(catalog: &'a Catalog, limits: &'a Limits, document: &'a Document, inputs: &'a Inputs<'a>) -> Self {
        Self {
            catalog,
            limits,
            document,
            inputs,
            trial: None,
            drafts: Vec::new(),
            interned: HashMap::default(),
            load_tree: Vec::new(),
            keys: KeySource::Whole,
            path: Vec::new(),
            allowance: Allowance::new(limits),
            fields: 0,
            cost: 0,
            fresh: false,
        }
    }

    /// Collects the fields of selection sets on an object type.
    fn collect(&self, sets: &[&'a [Selection]], type_name: &str) -> Planned<Vec<Collected<'a>>> {
        collect(self.document, self.inputs, sets, type_name).map_err(|error| {
            let path = self.path.last().map(|field| self.place(field).path);
            self.document.pinpoint(Error { path: path.unwrap_or_default(), ..error })
        })
    }

    /// Returns the arguments of a field that reads.
    fn arguments(&self, field: &'a Field) -> Planned<Arguments<'a>> {
        self.arguments_by(field, |_| Reading::Optional)
    }

    /// Returns the arguments of a field. `reading` returns how an argument is read, by its name.
    fn arguments_by(&self, field: &'a Field, reading: impl Fn(&str) -> Reading) -> Planned<Arguments<'a>> {
        let mut arguments =
            self.inputs.arguments(field, reading).map_err(|error| self.refuse(field, error))?;
        if let Some(trial) = self.trial {
            trial.apply(&self.place(field).path, &mut arguments);
        }
        Ok(arguments)
    }

    /// Plans each collected field of an object under its response key, within the limits of depth and number. `objects` is the largest
    /// number of such objects in the answer, which is added to the cost.
    fn each<T>(
        &mut self,
        collected: &[Collected<'a>],
        objects: u64,
        mut plan: impl FnMut(&mut Self, &'a Field, &Collected<'a>) -> Planned<T>,
    ) -> Planned<Vec<Keyed<T>>> {
        self.spend(objects)?;
        let mut planned = Vec::with_capacity(collected.len());
        for collected in collected {
            let field = collected.first();
            let key = field.key.to_string();
            self.path.push(field);
            self.fields += 1;
            if self.path.len() > self.limits.depth {
                return Err(
                    self.exceeded(field, format!("A request nests at most {} levels.", self.limits.depth))
                );
            }
            if self.fields > self.limits.fields {
                return Err(
                    self.exceeded(field, format!("A request has at most {} fields.", self.limits.fields))
                );
            }
            let value = plan(self, field, collected)?;
            self.path.pop();
            planned.push(Keyed { key, value });
        }
        Ok(planned)
    }

    /// Adds to the cost of the request. An error has the place of the planner's position.
    fn spend(&mut self, cost: u64) -> Planned<()> {
        self.charge(cost).map_err(|error| match self.path.last() {
            Some(field) => {
                let place = self.place(field);
                error.at(&place.path, place.location)
            }
            None => error,
        })
    }

    /// Adds to the cost of the request. An error has no place yet.
    fn charge(&mut self, cost: u64) -> Planned<()> {
        self.cost = self.cost.saturating_add(cost);
        if self.cost <= self.limits.cost {
            return Ok(());
        }
        Err(Error::new(
            Code::LimitExceeded,
            format!(
                "The answer could have more than {} objects (page sizes multiply down the tree). Ask for smaller pages \
                 with `first`, for fewer points with `max`, or for a span of time with `from` and `to`.",
                self.limits.cost
            ),
        ))
    }

    fn place(&self, field: &Field) -> RequestPlace {
        let path = self.path.iter().map(|field| PathSegment::Field(field.key.to_string()));
        RequestPlace { path: path.collect(), location: Some(field.location) }
    }

    fn refuse(&self, field: &Field, error: ArgumentError) -> Error {
        self.refuse_at(&self.place(field), error)
    }

    fn refuse_at(&self, field: &RequestPlace, error: ArgumentError) -> Error {
        self.document.pinpoint(error.into_error().at(&field.path, field.location))
    }

    fn exceeded(&self, field: &Field, message: String) -> Error {
        let place = self.place(field);
        Error::new(Code::LimitExceeded, message).at(&place.path, place.location)
    }
}
