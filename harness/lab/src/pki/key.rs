//! ECDSA keys on P-256 with deterministic signatures.

use super::Entropy;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{DerSignature, SigningKey};
use rustls::pki_types::{SubjectPublicKeyInfoDer, alg_id};
use rustls::{SignatureAlgorithm, SignatureScheme};

/// A key pair on P-256 (FIPS 186-5). Its signatures are those of RFC 6979: the same message gives the same signature.
#[derive(Clone)]
pub struct Key {
    secret: SigningKey,
    /// The point, uncompressed (SEC 1 section 2.3.3).
    public: [u8; 65],
}

impl Key {
    /// A new key.
    pub fn generate(entropy: &mut Entropy) -> Self {
        loop {
            // Fails for zero and for what is above the order of the group, once in 2^32 draws.
            if let Ok(secret) = SigningKey::from_slice(&entropy.array::<32>()) {
                let mut public = [0; 65];
                let point = secret.verifying_key().to_sec1_point(false);
                public.copy_from_slice(point.as_bytes());
                return Self { secret, public };
            }
        }
    }

    /// The private scalar, big-endian.
    pub fn scalar(&self) -> [u8; 32] {
        self.secret.to_bytes().into()
    }

    /// The point, uncompressed.
    pub const fn public(&self) -> &[u8; 65] {
        &self.public
    }

    /// Signs with SHA-256; the signature is DER (RFC 3279 section 2.2.3).
    pub fn sign_sha256(&self, message: &[u8]) -> Vec<u8> {
        let signature: DerSignature = self.secret.sign(message);
        signature.as_bytes().to_vec()
    }

    /// Signs a digest made with whatever function.
    pub(super) fn sign_digest(&self, digest: &[u8]) -> Option<Vec<u8>> {
        use p256::ecdsa::signature::hazmat::PrehashSigner as _;
        let signature: DerSignature = self.secret.sign_prehash(digest).ok()?;
        Some(signature.as_bytes().to_vec())
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").finish_non_exhaustive()
    }
}

impl rcgen::PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl rcgen::SigningKey for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(self.sign_sha256(message))
    }
}

impl rustls::sign::SigningKey for Key {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn rustls::sign::Signer>> {
        offered
            .contains(&SignatureScheme::ECDSA_NISTP256_SHA256)
            .then(|| Box::new(self.clone()) as Box<dyn rustls::sign::Signer>)
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        Some(rustls::sign::public_key_to_spki(&alg_id::ECDSA_P256, self.public))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ECDSA
    }
}

impl rustls::sign::Signer for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        Ok(self.sign_sha256(message))
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ECDSA_NISTP256_SHA256
    }
}

#[cfg(test)]
mod tests {
    use super::{Entropy, Key};

    #[test]
    fn a_seed_gives_a_key_and_a_key_gives_a_signature() {
        let make = || Key::generate(&mut Entropy::new(1, "key"));
        assert_eq!(make().scalar(), make().scalar());
        assert_eq!(make().sign_sha256(b"hello"), make().sign_sha256(b"hello"));
        assert_ne!(make().sign_sha256(b"hello"), make().sign_sha256(b"hullo"));
    }

    #[test]
    fn a_key_does_not_show_its_secret() {
        let key = Key::generate(&mut Entropy::new(1, "key"));
        assert_eq!(format!("{key:?}"), "Key { .. }");
    }
}
