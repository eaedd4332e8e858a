//! Writes the selected parts of a schema.
//!
//! async-graphql answers introspection too, but builds the whole answer as a tree before it can be counted: for an answer of 28
//! MB, to a document of 1.3 KB, it takes 190 MB and nine times the time. Its answers are also wrong in places: an interface has
//! no list of interfaces, and the schema's description is the library's text. So this module reads types from its registry
//! instead, including those of introspection ([`crate::graph::schema`] adds these), object by object, and stops at the limit.

use async_graphql::InputType;
use async_graphql::dynamic::TypeRef;
use async_graphql::registry::{
    Deprecation, MetaDirective, MetaEnumValue, MetaField, MetaInputValue, MetaType, MetaTypeName, Registry,
};
use bytes::Bytes;

use super::{Introspected, Room, Shape, Wanted};
use crate::graph::value::write_string;

pub(super) struct Writer<'s> {
    registry: &'s Registry,
    room: Room,
    objects: u64,
    out: Vec<u8>,
    /// True if the limit is reached; the rest is not written then.
    full: bool,
}

/// An object of introspection.
#[derive(Clone, Copy)]
enum Object<'s> {
    Schema,
    Type(&'s MetaType),
    /// A list type: the type of its items.
    List(&'s str),
    /// A non-null type: the type without `!`.
    NonNull(&'s str),
    Field(&'s MetaField),
    Input(&'s MetaInputValue),
    Value(&'s MetaEnumValue),
    Directive(&'s MetaDirective),
}

impl<'s> Writer<'s> {
    pub(super) fn new(registry: &'s Registry, room: Room) -> Self {
        Self { registry, room, objects: 0, out: Vec::new(), full: false }
    }

    /// Returns the answer and the number of its objects; `None` if it exceeds the limit.
    pub(super) fn write(mut self, requested: &Introspected) -> Option<(Bytes, u64)> {
        match requested {
            Introspected::Schema(shape) => self.object(Object::Schema, shape),
            Introspected::Type(name, shape) => self.named(name, shape),
        }
        self.has_room().then(|| (self.out.into(), self.objects))
    }

    fn has_room(&mut self) -> bool {
        self.full |= self.objects > self.room.objects || self.out.len() > self.room.bytes;
        !self.full
    }

    fn object(&mut self, object: Object<'s>, shape: &Shape) {
        self.objects += 1;
        self.out.push(b'{');
        for (at, wanted) in shape.iter().enumerate() {
            if !self.has_room() {
                return;
            }
            if at > 0 {
                self.out.push(b',');
            }
            write_string(&wanted.key, &mut self.out);
            self.out.push(b':');
            match object {
                Object::Schema => self.schema(wanted),
                Object::Type(ty) => self.ty(ty, wanted),
                Object::List(of) => self.wrapping("LIST", of, wanted),
                Object::NonNull(of) => self.wrapping("NON_NULL", of, wanted),
                Object::Field(field) => self.field(field, wanted),
                Object::Input(input) => self.input(input, wanted),
                Object::Value(value) => self.value(value, wanted),
                Object::Directive(directive) => self.directive(directive, wanted),
            }
        }
        self.out.push(b'}');
    }

    fn schema(&mut self, wanted: &Wanted) {
        let registry = self.registry;
        match wanted.name.as_str() {
            "types" => self.list(registry.types.values().map(Object::Type), &wanted.below),
            "queryType" => self.named(&registry.query_type, &wanted.below),
            "mutationType" => self.root(registry.mutation_type.as_deref(), &wanted.below),
            "subscriptionType" => self.root(registry.subscription_type.as_deref(), &wanted.below),
            "directives" => {
                self.list(registry.directives.values().map(Object::Directive), &wanted.below);
            }
            "__typename" => self.text(Some("__Schema")),
            // The schema has no description.
            _ => self.null(),
        }
    }

    fn root(&mut self, name: Option<&str>, shape: &Shape) {
        match name {
            Some(name) => self.named(name, shape),
            None => self.null(),
        }
    }

    fn named(&mut self, name: &str, shape: &Shape) {
        match self.registry.types.get(name) {
            Some(ty) => self.object(Object::Type(ty), shape),
            None => self.null(),
        }
    }

    fn types(&mut self, names: impl IntoIterator<Item = &'s String>, shape: &Shape) {
        let types = &self.registry.types;
        self.list(names.into_iter().filter_map(|name| types.get(name).map(Object::Type)), shape);
    }

    fn ty(&mut self, ty: &'s MetaType, wanted: &Wanted) {
        match (wanted.name.as_str(), ty) {
            ("kind", _) => self.text(Some(kind(ty))),
            ("name", _) => self.text(Some(ty.name())),
            ("description", _) => self.text(description(ty)),
            ("fields", MetaType::Object { fields, .. } | MetaType::Interface { fields, .. }) => {
                // Fields of introspection itself are not listed.
                let fields = fields.values().filter(|it| !it.name.starts_with("__"));
                let fields = fields.filter(|it| shown(&it.deprecation, wanted));
                self.list(fields.map(Object::Field), &wanted.below);
            }
            ("interfaces", MetaType::Object { name, .. } | MetaType::Interface { name, .. }) => {
                let names = self.registry.implements.get(name);
                self.types(names.into_iter().flatten(), &wanted.below);
            }
            (
                "possibleTypes",
                MetaType::Interface { possible_types, .. } | MetaType::Union { possible_types, .. },
            ) => self.types(possible_types, &wanted.below),
            ("enumValues", MetaType::Enum { enum_values, .. }) => {
                let values = enum_values.values().filter(|it| shown(&it.deprecation, wanted));
                self.list(values.map(Object::Value), &wanted.below);
            }
            ("inputFields", MetaType::InputObject { input_fields, .. }) => {
                self.inputs(input_fields.values(), wanted);
            }
            ("isOneOf", MetaType::InputObject { oneof, .. }) => self.boolean(*oneof),
            ("specifiedByURL", MetaType::Scalar { specified_by_url, .. }) => {
                self.text(specified_by_url.as_deref());
            }
            ("__typename", _) => self.text(Some("__Type")),
            _ => self.null(),
        }
    }

    fn wrapping(&mut self, kind: &str, of: &'s str, wanted: &Wanted) {
        match wanted.name.as_str() {
            "kind" => self.text(Some(kind)),
            "ofType" => self.reference(of, &wanted.below),
            "__typename" => self.text(Some("__Type")),
            _ => self.null(),
        }
    }

    fn reference(&mut self, ty: &'s str, shape: &Shape) {
        match MetaTypeName::create(ty) {
            MetaTypeName::Named(name) => self.named(name, shape),
            MetaTypeName::List(of) => self.object(Object::List(of), shape),
            MetaTypeName::NonNull(of) => self.object(Object::NonNull(of), shape),
        }
    }

    fn field(&mut self, field: &'s MetaField, wanted: &Wanted) {
        match wanted.name.as_str() {
            "name" => self.text(Some(&field.name)),
            "description" => self.text(field.description.as_deref()),
            "args" => self.inputs(field.args.values(), wanted),
            "type" => self.reference(&field.ty, &wanted.below),
            _ => self.deprecation(&field.deprecation, "__Field", wanted),
        }
    }

    fn input(&mut self, input: &'s MetaInputValue, wanted: &Wanted) {
        match wanted.name.as_str() {
            "name" => self.text(Some(&input.name)),
            "description" => self.text(input.description.as_deref()),
            "type" => self.reference(&input.ty, &wanted.below),
            "defaultValue" => self.text(input.default_value.as_deref()),
            _ => self.deprecation(&input.deprecation, "__InputValue", wanted),
        }
    }

    fn value(&mut self, value: &MetaEnumValue, wanted: &Wanted) {
        match wanted.name.as_str() {
            "name" => self.text(Some(&value.name)),
            "description" => self.text(value.description.as_deref()),
            _ => self.deprecation(&value.deprecation, "__EnumValue", wanted),
        }
    }

    fn directive(&mut self, directive: &'s MetaDirective, wanted: &Wanted) {
        match wanted.name.as_str() {
            "name" => self.text(Some(&directive.name)),
            "description" => self.text(directive.description.as_deref()),
            "args" => self.inputs(directive.args.values(), wanted),
            "locations" => {
                let locations = directive.locations.iter().map(|location| location.to_value().to_string());
                self.array(locations, |this, name| this.text(Some(&name)));
            }
            "isRepeatable" => self.boolean(directive.is_repeatable),
            // A directive cannot be deprecated.
            _ => self.deprecation(&Deprecation::NoDeprecated, "__Directive", wanted),
        }
    }

    fn inputs(&mut self, inputs: impl Iterator<Item = &'s MetaInputValue>, wanted: &Wanted) {
        let inputs = inputs.filter(|it| shown(&it.deprecation, wanted));
        self.list(inputs.map(Object::Input), &wanted.below);
    }

    /// Writes the members that fields, inputs and values share.
    fn deprecation(&mut self, deprecation: &Deprecation, type_name: &str, wanted: &Wanted) {
        match (wanted.name.as_str(), deprecation) {
            ("isDeprecated", _) => self.boolean(deprecation.is_deprecated()),
            ("deprecationReason", Deprecation::Deprecated { reason }) => {
                self.text(Some(reason.as_deref().unwrap_or("No longer supported")));
            }
            ("deprecationReason", Deprecation::NoDeprecated) => self.null(),
            _ => self.text(Some(type_name)),
        }
    }

    fn list(&mut self, objects: impl Iterator<Item = Object<'s>>, shape: &Shape) {
        self.array(objects, |this, object| this.object(object, shape));
    }

    fn array<T>(&mut self, items: impl Iterator<Item = T>, write: impl Fn(&mut Self, T)) {
        self.out.push(b'[');
        for (at, item) in items.enumerate() {
            if !self.has_room() {
                return;
            }
            if at > 0 {
                self.out.push(b',');
            }
            write(self, item);
        }
        self.out.push(b']');
    }

    fn text(&mut self, text: Option<&str>) {
        match text {
            Some(text) => write_string(text, &mut self.out),
            None => self.null(),
        }
    }

    fn boolean(&mut self, value: bool) {
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    fn null(&mut self) {
        self.out.extend_from_slice(b"null");
    }
}

fn kind(ty: &MetaType) -> &'static str {
    match ty {
        MetaType::Scalar { .. } => "SCALAR",
        MetaType::Object { .. } => "OBJECT",
        MetaType::Interface { .. } => "INTERFACE",
        MetaType::Union { .. } => "UNION",
        MetaType::Enum { .. } => "ENUM",
        MetaType::InputObject { .. } => "INPUT_OBJECT",
    }
}

fn description(ty: &MetaType) -> Option<&str> {
    match ty {
        // The library describes the other scalars of the specification.
        MetaType::Scalar { name, .. } if name == TypeRef::ID => Some(
            "The id of an object, as a string that is not meant to be read; a whole number is accepted too.",
        ),
        MetaType::Scalar { description, .. }
        | MetaType::Object { description, .. }
        | MetaType::Interface { description, .. }
        | MetaType::Union { description, .. }
        | MetaType::Enum { description, .. }
        | MetaType::InputObject { description, .. } => description.as_deref(),
    }
}

/// Returns true if a member is listed.
fn shown(deprecation: &Deprecation, wanted: &Wanted) -> bool {
    wanted.deprecated || !deprecation.is_deprecated()
}
