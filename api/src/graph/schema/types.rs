//! Collects the types of the schema, and checks that names are valid and unique.
//!
//! async-graphql's builders panic if a type has a field twice, and keep only the last of two types, arguments or values with the same
//! name. Hence [`Types`] gets each part with its name, and returns the first mistake as an error at the end.

use std::collections::{BTreeMap, BTreeSet};

use async_graphql::dynamic::{
    Enum, EnumItem, Field, FieldFuture, FieldValue, InputObject, InputValue, Interface, InterfaceField,
    Object, ResolverContext, Scalar as ScalarType, Schema, SchemaBuilder, Subscription, SubscriptionField,
    SubscriptionFieldFuture, Type, TypeRef,
};
use async_graphql::{Error, Value};
use futures_util::stream;

use super::SchemaError;
use crate::graph::catalog::{ColumnType, Scalar};

pub(super) const QUERY: &str = "Query";
pub(super) const MUTATION: &str = "Mutation";
pub(super) const SUBSCRIPTION: &str = "Subscription";
/// The name of the interface of objects with a global id.
pub(super) const NODE: &str = "Node";
pub(super) const ORDER_DIRECTION: &str = "OrderDirection";
pub(super) const DATE_TIME: &str = Scalar::DateTime.graphql_name();

/// A field, an argument or a value of an enum, with its name, which async-graphql's builders do not return.
pub(super) struct Part<T> {
    name: String,
    arguments: Vec<String>,
    built: T,
}

/// The types made so far.
#[derive(Default)]
pub(super) struct Types {
    made: BTreeMap<String, Type>,
    /// The first mistake.
    wrong: Option<SchemaError>,
}

/// Makes a field of an object.
pub(super) fn field(name: &str, ty: TypeRef, doc: &str) -> Part<Field> {
    Part::new(name, Field::new(name, ty, no_resolver).description(doc))
}

/// Makes a field of `Subscription`.
pub(super) fn subscription_field(name: &str, ty: TypeRef, doc: &str) -> Part<SubscriptionField> {
    Part::new(name, SubscriptionField::new(name, ty, no_stream).description(doc))
}

/// Makes an argument, or a field of an input object.
pub(super) fn input(name: &str, ty: TypeRef, doc: &str) -> Part<InputValue> {
    Part::new(name, InputValue::new(name, ty).description(doc))
}

/// Makes a value of an enum.
pub(super) fn value(name: &str, doc: &str) -> Part<EnumItem> {
    Part::new(name, EnumItem::new(name).description(doc))
}

/// Returns the type of a column's value in arguments.
pub(super) fn given(ty: &ColumnType) -> TypeRef {
    match ty {
        ColumnType::List(_) => TypeRef::named_nn_list(ty.graphql_name()),
        ColumnType::Scalar(_) | ColumnType::Enum(_) => TypeRef::named(ty.graphql_name()),
    }
}

/// Returns the type of a column's value in answers. Its items are nullable, unlike those of arguments, because an array of Postgres
/// may hold NULL.
pub(super) fn returned(ty: &ColumnType) -> TypeRef {
    match ty {
        ColumnType::List(_) => TypeRef::named_list(ty.graphql_name()),
        ColumnType::Scalar(_) | ColumnType::Enum(_) => TypeRef::named(ty.graphql_name()),
    }
}

/// Returns the non-null version of a type, if `required`.
pub(super) fn required_if(required: bool, ty: TypeRef) -> TypeRef {
    if required { TypeRef::NonNull(Box::new(ty)) } else { ty }
}

impl<T> Part<T> {
    pub(super) fn new(name: &str, built: T) -> Self {
        Self { name: name.to_owned(), arguments: Vec::new(), built }
    }

    fn with(mut self, arguments: Vec<Part<InputValue>>, add: fn(T, InputValue) -> T) -> Self {
        for argument in arguments {
            self.built = add(self.built, argument.built);
            self.arguments.push(argument.name);
        }
        self
    }
}

impl Part<Field> {
    pub(super) fn arguments(self, arguments: Vec<Part<InputValue>>) -> Self {
        self.with(arguments, Field::argument)
    }
}

impl Part<SubscriptionField> {
    pub(super) fn arguments(self, arguments: Vec<Part<InputValue>>) -> Self {
        self.with(arguments, SubscriptionField::argument)
    }
}

