//! Converts a value of the request to a value of the schema's type (input coercion).

use std::borrow::Cow;

use super::variables::{self, Variable};
use super::{ArgumentError, Value};
use crate::graph::definitions::{Definitions, Input, InputObject, InputValue, Literal, Type};

const NOT_NULL: &str = "the only field that is given may not be null";

/// The context of coercion.
#[derive(Clone, Copy)]
pub(super) struct Coercion<'a> {
    pub(super) definitions: &'a Definitions,
    /// The coerced variables of the operation.
    pub(super) variables: &'a [Variable<'a>],
    pub(super) absence: Absence,
}

/// The rule for missing and null values within a value, as far as its type allows them.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Absence {
    /// They are allowed, as in the specification.
    Allowed,
    /// They are refused: if something is omitted, the writer omitted it, not a forgotten variable.
    Refused,
}

/// A value before coercion.
enum Uncoerced<'a> {
    Literal(&'a Literal),
    Json(Value<'a>),
}

type Coerced<T> = Result<T, ArgumentError>;

impl<'a> Coercion<'a> {
    /// Coerces a literal; returns `None` for a variable without a value.
    pub(super) fn literal(self, value: &'a Literal, ty: &'a Type) -> Coerced<Option<Value<'a>>> {
        self.given(Uncoerced::Literal(value), ty)
    }

    /// Coerces the JSON value of a variable.
    pub(super) fn json(self, value: Value<'a>, ty: &'a Type) -> Coerced<Value<'a>> {
        self.value(Uncoerced::Json(value), ty)
    }

    fn given(self, given: Uncoerced<'a>, ty: &'a Type) -> Coerced<Option<Value<'a>>> {
        let Uncoerced::Literal(Literal::Variable(name)) = given else {
            return self.value(given, ty).map(Some);
        };
        let Some((variable, value)) =
            variables::find(self.variables, name).and_then(|it| Some((it, it.value.as_ref()?)))
        else {
            return self.absent(name).map(|()| None);
        };
        self.not_null(name, value)?;
        if self.absence == Absence::Refused {
            self.has_no_null(name, value, variable.ty)?;
        }
        if is_like(variable.ty, ty) && !(value.is_null() && ty.is_non_null()) {
            return Ok(Some(Value::Same(value)));
        }
        self.json(value.clone(), ty).map(Some)
    }

    fn absent(self, name: &str) -> Coerced<()> {
        match self.absence {
            Absence::Allowed => Ok(()),
            Absence::Refused => Err(ArgumentError::no_value(name)),
        }
    }

    fn not_null(self, name: &str, value: &Value<'_>) -> Coerced<()> {
        match self.absence {
            Absence::Refused if value.is_null() => Err(ArgumentError::null_as(name)),
            Absence::Refused | Absence::Allowed => Ok(()),
        }
    }

    fn value(self, given: Uncoerced<'a>, ty: &'a Type) -> Coerced<Value<'a>> {
        if let Uncoerced::Literal(Literal::Null) | Uncoerced::Json(Value::Null) = given {
            return match self.absence {
                _ if ty.is_non_null() => Err(ArgumentError::here(format!("null is not a value of {ty}"))),
                Absence::Refused => Err(ArgumentError::null()),
                Absence::Allowed => Ok(Value::Null),
            };
        }
        let name = match ty.nullable() {
            Type::Named(name) => &**name,
            Type::List(ty) | Type::NonNull(ty) => {
                return match given {
                    Uncoerced::Literal(Literal::List(items)) => {
                        self.items(items.iter().map(Uncoerced::Literal), ty)
                    }
                    Uncoerced::Json(Value::List(items)) => {
                        self.items(items.into_iter().map(Uncoerced::Json), ty)
                    }
                    // A single value counts as a list of one.
                    single => self.items(std::iter::once(single), ty),
                };
            }
        };
        match self.definitions.input(name) {
            Some(Input::Object(ty)) => match given {
                Uncoerced::Literal(Literal::Object(fields)) => {
                    let fields =
                        fields.iter().map(|(name, it)| (Cow::Borrowed(&**name), Uncoerced::Literal(it)));
                    self.object(fields, ty)
                }
                Uncoerced::Json(Value::Object(fields)) => {
                    self.object(fields.into_iter().map(|(name, it)| (name, Uncoerced::Json(it))), ty)
                }
                _ => Err(expected(&format!("an object of type {name}"))),
            },
            Some(Input::Enum(values)) => match self.leaf(given)? {
                Value::Text(text) if values.contains(text.as_ref()) => Ok(Value::Text(text)),
                _ => Err(expected(&format!("a value of {name}"))),
            },
            Some(Input::Scalar) => scalar(name, self.leaf(given)?),
            None => Err(ArgumentError::here(format!("there is no input type {name}"))),
        }
    }

    fn items(self, items: impl Iterator<Item = Uncoerced<'a>>, ty: &'a Type) -> Coerced<Value<'a>> {
        let items = items.enumerate().map(|(at, item)| {
            let value = match self.given(item, ty) {
                Ok(None) => self.value(Uncoerced::Json(Value::Null), ty),
                value => value.map(|value| value.unwrap_or(Value::Null)),
            };
            value.map_err(|error| error.within(&at.to_string()))
        });
        items.collect::<Coerced<_>>().map(Value::List)
    }

    fn object(
        self,
        given: impl Iterator<Item = (Cow<'a, str>, Uncoerced<'a>)>,
        ty: &'a InputObject,
    ) -> Coerced<Value<'a>> {
        let mut fields: Vec<(Cow<'a, str>, Value<'a>)> = Vec::with_capacity(given.size_hint().0);
        for (name, given) in given {
            let Some(field) = ty.field(&name) else {
                let message = format!("{} has no field of this name", ty.name);
                return Err(ArgumentError::here(message).within(&name));
            };
            // The type has no more fields.
            if fields.iter().any(|(known, _)| *known == name) {
                return Err(ArgumentError::repeated(&name));
            }
            match self.given(given, &field.ty) {
                Ok(Some(value)) => fields.push((name, value)),
                Ok(None) => {}
                Err(error) => return Err(error.within(&name)),
            }
        }
        if ty.is_one_of {
            match fields.as_slice() {
                [(_, value)] if !value.is_null() => {}
                [(name, _)] => return Err(ArgumentError::here(NOT_NULL).within(name)),
                _ => return Err(ArgumentError::here(format!("give exactly one field of {}", ty.name))),
            }
        }
        for field in ty.always() {
            if !fields.iter().any(|(known, _)| *known == *field.name) {
                let value = self.default(field).map_err(|error| error.within(&field.name))?;
                fields.push((Cow::Borrowed(&field.name), value));
            }
        }
        Ok(Value::Object(fields))
    }

    /// Returns the default of an omitted field.
    fn default(self, definition: &'a InputValue) -> Coerced<Value<'a>> {
        match &definition.default {
            Some(value) => self.value(Uncoerced::Literal(value), &definition.ty),
            None => Err(ArgumentError::missing(&definition.ty)),
        }
    }

    /// Returns a value without a type of its own: the value of a scalar, or JSON at any depth.
    fn leaf(self, given: Uncoerced<'a>) -> Coerced<Value<'a>> {
        let value = match given {
            Uncoerced::Json(value) => return Ok(value),
            Uncoerced::Literal(value) => value,
        };
        Ok(match value {
            Literal::Null => Value::Null,
            Literal::Boolean(value) => Value::Boolean(*value),
            Literal::Number(number) => Value::Number(number),
            Literal::Text(text) => Value::Text(Cow::Borrowed(text)),
            Literal::Variable(_) => self.leaf_or_variable(value)?.unwrap_or(Value::Null),
            Literal::List(items) => {
                let items = items.iter().enumerate().map(|(at, item)| {
                    let value = self.leaf_or_variable(item).map_err(|error| error.within(&at.to_string()));
                    value.map(|value| value.unwrap_or(Value::Null))
                });
                Value::List(items.collect::<Coerced<_>>()?)
            }
            Literal::Object(fields) => {
                let fields = fields.iter().filter_map(|(name, value)| {
                    let value = self.leaf_or_variable(value).map_err(|error| error.within(name));
                    Some(value.transpose()?.map(|value| (Cow::Borrowed(&**name), value)))
                });
                Value::Object(fields.collect::<Coerced<_>>()?)
            }
        })
    }

    /// Returns a part of JSON, in which a variable may have any type, and validation does not check whether it is declared.
    fn leaf_or_variable(self, value: &'a Literal) -> Coerced<Option<Value<'a>>> {
        let Literal::Variable(name) = value else { return self.leaf(Uncoerced::Literal(value)).map(Some) };
        let Some(variable) = variables::find(self.variables, name) else {
            return Err(ArgumentError::here(format!("the variable `${name}` is not declared")));
        };
        match &variable.value {
            Some(value) => self.not_null(name, value).map(|()| Some(Value::Same(value))),
            None => self.absent(name).map(|()| None),
        }
    }

    /// Refuses null anywhere in the value of a variable except within JSON, where it is a value like any other.
    fn has_no_null(self, name: &str, value: &Value<'_>, ty: &Type) -> Coerced<()> {
        if value.is_null() {
            return Err(ArgumentError::null_of(name));
        }
        if let Type::List(ty) = ty.nullable() {
            return value.items().iter().enumerate().try_for_each(|(at, item)| {
                self.has_no_null(name, item, ty).map_err(|error| error.within(&at.to_string()))
            });
        }
        let Some(Input::Object(ty)) = self.definitions.input(ty.name()) else {
            return Ok(());
        };
        value.fields().iter().try_for_each(|(field, value)| match ty.field(field) {
            Some(of) => self.has_no_null(name, value, &of.ty).map_err(|error| error.within(field)),
            None => Ok(()),
        })
    }
}

/// Returns true if all values of one type except null are values of the other.
fn is_like(one: &Type, other: &Type) -> bool {
    one.nullable().fits(other.nullable())
}

/// Returns a value of a scalar: coerced for a scalar of the specification, unchanged for another.
fn scalar<'a>(name: &str, value: Value<'a>) -> Coerced<Value<'a>> {
    let is_whole = |text: &str| !text.contains(['.', 'e', 'E']);
    Ok(match (name, value) {
        ("Int", Value::Number(number)) if number.parse::<i32>().is_ok() => Value::Number(number),
        ("Int", _) => return Err(expected("a whole number of 32 bits")),
        ("Float", Value::Number(number)) => Value::Number(number),
        ("Float", _) => return Err(expected("a number")),
        ("String" | "ID", Value::Text(text)) => Value::Text(text),
        ("String", _) => return Err(expected("a string")),
        ("ID", Value::Number(number)) if is_whole(number) => Value::Text(Cow::Borrowed(number)),
        ("ID", _) => return Err(expected("an id")),
        ("Boolean", Value::Boolean(value)) => Value::Boolean(value),
        ("Boolean", _) => return Err(expected("true or false")),
        (_, value) => value,
    })
}

fn expected(what: &str) -> ArgumentError {
    ArgumentError::here(format!("this is not {what}"))
}
