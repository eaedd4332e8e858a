//! Documents for readers, in GraphiQL and in docs/: their operations, and who runs them.

use std::collections::HashMap;

use apollo_compiler::ast;
use serde_json::Value;

use crate::harness::{Actor, Answer, App, Socket};

/// An operation of a document.
pub(crate) struct Shown {
    pub(crate) name: Option<String>,
    pub(crate) is_subscription: bool,
    /// Names of its required variables.
    pub(crate) needs: Vec<String>,
    /// The user whom the comment above it names: `# As ADDRESS`.
    pub(crate) persona: Option<String>,
}

/// Returns the operations of a document, in their order.
#[track_caller]
pub(crate) fn operations(document: &str) -> Vec<Shown> {
    let parsed = ast::Document::parse(document, "shown.graphql")
        .unwrap_or_else(|error| panic!("{}: {document}", error.errors));
    let operation = |definition: &ast::Definition| {
        let ast::Definition::OperationDefinition(operation) = definition else { return None };
        let needs = operation
            .variables
            .iter()
            .filter(|variable| variable.ty.is_non_null() && variable.default_value.is_none())
            .map(|variable| variable.name.to_string());
        let begins = operation.location().unwrap().offset();
        Some(Shown {
            name: operation.name.as_ref().map(ToString::to_string),
            is_subscription: operation.operation_type == ast::OperationType::Subscription,
            needs: needs.collect(),
            persona: named(&document[..begins]),
        })
    };
    parsed.definitions.iter().filter_map(operation).collect()
}

/// Returns the user whom the comment at the end of a text names.
fn named(before: &str) -> Option<String> {
    let comment = before.trim_end().lines().rev().take_while(|line| line.starts_with('#'));
    comment.filter_map(|line| line.strip_prefix("# As ")).find_map(|line| {
        let address = line.split([':', ',', ' ']).next()?;
        address.contains('@').then(|| address.to_owned())
    })
}

/// The demo users who run operations, by e-mail address.
pub(crate) struct People<'a> {
    app: &'a App,
    known: HashMap<String, Actor<'a>>,
}

impl<'a> People<'a> {
    pub(crate) fn of(app: &'a App) -> Self {
        Self { app, known: HashMap::new() }
    }

    async fn who(&mut self, address: &str) -> &Actor<'a> {
        if !self.known.contains_key(address) {
            self.known.insert(address.to_owned(), self.app.user(address).await);
        }
        &self.known[address]
    }

    /// Runs an operation of a document as a user.
    pub(crate) async fn run(
        &mut self,
        address: &str,
        document: &str,
        operation: &Shown,
        variables: &Value,
    ) -> Answer {
        let who = self.who(address).await;
        match &operation.name {
            Some(name) => who.run(document, name, variables).await,
            None => who.ask_with(document, variables).await,
        }
    }

    /// Starts a subscription of a document as a user.
    pub(crate) async fn watch(
        &mut self,
        address: &str,
        document: &str,
        operation: &Shown,
        variables: &Value,
    ) -> Socket {
        let app = self.app;
        let mut socket = Socket::of(app, self.who(address).await).await;
        socket.subscribe_to("watch", document, operation.name.as_deref(), variables).await;
        socket
    }
}

/// Returns true if an answer has a value, and no requested list is empty.
pub(crate) fn shows_rows(data: &Value) -> bool {
    match data {
        Value::Null => false,
        Value::Array(rows) => rows.iter().any(shows_rows),
        // Of a connection, only its rows count.
        Value::Object(fields) => match fields.get("nodes").or_else(|| fields.get("edges")) {
            Some(rows) => shows_rows(rows),
            None => fields.values().any(shows_rows),
        },
        _ => true,
    }
}
