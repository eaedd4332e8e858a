//! Finds the argument of a mutation that a refusal is about.

use super::mutation::{Failure, StatementPosition, UnlocatedRefusal, placed};
use crate::graph::error::Code;
use crate::graph::plan::{FunctionWrite, MutationStep};
use crate::graph::refusal::Refusal;

/// The place in the request that gives the values of a statement.
#[derive(Clone, Copy)]
pub(super) enum ValuesGiven<'a> {
    /// The place has no name.
    Nowhere,
    /// An argument, or a row within one.
    Here(&'a str),
    /// Several rows, each with its place.
    Rows(StatementPosition, &'a [String]),
    /// The arguments of a function.
    Call(StatementPosition, &'a FunctionWrite),
}

/// Returns a refusal with the argument that it is about.
pub(super) fn refused(refusal: Refusal, given: ValuesGiven<'_>, step: &MutationStep) -> Failure {
    let Refusal { error, field, names, is_about } = refusal;
    let mut error = placed(error, step);
    match given {
        ValuesGiven::Rows(at, places) if is_about => {
            let places = places.iter().map(|place| within(place, field.as_deref())).collect();
            let is_of_field = field.is_some();
            return Failure::Unlocated(Box::new(UnlocatedRefusal {
                at,
                places,
                error,
                is_of_field,
                may_be_about_none: false,
            }));
        }
        ValuesGiven::Here(place) if is_about => error.argument = Some(within(place, field.as_deref())),
        ValuesGiven::Call(at, called) => {
            let number = || called.too_large.as_deref().filter(|_| error.code == Code::BadUserInput);
            let is_of_value =
                matches!(error.code, Code::BadUserInput | Code::NotFound | Code::Conflict | Code::Forbidden);
            let key = || called.key.as_deref().filter(|_| error.code == Code::NotFound);
            let place = is_of_value.then(|| called.place_of(&names).or_else(key)).flatten();
            error.argument = place.or_else(number).map(str::to_owned);
            // An argument that is no field of the objects is named already.
            let may_be_within = error.argument.as_ref().is_none_or(|place| place.contains('.'));
            if let Some(objects) = &called.objects
                && is_of_value
                && called.too_large.is_none()
                && may_be_within
            {
                let (places, is_of_field) = (objects.places(&names), objects.have(&names));
                return Failure::Unlocated(Box::new(UnlocatedRefusal {
                    at,
                    places,
                    error,
                    is_of_field,
                    may_be_about_none: true,
                }));
            }
        }
        ValuesGiven::Nowhere | ValuesGiven::Here(_) | ValuesGiven::Rows(..) => {}
    }
    Failure::Refused(error)
}

/// Returns a field within a place, or the place.
pub(in crate::graph) fn within(place: &str, field: Option<&str>) -> String {
    field.map_or_else(|| place.to_owned(), |field| format!("{place}.{field}"))
}
