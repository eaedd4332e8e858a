//! Makes the types of introspection as graphql-js describes them. async-graphql's own types follow another edition of the
//! specification in places, and are wrong in a few.

use async_graphql::dynamic::{Enum, EnumItem, Field, InputValue, Object, SchemaBuilder, TypeRef};

use super::types::no_resolver;

const SCHEMA: &str = "__Schema";
const TYPE: &str = "__Type";
const TYPE_KIND: &str = "__TypeKind";
const FIELD: &str = "__Field";
const INPUT_VALUE: &str = "__InputValue";
const ENUM_VALUE: &str = "__EnumValue";
const DIRECTIVE: &str = "__Directive";
const DIRECTIVE_LOCATION: &str = "__DirectiveLocation";

/// Adds the types of introspection, which replace the library's.
pub(super) fn add(builder: SchemaBuilder) -> SchemaBuilder {
    let builder = objects().into_iter().fold(builder, SchemaBuilder::register);
    builder
        .register(enumeration(TYPE_KIND, "An enum describing what kind of type a given `__Type` is.", KINDS))
        .register(enumeration(
            DIRECTIVE_LOCATION,
            "A Directive can be adjacent to many parts of the GraphQL language, a __DirectiveLocation describes one such possible \
             adjacencies.",
            LOCATIONS,
        ))
}

fn objects() -> [Object; 6] {
    [
        object(
            SCHEMA,
            "A GraphQL Schema defines the capabilities of a GraphQL server. It exposes all available types and directives on the \
         server, as well as the entry points for query, mutation, and subscription operations.",
            [
                text("description"),
                field("types", list(TYPE), "A list of all types supported by this server."),
                field(
                    "queryType",
                    TypeRef::named_nn(TYPE),
                    "The type that query operations will be rooted at.",
                ),
                field(
                    "mutationType",
                    TypeRef::named(TYPE),
                    "If this server supports mutation, the type that mutation operations will be rooted at.",
                ),
                field(
                    "subscriptionType",
                    TypeRef::named(TYPE),
                    "If this server support subscription, the type that subscription operations will be rooted at.",
                ),
                field("directives", list(DIRECTIVE), "A list of all directives supported by this server.")
                    .argument(deprecated(TypeRef::named_nn(TypeRef::BOOLEAN))),
            ],
        ),
        object(
            TYPE,
            "The fundamental unit of any GraphQL Schema is the type. There are many kinds of types in GraphQL as represented by the \
         `__TypeKind` enum.\n\nDepending on the kind of a type, certain fields describe information about that type. Scalar types \
         provide no information beyond a name, description and optional `specifiedByURL`, while Enum types provide their values. \
         Object and Interface types provide the fields they describe. Abstract types, Union and Interface, provide the Object \
         types possible at runtime. List and NonNull types compose other types.",
            [
                bare("kind", TypeRef::named_nn(TYPE_KIND)),
                text("name"),
                text("description"),
                text("specifiedByURL"),
                with_deprecated("fields", TypeRef::named_nn_list(FIELD)),
                bare("interfaces", TypeRef::named_nn_list(TYPE)),
                bare("possibleTypes", TypeRef::named_nn_list(TYPE)),
                with_deprecated("enumValues", TypeRef::named_nn_list(ENUM_VALUE)),
                with_deprecated("inputFields", TypeRef::named_nn_list(INPUT_VALUE)),
                bare("ofType", TypeRef::named(TYPE)),
                bare("isOneOf", TypeRef::named(TypeRef::BOOLEAN)),
            ],
        ),
        object(
            FIELD,
            "Object and Interface types are described by a list of Fields, each of which has a name, potentially a list of arguments, \
         and a return type.",
            [name(), text("description"), with_deprecated("args", list(INPUT_VALUE)), of_type()]
                .into_iter()
                .chain(deprecation()),
        ),
        object(
            INPUT_VALUE,
            "Arguments provided to Fields or Directives and the input fields of an InputObject are represented as Input Values which \
         describe their type and optionally a default value.",
            [
                name(),
                text("description"),
                of_type(),
                field(
                    "defaultValue",
                    TypeRef::named(TypeRef::STRING),
                    "A GraphQL-formatted string representing the default value for this input value.",
                ),
            ]
            .into_iter()
            .chain(deprecation()),
        ),
        object(
            ENUM_VALUE,
            "One possible value for a given Enum. Enum values are unique values, not a placeholder for a string or numeric value. \
         However an Enum value is returned in a JSON response as a string.",
            [name(), text("description")].into_iter().chain(deprecation()),
        ),
        object(
            DIRECTIVE,
            "A Directive provides a way to describe alternate runtime execution and type validation behavior in a GraphQL \
         document.\n\nIn some cases, you need to provide options to alter GraphQL's execution behavior in ways field arguments \
         will not suffice, such as conditionally including or skipping a field. Directives provide this by describing additional \
         information to the executor.",
            [
                name(),
                text("description"),
                bare("isRepeatable", TypeRef::named_nn(TypeRef::BOOLEAN)),
                bare("locations", list(DIRECTIVE_LOCATION)),
                with_deprecated("args", list(INPUT_VALUE)),
            ]
            .into_iter()
            .chain(deprecation()),
        ),
    ]
}

