//! Collects the parts of a document that refer to the schema, in one walk that the rules share.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{
    Directive, ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::registry::{MetaInputValue, MetaType, MetaTypeName, Registry};
use async_graphql::{Name, Pos, Positioned, indexmap::IndexMap};

use super::super::Value;
use super::super::order::{Definition, definitions};
use super::{Known, Unknown};

/// An argument of a field or directive that the schema defines.
pub(super) struct Argument<'r, 'd> {
    /// The directive, if it is a directive's argument.
    pub(super) directive: Option<&'d str>,
    pub(super) name: Pos,
    pub(super) value: &'d Positioned<Value>,
    pub(super) definition: &'r MetaInputValue,
}

/// An argument whose value contains variables, whether or not the schema defines it.
pub(super) struct ArgumentWithVariables<'d> {
    /// The directive, if it is a directive's argument.
    pub(super) directive: Option<&'d str>,
    pub(super) name: &'d str,
    pub(super) value: &'d Positioned<Value>,
}

/// A missing argument of a field or directive.
pub(super) struct Missing<'r> {
    /// The field, or the directive with its mark: `@skip`.
    pub(super) of: String,
    pub(super) place: Pos,
    /// The position at which async-graphql reports it.
    pub(super) reported_at: Pos,
    pub(super) definition: &'r MetaInputValue,
}

/// The parts of one definition, without those of fragments that it spreads.
pub(super) struct Scope<'r, 'd> {
    pub(super) definition: Definition<'d>,
    pub(super) arguments: Vec<Argument<'r, 'd>>,
    pub(super) given: Vec<ArgumentWithVariables<'d>>,
    pub(super) spreads: Vec<&'d str>,
}

/// The parts of a whole document.
pub(super) struct Outline<'r, 'd> {
    registry: &'r Registry,
    /// The scopes, in the order of the text.
    pub(super) scopes: Vec<Scope<'r, 'd>>,
    /// Fields that the schema defines, with their types in its notation.
    pub(super) fields: Vec<(&'d Positioned<Field>, &'r str)>,
    /// Fields `__typename`.
    pub(super) typenames: Vec<&'d Positioned<Field>>,
    pub(super) unknown: Vec<(Pos, Unknown<'r>)>,
    pub(super) missing: Vec<Missing<'r>>,
    /// The type conditions of fragments.
    pub(super) conditions: Vec<(Pos, &'d str)>,
    /// Arguments that a directive does not define.
    pub(super) unknown_of_directives: Vec<(&'d Positioned<Directive>, Pos, Unknown<'r>)>,
}

impl<'r, 'd> Outline<'r, 'd> {
    pub(super) fn of(registry: &'r Registry, document: &'d ExecutableDocument) -> Self {
        let mut outline = Self {
            registry,
            scopes: Vec::new(),
            fields: Vec::new(),
            typenames: Vec::new(),
            unknown: Vec::new(),
            missing: Vec::new(),
            conditions: Vec::new(),
            unknown_of_directives: Vec::new(),
        };
        for definition in definitions(document) {
            let mut scope =
                Scope { definition, arguments: Vec::new(), given: Vec::new(), spreads: Vec::new() };
            match definition {
                Definition::Operation(operation) => {
                    for variable in &operation.node.variable_definitions {
                        let ty = variable.node.var_type.node.to_string();
                        outline.type_named(variable.pos, &Name::new(MetaTypeName::concrete_typename(&ty)));
                    }
                    outline.directives(&mut scope, &operation.node.directives);
                    let root = root_of(registry, &operation.node);
                    outline.selections(&mut scope, root, &operation.node.selection_set.node);
                }
                Definition::Fragment(_, fragment) => {
                    let on = &fragment.node.type_condition.node.on.node;
                    outline.conditions.push((fragment.pos, on.as_str()));
                    let parent = outline.type_named(fragment.pos, on);
                    outline.directives(&mut scope, &fragment.node.directives);
                    outline.selections(&mut scope, parent, &fragment.node.selection_set.node);
                }
            }
            outline.scopes.push(scope);
        }
        outline
    }

    /// Returns the operations, each with the indexes of the scopes that it reaches.
    pub(super) fn operations(&self) -> Vec<(&'d Positioned<OperationDefinition>, Vec<usize>)> {
        let named = |(at, scope): (usize, &Scope<'_, 'd>)| match scope.definition {
            Definition::Fragment(name, _) => Some((name.as_str(), at)),
            Definition::Operation(_) => None,
        };
        let fragments: HashMap<&str, usize> = self.scopes.iter().enumerate().filter_map(named).collect();
        let operations = self.scopes.iter().enumerate().filter_map(|(at, scope)| match scope.definition {
            Definition::Operation(operation) => Some((operation, self.reached(&fragments, at))),
            Definition::Fragment(..) => None,
        });
        operations.collect()
    }

    /// Returns an operation, and the fragments that it reaches.
    fn reached(&self, fragments: &HashMap<&str, usize>, operation: usize) -> Vec<usize> {
        let mut reached = vec![operation];
        let mut seen = HashSet::new();
        let mut next = 0;
        while let Some(at) = reached.get(next).copied() {
            for spread in &self.scopes[at].spreads {
                if seen.insert(*spread)
                    && let Some(fragment) = fragments.get(spread)
                {
                    reached.push(*fragment);
                }
            }
            next += 1;
        }
        reached
    }

    fn type_named(&mut self, place: Pos, name: &Name) -> Option<&'r MetaType> {
        let found = self.registry.types.get(name.as_str());
        if found.is_none() {
            self.unknown(place, name, Known::Types(self.registry));
        }
        found
    }

    fn unknown(&mut self, place: Pos, name: &Name, known: Known<'r>) {
        self.unknown.push((place, Unknown { name: name.clone(), known }));
    }

    fn selections(&mut self, scope: &mut Scope<'r, 'd>, parent: Option<&'r MetaType>, set: &'d SelectionSet) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => self.field(scope, parent, field),
                Selection::InlineFragment(fragment) => {
                    self.directives(scope, &fragment.node.directives);
                    let parent = match &fragment.node.type_condition {
                        Some(condition) => {
                            let on = &condition.node.on.node;
                            self.conditions.push((fragment.pos, on.as_str()));
                            self.type_named(fragment.pos, on)
                        }
                        None => parent,
                    };
                    self.selections(scope, parent, &fragment.node.selection_set.node);
                }
                Selection::FragmentSpread(spread) => {
                    self.directives(scope, &spread.node.directives);
                    scope.spreads.push(&spread.node.fragment_name.node);
                }
            }
        }
    }

    fn field(
        &mut self,
        scope: &mut Scope<'r, 'd>,
        parent: Option<&'r MetaType>,
        field: &'d Positioned<Field>,
    ) {
        let name = &field.node.name.node;
        scope.give(None, &field.node.arguments);
        let mut ty = None;
        if name == "__typename" {
            self.typenames.push(field);
        } else if let Some(parent) = parent {
            let definition = parent.field_by_name(name);
            match (definition, parent.fields()) {
                (Some(definition), _) => {
                    self.fields.push((field, &definition.ty));
                    let given = &field.node.arguments;
                    let unknown = arguments(scope, None, given, &definition.args);
                    self.unknown.extend(unknown);
                    let missing = missing(given, &definition.args).map(|definition| Missing {
                        of: name.to_string(),
                        place: field.node.name.pos,
                        reported_at: field.pos,
                        definition,
                    });
                    self.missing.extend(missing);
                }
                (None, Some(fields)) => self.unknown(field.pos, name, Known::Fields(fields)),
                (None, None) => {}
            }
            ty = definition.map(|definition| MetaTypeName::concrete_typename(&definition.ty));
        }
        self.directives(scope, &field.node.directives);
        let parent = ty.and_then(|ty| self.registry.types.get(ty));
        self.selections(scope, parent, &field.node.selection_set.node);
    }

    fn directives(&mut self, scope: &mut Scope<'r, 'd>, directives: &'d [Positioned<Directive>]) {
        for directive in directives {
            let name = &directive.node.name;
            scope.give(Some(&name.node), &directive.node.arguments);
            match self.registry.directives.get(name.node.as_str()) {
                Some(definition) => {
                    let given = &directive.node.arguments;
                    let missing = missing(given, &definition.args).map(|definition| Missing {
                        of: format!("@{}", name.node),
                        place: directive.pos,
                        reported_at: directive.pos,
                        definition,
                    });
                    self.missing.extend(missing);
                    let unknown = arguments(scope, Some(&name.node), given, &definition.args);
                    let unknown = unknown.into_iter().map(|(place, unknown)| (directive, place, unknown));
                    self.unknown_of_directives.extend(unknown);
                }
                None => self.unknown(directive.pos, &name.node, Known::Directives(self.registry)),
            }
        }
    }
}

