//! Holds the functions that the migrations create: those of policies and triggers, served functions, and those that they call.

use serde::Deserialize;
use serde_json::{Value, json};

/// The functions of the migrations: all of them, since only their texts say which ones they call.
#[derive(Debug, Default)]
pub(super) struct Functions(Vec<ServedFunction>);

#[derive(Debug, Deserialize)]
struct ServedFunction {
    /// `schema.name(arguments)`.
    object: String,
    /// The MD5 of the definition.
    hash: String,
    /// The roles that may call it, among `PUBLIC`, the callers' roles and the gateway's.
    callers: Vec<String>,
    /// The statement that creates it.
    definition: String,
}

impl Functions {
    /// Returns the functions in `migration/functions.json`, which a test keeps up to date.
    pub(super) fn shipped() -> Self {
        Self(serde_json::from_str(migration::FUNCTIONS).unwrap_or_default())
    }

    /// Returns the parts to compare with those of a database.
    pub(super) fn to_compare(&self) -> Value {
        let of = |it: &ServedFunction| json!({ "object": it.object, "hash": it.hash, "callers": it.callers });
        self.0.iter().map(of).collect()
    }

    /// Returns the statements that create a function again, given by its name with or without its arguments, and grant its use.
    pub(super) fn definition(&self, object: &str) -> String {
        let named = |it: &&ServedFunction| {
            it.object.strip_prefix(object).is_some_and(|it| it.is_empty() || it.starts_with('('))
        };
        let Some(ServedFunction { object, callers, definition, .. }) = self.0.iter().find(named) else {
            return "-- create it again, as its migration does".into();
        };
        let revoke = format!("REVOKE EXECUTE ON FUNCTION {object} FROM PUBLIC;");
        let grant = format!("GRANT EXECUTE ON FUNCTION {object} TO {};", callers.join(", "));
        let grants = if callers.is_empty() { revoke } else { format!("{revoke} {grant}") };
        format!("{definition} {grants}")
    }
}
