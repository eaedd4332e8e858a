//! The schema as a client reads it.

use std::collections::HashMap;

use serde_json::Value;

use crate::harness::Actor;

const QUESTION: &str = "{ __schema {
    queryType { name } mutationType { name }
    types { kind name isOneOf
      fields { name type { ...Type } args { name type { ...Type } } }
      inputFields { name type { ...Type } }
      enumValues { name }
      possibleTypes { name } } } }
  fragment Type on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

/// All types by name.
pub(crate) struct Schema {
    types: HashMap<String, Type>,
    pub(crate) query: String,
    pub(crate) mutation: String,
}

/// A type, with the parts that operations need.
#[derive(Default)]
pub(crate) struct Type {
    pub(crate) kind: String,
    /// The fields of an object or interface.
    pub(crate) fields: Vec<Member>,
    /// The fields of an input.
    pub(crate) inputs: Vec<Member>,
    /// True if an input takes exactly one field.
    pub(crate) is_one_of: bool,
    /// The values of an enum.
    pub(crate) values: Vec<String>,
    /// The possible types of an interface.
    pub(crate) possible: Vec<String>,
}

/// A field or an argument.
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) ty: TypeName,
    pub(crate) arguments: Vec<Member>,
}

/// A reference to a type.
pub(crate) struct TypeName {
    pub(crate) name: String,
    pub(crate) is_list: bool,
    pub(crate) is_required: bool,
    /// The text of the type: `[ID!]!`.
    pub(crate) text: String,
}

impl Schema {
    /// Requests the schema of a gateway.
    pub(crate) async fn of(actor: &Actor<'_>) -> Self {
        let answer = actor.ask(QUESTION).await;
        let schema = &answer.data()["__schema"];
        let root = |name: &str| schema[name]["name"].as_str().unwrap_or_default().to_owned();
        let named = |ty: &Value| (text(&ty["name"]), Type::read(ty));
        Self {
            types: list(&schema["types"]).iter().map(named).collect(),
            query: root("queryType"),
            mutation: root("mutationType"),
        }
    }

    pub(crate) fn get(&self, name: &str) -> &Type {
        self.types.get(name).unwrap_or_else(|| panic!("the schema has no type {name}"))
    }

    /// Returns a type's field, if it has one of this name.
    pub(crate) fn field(&self, ty: &str, name: &str) -> Option<&Member> {
        self.types.get(ty)?.fields.iter().find(|field| field.name == name)
    }
}

impl Type {
    fn read(ty: &Value) -> Self {
        let names = |of: &str| list(&ty[of]).iter().map(|it| text(&it["name"])).collect();
        Self {
            kind: text(&ty["kind"]),
            fields: members(&ty["fields"]),
            inputs: members(&ty["inputFields"]),
            is_one_of: ty["isOneOf"] == true,
            values: names("enumValues"),
            possible: names("possibleTypes"),
        }
    }

    /// Returns true if a field of this type has no selection.
    pub(crate) fn is_leaf(&self) -> bool {
        matches!(self.kind.as_str(), "SCALAR" | "ENUM")
    }
}

impl TypeName {
    fn read(ty: &Value) -> Self {
        let of = || Self::read(&ty["ofType"]);
        match ty["kind"].as_str() {
            Some("NON_NULL") => Self { is_required: true, text: format!("{}!", of().text), ..of() },
            Some("LIST") => {
                Self { is_list: true, is_required: false, text: format!("[{}]", of().text), ..of() }
            }
            _ => {
                let name = text(&ty["name"]);
                Self { text: name.clone(), name, is_list: false, is_required: false }
            }
        }
    }
}

fn members(of: &Value) -> Vec<Member> {
    let member = |it: &Value| Member {
        name: text(&it["name"]),
        ty: TypeName::read(&it["type"]),
        arguments: members(&it["args"]),
    };
    list(of).iter().map(member).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
