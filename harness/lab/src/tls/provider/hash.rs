//! SHA-256 and HMAC-SHA-256.

use ::hmac::{Hmac, KeyInit as _, Mac as _};
use rustls::crypto::hash::{Context, Hash, HashAlgorithm, Output};
use rustls::crypto::hmac;
use sha2::{Digest as _, Sha256};

/// SHA-256 (FIPS 180-4).
pub(super) struct Sha256Hash;

impl Hash for Sha256Hash {
    fn start(&self) -> Box<dyn Context> {
        Box::new(Running(Sha256::new()))
    }

    fn hash(&self, data: &[u8]) -> Output {
        Output::new(&Sha256::digest(data))
    }

    fn output_len(&self) -> usize {
        32
    }

    fn algorithm(&self) -> HashAlgorithm {
        HashAlgorithm::SHA256
    }
}

struct Running(Sha256);

impl Context for Running {
    fn fork_finish(&self) -> Output {
        Output::new(&self.0.clone().finalize())
    }

    fn fork(&self) -> Box<dyn Context> {
        Box::new(Self(self.0.clone()))
    }

    fn finish(self: Box<Self>) -> Output {
        Output::new(&self.0.finalize())
    }

    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }
}

/// HMAC-SHA-256 (RFC 2104).
pub(super) struct HmacSha256;

impl hmac::Hmac for HmacSha256 {
    fn with_key(&self, key: &[u8]) -> Box<dyn hmac::Key> {
        // Keys longer than a block are hashed first (RFC 2104 section 2), so that every length is one.
        let mut block = [0; 64];
        let digest: [u8; 32];
        let key = if key.len() > block.len() {
            digest = Sha256::digest(key).into();
            &digest[..]
        } else {
            key
        };
        for (into, from) in block.iter_mut().zip(key) {
            *into = *from;
        }
        Box::new(Keyed(Hmac::<Sha256>::new(&block.into())))
    }

    fn hash_output_len(&self) -> usize {
        32
    }
}

struct Keyed(Hmac<Sha256>);

impl hmac::Key for Keyed {
    fn sign_concat(&self, first: &[u8], middle: &[&[u8]], last: &[u8]) -> hmac::Tag {
        let mut mac = self.0.clone();
        mac.update(first);
        for part in middle {
            mac.update(part);
        }
        mac.update(last);
        hmac::Tag::new(&mac.finalize().into_bytes())
    }

    fn tag_len(&self) -> usize {
        32
    }
}

#[cfg(test)]
mod tests {
    use super::HmacSha256;
    use rustls::crypto::hmac::Hmac as _;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// RFC 4231 test cases 2 and 6.
    #[test]
    fn as_rfc_4231_has_it() {
        let tag = HmacSha256.with_key(b"Jefe").sign(&[b"what do ya want ", b"for nothing?"]);
        assert_eq!(hex(tag.as_ref()), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        let tag = HmacSha256
            .with_key(&[0xaa; 131])
            .sign(&[b"Test Using Larger Than Block-Size Key - Hash Key First"]);
        assert_eq!(hex(tag.as_ref()), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    }
}
