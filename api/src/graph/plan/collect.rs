//! Implements `CollectFields` of the GraphQL specification: it expands fragments, applies `@skip` and `@include`, and merges fields with
//! equal response keys.

use foldhash::{HashMap, HashSet};

use crate::graph::arguments::Inputs;
use crate::graph::document::{Document, Field, FragmentId, Selected, Selection};
use crate::graph::error::Error;

/// The fields with one response key. The first one's name and arguments apply; the selections of all are merged.
pub(super) struct Collected<'a> {
    pub(super) fields: Vec<&'a Field>,
}

impl<'a> Collected<'a> {
    pub(super) fn first(&self) -> &'a Field {
        self.fields[0]
    }

    pub(super) fn selections(&self) -> Vec<&'a [Selection]> {
        self.fields.iter().map(|field| field.selections.as_slice()).collect()
    }
}

/// Collects the fields of selection sets on the object type `type_name`. It fails if a condition of `@skip` or `@include` is invalid.
pub(super) fn collect<'a>(
    document: &'a Document,
    inputs: &Inputs<'_>,
    selections: &[&'a [Selection]],
    type_name: &str,
) -> Result<Vec<Collected<'a>>, Error> {
    let mut collector = Collector {
        document,
        inputs,
        type_name,
        visited: HashSet::default(),
        at: HashMap::default(),
        found: Vec::new(),
    };
    for selections in selections {
        collector.visit(selections)?;
    }
    Ok(collector.found)
}

struct Collector<'a, 'v> {
    document: &'a Document,
    inputs: &'v Inputs<'v>,
    type_name: &'v str,
    visited: HashSet<FragmentId>,
    at: HashMap<&'a str, usize>,
    found: Vec<Collected<'a>>,
}

impl<'a> Collector<'a, '_> {
    fn visit(&mut self, selections: &'a [Selection]) -> Result<(), Error> {
        for Selection { conditions, of } in selections {
            if !self.inputs.are_met(conditions)? {
                continue;
            }
            match of {
                Selected::Field(field) => {
                    if let Some(at) = self.at.get(&*field.key) {
                        self.found[*at].fields.push(field);
                    } else {
                        self.at.insert(&field.key, self.found.len());
                        self.found.push(Collected { fields: vec![field] });
                    }
                }
                Selected::Spread(id) => {
                    if self.visited.insert(*id)
                        && let Some((on, selections)) = self.document.fragment(*id)
                        && self.applies(Some(on))
                    {
                        self.visit(selections)?;
                    }
                }
                Selected::Inline(on, selections) => {
                    if self.applies(on.as_deref()) {
                        self.visit(selections)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Returns true if a fragment on a type applies. The only abstract type is `Node`, which every table's type implements; validation
    /// has refused all other fragments on other types.
    fn applies(&self, on: Option<&str>) -> bool {
        on.is_none_or(|on| on == self.type_name || on == "Node")
    }
}
