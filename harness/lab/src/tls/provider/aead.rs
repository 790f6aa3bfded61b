//! Sealing and opening records: AES-128-GCM and ChaCha20-Poly1305, for TLS 1.3 (RFC 8446 section 5.2) and TLS 1.2
//! (RFC 5288, RFC 7905).

use super::super::surroundings;
use aes_gcm::Aes128Gcm;
use aes_gcm::aead::{AeadInOut, KeyInit};
use chacha20poly1305::ChaCha20Poly1305;
use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, KeyBlockShape, MessageDecrypter,
    MessageEncrypter, NONCE_LEN, Nonce, OutboundOpaqueMessage, OutboundPlainMessage, PrefixedPayload,
    Tls12AeadAlgorithm, Tls13AeadAlgorithm, UnsupportedOperationError, make_tls12_aad, make_tls13_aad,
};
use rustls::{ConnectionTrafficSecrets, ContentType, Error, ProtocolVersion};

const TAG: usize = 16;

/// AES-128-GCM.
pub(super) struct Aes128;

/// ChaCha20-Poly1305.
pub(super) struct ChaCha;

/// An AEAD with its key, or nothing if the key was of the wrong length, which rustls does not let happen.
struct Keyed<A>(Option<A>);

impl<A: AeadInOut + KeyInit> Keyed<A> {
    fn new(key: &AeadKey) -> Self {
        Self(A::new_from_slice(key.as_ref()).ok())
    }

    /// Seals in place and gives the tag.
    fn seal(&self, nonce: [u8; NONCE_LEN], aad: &[u8], bytes: &mut [u8]) -> Result<Vec<u8>, Error> {
        let aead = self.0.as_ref().ok_or(Error::EncryptError)?;
        let nonce = nonce.as_slice().try_into().map_err(|_| Error::EncryptError)?;
        let tag = aead.encrypt_inout_detached(nonce, aad, bytes.into()).map_err(|_| Error::EncryptError)?;
        Ok(tag.to_vec())
    }

    /// Opens in place what ends with its tag, and gives the length of the plain text.
    fn open(&self, nonce: [u8; NONCE_LEN], aad: &[u8], bytes: &mut [u8]) -> Result<usize, Error> {
        let aead = self.0.as_ref().ok_or(Error::DecryptError)?;
        let length = bytes.len().checked_sub(TAG).ok_or(Error::DecryptError)?;
        let (text, tag) = bytes.split_at_mut(length);
        let nonce = nonce.as_slice().try_into().map_err(|_| Error::DecryptError)?;
        let tag = (&*tag).try_into().map_err(|_| Error::DecryptError)?;
        aead.decrypt_inout_detached(nonce, aad, text.into(), tag).map_err(|_| Error::DecryptError)?;
        Ok(length)
    }
}

/// The plain text of a record, as it is to be sent: with another alert in it, if that is wanted.
fn plain(message: &OutboundPlainMessage<'_>) -> Vec<u8> {
    let mut bytes = message.payload.to_vec();
    surroundings::with(|lent| match message.typ {
        ContentType::Handshake if lent.watch_handshake => lent.handshake.extend_from_slice(&bytes),
        ContentType::Alert => {
            if let (Some(code), [level, description]) = (lent.alert, bytes.as_mut_slice()) {
                (*level, *description) = (2, code);
            }
        }
        _ => (),
    });
    bytes
}

struct Tls13<A> {
    key: Keyed<A>,
    iv: Iv,
}

impl<A: AeadInOut + KeyInit + Send + Sync> MessageEncrypter for Tls13<A> {
    fn encrypt(
        &mut self,
        message: OutboundPlainMessage<'_>,
        seq: u64,
    ) -> Result<OutboundOpaqueMessage, Error> {
        let length = self.encrypted_payload_len(message.payload.len());
        let mut payload = PrefixedPayload::with_capacity(length);
        payload.extend_from_slice(&plain(&message));
        payload.extend_from_slice(&message.typ.to_array());
        let nonce = Nonce::new(&self.iv, seq).0;
        let tag = self.key.seal(nonce, &make_tls13_aad(length), payload.as_mut())?;
        payload.extend_from_slice(&tag);
        // RFC 8446 section 5.2: the version on the record stays that of TLS 1.2.
        Ok(OutboundOpaqueMessage::new(ContentType::ApplicationData, ProtocolVersion::TLSv1_2, payload))
    }

    fn encrypted_payload_len(&self, plain: usize) -> usize {
        plain + 1 + TAG
    }
}

impl<A: AeadInOut + KeyInit + Send + Sync> MessageDecrypter for Tls13<A> {
    fn decrypt<'a>(
        &mut self,
        mut message: InboundOpaqueMessage<'a>,
        seq: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        let aad = make_tls13_aad(message.payload.len());
        let nonce = Nonce::new(&self.iv, seq).0;
        let length = self.key.open(nonce, &aad, &mut message.payload)?;
        message.payload.truncate(length);
        message.into_tls13_unpadded_message()
    }
}

/// TLS 1.2, with so many bytes of the nonce on each record.
struct Tls12<A, const EXPLICIT: usize> {
    key: Keyed<A>,
    /// With the explicit part of a GCM nonce at its end, where one sends.
    iv: Iv,
}

