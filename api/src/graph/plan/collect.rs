//! `CollectFields` of the GraphQL specification: which fields a selection set has, once fragments are put in, `@skip` and
//! `@include` are decided and equal response keys are merged.

use std::collections::{HashMap, HashSet};

use apollo_compiler::executable::{ExecutableDocument, Field, Selection, SelectionSet};
use apollo_compiler::{Name, Node, ast};

use crate::graph::arguments::{ArgumentError, Inputs};

/// Fields under one response key; the first decides name and arguments, all contribute selections.
pub(super) struct Collected<'a> {
    pub(super) fields: Vec<&'a Node<Field>>,
}

impl<'a> Collected<'a> {
    pub(super) fn first(&self) -> &'a Node<Field> {
        self.fields[0]
    }

    pub(super) fn selection_sets(&self) -> Vec<&'a SelectionSet> {
        self.fields.iter().map(|field| &field.selection_set).collect()
    }
}

/// Collects the fields that the selection sets have on the object type `type_name`; the error is of a `@skip` or `@include`.
pub(super) fn collect<'a>(
    document: &'a ExecutableDocument,
    inputs: &Inputs<'_>,
    sets: &[&'a SelectionSet],
    type_name: &str,
) -> Result<Vec<Collected<'a>>, ArgumentError> {
    let mut collector = Collector {
        document,
        inputs,
        type_name,
        visited: HashSet::new(),
        at: HashMap::new(),
        found: Vec::new(),
    };
    for set in sets {
        collector.visit(set)?;
    }
    Ok(collector.found)
}

struct Collector<'a, 'v> {
    document: &'a ExecutableDocument,
    inputs: &'v Inputs<'v>,
    type_name: &'v str,
    visited: HashSet<&'a Name>,
    at: HashMap<&'a Name, usize>,
    found: Vec<Collected<'a>>,
}

impl<'a> Collector<'a, '_> {
    fn visit(&mut self, set: &'a SelectionSet) -> Result<(), ArgumentError> {
        for selection in &set.selections {
            if !self.is_included(selection.directives())? {
                continue;
            }
            match selection {
                Selection::Field(field) => {
                    let key = field.response_key();
                    if let Some(at) = self.at.get(key) {
                        self.found[*at].fields.push(field);
                    } else {
                        self.at.insert(key, self.found.len());
                        self.found.push(Collected { fields: vec![field] });
                    }
                }
                Selection::FragmentSpread(spread) => {
                    if self.visited.insert(&spread.fragment_name)
                        && let Some(fragment) = self.document.fragments.get(&spread.fragment_name)
                        && self.applies(Some(&fragment.selection_set.ty))
                    {
                        self.visit(&fragment.selection_set)?;
                    }
                }
                Selection::InlineFragment(fragment) => {
                    if self.applies(fragment.type_condition.as_ref()) {
                        self.visit(&fragment.selection_set)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn is_included(&self, directives: &ast::DirectiveList) -> Result<bool, ArgumentError> {
        let holds = |name: &str| {
            let directive = directives.get(name);
            directive.map(|directive| self.inputs.holds(directive)).transpose()
        };
        Ok(holds("skip")? != Some(true) && holds("include")? != Some(false))
    }

    /// The only abstract type is `Node`, which every table's type implements; validation has refused the rest.
    fn applies(&self, condition: Option<&Name>) -> bool {
        condition.is_none_or(|condition| condition == self.type_name || condition == "Node")
    }
}
