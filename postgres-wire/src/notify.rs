//! Receives notifications of channels after `LISTEN`.

use std::time::Duration;

use postgres_protocol::message::backend;

use crate::batch::{Command, Query};
use crate::connection::{Connection, MOST_UNREAD, poll_once};
use crate::error::{ServerError, WireError};

/// A notification of another session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Name of the channel.
    pub channel: String,
    /// The text that was sent with `NOTIFY`; it may be empty.
    pub payload: String,
}

/// The notifications that have arrived and have not been returned yet.
#[derive(Debug, Default)]
pub(crate) struct Notifications {
    /// True once the connection listens; before, notifications are dropped.
    is_listening: bool,
    waiting: Vec<Notification>,
    /// The memory of the waiting notifications, in bytes.
    memory: usize,
}

impl Notifications {
    /// Adds a notification from the body of its message, if the connection listens.
    pub(crate) fn add(&mut self, body: &[u8]) -> Result<(), WireError> {
        if !self.is_listening {
            return Ok(());
        }
        let notification = read(body)?;
        self.memory += size_of::<Notification>() + notification.channel.len() + notification.payload.len();
        if self.memory > MOST_UNREAD {
            return Err(WireError::Protocol("notifications beyond the memory limit"));
        }
        self.waiting.push(notification);
        Ok(())
    }

    fn take(&mut self) -> Vec<Notification> {
        self.memory = 0;
        std::mem::take(&mut self.waiting)
    }
}

impl Connection {
    /// Listens to channels, with a statement for each: a pooler that supports `LISTEN` parses one at a time.
    ///
    /// The names are SQL, so a name that is not a plain identifier must be quoted. `within` limits each of the statements.
    pub async fn listen(&mut self, channels: &[&str], within: Duration) -> Result<(), WireError> {
        self.notifications.is_listening = true;
        for channel in channels {
            let text = format!("LISTEN {channel}");
            let query = Query::plain(&text, Command::Statement);
            self.run(&[query], within).await.map_err(|failed| failed.error)?;
        }
        Ok(())
    }

    /// Waits for a notification, and returns it with the others that have arrived. It stops reading when there are at least `most`.
    /// A call that is dropped before its end loses none.
    ///
    /// The wait has no limit, since a server may have nothing to tell. The caller drops the call now and then, and asks with
    /// [`Connection::run`] whether the server still answers.
    pub async fn notifications(&mut self, most: usize) -> Result<Vec<Notification>, WireError> {
        if self.closed {
            return Err(WireError::Closed);
        }
        self.wait_for_notifications(most).await.inspect_err(|_| self.closed = true)
    }

    async fn wait_for_notifications(&mut self, most: usize) -> Result<Vec<Notification>, WireError> {
        loop {
            // Between batches a server sends only notifications, or an error before it closes the connection.
            if let Some(message) = self.parse()? {
                return Err(match message.tag {
                    backend::ERROR_RESPONSE_TAG => {
                        WireError::Server(Box::new(ServerError::parse(self.body(message))))
                    }
                    _ => WireError::Protocol("an unexpected message between batches"),
                });
            }
            drop(self.take());
            let count = self.notifications.waiting.len();
            if count == 0 {
                self.read_more().await?;
                continue;
            }
            // The notifications of a transaction arrive together, and are returned together.
            match (count < most).then(|| poll_once(self.read_more())).flatten() {
                Some(read) => read?,
                None => return Ok(self.notifications.take()),
            }
        }
    }
}

/// Reads the body of a `NotificationResponse`: a process, and two texts, each with a zero at its end.
fn read(body: &[u8]) -> Result<Notification, WireError> {
    const BROKEN: WireError = WireError::Protocol("a notification of the wrong length");
    const PROCESS: usize = 4;
    let mut texts = body.get(PROCESS..).ok_or(BROKEN)?.split(|byte| *byte == 0);
    let mut text = || texts.next().map(|text| String::from_utf8_lossy(text).into_owned()).ok_or(BROKEN);
    Ok(Notification { channel: text()?, payload: text()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notification_is_a_channel_and_a_text() {
        let notification = read(b"\0\0\0\x01channel\0said\0").unwrap();
        assert_eq!((&*notification.channel, &*notification.payload), ("channel", "said"));
        assert!(read(b"\0\0\0\x01channel").is_err());
        assert!(read(b"\0").is_err());
    }

    #[test]
    fn the_memory_of_notifications_is_bounded() {
        let mut notifications = Notifications { is_listening: true, ..Notifications::default() };
        let body = [&b"\0\0\0\x01channel\0"[..], &vec![b'x'; 1024 * 1024][..], b"\0"].concat();
        let added = (0..300).take_while(|_| notifications.add(&body).is_ok()).count();
        assert_eq!(added, 255);
        assert_eq!(notifications.take().len(), 255);
        assert!(notifications.add(&body).is_ok());
    }
}
