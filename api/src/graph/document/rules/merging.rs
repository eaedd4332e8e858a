//! Checks the rule Field Selection Merging: fields with the same response key are one field.
//!
//! Selections are merged as an answer merges them, and each merged selection is checked once: all fields with one key have one
//! shape, whatever the object's type; and all that one object can have are the same field with equal arguments. Each field is
//! compared only with the first of its key, since both relations are equivalences. The work grows with the fields with fragments
//! expanded, except for parents that are interfaces, which count for each of their objects; so there is a budget.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql::registry::{MetaType, MetaTypeName, Registry};
use async_graphql::{Name, Pos, Positioned};

use super::super::Value;
use super::super::expanded::of_value;
use super::super::order::{Definition, definitions};
use super::super::scan::{Literals, Numbers};
use super::Mistake;
use super::outline::root_of;
use crate::graph::error::Code;

/// The most fields and values that are compared; many more than a document within the default limits has.
const MOST_COMPARISONS: u64 = 200_000;

pub(super) fn check<'r>(
    registry: &'r Registry,
    document: &ExecutableDocument,
    numbers: &Numbers,
    mistakes: &mut Vec<Mistake<'r>>,
) {
    let mut merging = Merging {
        registry,
        document,
        numbers,
        shapes: HashSet::new(),
        fields: HashSet::new(),
        comparisons: 0,
        reported: HashSet::new(),
        mistakes: Vec::new(),
    };
    for definition in definitions(document) {
        // Fragments are checked within operations; a fragment that no operation spreads is refused anyway.
        let Definition::Operation(operation) = definition else { continue };
        let root = root_of(registry, &operation.node);
        let set = vec![(&operation.node.selection_set.node, root)];
        merging.same_field(&set);
        merging.same_shape(&set);
        if merging.comparisons > MOST_COMPARISONS {
            let message = "The document has too many fields with the same response keys.";
            mistakes.push(Mistake { code: Code::LimitExceeded, ..Mistake::new(operation.pos, message) });
            return;
        }
    }
    mistakes.append(&mut merging.mistakes);
}

/// A selection, and the type of its object.
type Set<'r, 'd> = (&'d SelectionSet, Option<&'r MetaType>);

#[derive(Clone, Copy)]
struct Selected<'r, 'd> {
    parent: Option<&'r MetaType>,
    field: &'d Positioned<Field>,
    ty: Option<&'r str>,
}

impl<'r> Selected<'r, '_> {
    fn object(&self) -> Option<&'r str> {
        self.parent.filter(|parent| matches!(parent, MetaType::Object { .. })).map(MetaType::name)
    }
}

struct Merging<'r, 'd> {
    registry: &'r Registry,
    document: &'d ExecutableDocument,
    numbers: &'d Numbers,
    /// Merged selections whose shapes are checked.
    shapes: HashSet<Vec<usize>>,
    /// Merged selections whose fields are checked.
    fields: HashSet<Vec<usize>>,
    /// The number of fields and values compared so far.
    comparisons: u64,
    /// Fields with a reported conflict.
    reported: HashSet<Pos>,
    mistakes: Vec<Mistake<'r>>,
}

impl<'r, 'd> Merging<'r, 'd> {
    /// Checks that fields with the same key have the same shape.
    fn same_shape(&mut self, sets: &[Set<'r, 'd>]) {
        if !is_new(&mut self.shapes, sets) || self.comparisons > MOST_COMPARISONS {
            return;
        }
        for fields in self.by_name(sets) {
            let Some((first, others)) = fields.split_first() else { continue };
            for other in others {
                if let (Some(one), Some(ty)) = (first.ty, other.ty)
                    && !self.is_alike(one, ty)
                {
                    return self.conflict(other, &format!("they have the types `{one}` and `{ty}`"));
                }
            }
            self.same_shape(&self.below(&fields));
        }
    }

    fn is_alike(&self, one: &str, other: &str) -> bool {
        match (MetaTypeName::create(one), MetaTypeName::create(other)) {
            (MetaTypeName::NonNull(one), MetaTypeName::NonNull(other))
            | (MetaTypeName::List(one), MetaTypeName::List(other)) => self.is_alike(one, other),
            (MetaTypeName::Named(one), MetaTypeName::Named(other)) => {
                let has_fields = |name| self.registry.types.get(name).is_some_and(MetaType::is_composite);
                one == other || (has_fields(one) && has_fields(other))
            }
            _ => false,
        }
    }

    /// Checks that fields of one object with the same key are the same field.
    fn same_field(&mut self, sets: &[Set<'r, 'd>]) {
        if !is_new(&mut self.fields, sets) || self.comparisons > MOST_COMPARISONS {
            return;
        }
        for fields in self.by_name(sets) {
            for group in self.of_one_object(fields) {
                let Some((first, others)) = group.split_first() else { continue };
                for other in others {
                    let (one, name) = (&first.field.node.name.node, &other.field.node.name.node);
                    if one != name {
                        return self.conflict(other, &format!("`{one}` and `{name}` are different fields"));
                    }
                    if !self.same_arguments(&first.field.node, &other.field.node) {
                        return self.conflict(other, "they have different arguments");
                    }
                }
                self.same_field(&self.below(&group));
            }
        }
    }

