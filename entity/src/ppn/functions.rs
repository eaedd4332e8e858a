//! Functions of the portal that are served beside its tables.

use crate::Function;

/// All of them.
pub const FUNCTIONS: &[Function] = &[];
