//! What a server offers on one connection, as rustls wants it.

use super::provider::{ALGORITHMS, provider};
use super::surroundings::{self, LentTime};
use crate::pki::Identity;
use chacha20poly1305::ChaCha20Poly1305;
use chacha20poly1305::aead::{AeadInOut as _, KeyInit as _};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{
    ClientHello, NoServerSessionStorage, ProducesTickets, ResolvesServerCert, WebPkiClientVerifier,
};
use rustls::sign::CertifiedKey;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, ServerConfig,
    SignatureScheme,
};
use std::sync::Arc;

/// What is the same on all connections of a server.
#[derive(Clone, Debug)]
pub(super) struct Base {
    provider: Arc<CryptoProvider>,
    verifier: Arc<dyn ClientCertVerifier>,
}

/// What may differ from connection to connection.
#[derive(Clone, Debug)]
pub(super) struct Offer {
    /// What the server shows.
    pub(super) identity: Identity,
    /// It refuses the device, whatever that shows.
    pub(super) refuses_client: bool,
    /// It gives out session tickets.
    pub(super) tickets: Option<Tickets>,
    /// The most plain text in a record, if it is less than TLS allows.
    pub(super) record: Option<usize>,
}

/// How a server deals with session tickets.
#[derive(Clone, Debug)]
pub(super) struct Tickets {
    /// The key that seals them.
    pub(super) key: [u8; 32],
    /// None is taken back.
    pub(super) refused: bool,
}

impl Base {
    /// For devices whose certificates go back to this root; `required` refuses a device that shows none.
    pub(super) fn new(device_root: CertificateDer<'static>, required: bool) -> Result<Self, Error> {
        let provider = Arc::new(provider());
        let mut roots = RootCertStore::empty();
        roots.add(device_root)?;
        let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        let builder = if required { builder } else { builder.allow_unauthenticated() };
        let verifier = builder.build().map_err(|error| Error::General(error.to_string()))?;
        Ok(Self { provider, verifier })
    }

    /// A server that makes this offer.
    pub(super) fn server(&self, offer: Offer) -> Result<Arc<ServerConfig>, Error> {
        let verifier: Arc<dyn ClientCertVerifier> = if offer.refuses_client {
            Arc::new(Refusing(self.verifier.clone()))
        } else {
            self.verifier.clone()
        };
        let shown = CertifiedKey::new(offer.identity.chain, Arc::new(offer.identity.key));
        let mut config = ServerConfig::builder_with_details(self.provider.clone(), Arc::new(LentTime))
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(Arc::new(Shown(Arc::new(shown))));
        config.session_storage = Arc::new(NoServerSessionStorage {});
        match offer.tickets {
            Some(tickets) => config.ticketer = Arc::new(tickets),
            None => config.send_tls13_tickets = 0,
        }
        // rustls counts the header too, and makes no records below 32 bytes.
        config.max_fragment_size = offer.record.map(|record| (record + RECORD_HEADER).max(32));
        Ok(Arc::new(config))
    }
}

/// Type, version and length of a record.
const RECORD_HEADER: usize = 5;

#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

impl ProducesTickets for Tickets {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        // As many seconds as a session of the reference device lives.
        3600
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        let nonce: [u8; 12] = surroundings::with(|lent| lent.entropy.array())?;
        let mut sealed = plain.to_vec();
        let tag = ChaCha20Poly1305::new(&self.key.into())
            .encrypt_inout_detached(&nonce.into(), &[], sealed.as_mut_slice().into())
            .ok()?;
        Some([&nonce[..], &sealed, &tag].concat())
    }

    fn decrypt(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        if self.refused {
            return None;
        }
        let (nonce, sealed) = ticket.split_first_chunk::<12>()?;
        let (sealed, tag) = sealed.split_last_chunk::<16>()?;
        let mut plain = sealed.to_vec();
        ChaCha20Poly1305::new(&self.key.into())
            .decrypt_inout_detached(&(*nonce).into(), &[], plain.as_mut_slice().into(), &(*tag).into())
            .ok()?;
        Some(plain)
    }
}

/// Verifies like another, and then refuses.
#[derive(Debug)]
struct Refusing(Arc<dyn ClientCertVerifier>);

impl ClientCertVerifier for Refusing {
    fn client_auth_mandatory(&self) -> bool {
        true
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signature, &ALGORITHMS)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &ALGORITHMS)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
