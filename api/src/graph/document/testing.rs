//! Provides schemas for tests.

use std::sync::LazyLock;

use async_graphql::Value;
use async_graphql::dynamic::{
    Enum, Field, FieldFuture, FieldValue, InputObject, InputValue, Interface, InterfaceField, Object, Scalar,
    Schema, Subscription, SubscriptionField, SubscriptionFieldFuture, TypeRef, Union,
};
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, FieldDefinition, InputValueDefinition, Type, TypeKind, TypeSystemDefinition,
};

use super::readable;
use crate::graph::catalog::Catalog;
use crate::graph::schema;
use crate::systems;

/// A small schema with a few types of each kind.
pub(super) static PETS: LazyLock<Schema> = LazyLock::new(|| of_sdl(include_str!("pets.graphql")));

/// The gateway's own schema.
pub(super) static GATEWAY: LazyLock<Schema> =
    LazyLock::new(|| schema::build(&Catalog::new(&systems::ALL).unwrap()).unwrap());

fn of_sdl(sdl: &str) -> Schema {
    let document = parse_schema(sdl).unwrap();
    let has = |name: &str| sdl.contains(&format!("type {name} {{"));
    let named = |name: &'static str| has(name).then_some(name);
    let mut builder = readable(Schema::build("Query", named("Mutation"), named("Subscription")));
    for definition in document.definitions {
        let TypeSystemDefinition::Type(ty) = definition else { continue };
        let ty = ty.node;
        let name = ty.name.node.as_str();
        builder = match ty.kind {
            TypeKind::Scalar => builder.register(Scalar::new(name)),
            TypeKind::Object(object) if name == "Subscription" => {
                let mut subscription = Subscription::new(name);
                for field in object.fields {
                    subscription = subscription.field(subscribed(&field.node));
                }
                builder.register(subscription)
            }
            TypeKind::Object(object) => {
                let mut made = Object::new(name);
                for interface in object.implements {
                    made = made.implement(interface.node.as_str());
                }
                for field in object.fields {
                    made = made.field(selected(&field.node));
                }
                builder.register(made)
            }
            TypeKind::Interface(interface) => {
                let mut made = Interface::new(name);
                for field in interface.fields {
                    made = made.field(common(&field.node));
                }
                builder.register(made)
            }
            TypeKind::Union(union) => {
                let made = union
                    .members
                    .iter()
                    .fold(Union::new(name), |made, member| made.possible_type(member.node.as_str()));
                builder.register(made)
            }
            TypeKind::Enum(values) => builder
                .register(Enum::new(name).items(values.values.iter().map(|it| it.node.value.node.as_str()))),
            TypeKind::InputObject(input) => {
                let mut made = InputObject::new(name);
                if ty.directives.iter().any(|directive| directive.node.name.node == "oneOf") {
                    made = made.oneof();
                }
                for field in input.fields {
                    made = made.field(taken(&field.node));
                }
                builder.register(made)
            }
        };
    }
    builder.finish().unwrap()
}

fn reference(ty: &Type) -> TypeRef {
    let base = match &ty.base {
        BaseType::Named(name) => TypeRef::named(name.as_str()),
        BaseType::List(item) => TypeRef::List(Box::new(reference(item))),
    };
    if ty.nullable { base } else { TypeRef::NonNull(Box::new(base)) }
}

fn taken(input: &InputValueDefinition) -> InputValue {
    let value = InputValue::new(input.name.node.as_str(), reference(&input.ty.node));
    match &input.default_value {
        Some(default) => value.default_value(default.node.clone()),
        None => value,
    }
}

fn selected(field: &FieldDefinition) -> Field {
    let made = Field::new(field.name.node.as_str(), reference(&field.ty.node), |_| {
        FieldFuture::new(async { Ok(None::<FieldValue<'_>>) })
    });
    field.arguments.iter().fold(made, |made, argument| made.argument(taken(&argument.node)))
}

fn common(field: &FieldDefinition) -> InterfaceField {
    let made = InterfaceField::new(field.name.node.as_str(), reference(&field.ty.node));
    field.arguments.iter().fold(made, |made, argument| made.argument(taken(&argument.node)))
}

fn subscribed(field: &FieldDefinition) -> SubscriptionField {
    let made = SubscriptionField::new(field.name.node.as_str(), reference(&field.ty.node), |_| {
        SubscriptionFieldFuture::new(async {
            Ok(futures_util::stream::empty::<async_graphql::Result<Value>>())
        })
    });
    field.arguments.iter().fold(made, |made, argument| made.argument(taken(&argument.node)))
}
