//! Defines a statement of SQL with its parameters.

use std::sync::Arc;

use postgres_wire::{Command, Parameter, Query};

/// SQL with parameters. The text is the same for the same kind of statement, so that a connection prepares it once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Statement {
    /// SQL; parameters are `$1`, `$2`…
    pub text: Arc<str>,
    /// The values of the parameters.
    pub parameters: Vec<Parameter>,
}

impl Statement {
    /// Returns the statement as a query of a batch, which the server keeps prepared.
    pub(super) fn query(&self) -> Query<'_> {
        Query { parameters: &self.parameters, ..Query::kept(&self.text, Command::Statement) }
    }
}
