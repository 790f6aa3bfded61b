//! Key exchange: X25519 (RFC 7748) and ECDH on P-256.

use super::super::surroundings;
use p256::elliptic_curve::sec1::ToSec1Point as _;
use rustls::crypto::{ActiveKeyExchange, GetRandomFailed, SharedSecret, SupportedKxGroup};
use rustls::{Error, NamedGroup, PeerMisbehaved};

/// The groups, the preferred first.
pub(super) static ALL: &[&dyn SupportedKxGroup] = &[&X25519, &Secp256r1];

fn scalar() -> Result<[u8; 32], Error> {
    surroundings::with(|lent| lent.entropy.array()).ok_or(Error::FailedToGetRandomBytes)
}

fn refused() -> Error {
    Error::from(PeerMisbehaved::InvalidKeyShare)
}

#[derive(Debug)]
struct X25519;

impl SupportedKxGroup for X25519 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let secret = x25519_dalek::StaticSecret::from(scalar()?);
        let public = x25519_dalek::PublicKey::from(&secret);
        Ok(Box::new(X25519Started { secret, public }))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

struct X25519Started {
    secret: x25519_dalek::StaticSecret,
    public: x25519_dalek::PublicKey,
}

impl ActiveKeyExchange for X25519Started {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let peer: [u8; 32] = peer.try_into().map_err(|_| refused())?;
        let shared = self.secret.diffie_hellman(&x25519_dalek::PublicKey::from(peer));
        // RFC 8446 section 7.4.2: the all-zero output is to be refused.
        if !shared.was_contributory() {
            return Err(refused());
        }
        Ok(SharedSecret::from(&shared.as_bytes()[..]))
    }

    fn pub_key(&self) -> &[u8] {
        self.public.as_bytes()
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

#[derive(Debug)]
struct Secp256r1;

impl SupportedKxGroup for Secp256r1 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        // A draw that is no scalar of the group happens once in 2^32.
        for _ in 0..8 {
            if let Ok(secret) = p256::SecretKey::from_slice(&scalar()?) {
                let public = secret.public_key().to_sec1_point(false).as_bytes().to_vec();
                return Ok(Box::new(Secp256r1Started { secret, public }));
            }
        }
        Err(GetRandomFailed.into())
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::secp256r1
    }
}

struct Secp256r1Started {
    secret: p256::SecretKey,
    public: Vec<u8>,
}

impl ActiveKeyExchange for Secp256r1Started {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        // RFC 8446 section 4.2.8.2: uncompressed points only.
        if peer.first() != Some(&4) {
            return Err(refused());
        }
        let peer = p256::PublicKey::from_sec1_bytes(peer).map_err(|_| refused())?;
        let shared = p256::ecdh::diffie_hellman(self.secret.to_nonzero_scalar(), peer.as_affine());
        Ok(SharedSecret::from(&shared.raw_secret_bytes()[..]))
    }

    fn pub_key(&self) -> &[u8] {
        &self.public
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::secp256r1
    }
}
