//! The cryptography of TLS on pure Rust primitives, with randomness that can be seeded, which the usual providers of
//! rustls do not allow: the same seed and the same bytes of the peer give the same bytes.
//!
//! TLS 1.3 with AES-128-GCM or ChaCha20-Poly1305, TLS 1.2 with ECDHE-ECDSA and the same; key exchange on X25519 and
//! P-256; ECDSA on P-256 with SHA-256. Those are what devices of this size speak.

mod aead;
mod exchange;
mod hash;
mod suites;
mod verify;

use super::surroundings::LentRandom;
use rustls::crypto::{CryptoProvider, KeyProvider};
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::SigningKey;
use std::sync::Arc;

pub(super) use verify::ALGORITHMS;

/// The provider. It works only while [`Surroundings`](super::surroundings::Surroundings) are lent.
pub(super) fn provider() -> CryptoProvider {
    CryptoProvider {
        cipher_suites: suites::ALL.to_vec(),
        kx_groups: exchange::ALL.to_vec(),
        signature_verification_algorithms: ALGORITHMS,
        secure_random: &LentRandom,
        key_provider: &NoKeys,
    }
}

/// Keys are never read from files here: they are made ([`crate::pki::Key`]).
#[derive(Debug)]
struct NoKeys;

impl KeyProvider for NoKeys {
    fn load_private_key(&self, _: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, rustls::Error> {
        Err(rustls::Error::General("private keys are made, not loaded".to_owned()))
    }
}