    /// Returns groups of fields that one object may have: those of each object type, with those of its interfaces.
    fn of_one_object(&mut self, fields: Vec<Selected<'r, 'd>>) -> Vec<Vec<Selected<'r, 'd>>> {
        let mut objects: Vec<&str> = fields.iter().filter_map(Selected::object).collect();
        objects.sort_unstable();
        objects.dedup();
        if objects.len() < 2 {
            return vec![fields];
        }
        let (abstracts, mut concretes): (Vec<_>, Vec<_>) =
            fields.into_iter().partition(|field| field.object().is_none());
        concretes.sort_by_key(Selected::object);
        let groups = concretes.chunk_by(|one, other| one.object() == other.object());
        let groups: Vec<_> = groups.map(|group| [group, &abstracts].concat()).collect();
        self.comparisons += (groups.len() * abstracts.len()) as u64;
        groups
    }

    fn conflict(&mut self, field: &Selected<'r, 'd>, why: &str) {
        if !self.reported.insert(field.field.pos) {
            return;
        }
        let key = field.field.node.response_key();
        let message = format!(
            "Fields with the response key `{}` conflict: {why}. Give one of them an alias.",
            key.node
        );
        self.mistakes.push(Mistake::new(field.field.pos, message));
    }

    /// Returns the fields of merged selections by their keys, with fragments expanded.
    fn by_name(&mut self, sets: &[Set<'r, 'd>]) -> Vec<Vec<Selected<'r, 'd>>> {
        let mut names: HashMap<&'d str, usize> = HashMap::new();
        let mut fields: Vec<Vec<Selected<'r, 'd>>> = Vec::new();
        let mut seen = HashSet::new();
        let mut open: Vec<Set<'r, 'd>> = sets.iter().rev().copied().collect();
        while let Some((set, parent)) = open.pop() {
            self.comparisons += set.items.len() as u64;
            for selection in &set.items {
                match &selection.node {
                    Selection::Field(field) => {
                        let name = field.node.response_key().node.as_str();
                        let at = *names.entry(name).or_insert_with(|| {
                            fields.push(Vec::new());
                            fields.len() - 1
                        });
                        let ty = match field.node.name.node.as_str() {
                            "__typename" => Some("String!"),
                            name => {
                                parent.and_then(|parent| parent.field_by_name(name)).map(|it| it.ty.as_str())
                            }
                        };
                        fields[at].push(Selected { parent, field, ty });
                    }
                    Selection::InlineFragment(fragment) => {
                        let parent = match &fragment.node.type_condition {
                            Some(condition) => self.registry.types.get(condition.node.on.node.as_str()),
                            None => parent,
                        };
                        open.push((&fragment.node.selection_set.node, parent));
                    }
                    Selection::FragmentSpread(spread) => {
                        let name = spread.node.fragment_name.node.as_str();
                        if seen.insert(name)
                            && let Some(fragment) = self.document.fragments.get(name)
                        {
                            let on = fragment.node.type_condition.node.on.node.as_str();
                            open.push((&fragment.node.selection_set.node, self.registry.types.get(on)));
                        }
                    }
                }
            }
        }
        fields
    }

    /// Returns the selections below merged fields.
    fn below(&self, fields: &[Selected<'r, 'd>]) -> Vec<Set<'r, 'd>> {
        let sets = fields.iter().filter(|field| !field.field.node.selection_set.node.items.is_empty());
        sets.map(|field| {
            let ty = field.ty.map(MetaTypeName::concrete_typename);
            (&field.field.node.selection_set.node, ty.and_then(|ty| self.registry.types.get(ty)))
        })
        .collect()
    }

    fn same_arguments(&mut self, one: &Field, other: &Field) -> bool {
        self.comparisons += one.arguments.iter().map(|(_, value)| of_value(&value.node)).sum::<u64>();
        one.arguments.len() == other.arguments.len()
            && one.arguments.iter().all(|(name, value)| {
                let other = other.get_argument(&name.node);
                other.is_some_and(|other| value.node == other.node && self.same_numbers(value, other))
            })
    }

    /// Returns true if two values that are equal to the parser are equal to the last digit.
    fn same_numbers(&self, one: &Positioned<Value>, other: &Positioned<Value>) -> bool {
        if !self.numbers.differ() {
            return true;
        }
        written(one, self.numbers) == written(other, self.numbers)
    }
}

/// Returns true if selections are merged for the first time, and records them.
fn is_new(known: &mut HashSet<Vec<usize>>, sets: &[Set<'_, '_>]) -> bool {
    let mut key: Vec<usize> = sets.iter().map(|(set, _)| std::ptr::from_ref(*set).addr()).collect();
    key.sort_unstable();
    key.dedup();
    !key.is_empty() && known.insert(key)
}

/// Returns the numbers of a value as text, with their paths: the fields of objects may be in any order.
fn written<'d>(value: &'d Positioned<Value>, numbers: &'d Numbers) -> Vec<(Vec<Step<'d>>, &'d str)> {
    let mut written = Vec::new();
    write(&value.node, &mut numbers.within(value.pos), &mut Vec::new(), &mut written);
    written.sort_unstable();
    written
}

/// A step into a value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Step<'d> {
    Item(usize),
    Field(&'d Name),
}

fn write<'d, 'n>(
    value: &'d Value,
    literals: &mut Literals<'n>,
    way: &mut Vec<Step<'d>>,
    written: &mut Vec<(Vec<Step<'d>>, &'n str)>,
) {
    match value {
        Value::Number(_) => written.extend(literals.next().map(|text| (way.clone(), text))),
        Value::List(items) => {
            for (at, item) in items.iter().enumerate() {
                way.push(Step::Item(at));
                write(item, literals, way, written);
                way.pop();
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                way.push(Step::Field(name));
                write(field, literals, way, written);
                way.pop();
            }
        }
        _ => {}
    }
}