impl Part<InputValue> {
    /// Sets the default value.
    pub(super) fn default(self, value: impl Into<Value>) -> Self {
        Self { built: self.built.default_value(value), ..self }
    }
}

impl Types {
    pub(super) fn object(&mut self, name: &str, doc: &str, fields: impl IntoIterator<Item = Part<Field>>) {
        let object = Object::new(name).description(doc);
        let object = self.parts(name, fields).into_iter().fold(object, Object::field);
        self.add(name, object);
    }

    /// Makes an object with a global id as its first field.
    pub(super) fn node(&mut self, name: &str, doc: &str, fields: impl IntoIterator<Item = Part<Field>>) {
        let id = field(
            "id",
            TypeRef::named_nn(TypeRef::ID),
            "Identifies the object for caches and for `node(id:)`.",
        );
        let object = Object::new(name).description(doc).implement(NODE);
        let fields = self.parts(name, [id].into_iter().chain(fields));
        self.add(name, fields.into_iter().fold(object, Object::field));
    }

    /// Makes the interface of objects with a global id.
    pub(super) fn node_interface(&mut self) {
        let id =
            InterfaceField::new("id", TypeRef::named_nn(TypeRef::ID)).description("Identifies the object.");
        self.add(NODE, Interface::new(NODE).description("Identifies an object by a global id.").field(id));
    }

    pub(super) fn subscription(
        &mut self,
        doc: &str,
        fields: impl IntoIterator<Item = Part<SubscriptionField>>,
    ) {
        let subscription = Subscription::new(SUBSCRIPTION).description(doc);
        let fields = self.parts(SUBSCRIPTION, fields);
        self.add(SUBSCRIPTION, fields.into_iter().fold(subscription, Subscription::field));
    }

    pub(super) fn input(
        &mut self,
        name: &str,
        doc: &str,
        fields: impl IntoIterator<Item = Part<InputValue>>,
    ) {
        self.input_object(InputObject::new(name).description(doc), name, fields);
    }

    /// Makes an input of which exactly one field has to be given (`@oneOf`).
    pub(super) fn one_of(
        &mut self,
        name: &str,
        doc: &str,
        fields: impl IntoIterator<Item = Part<InputValue>>,
    ) {
        self.input_object(InputObject::new(name).description(doc).oneof(), name, fields);
    }

    fn input_object(
        &mut self,
        object: InputObject,
        name: &str,
        fields: impl IntoIterator<Item = Part<InputValue>>,
    ) {
        let object = self.parts(name, fields).into_iter().fold(object, InputObject::field);
        self.add(name, object);
    }

    pub(super) fn enumeration(
        &mut self,
        name: &str,
        doc: &str,
        values: impl IntoIterator<Item = Part<EnumItem>>,
    ) {
        let values = self.parts(name, values);
        self.add(name, Enum::new(name).description(doc).items(values));
    }

    pub(super) fn scalar(&mut self, name: &str, doc: &str, specified_by: Option<&str>) {
        let scalar = ScalarType::new(name).description(doc);
        self.add(name, specified_by.into_iter().fold(scalar, ScalarType::specified_by_url));
    }

    /// Returns a schema builder with all types, or the first mistake.
    pub(super) fn into_builder(self) -> Result<SchemaBuilder, SchemaError> {
        if let Some(wrong) = self.wrong {
            return Err(wrong);
        }
        let root = |name| self.made.contains_key(name).then_some(name);
        let builder = Schema::build(QUERY, root(MUTATION), root(SUBSCRIPTION));
        Ok(self.made.into_values().fold(builder, SchemaBuilder::register))
    }

    fn add(&mut self, name: &str, ty: impl Into<Type>) {
        self.check_name("the schema", name);
        if self.made.insert(name.to_owned(), ty.into()).is_some() {
            self.note(|| SchemaError::Twice { owner: "the schema".to_owned(), name: name.to_owned() });
        }
    }

    /// Checks the parts of a type, which needs at least one, and returns them without duplicates.
    fn parts<T>(&mut self, owner: &str, parts: impl IntoIterator<Item = Part<T>>) -> Vec<T> {
        let mut names = BTreeSet::new();
        let mut built = Vec::new();
        for part in parts {
            let mut arguments = BTreeSet::new();
            for argument in &part.arguments {
                self.check(&format!("{owner}.{}", part.name), argument, &mut arguments);
            }
            if self.check(owner, &part.name, &mut names) {
                built.push(part.built);
            }
        }
        if built.is_empty() {
            self.note(|| SchemaError::Empty(owner.to_owned()));
        }
        built
    }