impl<'d> Scope<'_, 'd> {
    /// Records the arguments that contain variables.
    fn give(&mut self, directive: Option<&'d str>, arguments: &'d [(Positioned<Name>, Positioned<Value>)]) {
        let with_variables = arguments.iter().filter(|(_, value)| has_variables(&value.node));
        let given =
            with_variables.map(|(name, value)| ArgumentWithVariables { directive, name: &name.node, value });
        self.given.extend(given);
    }
}

fn has_variables(value: &Value) -> bool {
    match value {
        Value::Variable(_) => true,
        Value::List(items) => items.iter().any(has_variables),
        Value::Object(fields) => fields.values().any(has_variables),
        _ => false,
    }
}

/// Records the defined arguments; returns the others.
fn arguments<'r, 'd>(
    scope: &mut Scope<'r, 'd>,
    directive: Option<&'d str>,
    arguments: &'d [(Positioned<Name>, Positioned<Value>)],
    definitions: &'r IndexMap<String, MetaInputValue>,
) -> Vec<(Pos, Unknown<'r>)> {
    let mut unknown = Vec::new();
    for (name, value) in arguments {
        if let Some(definition) = definitions.get(name.node.as_str()) {
            scope.arguments.push(Argument { directive, name: name.pos, value, definition });
        } else {
            let known = Known::Arguments(definitions);
            unknown.push((name.pos, Unknown { name: name.node.clone(), known }));
        }
    }
    unknown
}

/// Returns the required arguments that are missing.
fn missing<'r>(
    given: &[(Positioned<Name>, Positioned<Value>)],
    definitions: &'r IndexMap<String, MetaInputValue>,
) -> impl Iterator<Item = &'r MetaInputValue> {
    definitions.values().filter(|definition| {
        is_required(definition) && given.iter().all(|(name, _)| name.node != definition.name)
    })
}

/// Returns true if an argument, or a field of an input, is required.
pub(super) fn is_required(definition: &MetaInputValue) -> bool {
    definition.ty.ends_with('!') && definition.default_value.is_none()
}

/// Returns the root type of an operation.
pub(super) fn root_of<'r>(registry: &'r Registry, operation: &OperationDefinition) -> Option<&'r MetaType> {
    let name = match operation.ty {
        OperationType::Query => Some(registry.query_type.as_str()),
        OperationType::Mutation => registry.mutation_type.as_deref(),
        OperationType::Subscription => registry.subscription_type.as_deref(),
    };
    registry.types.get(name?)
}
