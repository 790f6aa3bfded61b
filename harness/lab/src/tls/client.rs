//! The device's end of TLS, for trying out a world without a device.

use super::provider::provider;
use super::surroundings::{LentTime, Surroundings};
use crate::pki::{Entropy, Identity, Pki};
use rustls::client::{ClientSessionMemoryCache, ResolvesClientCert, Resumption};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, Error, RootCertStore, SignatureScheme, SupportedProtocolVersion,
};
use std::io::{Read as _, Write as _};
use std::sync::Arc;

/// A client that is provisioned as a device is. Like a service it does no I/O: bytes go in and come out.
#[derive(Debug)]
pub struct Client {
    config: Arc<ClientConfig>,
    tls: Option<Box<ClientConnection>>,
    surroundings: Surroundings,
}

#[derive(Debug)]
struct Own(Arc<CertifiedKey>);

impl ResolvesClientCert for Own {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl Client {
    /// One that trusts the root of these certificates and shows the device's own, with TLS 1.3 or 1.2. `unix` is what it
    /// takes for the time, in seconds.
    ///
    /// # Errors
    /// If the certificates do not fit together, which those that [`Pki`] makes do.
    pub fn new(pki: &Pki, unix: u64, entropy: &Entropy) -> Result<Self, Error> {
        Self::with(pki, Some(pki.device()), &[&TLS13, &TLS12], provider(), unix, entropy)
    }

    /// The same, of these versions and with this cryptography; it shows a certificate, or none.
    pub(super) fn with(
        pki: &Pki,
        shows: Option<&Identity>,
        versions: &[&'static SupportedProtocolVersion],
        provider: CryptoProvider,
        unix: u64,
        entropy: &Entropy,
    ) -> Result<Self, Error> {
        let mut roots = RootCertStore::empty();
        roots.add(pki.root())?;
        let builder = ClientConfig::builder_with_details(Arc::new(provider), Arc::new(LentTime))
            .with_protocol_versions(versions)?
            .with_root_certificates(roots);
        let mut config = match shows.cloned() {
            Some(Identity { chain, key }) => {
                let own = CertifiedKey::new(chain, Arc::new(key));
                builder.with_client_cert_resolver(Arc::new(Own(Arc::new(own))))
            }
            None => builder.with_no_client_auth(),
        };
        config.resumption = Resumption::store(Arc::new(ClientSessionMemoryCache::new(8)));
        let mut surroundings = Surroundings::new(entropy.child("client"));
        surroundings.unix = unix;
        Ok(Self { config: Arc::new(config), tls: None, surroundings })
    }

    /// Begins a connection to a host; the one before is forgotten.
    ///
    /// # Errors
    /// If this is no name of a host.
    pub fn connect(&mut self, host: &str) -> Result<(), Error> {
        let host =
            ServerName::try_from(host.to_owned()).map_err(|error| Error::General(error.to_string()))?;
        let config = self.config.clone();
        let mut tls = self.surroundings.lend(|| ClientConnection::new(config, host))?;
        tls.set_buffer_limit(None);
        self.tls = Some(Box::new(tls));
        Ok(())
    }

    /// The connection as rustls has it, if there is one.
    pub fn connection(&self) -> Option<&ClientConnection> {
        self.tls.as_deref()
    }

    /// Data for the service; it goes out once the handshake is through.
    pub fn write(&mut self, data: &[u8]) {
        let Some(tls) = &mut self.tls else { return };
        // Without a limit, writing fails only on a connection that is beyond use.
        let _ = self.surroundings.lend(|| tls.writer().write_all(data));
    }

    /// Says `close_notify`.
    pub fn close(&mut self) {
        let Some(tls) = &mut self.tls else { return };
        self.surroundings.lend(|| tls.send_close_notify());
    }

    /// What is to be sent.
    pub fn pending(&mut self) -> Vec<u8> {
        let Some(tls) = &mut self.tls else { return Vec::new() };
        self.surroundings.lend(|| {
            let mut bytes = Vec::new();
            while tls.wants_write() && tls.write_tls(&mut bytes).is_ok_and(|written| written > 0) {}
            bytes
        })
    }

    /// Takes bytes of the server, and gives what the service said in them.
    ///
    /// # Errors
    /// If they are not as they should be, or an alert: the connection is beyond use then, and [`Self::pending`] may have
    /// an alert.
    pub fn take(&mut self, mut bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let Some(tls) = &mut self.tls else { return Ok(Vec::new()) };
        self.surroundings.lend(|| {
            let mut data = Vec::new();
            while !bytes.is_empty() {
                let read = tls.read_tls(&mut bytes).map_err(|error| Error::General(error.to_string()))?;
                tls.process_new_packets()?;
                // Reading ends where nothing more is there, which is an error of kind `WouldBlock`.
                let _ = tls.reader().read_to_end(&mut data);
                if read == 0 {
                    break;
                }
            }
            Ok(data)
        })
    }

    /// The server closed the connection: whether it said `close_notify` before.
    pub fn was_closed(&mut self) -> bool {
        let Some(tls) = &mut self.tls else { return false };
        self.surroundings.lend(|| tls.process_new_packets().is_ok_and(|state| state.peer_has_closed()))
    }
}
