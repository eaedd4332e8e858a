//! Checks the rules Variables Are Input Types and Fragments on Object Types. async-graphql's rules do not separate violations from
//! their consequences.

use async_graphql::registry::{MetaType, Registry};

use super::super::order::Definition;
use super::Mistake;
use super::outline::Outline;
use super::usages::named;

pub(super) fn check(registry: &Registry, outline: &Outline<'_, '_>, mistakes: &mut Vec<Mistake<'_>>) {
    let is_input = |name: &str| registry.types.get(name).is_none_or(MetaType::is_input);
    let is_composite = |name: &str| registry.types.get(name).is_none_or(MetaType::is_composite);
    for scope in &outline.scopes {
        let Definition::Operation(operation) = scope.definition else { continue };
        for variable in &operation.node.variable_definitions {
            let ty = named(&variable.node.var_type.node);
            if !is_input(ty) {
                let name = &variable.node.name.node;
                let message =
                    format!("The variable `${name}` has the type `{ty}`, which is not an input type.");
                mistakes
                    .push(Mistake { reported_at: Some(variable.pos), ..Mistake::new(variable.pos, message) });
            }
        }
    }
    for (place, ty) in &outline.conditions {
        if !is_composite(ty) {
            let message = format!("A fragment is on a type that has fields, and `{ty}` has none.");
            mistakes.push(Mistake { reported_at: Some(*place), ..Mistake::new(*place, message) });
        }
    }
}