    /// Checks a name; returns true if it is new among the names of its owner.
    fn check(&mut self, owner: &str, name: &str, names: &mut BTreeSet<String>) -> bool {
        self.check_name(owner, name);
        let is_new = names.insert(name.to_owned());
        if !is_new {
            self.note(|| SchemaError::Twice { owner: owner.to_owned(), name: name.to_owned() });
        }
        is_new
    }

    fn check_name(&mut self, owner: &str, name: &str) {
        if !is_name(name) {
            self.note(|| SchemaError::Name { owner: owner.to_owned(), name: name.to_owned() });
        }
    }

    fn note(&mut self, wrong: impl FnOnce() -> SchemaError) {
        self.wrong.get_or_insert_with(wrong);
    }
}

/// Returns true if a text is a name in GraphQL, and not reserved.
fn is_name(name: &str) -> bool {
    let starts_well = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let is_kept = name.starts_with("__") || ["true", "false", "null"].contains(&name);
    starts_well && !is_kept && name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
}

/// Returns an error, as every resolver of the schema: the engine answers requests, and async-graphql only holds the types.
pub(super) fn no_resolver(_: ResolverContext<'_>) -> FieldFuture<'_> {
    FieldFuture::new(std::future::ready(Err::<Option<FieldValue<'_>>, _>(Error::new(NO_RESOLVER))))
}

fn no_stream(_: ResolverContext<'_>) -> SubscriptionFieldFuture<'_> {
    type None<'a> = stream::Empty<async_graphql::Result<FieldValue<'a>>>;
    SubscriptionFieldFuture::new(std::future::ready(Err::<None<'_>, _>(Error::new(NO_RESOLVER))))
}

const NO_RESOLVER: &str = "This is answered by the engine, not by its schema.";

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str) -> Part<Field> {
        field(name, TypeRef::named(TypeRef::STRING), "Text.")
    }

    fn wrong(make: impl FnOnce(&mut Types)) -> String {
        let mut types = Types::default();
        make(&mut types);
        match types.into_builder() {
            Ok(_) => "nothing".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    /// Checks names at which async-graphql would panic, or keep only one of two.
    #[test]
    fn a_name_that_is_there_twice_is_an_error() {
        let argument = || input("a", TypeRef::named(TypeRef::INT), "A.");
        assert_eq!(wrong(|it| it.object("A", "", [text("a"), text("b")])), "nothing");
        assert_eq!(wrong(|it| it.object("A", "", [text("a"), text("a")])), "A: the name a is taken twice");
        assert_eq!(wrong(|it| it.node("A", "", [text("id")])), "A: the name id is taken twice");
        assert_eq!(
            wrong(|it| it.object("A", "", [text("f").arguments(vec![argument(), argument()])])),
            "A.f: the name a is taken twice"
        );
        assert_eq!(wrong(|it| it.input("A", "", [argument(), argument()])), "A: the name a is taken twice");
        assert_eq!(
            wrong(|it| it.enumeration("A", "", [value("B", ""), value("B", "")])),
            "A: the name B is taken twice"
        );
        let twice = |it: &mut Types| {
            it.scalar("A", "", None);
            it.enumeration("A", "", [value("B", "")]);
        };
        assert_eq!(wrong(twice), "the schema: the name A is taken twice");
    }

    #[test]
    fn a_type_has_something_in_it() {
        assert_eq!(wrong(|it| it.object("A", "", [])), "A: there is nothing in it");
        assert_eq!(wrong(|it| it.input("A", "", [])), "A: there is nothing in it");
        assert_eq!(wrong(|it| it.enumeration("A", "", [])), "A: there is nothing in it");
    }

    #[test]
    fn a_name_is_one_of_graphql() {
        assert_eq!(wrong(|it| it.object("A", "", [text("1st")])), "A: GraphQL has no name 1st");
        for name in ["", "1st", "größe", "a b", "a-b", "__a", "true", "null"] {
            assert!(!is_name(name), "{name}");
        }
        for name in ["a", "_a", "A1", "nullable", "a__"] {
            assert!(is_name(name), "{name}");
        }
    }
}
