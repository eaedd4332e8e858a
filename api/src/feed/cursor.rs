//! A cursor identifies the last change that a client has received, so that the gateway finds the changes it has missed.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

/// A position in the stream of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    /// All changes of transactions before this one had been delivered.
    pub(super) horizon: u64,
    /// The transaction of the last delivered change.
    pub(super) transaction: u64,
    /// The number of that change; the earlier ones of its transaction had been delivered too.
    pub(super) change: i64,
}

const VERSION: &str = "1";

impl Cursor {
    pub(super) fn write(self) -> String {
        let Self { horizon, transaction, change } = self;
        BASE64_URL_SAFE_NO_PAD.encode(format!("{VERSION}.{horizon}.{transaction}.{change}"))
    }

    /// Reads a cursor; `None` if the gateway has not made it.
    pub(super) fn read(text: &str) -> Option<Self> {
        let plain = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let mut parts = plain.split('.');
        if parts.next()? != VERSION {
            return None;
        }
        let cursor = Self {
            horizon: parts.next()?.parse().ok()?,
            transaction: parts.next()?.parse().ok()?,
            change: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(cursor)
    }

    /// Returns true if the client has received a change for certain.
    pub(super) fn covers(self, transaction: u64, change: i64) -> bool {
        transaction < self.horizon || (transaction == self.transaction && change <= self.change)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let cursor = Cursor { horizon: 7, transaction: u64::MAX, change: 12 };
        assert_eq!(Cursor::read(&cursor.write()), Some(cursor));
        for wrong in ["", "x", "MS4x", &BASE64_URL_SAFE_NO_PAD.encode("1.1.1.1.1")] {
            assert_eq!(Cursor::read(wrong), None);
        }
        assert!(cursor.covers(6, 99) && cursor.covers(u64::MAX, 12));
        assert!(!cursor.covers(7, 1) && !cursor.covers(u64::MAX, 13));
    }
}
