//! Bytes out of a seed, for keys and nonces that are the same in every run of a plan.

use sha2::{Digest, Sha256};

/// A stream of bytes out of a seed and a purpose: SHA-256 over both and a counter. Whoever knows the seed knows them
/// all, so nothing made of them protects anything but a test.
#[derive(Clone)]
pub struct Entropy {
    key: [u8; 32],
    block: u64,
    /// What is left of the last block, at its end.
    rest: [u8; 32],
    left: usize,
}

impl Entropy {
    /// The stream of a seed for a purpose.
    pub fn new(seed: u64, purpose: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(seed.to_le_bytes());
        hash.update(purpose);
        Self::keyed(hash)
    }

    /// Another stream, which depends on this one's seed and not on how much of it was drawn.
    pub fn child(&self, purpose: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(self.key);
        hash.update(purpose);
        Self::keyed(hash)
    }

    fn keyed(hash: Sha256) -> Self {
        Self { key: hash.finalize().into(), block: 0, rest: [0; 32], left: 0 }
    }

    /// The next bytes.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            if self.left == 0 {
                let mut hash = Sha256::new();
                hash.update(self.key);
                hash.update(self.block.to_le_bytes());
                self.rest = hash.finalize().into();
                self.left = self.rest.len();
                self.block += 1;
            }
            let at = self.rest.len() - self.left;
            *byte = self.rest.get(at).copied().unwrap_or_default();
            self.left -= 1;
        }
    }

    /// The next bytes, as many as are wanted.
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }
}

impl std::fmt::Debug for Entropy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entropy").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Entropy;

    #[test]
    fn a_stream_is_the_same_however_it_is_cut() {
        let whole: [u8; 100] = Entropy::new(7, "keys").array();
        let mut stream = Entropy::new(7, "keys");
        let mut parts = stream.array::<31>().to_vec();
        parts.extend(stream.array::<69>());
        assert_eq!(parts, whole);
    }

    #[test]
    fn seeds_purposes_and_children_differ() {
        let streams = [
            Entropy::new(7, "keys"),
            Entropy::new(8, "keys"),
            Entropy::new(7, "nonces"),
            Entropy::new(7, "keys").child("keys"),
        ];
        let bytes: std::collections::BTreeSet<[u8; 16]> =
            streams.into_iter().map(|mut stream| stream.array()).collect();
        assert_eq!(bytes.len(), 4);
    }

    #[test]
    fn a_child_does_not_depend_on_what_was_drawn() {
        let mut parent = Entropy::new(7, "keys");
        let before: [u8; 16] = parent.child("a").array();
        parent.array::<50>();
        assert_eq!(parent.child("a").array::<16>(), before);
    }
}