impl<A: AeadInOut + KeyInit + Send + Sync, const EXPLICIT: usize> MessageEncrypter for Tls12<A, EXPLICIT> {
    fn encrypt(
        &mut self,
        message: OutboundPlainMessage<'_>,
        seq: u64,
    ) -> Result<OutboundOpaqueMessage, Error> {
        let mut payload = PrefixedPayload::with_capacity(self.encrypted_payload_len(message.payload.len()));
        let nonce = Nonce::new(&self.iv, seq).0;
        payload.extend_from_slice(nonce.get(NONCE_LEN - EXPLICIT..).unwrap_or_default());
        let mut text = plain(&message);
        let aad = make_tls12_aad(seq, message.typ, message.version, text.len());
        let tag = self.key.seal(nonce, &aad, &mut text)?;
        payload.extend_from_slice(&text);
        payload.extend_from_slice(&tag);
        Ok(OutboundOpaqueMessage::new(message.typ, message.version, payload))
    }

    fn encrypted_payload_len(&self, plain: usize) -> usize {
        EXPLICIT + plain + TAG
    }
}

impl<A: AeadInOut + KeyInit + Send + Sync, const EXPLICIT: usize> MessageDecrypter for Tls12<A, EXPLICIT> {
    fn decrypt<'a>(
        &mut self,
        mut message: InboundOpaqueMessage<'a>,
        seq: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        let length = message.payload.len().checked_sub(EXPLICIT + TAG).ok_or(Error::DecryptError)?;
        let mut nonce = Nonce::new(&self.iv, seq).0;
        if EXPLICIT > 0 {
            let explicit = message.payload.get(..EXPLICIT).unwrap_or_default();
            for (into, from) in nonce.iter_mut().skip(NONCE_LEN - EXPLICIT).zip(explicit) {
                *into = *from;
            }
            message.payload.rotate_left(EXPLICIT);
            message.payload.truncate(length + TAG);
        }
        let aad = make_tls12_aad(seq, message.typ, message.version, length);
        let length = self.key.open(nonce, &aad, &mut message.payload)?;
        if length > MOST_PLAIN {
            return Err(Error::PeerSentOversizedRecord);
        }
        message.payload.truncate(length);
        Ok(message.into_plain_message())
    }
}

/// The longest plain text of a record (RFC 5246 section 6.2.1).
const MOST_PLAIN: usize = 1 << 14;

/// A nonce out of its parts.
fn iv(parts: &[&[u8]]) -> Iv {
    let mut iv = [0; NONCE_LEN];
    for (into, from) in iv.iter_mut().zip(parts.iter().copied().flatten()) {
        *into = *from;
    }
    Iv::new(iv)
}

impl Tls13AeadAlgorithm for Aes128 {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        Box::new(Tls13 { key: Keyed::<Aes128Gcm>::new(&key), iv })
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        Box::new(Tls13 { key: Keyed::<Aes128Gcm>::new(&key), iv })
    }

    fn key_len(&self) -> usize {
        16
    }

    fn extract_keys(
        &self,
        key: AeadKey,
        iv: Iv,
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        Ok(ConnectionTrafficSecrets::Aes128Gcm { key, iv })
    }
}

impl Tls13AeadAlgorithm for ChaCha {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        Box::new(Tls13 { key: Keyed::<ChaCha20Poly1305>::new(&key), iv })
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        Box::new(Tls13 { key: Keyed::<ChaCha20Poly1305>::new(&key), iv })
    }

    fn key_len(&self) -> usize {
        32
    }

    fn extract_keys(
        &self,
        key: AeadKey,
        iv: Iv,
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        Ok(ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv })
    }
}

impl Tls12AeadAlgorithm for Aes128 {
    fn encrypter(&self, key: AeadKey, salt: &[u8], explicit: &[u8]) -> Box<dyn MessageEncrypter> {
        Box::new(Tls12::<_, 8> { key: Keyed::<Aes128Gcm>::new(&key), iv: iv(&[salt, explicit]) })
    }

    fn decrypter(&self, key: AeadKey, salt: &[u8]) -> Box<dyn MessageDecrypter> {
        Box::new(Tls12::<_, 8> { key: Keyed::<Aes128Gcm>::new(&key), iv: iv(&[salt]) })
    }

    fn key_block_shape(&self) -> KeyBlockShape {
        KeyBlockShape { enc_key_len: 16, fixed_iv_len: 4, explicit_nonce_len: 8 }
    }

    fn extract_keys(
        &self,
        key: AeadKey,
        salt: &[u8],
        explicit: &[u8],
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        Ok(ConnectionTrafficSecrets::Aes128Gcm { key, iv: iv(&[salt, explicit]) })
    }
}

impl Tls12AeadAlgorithm for ChaCha {
    fn encrypter(&self, key: AeadKey, fixed: &[u8], _: &[u8]) -> Box<dyn MessageEncrypter> {
        Box::new(Tls12::<_, 0> { key: Keyed::<ChaCha20Poly1305>::new(&key), iv: iv(&[fixed]) })
    }

    fn decrypter(&self, key: AeadKey, fixed: &[u8]) -> Box<dyn MessageDecrypter> {
        Box::new(Tls12::<_, 0> { key: Keyed::<ChaCha20Poly1305>::new(&key), iv: iv(&[fixed]) })
    }

    fn key_block_shape(&self) -> KeyBlockShape {
        KeyBlockShape { enc_key_len: 32, fixed_iv_len: 12, explicit_nonce_len: 0 }
    }

    fn extract_keys(
        &self,
        key: AeadKey,
        fixed: &[u8],
        _: &[u8],
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        Ok(ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv: iv(&[fixed]) })
    }
}
