//! Checks the rule All Variable Usages Are Allowed.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{BaseType, OperationDefinition, Type, VariableDefinition};
use async_graphql::registry::{MetaTypeName, Registry};
use async_graphql::{Positioned, Value as ConstValue};

use super::values::Usage;
use super::{Mistake, Remoteness};

/// Checks the usages of each operation's variables, including those in fragments.
pub(super) fn check(
    registry: &Registry,
    operations: &[(&Positioned<OperationDefinition>, Vec<usize>)],
    usages: &[Vec<Usage<'_>>],
    mistakes: &mut Vec<Mistake<'_>>,
) {
    if usages.iter().all(Vec::is_empty) {
        return;
    }
    // Operations may spread the same fragment; an error about a type there is reported once.
    let mut reported = HashSet::new();
    for (operation, reached) in operations {
        let named = operation.node.variable_definitions.iter().filter_map(|variable| {
            Some((variable.node.name.node.as_str(), Variable::of(registry, variable)?))
        });
        let variables: HashMap<&str, Variable> = named.collect();
        for usage in reached.iter().flat_map(|at| &usages[*at]) {
            if let Some(variable) = variables.get(usage.variable)
                && let Some(message) = variable.refusal(usage)
                && reported.insert((std::ptr::from_ref(usage), message.clone()))
            {
                let (remoteness, argument) = (Remoteness::Consequence, Some(usage.argument.clone()));
                mistakes.push(Mistake { remoteness, argument, ..Mistake::new(usage.place, message) });
            }
        }
    }
}

/// A variable with an input type.
struct Variable {
    ty: String,
    /// True if it has a default other than null.
    has_default: bool,
}

impl Variable {
    fn of(registry: &Registry, variable: &Positioned<VariableDefinition>) -> Option<Self> {
        let VariableDefinition { var_type, default_value, .. } = &variable.node;
        registry.types.get(named(&var_type.node)).filter(|ty| ty.is_input())?;
        let has_default = default_value.as_ref().is_some_and(|default| default.node != ConstValue::Null);
        Some(Self { ty: var_type.node.to_string(), has_default })
    }

    /// Returns why a usage is not allowed, if it is not.
    fn refusal(&self, usage: &Usage<'_>) -> Option<String> {
        let Usage { variable, ty: wanted, .. } = usage;
        let ty = &self.ty;
        let nullable = wanted.strip_suffix('!').filter(|_| self.has_default || usage.has_default);
        if !is_subtype(ty, nullable.unwrap_or(wanted)) {
            let message = format!("The variable `${variable}` of type `{ty}` cannot be used for `{wanted}`.");
            return Some(message);
        }
        usage.one_of.filter(|_| !ty.ends_with('!')).map(|object| {
            format!(
                "The variable `${variable}` may be null, and cannot be used in the input object `{object}`."
            )
        })
    }
}

/// Returns the name of a type itself, or of the items of a list type.
pub(super) fn named(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(item) => named(item),
    }
}

/// Returns true if each value of a type is a value of another.
fn is_subtype(ty: &str, wanted: &str) -> bool {
    match (MetaTypeName::create(ty), MetaTypeName::create(wanted)) {
        (MetaTypeName::NonNull(ty), MetaTypeName::NonNull(wanted))
        | (MetaTypeName::List(ty), MetaTypeName::List(wanted)) => is_subtype(ty, wanted),
        (_, MetaTypeName::NonNull(_)) => false,
        (MetaTypeName::NonNull(ty), _) => is_subtype(ty, wanted),
        (MetaTypeName::Named(ty), MetaTypeName::Named(wanted)) => ty == wanted,
        _ => false,
    }
}
