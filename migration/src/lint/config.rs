//! Reads the configuration of the rules for a database: its client roles, its tenants, and the exceptions.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{LintError, rules};

/// Praxis's own configuration.
const PRAXIS: &str = include_str!("../../lint.toml");

/// The configuration of the rules for a database.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The roles of clients.
    #[serde(default)]
    pub clients: Vec<String>,
    /// The client role of callers who are not signed in.
    #[serde(default)]
    pub anonymous: Option<String>,
    /// The bookkeeping times that every row has and few queries filter by; they need no index.
    #[serde(default)]
    pub bookkeeping: Vec<String>,
    /// The settings of schemas. A schema that is not listed has no tenants. A name that ends with `*` applies to all schemas with
    /// that prefix that are not listed themselves.
    #[serde(default)]
    pub schemas: BTreeMap<String, SchemaConfig>,
    /// References without a foreign key.
    #[serde(default)]
    pub references: Vec<Reference>,
    /// The exceptions, with their reasons.
    #[serde(default)]
    pub exceptions: Vec<Exception>,
}

/// The settings of a schema.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemaConfig {
    /// Name of the system that the objects of the schema belong to; without it, they may belong to any.
    #[serde(default)]
    pub system: Option<String>,
    /// The column that holds the tenant of a row.
    #[serde(default)]
    pub tenant: Option<String>,
    /// True if JSONB is forbidden: data that is searched belongs in columns.
    #[serde(default)]
    pub forbid_jsonb: bool,
    /// True if clients cannot use the schema's tables, only its functions. A table that is granted to clients nevertheless is
    /// checked like any other.
    #[serde(default)]
    pub internal: bool,
}

/// A reference without a foreign key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// The referencing column, `schema.table.column`; it may be an array.
    pub from: String,
    /// The referenced column.
    pub to: String,
}

/// An exception: the objects that may break a rule, and the reason.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// The rule's name.
    pub rule: String,
    /// Name of the system that the objects belong to, if the schema does not imply it.
    #[serde(default)]
    pub system: Option<String>,
    /// The objects, as findings name them.
    pub objects: Vec<String>,
    /// The reason for the exception.
    pub reason: String,
}

impl Config {
    /// Returns the configuration of Praxis's own database.
    pub fn praxis() -> Result<Self, LintError> {
        Self::parse(PRAXIS)
    }

    /// Returns the same configuration for a database that lacks the objects of some systems.
    #[must_use]
    pub fn without(mut self, is_lacking: impl Fn(&str) -> bool) -> Self {
        let of_schema = |schemas: &BTreeMap<String, SchemaConfig>, object: &str| {
            let schema = object.split_once('.').and_then(|(schema, _)| find(schemas, schema));
            schema.and_then(|schema| schema.system.as_deref()).is_some_and(&is_lacking)
        };
        self.references.retain(|reference| !of_schema(&self.schemas, &reference.from));
        self.exceptions.retain(|exception| !exception.system.as_deref().is_some_and(&is_lacking));
        for exception in &mut self.exceptions {
            exception.objects.retain(|object| !of_schema(&self.schemas, object));
        }
        self
    }

    /// Returns the settings of a schema.
    pub(super) fn schema(&self, name: &str) -> SchemaConfig {
        find(&self.schemas, name).cloned().unwrap_or_default()
    }

    /// Reads a configuration, in TOML.
    pub fn parse(text: &str) -> Result<Self, LintError> {
        let config: Self = toml::from_str(text).map_err(|error| LintError::Config(error.to_string()))?;
        for exception in &config.exceptions {
            let rule = &exception.rule;
            if rules().all(|it| it.id != rule) {
                return Err(LintError::Config(format!("there is no rule {rule}")));
            }
            if exception.reason.trim().is_empty() {
                return Err(LintError::Config(format!("an exception to {rule} gives no reason")));
            }
        }
        for reference in &config.references {
            for column in [&reference.from, &reference.to] {
                if column.split('.').count() != 3 {
                    return Err(LintError::Config(format!("{column} is not schema.table.column")));
                }
            }
        }
        Ok(config)
    }

    /// Returns the configuration of an unknown database: Supabase's client roles, no tenants, no exceptions.
    pub fn unknown() -> Self {
        Self {
            clients: vec!["anon".into(), "authenticated".into()],
            anonymous: Some("anon".into()),
            bookkeeping: vec!["created_at".into(), "updated_at".into()],
            ..Self::default()
        }
    }
}

/// Returns the settings of a schema: its own, or those of the longest pattern that it matches.
fn find<'c>(schemas: &'c BTreeMap<String, SchemaConfig>, name: &str) -> Option<&'c SchemaConfig> {
    let matches = |pattern: &str| pattern.strip_suffix('*').is_some_and(|start| name.starts_with(start));
    let patterns = schemas.iter().filter(|(pattern, _)| matches(pattern));
    let longest = || patterns.max_by_key(|(pattern, _)| pattern.len()).map(|(_, schema)| schema);
    schemas.get(name).or_else(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_has_its_own_settings_or_those_of_its_pattern() {
        let text = "[schemas.sprint_00_woop]\ntenant = \"a\"\n[schemas.\"sprint_*\"]\ntenant = \"b\"\n[schemas.\"sprint_1*\"]\ntenant = \"c\"";
        let config = Config::parse(text).unwrap();
        for (name, tenant) in [
            ("sprint_00_woop", Some("a")),
            ("sprint_01_know_thyself", Some("b")),
            ("sprint_15_value_proposition", Some("c")),
            ("sprints", None),
        ] {
            assert_eq!(config.schema(name).tenant.as_deref(), tenant, "{name}");
        }
    }
}
