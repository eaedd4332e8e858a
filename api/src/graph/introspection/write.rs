//! Writes what is asked of a schema.

use apollo_compiler::ast::{DirectiveDefinition, DirectiveList, EnumValueDefinition, FieldDefinition};
use apollo_compiler::ast::{InputValueDefinition, Type, Value};
use apollo_compiler::schema::{Component, ExtendedType, Implementers};
use apollo_compiler::validation::Valid;
use apollo_compiler::{Name, Node, Schema, collections};
use bytes::Bytes;

use super::{Introspected, Room, Shape, Wanted};
use crate::graph::value::write_string;

pub(super) struct Writer<'s> {
    schema: &'s Schema,
    implementers: collections::HashMap<Name, Implementers>,
    room: Room,
    objects: u64,
    out: Vec<u8>,
    /// Whether there is no room for more; what is left is not written then.
    full: bool,
}

/// An object of the schema's schema.
#[derive(Clone, Copy)]
enum Object<'s> {
    Schema,
    Type(&'s ExtendedType),
    /// Its type within `[…]`.
    List(&'s Type),
    /// It never is null; of a list, the type of its items.
    NonNull(&'s Type),
    Field(&'s FieldDefinition),
    Input(&'s InputValueDefinition),
    Value(&'s EnumValueDefinition),
    Directive(&'s DirectiveDefinition),
}

impl<'s> Writer<'s> {
    pub(super) fn new(schema: &'s Valid<Schema>, room: Room) -> Self {
        let implementers = schema.implementers_map();
        Self { schema, implementers, room, objects: 0, out: Vec::new(), full: false }
    }

    /// The answer and the number of its objects; `None`: there is no room for it.
    pub(super) fn write(mut self, asked: &Introspected) -> Option<(Bytes, u64)> {
        match asked {
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
                Object::List(_) | Object::NonNull(_) => self.wrapped(object, wanted),
                Object::Field(field) => self.field(field, wanted),
                Object::Input(input) => self.input(input, wanted),
                Object::Value(value) => self.value(value, wanted),
                Object::Directive(directive) => self.directive(directive, wanted),
            }
        }
        self.out.push(b'}');
    }

    fn schema(&mut self, wanted: &Wanted) {
        let schema = self.schema;
        let root = &schema.schema_definition;
        match wanted.name.as_str() {
            "description" => self.text(root.description.as_deref()),
            "types" => self.list(schema.types.values().map(Object::Type), &wanted.below),
            "queryType" => self.root(root.query.as_deref(), &wanted.below),
            "mutationType" => self.root(root.mutation.as_deref(), &wanted.below),
            "subscriptionType" => self.root(root.subscription.as_deref(), &wanted.below),
            "directives" => {
                let directives = schema.directive_definitions.values();
                self.list(directives.map(|directive| Object::Directive(directive)), &wanted.below);
            }
            _ => self.text(Some("__Schema")),
        }
    }

    fn root(&mut self, name: Option<&Name>, shape: &Shape) {
        match name {
            Some(name) => self.named(name, shape),
            None => self.null(),
        }
    }

    fn named(&mut self, name: &str, shape: &Shape) {
        match self.schema.types.get(name) {
            Some(ty) => self.object(Object::Type(ty), shape),
            None => self.null(),
        }
    }

    fn types<'n>(&mut self, names: impl Iterator<Item = &'n Name>, shape: &Shape) {
        let schema = self.schema;
        self.list(names.filter_map(|name| schema.types.get(name).map(Object::Type)), shape);
    }

    fn ty(&mut self, ty: &'s ExtendedType, wanted: &Wanted) {
        match (wanted.name.as_str(), ty) {
            ("kind", _) => self.text(Some(match ty {
                ExtendedType::Scalar(_) => "SCALAR",
                ExtendedType::Object(_) => "OBJECT",
                ExtendedType::Interface(_) => "INTERFACE",
                ExtendedType::Union(_) => "UNION",
                ExtendedType::Enum(_) => "ENUM",
                ExtendedType::InputObject(_) => "INPUT_OBJECT",
            })),
            ("name", _) => self.text(Some(ty.name().as_str())),
            ("description", _) => self.text(ty.description().map(|text| &**text)),
            ("fields", ExtendedType::Object(object)) => self.fields(&object.fields, wanted),
            ("fields", ExtendedType::Interface(interface)) => self.fields(&interface.fields, wanted),
            ("interfaces", ExtendedType::Object(object)) => {
                self.types(object.implements_interfaces.iter().map(|it| &it.name), &wanted.below);
            }
            ("interfaces", ExtendedType::Interface(interface)) => {
                self.types(interface.implements_interfaces.iter().map(|it| &it.name), &wanted.below);
            }
            ("possibleTypes", ExtendedType::Interface(interface)) => {
                let mut names: Vec<Name> = Vec::new();
                if let Some(implementers) = self.implementers.get(&interface.name) {
                    names.extend(implementers.objects.iter().cloned());
                }
                self.types(names.iter(), &wanted.below);
            }
            ("possibleTypes", ExtendedType::Union(union)) => {
                self.types(union.members.iter().map(|it| &it.name), &wanted.below);
            }
            ("enumValues", ExtendedType::Enum(it)) => {
                let values = it.values.values().filter(|it| shown(&it.directives, wanted));
                self.list(values.map(|it| Object::Value(it)), &wanted.below);
            }
            ("inputFields", ExtendedType::InputObject(it)) => {
                let fields = it.fields.values().filter(|it| shown(&it.directives, wanted));
                self.list(fields.map(|it| Object::Input(it)), &wanted.below);
            }
            ("specifiedByURL", ExtendedType::Scalar(scalar)) => {
                let says = scalar.directives.get("specifiedBy");
                let url =
                    says.and_then(|it| it.specified_argument_by_name("url")).and_then(|url| url.as_str());
                self.text(url);
            }
            ("__typename", _) => self.text(Some("__Type")),
            _ => self.null(),
        }
    }

    fn fields(
        &mut self,
        fields: &'s collections::IndexMap<Name, Component<FieldDefinition>>,
        wanted: &Wanted,
    ) {
        let fields = fields.values().filter(|it| shown(&it.directives, wanted));
        self.list(fields.map(|it| Object::Field(it)), &wanted.below);
    }

    fn wrapped(&mut self, object: Object<'s>, wanted: &Wanted) {
        match (wanted.name.as_str(), object) {
            ("kind", Object::List(_)) => self.text(Some("LIST")),
            ("kind", _) => self.text(Some("NON_NULL")),
            ("ofType", Object::List(items)) => self.reference(items, &wanted.below),
            ("ofType", Object::NonNull(Type::NonNullNamed(name))) => self.named(name, &wanted.below),
            ("ofType", Object::NonNull(Type::NonNullList(items))) => {
                self.object(Object::List(items), &wanted.below);
            }
            ("__typename", _) => self.text(Some("__Type")),
            _ => self.null(),
        }
    }

    fn reference(&mut self, ty: &'s Type, shape: &Shape) {
        match ty {
            Type::Named(name) => self.named(name, shape),
            Type::List(items) => self.object(Object::List(items), shape),
            Type::NonNullNamed(_) | Type::NonNullList(_) => self.object(Object::NonNull(ty), shape),
        }
    }

    fn field(&mut self, field: &'s FieldDefinition, wanted: &Wanted) {
        match wanted.name.as_str() {
            "name" => self.text(Some(field.name.as_str())),
            "description" => self.text(field.description.as_deref()),
            "args" => self.arguments(&field.arguments, wanted),
            "type" => self.reference(&field.ty, &wanted.below),
            _ => self.deprecation(&field.directives, "__Field", wanted),
        }
    }

    fn input(&mut self, input: &'s InputValueDefinition, wanted: &Wanted) {
        match wanted.name.as_str() {
            "name" => self.text(Some(input.name.as_str())),
            "description" => self.text(input.description.as_deref()),
            "type" => self.reference(&input.ty, &wanted.below),
            "defaultValue" => {
                let value = input.default_value.as_ref();
                let value = value.map(|value: &Node<Value>| value.serialize().no_indent().to_string());
                self.text(value.as_deref());
            }
            _ => self.deprecation(&input.directives, "__InputValue", wanted),
        }
    }

    fn value(&mut self, value: &EnumValueDefinition, wanted: &Wanted) {
        match wanted.name.as_str() {
            "name" => self.text(Some(value.value.as_str())),
            "description" => self.text(value.description.as_deref()),
            _ => self.deprecation(&value.directives, "__EnumValue", wanted),
        }
    }

    fn directive(&mut self, directive: &'s DirectiveDefinition, wanted: &Wanted) {
        match wanted.name.as_str() {
            "name" => self.text(Some(directive.name.as_str())),
            "description" => self.text(directive.description.as_deref()),
            "args" => self.arguments(&directive.arguments, wanted),
            "locations" => {
                let locations = directive.locations.iter();
                let json: Vec<&str> = locations.map(|it| it.name()).collect();
                self.out.push(b'[');
                for (at, name) in json.iter().enumerate() {
                    if at > 0 {
                        self.out.push(b',');
                    }
                    write_string(name, &mut self.out);
                }
                self.out.push(b']');
            }
            "isRepeatable" => self.boolean(directive.repeatable),
            _ => self.text(Some("__Directive")),
        }
    }

    fn arguments(&mut self, arguments: &'s [Node<InputValueDefinition>], wanted: &Wanted) {
        let arguments = arguments.iter().filter(|it| shown(&it.directives, wanted));
        self.list(arguments.map(|it| Object::Input(it)), &wanted.below);
    }

    /// What fields, inputs and values have in common.
    fn deprecation(&mut self, directives: &DirectiveList, type_name: &str, wanted: &Wanted) {
        let deprecated = directives.get("deprecated");
        match wanted.name.as_str() {
            "isDeprecated" => self.boolean(deprecated.is_some()),
            "deprecationReason" => {
                let schema = self.schema;
                let reason = deprecated.and_then(|it| it.argument_by_name("reason", schema).ok());
                self.text(reason.and_then(|reason| reason.as_str()));
            }
            _ => self.text(Some(type_name)),
        }
    }

    fn list(&mut self, objects: impl Iterator<Item = Object<'s>>, shape: &Shape) {
        self.out.push(b'[');
        for (at, object) in objects.enumerate() {
            if !self.has_room() {
                return;
            }
            if at > 0 {
                self.out.push(b',');
            }
            self.object(object, shape);
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

/// Whether something is listed.
fn shown(directives: &DirectiveList, wanted: &Wanted) -> bool {
    wanted.deprecated || directives.get("deprecated").is_none()
}
