//! Trials: plans without a part of some arguments, which show whether the database can compute with the rest.

use std::sync::OnceLock;

use crate::graph::arguments::{Arguments, Part};
use crate::graph::error::PathSegment;

/// The arguments that are sizes of pages. They cannot cause an error in the database.
const COUNTS: [&str; 2] = ["first", "last"];

/// The part of a field's arguments that a trial leaves out.
#[derive(Debug)]
pub(in crate::graph) struct Trial {
    /// The path of the field.
    path: Vec<PathSegment>,
    /// The path of the part, from the argument inwards; empty to keep all arguments.
    part: Vec<String>,
    /// True if the part is replaced by an empty text or the number 0 instead of being left out.
    emptied: bool,
    /// True if the plan of a subscription only reads which rows exist, and none of their fields.
    bare: bool,
    /// The names of the parts within this part, once a plan was made.
    within: OnceLock<Vec<String>>,
}

impl Trial {
    /// Returns the trial that keeps all arguments.
    pub(in crate::graph) fn whole(path: &[PathSegment]) -> Self {
        Self::without(path, Vec::new())
    }

    /// Returns the trial without a part of a field's arguments.
    pub(in crate::graph) fn without(path: &[PathSegment], part: Vec<String>) -> Self {
        Self { path: path.to_vec(), part, emptied: false, bare: false, within: OnceLock::new() }
    }

    /// Returns the trial that empties the part instead of leaving it out.
    pub(in crate::graph) fn emptied(&self) -> Self {
        Self { emptied: true, ..Self::without(&self.path, self.part.clone()) }
    }

    /// Returns the trial of a subscription that only reads which rows exist.
    pub(in crate::graph) fn bare(self) -> Self {
        Self { bare: true, ..self }
    }

    pub(super) fn is_bare(&self) -> bool {
        self.bare
    }

    /// Returns the path of the part, with dots: `filter.notes.like`.
    pub(in crate::graph) fn argument(&self) -> String {
        self.part.join(".")
    }

    /// Returns the paths of the parts within this part; none before a plan was made.
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
