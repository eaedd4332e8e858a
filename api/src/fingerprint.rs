//! Computes fingerprints of values from their parts, with `Hash`, and not from their printed form.

use std::hash::{Hash, Hasher};

use sha2::{Digest as _, Sha256};

/// Returns the same bytes for equal values of a type, and different bytes for different values, within one version of the program.
pub(crate) fn fingerprint(value: &impl Hash) -> [u8; 32] {
    let mut hasher = Fingerprint(Sha256::new());
    value.hash(&mut hasher);
    hasher.0.finalize().into()
}

/// A hasher with SHA-256. The parts of a value include their lengths, so that different values have different bytes.
struct Fingerprint(Sha256);

impl Hasher for Fingerprint {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest: [u8; 32] = self.0.clone().finalize().into();
        digest.first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_values_have_different_fingerprints() {
        let values: [&[&str]; 8] =
            [&[], &[""], &["", ""], &["a"], &["a", "b"], &["ab"], &["ab", ""], &["b", "a"]];
        for (at, one) in values.iter().enumerate() {
            assert_eq!(fingerprint(one), fingerprint(&one.to_vec().as_slice()));
            for other in &values[at + 1..] {
                assert_ne!(fingerprint(one), fingerprint(other), "{one:?} {other:?}");
            }
        }
        assert_ne!(fingerprint(&Some(0_u8)), fingerprint(&None::<u8>));
        assert_ne!(fingerprint(&(1_u32, 2_u32)), fingerprint(&(2_u32, 1_u32)));
    }
}
