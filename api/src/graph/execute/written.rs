//! Holds the keys of the rows that a mutation has written. They are stored with an idempotency key, instead of the answer.

use bytes::{Buf as _, BufMut as _};

use super::key::Key;

/// The primary keys of the written rows, for each field of the mutation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::graph) struct Written(pub(super) Vec<Vec<Key>>);

impl Written {
    /// Returns the keys as bytes, to be stored.
    pub(in crate::graph) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for keys in &self.0 {
            put_length(&mut out, keys.len());
            for key in keys {
                let parts = key.parts();
                put_length(&mut out, parts.len());
                for part in parts {
                    put_length(&mut out, part.len());
                    out.put_slice(part);
                }
            }
        }
        out
    }

    /// Reads keys that were stored; `None` if the bytes are not in this format.
    pub(in crate::graph) fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let mut written = Vec::new();
        while !bytes.is_empty() {
            let mut keys = Vec::new();
            for _ in 0..bytes.try_get_u32().ok()? {
                let mut parts = Vec::new();
                for _ in 0..bytes.try_get_u32().ok()? {
                    let length = usize::try_from(bytes.try_get_u32().ok()?).ok()?;
                    let (part, rest) = bytes.split_at_checked(length)?;
                    parts.push(part.to_vec());
                    bytes = rest;
                }
                keys.push(Key::from_parts(&parts));
            }
            written.push(keys);
        }
        Some(Self(written))
    }
}

fn put_length(out: &mut Vec<u8>, length: usize) {
    // Rows, columns and bytes of a key are far fewer.
    out.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_keys_are_read_back() {
        let parts =
            |parts: &[&[u8]]| Key::from_parts(&parts.iter().map(|it| it.to_vec()).collect::<Vec<_>>());
        let written = Written(vec![
            vec![parts(&[b"12345678"]), parts(&[b"uuid of 16 bytes"])],
            Vec::new(),
            vec![parts(&[b"a", b""]), parts(&[])],
        ]);
        let bytes = written.to_bytes();
        assert_eq!(Written::from_bytes(&bytes), Some(written));
        for end in 1..bytes.len() {
            // It ends where a field ends, or is refused; it never panics.
            let _ = Written::from_bytes(&bytes[..end]);
        }
        assert_eq!(Written::from_bytes(b"{\"data\":null}"), None);
        assert_eq!(Written::from_bytes(b""), Some(Written::default()));
    }
}
