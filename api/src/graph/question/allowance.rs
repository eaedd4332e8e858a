//! The limits of the filters, orders and keys of one request together. Postgres's planner takes time for each relation and condition, and
//! some comparisons take time for each character of their operand.

use crate::database::Parameter;
use crate::graph::arguments::ArgumentError;
use crate::graph::limits::Limits;

/// The numbers that count towards a request's limits so far.
pub(in crate::graph) struct Allowance<'l> {
    limits: &'l Limits,
    conditions: usize,
    relations: usize,
    bytes: usize,
}

impl<'l> Allowance<'l> {
    pub(in crate::graph) fn new(limits: &'l Limits) -> Self {
        Self { limits, conditions: 0, relations: 0, bytes: 0 }
    }

    /// Returns the number of relations so far.
    pub(in crate::graph) fn relations(&self) -> usize {
        self.relations
    }

    /// Counts a condition. `argument` returns its place.
    pub(in crate::graph) fn condition(
        &mut self,
        argument: impl FnOnce() -> String,
    ) -> Result<(), ArgumentError> {
        self.conditions += 1;
        let most = self.limits.conditions;
        within(self.conditions, most, argument, || {
            format!("the filters of a request have at most {most} conditions")
        })
    }

    /// Counts a relation that a filter, order or key follows. `depth` is the number of relations on its path.
    pub(in crate::graph) fn relation(
        &mut self,
        depth: usize,
        argument: impl Fn() -> String,
    ) -> Result<(), ArgumentError> {
        let Limits { relation_depth: deepest, relations: most, .. } = self.limits;
        within(depth, *deepest, &argument, || format!("at most {deepest} relations are nested"))?;
        self.relations += 1;
        within(self.relations, *most, argument, || {
            format!("the filters, orders and keys of a request go through at most {most} relations")
        })
    }

    /// Counts the bytes of a value that rows are compared with.
    pub(in crate::graph) fn operand(
        &mut self,
        value: &Parameter,
        argument: impl FnOnce() -> String,
    ) -> Result<(), ArgumentError> {
        self.bytes += value.value.as_ref().map_or(0, Vec::len);
        let most = self.limits.operands;
        within(self.bytes, most, argument, || {
            format!("the values in the filters of a request have at most {most} bytes")
        })
    }

    /// Checks the length of a list of values.
    pub(in crate::graph) fn list(
        &self,
        length: usize,
        argument: impl FnOnce() -> String,
    ) -> Result<(), ArgumentError> {
        let most = self.limits.listed;
        within(length, most, argument, || format!("a list in a filter has at most {most} values"))
    }

    /// Checks the length of a pattern, which a comparison reads again for each row.
    pub(in crate::graph) fn pattern(
        &self,
        length: usize,
        argument: impl FnOnce() -> String,
    ) -> Result<(), ArgumentError> {
        pattern(self.limits, length, argument)
    }
}

/// Checks the length of a pattern or of a text to search for, in characters.
pub(in crate::graph) fn pattern(
    limits: &Limits,
    length: usize,
    argument: impl FnOnce() -> String,
) -> Result<(), ArgumentError> {
    let most = limits.pattern;
    within(length, most, argument, || format!("a pattern has at most {most} characters"))
}

/// Checks the number of fields by which a list is ordered or grouped.
pub(in crate::graph) fn terms(limits: &Limits, number: usize, argument: &str) -> Result<(), ArgumentError> {
    let most = limits.terms;
    within(
        number,
        most,
        || argument.to_owned(),
        || format!("a list is ordered or grouped by at most {most} fields"),
    )
}

fn within(
    number: usize,
    most: usize,
    argument: impl FnOnce() -> String,
    message: impl FnOnce() -> String,
) -> Result<(), ArgumentError> {
    if number > most { Err(ArgumentError::exceeded(&argument(), message())) } else { Ok(()) }
}
