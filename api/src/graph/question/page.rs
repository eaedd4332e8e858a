//! The arguments of a connection: its size, cursors and order.

use super::call::Call;
use super::cursor;
use super::order::{self, CursorBound, Term};
use crate::database::Parameter;
use crate::graph::arguments::{ArgumentError, Arguments, Value};
use crate::graph::catalog::{Catalog, ColumnId, Table};
use crate::graph::limits::Limits;

/// The arguments of a connection, checked, without its filter.
#[derive(Clone, Debug)]
pub(in crate::graph) struct Page {
    /// The largest number of rows on the page.
    pub(in crate::graph) limit: u64,
    /// The number of rows to skip.
    pub(in crate::graph) offset: u64,
    /// True if the page is read from the end.
    pub(in crate::graph) backward: bool,
    /// The order as the caller sees it.
    pub(in crate::graph) order: Vec<Term>,
    pub(in crate::graph) after: Option<Vec<Option<Parameter>>>,
    pub(in crate::graph) before: Option<Vec<Option<Parameter>>>,
    /// The bound of both cursors: their rows are excluded from the page or included.
    pub(in crate::graph) bound: CursorBound,
    /// True if the page is a probe: it only shows whether rows exist beyond an end of the requested page.
    pub(in crate::graph) is_probe: bool,
    /// The columns that must have a value in the rows of the page.
    pub(in crate::graph) present: Vec<ColumnId>,
    /// The call of the function that returns the rows.
    pub(in crate::graph) call: Option<Call>,
}

/// Reads the arguments of a connection.
pub(in crate::graph) fn read(
    catalog: &Catalog,
    table: &Table,
    arguments: &Arguments<'_>,
    limits: &Limits,
) -> Result<Page, ArgumentError> {
    let first = size(arguments, "first", limits)?;
    let last = size(arguments, "last", limits)?;
    if first.is_some() && last.is_some() {
        return Err(ArgumentError::new("last", "give either `first` or `last`, not both"));
    }
    let offset = count(arguments, "offset")?.unwrap_or(0);
    if last.is_some() && offset > 0 {
        return Err(ArgumentError::new("offset", "`offset` goes with `first`, not with `last`"));
    }
    let order = order::read(catalog, table, arguments.get("orderBy"), limits)?;
    let named = cursor::named(catalog, table, &order);
    let call = Call::read(catalog, table, arguments, limits)?;
    let cursor = |name: &str| -> Result<_, ArgumentError> {
        let Some(text) = arguments.get(name).and_then(Value::as_str) else { return Ok(None) };
        cursor::read(text, table, call.as_ref(), &named)
            .map(Some)
            .map_err(|message| ArgumentError::new(name, message))
    };
    Ok(Page {
        limit: first.or(last).unwrap_or(limits.default_page),
        offset,
        backward: last.is_some(),
        after: cursor("after")?,
        before: cursor("before")?,
        bound: CursorBound::Excluded,
        is_probe: false,
        order,
        present: Vec::new(),
        call,
    })
}

impl Page {
    /// Returns the probe for rows at the cursor `after` or before it; `None` without that cursor.
    pub(in crate::graph) fn preceding(&self) -> Option<Self> {
        let before = Some(self.after.clone()?);
        Some(Self { backward: true, before, after: None, bound: CursorBound::Included, ..self.probe() })
    }

    /// Returns the probe for rows at the cursor `before` or after it; `None` without that cursor.
    pub(in crate::graph) fn following(&self) -> Option<Self> {
        let after = Some(self.before.clone()?);
        Some(Self { backward: false, after, before: None, bound: CursorBound::Included, ..self.probe() })
    }

    /// Returns the probe for rows that `offset` skips; `None` without an offset.
    pub(in crate::graph) fn skipped(&self) -> Option<Self> {
        (self.offset > 0).then(|| self.probe())
    }

    fn probe(&self) -> Self {
        Self { limit: 0, offset: 0, is_probe: true, ..self.clone() }
    }
}

/// Reads an argument that is the size of a page, within the limit.
pub(in crate::graph) fn size(
    arguments: &Arguments<'_>,
    name: &str,
    limits: &Limits,
) -> Result<Option<u64>, ArgumentError> {
    let size = count(arguments, name)?;
    if size.is_some_and(|size| size > limits.largest_page) {
        let message = format!("a page has at most {} rows", limits.largest_page);
        return Err(ArgumentError::exceeded(name, message));
    }
    Ok(size)
}

/// Reads an argument that is a number of rows.
pub(in crate::graph) fn count(arguments: &Arguments<'_>, name: &str) -> Result<Option<u64>, ArgumentError> {
    let Some(value) = arguments.get(name) else { return Ok(None) };
    value.as_u64().map(Some).ok_or_else(|| {
        let given = value.as_number().unwrap_or_default();
        ArgumentError::new(name, format!("{given} is not a number of rows"))
    })
}
