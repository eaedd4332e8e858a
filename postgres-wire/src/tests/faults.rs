//! Lists the faults of a server that tests try with each message.

use super::server::{Delivery, ServerMessage, refusal};

/// The tags of all messages of Postgres, and one that does not exist.
pub(super) const TAGS: &[u8] = b"123ACDEGHIKNRSTWZcdnstv?";

/// A fault of a server with one message of an answer.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    Drop,
    Double,
    Swap,
    Retag(u8),
    Insert(ServerMessage),
    Cut,
    Lengthen,
    /// The message has a wrong length in its header.
    Length(i32),
    /// The connection ends before the message.
    Close,
    /// The message and the rest of the answer come with the next answer.
    Hold,
}

pub(super) fn faults() -> Vec<Fault> {
    let mut faults =
        vec![Fault::Drop, Fault::Double, Fault::Swap, Fault::Cut, Fault::Lengthen, Fault::Close, Fault::Hold];
    faults.extend(TAGS.iter().map(|tag| Fault::Retag(*tag)));
    faults.extend(TAGS.iter().map(|tag| Fault::Insert(ServerMessage::new(*tag, []))));
    faults.extend([b"I", b"T", b"E", b"X"].map(|status| Fault::Insert(ServerMessage::new(b'Z', *status))));
    faults.extend(
        ["23505", "57P01", "0A000"].map(|code| Fault::Insert(ServerMessage::new(b'E', refusal(code)))),
    );
    let completions =
        [&b"ROLLBACK\0"[..], b"COMMIT\0", b"SELECT 1\0", b"BEGIN\0", b"SELECT -1\0", b"SELECT\0"];
    faults.extend(completions.map(|tag| Fault::Insert(ServerMessage::new(b'C', tag))));
    faults.push(Fault::Insert(ServerMessage::new(b'S', *b"client_encoding\0LATIN1\0")));
    faults.extend([i32::MAX, i32::MIN, -1, 0, 3, 4, 5, 300_000_000].map(Fault::Length));
    faults
}

impl Fault {
    /// Returns the delivery of an answer with this fault at its message `at`.
    pub(super) fn on(&self, messages: &[ServerMessage], at: usize) -> Delivery {
        let mut messages = messages.to_vec();
        let at = at.min(messages.len() - 1);
        match self {
            Self::Drop => drop(messages.remove(at)),
            Self::Double => messages.insert(at, messages[at].clone()),
            Self::Swap => {
                let other = (at + 1).min(messages.len() - 1);
                // The server chooses the order of rows, so two swapped rows are no fault.
                if messages[at].tag != b'D' || messages[other].tag != b'D' {
                    messages.swap(at, other);
                }
            }
            Self::Retag(tag) => messages[at].tag = *tag,
            Self::Insert(other) => messages.insert(at, other.clone()),
            Self::Cut => drop(messages[at].body.pop()),
            Self::Lengthen => messages[at].body.push(0),
            Self::Length(length) => {
                let mut delivery = Delivery::honest(&messages);
                let start: usize = messages[..at].iter().map(|message| message.bytes().len()).sum();
                delivery.now[start + 1..start + 5].copy_from_slice(&length.to_be_bytes());
                return delivery;
            }
            Self::Close => {
                return Delivery { closes: true, ..Delivery::honest(&messages[..at]) };
            }
            Self::Hold => {
                let later = Delivery::honest(&messages[at..]).now;
                return Delivery { later, ..Delivery::honest(&messages[..at]) };
            }
        }
        Delivery::honest(&messages)
    }

    /// Returns true if the fault looks like a refusal of a statement.
    pub(super) fn may_refuse(&self) -> bool {
        matches!(self, Self::Retag(b'E') | Self::Insert(ServerMessage { tag: b'E', .. }))
    }

    /// Returns true if a server may send the message at any time.
    pub(super) fn is_harmless(&self) -> bool {
        matches!(self, Self::Insert(ServerMessage { tag: b'A' | b'N', .. }))
    }
}
