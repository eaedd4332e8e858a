//! What can be written in a table.

/// What the grants and policies of a table let some caller write. A test compares it with the database's grants.
#[derive(Clone, Copy, Debug)]
pub struct Writes {
    /// Columns that a new row may be given; where there are none, nobody may add rows. What the database sets by itself is
    /// not among them.
    pub insert: &'static [&'static str],
    /// Columns that may be changed; where there are none, rows stay as they are.
    pub update: &'static [&'static str],
    /// Whether rows may be deleted.
    pub delete: bool,
}

impl Writes {
    /// Nobody may write.
    pub const NONE: Self = Self { insert: &[], update: &[], delete: false };
}
