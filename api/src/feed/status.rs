//! Holds the state of the listening connection: subscribers wait until it receives notifications of changes.

use std::time::Duration;

use tokio::sync::watch;

use super::notifications::ListenError;
use crate::graph::{Code, Error, NOTIFICATIONS_UNAVAILABLE, READ_ONLY_DATABASE};

/// A gateway that has just started receives notifications within this time.
const READY_WITHIN: Duration = Duration::from_secs(3);

/// The state of the listening connection, as subscribers need it.
pub(super) struct Status {
    /// All changes of transactions before this one have been received; 0 before the first notification.
    horizon: watch::Sender<u64>,
    /// The reason why the gateway receives no notifications; `None` while it receives them, or has just begun to listen.
    failure: watch::Sender<Option<ListenError>>,
}

impl Status {
    pub(super) fn new() -> Self {
        Self { horizon: watch::Sender::new(0), failure: watch::Sender::new(None) }
    }

    /// Sets the transaction before which all changes have been received.
    pub(super) fn set_horizon(&self, horizon: u64) {
        self.horizon.send_replace(horizon);
    }

    /// Sets the reason why the gateway receives no notifications; `None` if it receives them.
    pub(super) fn set_failure(&self, failure: Option<ListenError>) {
        self.failure.send_replace(failure);
    }

    /// Waits until the gateway receives notifications, or returns the reason why it does not.
    pub(super) async fn ready(&self) -> Result<(), Error> {
        let (mut horizon, mut failure) = (self.horizon.subscribe(), self.failure.subscribe());
        let receives = async {
            // Neither sender is dropped while this is borrowed.
            let _ = horizon.wait_for(|horizon| *horizon > 0).await;
            let _ = failure.wait_for(|failure| !failure.as_ref().is_some_and(ListenError::lasts)).await;
        };
        if tokio::time::timeout(READY_WITHIN, receives).await.is_ok() {
            return Ok(());
        }
        let (message, reason) = match &*self.failure.borrow() {
            Some(ListenError::Standby(_)) => (
                "This server reads from a standby, which sends no notifications of changes: it does not serve \
                 subscriptions.",
                Some(READ_ONLY_DATABASE),
            ),
            Some(ListenError::NotReceived | ListenError::SplitReads) => (
                "The configuration of this server keeps it from receiving notifications of changes: it does not serve \
                 subscriptions.",
                Some(NOTIFICATIONS_UNAVAILABLE),
            ),
            _ => ("The server receives no notifications of changes at the moment. Try again shortly.", None),
        };
        Err(Error { reason, ..Error::new(Code::Unavailable, message) })
    }
}
