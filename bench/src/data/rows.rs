//! Writes rows in the text format of COPY.

use std::fmt::{Display, Write as _};

/// The rows of one table.
#[derive(Debug, Default)]
pub(super) struct Rows {
    text: String,
    count: u64,
    columns: usize,
}

impl Rows {
    /// Adds a value to the row; it must not contain tabs, newlines or backslashes.
    pub(super) fn value(&mut self, value: impl Display) -> &mut Self {
        if self.columns > 0 {
            self.text.push('\t');
        }
        self.columns += 1;
        // Writing to a String cannot fail.
        let _ = write!(self.text, "{value}");
        self
    }

    /// Adds a value, or NULL.
    pub(super) fn optional(&mut self, value: Option<impl Display>) -> &mut Self {
        match value {
            Some(value) => self.value(value),
            None => self.value("\\N"),
        }
    }

    /// Ends the row.
    pub(super) fn end(&mut self) {
        self.text.push('\n');
        self.columns = 0;
        self.count += 1;
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}
