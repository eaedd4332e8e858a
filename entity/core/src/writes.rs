//! The columns of a table that callers may write.

/// The writes that the grants and policies of a table allow to some caller. A test compares it with the database's
/// grants.
#[derive(Clone, Copy, Debug)]
pub struct Writes {
    /// Columns that callers may set in a new row; if there are none, nobody may add rows. They exclude columns that the
    /// database sets.
    pub insert: &'static [&'static str],
    /// Columns that callers may change; if there are none, nobody may change rows.
    pub update: &'static [&'static str],
    /// True if callers may delete rows.
    pub delete: bool,
}

impl Writes {
    /// The value for a table that callers may not write.
    pub const NONE: Self = Self { insert: &[], update: &[], delete: false };
}
