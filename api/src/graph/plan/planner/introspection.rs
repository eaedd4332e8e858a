//! Plans `__schema` and `__type`.

use crate::graph::document::{Field, Selection};

use super::super::{Keyed, RootField};
use super::{Planned, Planner};
use crate::graph::arguments::Value;
use crate::graph::introspection::{Introspected, Shape, Wanted};

impl<'a> Planner<'a> {
    /// Plans a field of introspection. Its cost is added when it is answered.
    pub(super) fn introspection(&mut self, field: &'a Field, sets: &[&'a [Selection]]) -> Planned<RootField> {
        Ok(RootField::Introspection(if &*field.name == "__schema" {
            Introspected::Schema(self.shape("__Schema", sets)?)
        } else {
            let given = self.arguments(field)?;
            let name = given.get("name").and_then(Value::as_str).unwrap_or_default();
            Introspected::Type(name.to_owned(), self.shape("__Type", sets)?)
        }))
    }

    fn shape(&mut self, type_name: &str, sets: &[&'a [Selection]]) -> Planned<Shape> {
        let collected = self.collect(sets, type_name)?;
        let fields = self.each(&collected, 0, |this, field, collected| {
            let below = match object_of(&field.name) {
                Some(type_name) => this.shape(type_name, &collected.selections())?,
                None => Shape::new(),
            };
            let given = this.arguments(field)?;
            let deprecated = given.get("includeDeprecated").and_then(Value::as_bool) == Some(true);
            Ok((field.name.to_string(), deprecated, below))
        })?;
        let wanted =
            |Keyed { key, value: (name, deprecated, below) }| Wanted { key, name, deprecated, below };
        Ok(fields.into_iter().map(wanted).collect())
    }
}

/// Returns the type of the objects that a field of an introspection type holds. No name is a field of two types with different results.
fn object_of(field: &str) -> Option<&'static str> {
    match field {
        "types" | "queryType" | "mutationType" | "subscriptionType" | "interfaces" | "possibleTypes"
        | "ofType" | "type" => Some("__Type"),
        "fields" => Some("__Field"),
        "args" | "inputFields" => Some("__InputValue"),
        "enumValues" => Some("__EnumValue"),
        "directives" => Some("__Directive"),
        _ => None,
    }
}
