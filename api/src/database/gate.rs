//! Whether anything may be asked of the database at all.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// A gate before the database that everybody who shares a pool comes through. It is shut while the database does not
/// protect its rows.
#[derive(Debug, Default)]
pub struct Gate {
    is_shut: AtomicBool,
    doubt: Notify,
}

impl Gate {
    /// Whether it is shut.
    pub fn is_shut(&self) -> bool {
        self.is_shut.load(Ordering::Acquire)
    }

    /// Shuts or opens it; gives whether it was the other way before.
    pub fn set_shut(&self, is_shut: bool) -> bool {
        self.is_shut.swap(is_shut, Ordering::AcqRel) != is_shut
    }

    /// Says that the schema may have changed.
    pub fn doubt(&self) {
        self.doubt.notify_one();
    }

    /// Waits until somebody says so.
    pub async fn doubted(&self) {
        self.doubt.notified().await;
    }
}
