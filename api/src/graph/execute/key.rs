//! Keys join the rows of one level to those of the next. A key holds the bytes of its columns as Postgres sends them.

use std::borrow::Cow;
use std::sync::Arc;

use crate::database::{Parameter, Row};
use crate::graph::catalog::ColumnType;
use crate::graph::value::shortest;

/// A key of one or more columns, or of none for the whole table.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// No columns.
    Whole,
    /// One column of eight bytes: a bigint, which most keys are.
    Eight([u8; 8]),
    /// Any other column or columns.
    Parts(Arc<[Box<[u8]>]>),
}

impl Key {
    /// Returns the key at these positions of a row; `None` if a part is NULL, which matches nothing.
    pub(super) fn of(row: &Row, positions: &[usize]) -> Option<Self> {
        match positions {
            [] => Some(Self::Whole),
            [position] => part_of(row, *position).map(|part| Self::single(&part)),
            positions => positions
                .iter()
                .map(|position| part_of(row, *position).map(Box::from))
                .collect::<Option<Vec<_>>>()
                .map(|parts| Self::Parts(parts.into())),
        }
    }

    /// Returns the key of these parts.
    pub(super) fn from_parts(parts: &[Vec<u8>]) -> Self {
        match parts {
            [] => Self::Whole,
            [part] => Self::single(part),
            parts => Self::Parts(parts.iter().map(|part| part.as_slice().into()).collect()),
        }
    }

    fn single(bytes: &[u8]) -> Self {
        bytes.try_into().map_or_else(|_| Self::Parts([Box::from(bytes)].into()), Self::Eight)
    }

    /// Returns the bytes of its columns.
    pub(super) fn parts(&self) -> Vec<&[u8]> {
        match self {
            Self::Whole => Vec::new(),
            Self::Eight(bytes) => vec![bytes],
            Self::Parts(parts) => parts.iter().map(AsRef::as_ref).collect(),
        }
    }

    fn part(&self, at: usize) -> &[u8] {
        match self {
            Self::Whole => &[],
            Self::Eight(bytes) => bytes,
            Self::Parts(parts) => &parts[at],
        }
    }
}

/// Returns a part of a key in a row. Equal numbers have equal bytes.
fn part_of(row: &Row, position: usize) -> Option<Cow<'_, [u8]>> {
    let bytes = row.bytes(position)?;
    Some(if row.is_numeric(position) { Cow::Owned(shortest(bytes)) } else { Cow::Borrowed(bytes) })
}

/// Returns one key as parameters, one per part.
pub(super) fn single_parameters(key: &Key, parts: &[ColumnType]) -> Vec<Parameter> {
    let parts = parts.iter().enumerate();
    parts.map(|(at, part)| Parameter::new(part.scalar().postgres(), key.part(at).to_vec())).collect()
}

/// Returns the keys as array parameters, one array per part.
pub(super) fn parameters(keys: &[Key], parts: &[ColumnType]) -> Vec<Parameter> {
    parts
        .iter()
        .enumerate()
        .map(|(at, part)| {
            let scalar = part.scalar();
            let elements = keys.iter().map(|key| key.part(at));
            Parameter::array(scalar.postgres_array(), &scalar.postgres(), elements)
        })
        .collect()
}
