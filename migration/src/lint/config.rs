//! What the rules are told about a database: its clients, its tenants, and what is excused.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{LintError, rules};

/// Praxis's own configuration.
const PRAXIS: &str = include_str!("../../lint.toml");

/// What the rules are told about a database.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The roles that requests run as.
    #[serde(default)]
    pub clients: Vec<String>,
    /// The one of them that stands for nobody.
    #[serde(default)]
    pub anonymous: Option<String>,
    /// Times that every row has and few queries ask for; they need no index.
    #[serde(default)]
    pub bookkeeping: Vec<String>,
    /// What holds in a schema. One that is not named here has no tenants.
    #[serde(default)]
    pub schemas: BTreeMap<String, SchemaConfig>,
    /// References that no foreign key keeps.
    #[serde(default)]
    pub references: Vec<Reference>,
    /// What may be otherwise, and why.
    #[serde(default)]
    pub exceptions: Vec<Exception>,
}

/// What holds in a schema.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemaConfig {
    /// Name of the system whose objects stand there; without it, those of any.
    #[serde(default)]
    pub system: Option<String>,
    /// The column that says which tenant a row belongs to.
    #[serde(default)]
    pub tenant: Option<String>,
    /// Whether JSONB is forbidden: data that is searched stands in columns.
    #[serde(default)]
    pub forbid_jsonb: bool,
    /// Whether its tables are closed to clients, who may only name its functions. What is granted there all the same is checked
    /// like any other table.
    #[serde(default)]
    pub internal: bool,
}

/// A reference that no foreign key keeps.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// The column that refers, `schema.table.column`; it may be an array.
    pub from: String,
    /// The column that is referred to.
    pub to: String,
}

/// What may break a rule, and why.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// The rule's name.
    pub rule: String,
    /// Name of the system whose objects they are, where the schema does not say so.
    #[serde(default)]
    pub system: Option<String>,
    /// The objects, as findings name them.
    pub objects: Vec<String>,
    /// Why they may.
    pub reason: String,
}

impl Config {
    /// The configuration of Praxis's own database.
    pub fn praxis() -> Result<Self, LintError> {
        Self::parse(PRAXIS)
    }

    /// The same of a database that lacks the objects of some systems.
    #[must_use]
    pub fn without(mut self, is_lacking: impl Fn(&str) -> bool) -> Self {
        let of_schema = |schemas: &BTreeMap<String, SchemaConfig>, object: &str| {
            let schema = object.split_once('.').and_then(|(schema, _)| schemas.get(schema));
            schema.and_then(|schema| schema.system.as_deref()).is_some_and(&is_lacking)
        };
        self.references.retain(|reference| !of_schema(&self.schemas, &reference.from));
        self.exceptions.retain(|exception| !exception.system.as_deref().is_some_and(&is_lacking));
        for exception in &mut self.exceptions {
            exception.objects.retain(|object| !of_schema(&self.schemas, object));
        }
        self
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

    /// The configuration of a database that nothing is known about: Supabase's roles, no tenants, no exceptions.
    pub fn unknown() -> Self {
        Self {
            clients: vec!["anon".into(), "authenticated".into()],
            anonymous: Some("anon".into()),
            bookkeeping: vec!["created_at".into(), "updated_at".into()],
            ..Self::default()
        }
    }
}
