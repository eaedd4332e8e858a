//! Notifications, as LISTEN brings them.

use postgres_protocol::message::backend;

use super::batch::{Command, Query};
use super::error::{ServerError, WireError};
use super::{Connection, Message, at_once};

/// What somebody has notified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// The channel.
    pub channel: String,
    /// What was said.
    pub payload: String,
}

impl Connection {
    /// Listens to channels, one after the other: a pooler that takes part understands one `LISTEN` at a time.
    pub async fn listen(&mut self, channels: &[&str]) -> Result<(), WireError> {
        self.heard.get_or_insert_default();
        for channel in channels {
            let text = format!("LISTEN {channel}");
            let query = Query::plain(&text, Command::Statement);
            self.run(&[query]).await.map_err(|failed| failed.error)?;
        }
        Ok(())
    }

    /// Notifications that have come, once there are `most` of them or no more for now; waits for the first. What is given up half-way loses nothing.
    pub async fn notifications(&mut self, most: usize) -> Result<Vec<Notification>, WireError> {
        loop {
            // Nothing else is said to who has asked nothing.
            if let Some(message) = self.understand()? {
                return Err(match message.tag {
                    backend::ERROR_RESPONSE_TAG => {
                        WireError::Server(Box::new(ServerError::parse(self.body(message))))
                    }
                    _ => WireError::Protocol("a message that nobody asked for"),
                });
            }
            drop(self.take());
            let count = self.heard.as_ref().map_or(0, Vec::len);
            if count == 0 {
                self.arrival().await?;
                continue;
            }
            // What a transaction announces arrives together, and is told together.
            match (count < most).then(|| at_once(self.arrival())).flatten() {
                Some(arrived) => arrived?,
                None => return Ok(self.heard.as_mut().map(std::mem::take).unwrap_or_default()),
            }
        }
    }

    /// Takes note of a notification, where somebody wants to know.
    pub(super) fn note(&mut self, message: Message) -> Result<(), WireError> {
        if self.heard.is_none() {
            return Ok(());
        }
        let notification = read(self.body(message))?;
        self.heard.get_or_insert_default().push(notification);
        Ok(())
    }
}

/// Reads the body of a `NotificationResponse`: who notified, and two texts that end with a zero.
fn read(body: &[u8]) -> Result<Notification, WireError> {
    const BROKEN: WireError = WireError::Protocol("a notification of another length than it says");
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
}
