//! Values between three forms: JSON of the request, Postgres's binary format, JSON of the response.

mod input;
mod numeric;
mod output;
mod time;

pub use input::{parameter, parameter_array};
pub use output::{write_string, write_value};
