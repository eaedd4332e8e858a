//! A plan made without a part of some arguments, to see whether the database computes with the rest.

use std::sync::OnceLock;

use crate::graph::arguments::{Arguments, Part};
use crate::graph::error::PathSegment;

/// Arguments that hold no values: numbers of rows are part of a statement's text.
const COUNTS: [&str; 2] = ["first", "last"];

/// What to leave out of the arguments of a field.
#[derive(Debug)]
pub(in crate::graph) struct Trial {
    /// The field.
    path: Vec<PathSegment>,
    /// Which part of its arguments, from the argument inwards; nothing: all of them stay.
    part: Vec<String>,
    /// Whether it keeps its place: a text there is empty and a number 0.
    emptied: bool,
    /// Whether nothing is asked of a feed's rows but which there are.
    bare: bool,
    /// What the part consists of, once a plan was made.
    within: OnceLock<Vec<String>>,
}

impl Trial {
    /// Returns a plan with all arguments.
    pub(in crate::graph) fn whole(path: &[PathSegment]) -> Self {
        Self::without(path, Vec::new())
    }

    /// Returns a plan without a part of a field's arguments.
    pub(in crate::graph) fn without(path: &[PathSegment], part: Vec<String>) -> Self {
        Self { path: path.to_vec(), part, emptied: false, bare: false, within: OnceLock::new() }
    }

    /// Returns the same, with nothing in the part's place.
    pub(in crate::graph) fn emptied(&self) -> Self {
        Self { emptied: true, ..Self::without(&self.path, self.part.clone()) }
    }

    /// Returns the same of a feed, of whose rows it is only asked which there are.
    pub(in crate::graph) fn bare(self) -> Self {
        Self { bare: true, ..self }
    }

    pub(super) fn is_bare(&self) -> bool {
        self.bare
    }

    /// Returns the part, as a dotted path: `filter.notes.like`.
    pub(in crate::graph) fn argument(&self) -> String {
        self.part.join(".")
    }

    /// Returns the parts that this one consists of, as far as a plan got.
    pub(in crate::graph) fn parts(&self) -> Vec<Vec<String>> {
        let within = self.within.get().into_iter().flatten();
        within.map(|name| [self.part.as_slice(), std::slice::from_ref(name)].concat()).collect()
    }

    /// Leaves the part out, if these are the arguments of its field.
    pub(super) fn apply(&self, path: &[PathSegment], arguments: &mut Arguments<'_>) {
        if path != self.path {
            return;
        }
        let mut within = arguments.parts(&self.part);
        if self.part.is_empty() {
            within.retain(|name| !COUNTS.contains(&name.as_str()));
        }
        self.within.get_or_init(|| within);
        arguments.edit(&self.part, if self.emptied { Part::Emptied } else { Part::Absent });
    }
}
