//! Checks the rule Fragments Must Be Used. async-graphql has the rule, but validates a document that spreads all fragments.

use std::collections::HashSet;

use async_graphql::Positioned;
use async_graphql::parser::types::OperationDefinition;

use super::super::order::Definition;
use super::outline::Outline;
use super::{Mistake, Remoteness};

pub(super) fn check(
    outline: &Outline<'_, '_>,
    operations: &[(&Positioned<OperationDefinition>, Vec<usize>)],
    mistakes: &mut Vec<Mistake<'_>>,
) {
    let used: HashSet<usize> = operations.iter().flat_map(|(_, reached)| reached).copied().collect();
    for (at, scope) in outline.scopes.iter().enumerate() {
        if let Definition::Fragment(name, fragment) = scope.definition
            && !used.contains(&at)
        {
            let message = format!("The fragment `{name}` is not used.");
            // The spread may be misspelt.
            let remoteness = Remoteness::LeftOver;
            mistakes.push(Mistake { remoteness, ..Mistake::new(fragment.pos, message) });
        }
    }
}
