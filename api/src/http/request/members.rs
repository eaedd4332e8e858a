//! Collects the members of a request before their values are read.

use std::fmt::{self, Display};

use serde::Deserialize;
use serde::de::value::Error as NameError;
use serde::de::{Deserializer, IgnoredAny, IntoDeserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::graph::{Code, Error};

/// A member of a request, by its name in GraphQL over HTTP.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(field_identifier, rename_all = "camelCase")]
pub(super) enum Member {
    Query,
    OperationName,
    Variables,
    Extensions,
    #[serde(other)]
    Other,
}

impl Member {
    pub(super) fn named(name: &str) -> Self {
        let named: Result<_, NameError> = Self::deserialize(name.into_deserializer());
        named.unwrap_or(Self::Other)
    }

    /// Makes the error of a member. `how`: what is wrong, as the end of the sentence.
    pub(super) fn wrong(self, how: impl Display) -> Error {
        let name = match self {
            Self::Query => "query",
            Self::OperationName => "operationName",
            Self::Variables => "variables",
            Self::Extensions => "extensions",
            Self::Other => "member",
        };
        Error::new(Code::BadUserInput, format!("`{name}` {how}."))
    }
}

/// The members that a client has sent.
pub(super) struct Members<T> {
    members: [Option<T>; Member::Other as usize],
    repeated: Option<Member>,
}

impl<T> Default for Members<T> {
    fn default() -> Self {
        Self { members: [const { None }; _], repeated: None }
    }
}

impl<T> Members<T> {
    /// Adds a member; it ignores members with other names.
    pub(super) fn put(&mut self, member: Member, value: T) {
        if let Some(place) = self.members.get_mut(member as usize)
            && place.replace(value).is_some()
        {
            self.repeated.get_or_insert(member);
        }
    }

    /// Returns the members in their order. It refuses a repeated member, because a proxy might have checked the other value.
    pub(super) fn once(self) -> Result<[Option<T>; Member::Other as usize], Error> {
        match self.repeated {
            Some(member) => Err(member.wrong("is given more than once")),
            None => Ok(self.members),
        }
    }
}

impl<'de> Deserialize<'de> for Members<&'de RawValue> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<&'de RawValue>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut sent = Members::default();
                while let Some(member) = map.next_key()? {
                    match member {
                        Member::Other => drop(map.next_value::<IgnoredAny>()?),
                        member => sent.put(member, map.next_value()?),
                    }
                }
                Ok(sent)
            }
        }
        deserializer.deserialize_map(Object)
    }
}
