//! The functions that the migrations make: those that policies ask, triggers run and served functions call among them.

use serde::Deserialize;
use serde_json::{Value, json};

/// All of them. Which of them calls which stands in their texts alone, so that none is left out.
#[derive(Debug, Default)]
pub(super) struct Functions(Vec<Function>);

#[derive(Debug, Deserialize)]
struct Function {
    /// `schema.name(arguments)`.
    object: String,
    /// Of the definition.
    hash: String,
    /// Who may call it, of `PUBLIC`, the roles of callers and the gateway's.
    callers: Vec<String>,
    /// The statement that makes it.
    definition: String,
}

impl Functions {
    /// Those of `migration/functions.json`, which a test keeps true.
    pub(super) fn shipped() -> Self {
        Self(serde_json::from_str(migration::FUNCTIONS).unwrap_or_default())
    }

    /// What is compared with those of a database.
    pub(super) fn to_compare(&self) -> Value {
        let of = |it: &Function| json!({ "object": it.object, "hash": it.hash, "callers": it.callers });
        self.0.iter().map(of).collect()
    }

    /// The statements that make a function anew, found by its name with or without its arguments, and let its callers call it.
    pub(super) fn definition(&self, object: &str) -> String {
        let named = |it: &&Function| {
            it.object.strip_prefix(object).is_some_and(|it| it.is_empty() || it.starts_with('('))
        };
        let Some(Function { object, callers, definition, .. }) = self.0.iter().find(named) else {
            return "-- make it again, as its migration does".into();
        };
        let revoke = format!("REVOKE EXECUTE ON FUNCTION {object} FROM PUBLIC;");
        let grant = format!("GRANT EXECUTE ON FUNCTION {object} TO {};", callers.join(", "));
        let grants = if callers.is_empty() { revoke } else { format!("{revoke} {grant}") };
        format!("{definition} {grants}")
    }
}
