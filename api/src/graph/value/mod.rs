//! Converts values between three forms: JSON of the request, Postgres's binary format, JSON of the response.

mod coordinate;
mod exact;
mod input;
mod multiple;
mod numeric;
mod output;
mod time;

pub(super) use coordinate::coordinate;
pub(super) use exact::{read_exact, write_exact};
pub(crate) use input::key_part_of_json;
pub(super) use input::{holds, key_part, parameter, parameter_array, shown, stored};

pub(super) use multiple::multiples;
pub(super) use numeric::{parse as decimal, scale as decimal_places, shortest};
pub(super) use output::{write_string, write_value};
pub(super) use time::is_within_calendars;
