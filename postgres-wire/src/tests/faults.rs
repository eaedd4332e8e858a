//! The faults that a server can make with a message.

use super::server::{Said, Spoilt, refusal};

/// The tags of the server's messages, those that it never sends here, and one that does not exist.
pub(super) const TAGS: &[u8] = b"123ACDEGHIKNRSTWZcdnstv?";

/// A fault of a server at a message of an answer.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    Drop,
    Double,
    Swap,
    Retag(u8),
    Insert(Said),
    Cut,
    Lengthen,
    /// The message announces another length than it has.
    Length(i32),
    /// The connection ends before the message.
    Close,
    /// The message, and what follows, comes with the next answer.
    Hold,
}

pub(super) fn faults() -> Vec<Fault> {
    let mut faults =
        vec![Fault::Drop, Fault::Double, Fault::Swap, Fault::Cut, Fault::Lengthen, Fault::Close, Fault::Hold];
    faults.extend(TAGS.iter().map(|tag| Fault::Retag(*tag)));
    faults.extend(TAGS.iter().map(|tag| Fault::Insert(Said::new(*tag, []))));
    faults.extend([b"I", b"T", b"E", b"X"].map(|status| Fault::Insert(Said::new(b'Z', *status))));
    faults.extend(["23505", "57P01", "0A000"].map(|code| Fault::Insert(Said::new(b'E', refusal(code)))));
    let completions =
        [&b"ROLLBACK\0"[..], b"COMMIT\0", b"SELECT 1\0", b"BEGIN\0", b"SELECT -1\0", b"SELECT\0"];
    faults.extend(completions.map(|tag| Fault::Insert(Said::new(b'C', tag))));
    faults.push(Fault::Insert(Said::new(b'S', *b"client_encoding\0LATIN1\0")));
    faults.extend([i32::MAX, i32::MIN, -1, 0, 3, 4, 5, 300_000_000].map(Fault::Length));
    faults
}

impl Fault {
    /// Returns the answer with this fault at its message `at`.
    pub(super) fn on(&self, said: &[Said], at: usize) -> Spoilt {
        let mut said = said.to_vec();
        let at = at.min(said.len() - 1);
        match self {
            Self::Drop => drop(said.remove(at)),
            Self::Double => said.insert(at, said[at].clone()),
            Self::Swap => {
                let other = (at + 1).min(said.len() - 1);
                // The rows of a statement come in the order that the server chooses.
                if said[at].tag != b'D' || said[other].tag != b'D' {
                    said.swap(at, other);
                }
            }
            Self::Retag(tag) => said[at].tag = *tag,
            Self::Insert(other) => said.insert(at, other.clone()),
            Self::Cut => drop(said[at].body.pop()),
            Self::Lengthen => said[at].body.push(0),
            Self::Length(length) => {
                let mut spoilt = Spoilt::honest(&said);
                let start: usize = said[..at].iter().map(|said| said.bytes().len()).sum();
                spoilt.now[start + 1..start + 5].copy_from_slice(&length.to_be_bytes());
                return spoilt;
            }
            Self::Close => {
                return Spoilt { closes: true, ..Spoilt::honest(&said[..at]) };
            }
            Self::Hold => {
                let later = Spoilt::honest(&said[at..]).now;
                return Spoilt { later, ..Spoilt::honest(&said[..at]) };
            }
        }
        Spoilt::honest(&said)
    }

    /// Returns true if the fault is a refusal that the server could mean.
    pub(super) fn may_refuse(&self) -> bool {
        matches!(self, Self::Retag(b'E') | Self::Insert(Said { tag: b'E', .. }))
    }

    /// Returns true if a server may send the message at any time.
    pub(super) fn is_harmless(&self) -> bool {
        matches!(self, Self::Insert(Said { tag: b'A' | b'N', .. }))
    }
}