const KINDS: [(&str, &str); 8] = [
    ("SCALAR", "Indicates this type is a scalar."),
    ("OBJECT", "Indicates this type is an object. `fields` and `interfaces` are valid fields."),
    (
        "INTERFACE",
        "Indicates this type is an interface. `fields`, `interfaces`, and `possibleTypes` are valid fields.",
    ),
    ("UNION", "Indicates this type is a union. `possibleTypes` is a valid field."),
    ("ENUM", "Indicates this type is an enum. `enumValues` is a valid field."),
    ("INPUT_OBJECT", "Indicates this type is an input object. `inputFields` is a valid field."),
    ("LIST", "Indicates this type is a list. `ofType` is a valid field."),
    ("NON_NULL", "Indicates this type is a non-null. `ofType` is a valid field."),
];

const LOCATIONS: [(&str, &str); 20] = [
    ("QUERY", "Location adjacent to a query operation."),
    ("MUTATION", "Location adjacent to a mutation operation."),
    ("SUBSCRIPTION", "Location adjacent to a subscription operation."),
    ("FIELD", "Location adjacent to a field."),
    ("FRAGMENT_DEFINITION", "Location adjacent to a fragment definition."),
    ("FRAGMENT_SPREAD", "Location adjacent to a fragment spread."),
    ("INLINE_FRAGMENT", "Location adjacent to an inline fragment."),
    ("VARIABLE_DEFINITION", "Location adjacent to a variable definition."),
    ("SCHEMA", "Location adjacent to a schema definition."),
    ("SCALAR", "Location adjacent to a scalar definition."),
    ("OBJECT", "Location adjacent to an object type definition."),
    ("FIELD_DEFINITION", "Location adjacent to a field definition."),
    ("ARGUMENT_DEFINITION", "Location adjacent to an argument definition."),
    ("INTERFACE", "Location adjacent to an interface definition."),
    ("UNION", "Location adjacent to a union definition."),
    ("ENUM", "Location adjacent to an enum definition."),
    ("ENUM_VALUE", "Location adjacent to an enum value definition."),
    ("INPUT_OBJECT", "Location adjacent to an input object type definition."),
    ("INPUT_FIELD_DEFINITION", "Location adjacent to an input object field definition."),
    ("DIRECTIVE_DEFINITION", "Location adjacent to a directive definition."),
];

fn object(name: &str, doc: &str, fields: impl IntoIterator<Item = Field>) -> Object {
    fields.into_iter().fold(Object::new(name).description(doc), Object::field)
}

fn enumeration<const N: usize>(name: &str, doc: &str, values: [(&str, &str); N]) -> Enum {
    let item = |(name, doc): (&str, &str)| EnumItem::new(name).description(doc);
    Enum::new(name).description(doc).items(values.map(item))
}

fn field(name: &str, ty: TypeRef, doc: &str) -> Field {
    bare(name, ty).description(doc)
}

fn bare(name: &str, ty: TypeRef) -> Field {
    Field::new(name, ty, no_resolver)
}

fn list(of: &str) -> TypeRef {
    TypeRef::named_nn_list_nn(of)
}

fn text(name: &str) -> Field {
    bare(name, TypeRef::named(TypeRef::STRING))
}

fn name() -> Field {
    bare("name", TypeRef::named_nn(TypeRef::STRING))
}

fn of_type() -> Field {
    bare("type", TypeRef::named_nn(TYPE))
}

fn with_deprecated(name: &str, ty: TypeRef) -> Field {
    bare(name, ty).argument(deprecated(TypeRef::named(TypeRef::BOOLEAN)))
}

fn deprecated(ty: TypeRef) -> InputValue {
    InputValue::new("includeDeprecated", ty).default_value(false)
}

fn deprecation() -> [Field; 2] {
    [bare("isDeprecated", TypeRef::named_nn(TypeRef::BOOLEAN)), text("deprecationReason")]
}
