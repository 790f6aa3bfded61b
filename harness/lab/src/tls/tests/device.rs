//! The device's end: a client of rustls.

use super::super::provider::provider;
use super::super::surroundings::{LentTime, Surroundings};
use super::{EPOCH, HOST};
use crate::pki::{Entropy, Pki};
use rustls::client::{ClientSessionMemoryCache, ResolvesClientCert, Resumption};
use rustls::sign::CertifiedKey;
use rustls::{
    ClientConfig, ClientConnection, Error, RootCertStore, SignatureScheme, SupportedProtocolVersion,
};
use std::io::{Read as _, Write as _};
use std::sync::Arc;

pub(crate) struct Device {
    config: Arc<ClientConfig>,
    tls: Option<ClientConnection>,
    surroundings: Surroundings,
    pub(crate) heard: Vec<u8>,
    pub(crate) error: Option<Error>,
    /// The connection was closed without `close_notify` before.
    pub(crate) truncated: bool,
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

impl Device {
    pub(crate) fn new(
        pki: &Pki,
        certificate: bool,
        versions: &[&'static SupportedProtocolVersion],
        alter: impl FnOnce(&mut rustls::crypto::CryptoProvider),
    ) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(pki.root()).unwrap();
        let mut with = provider();
        alter(&mut with);
        let builder = ClientConfig::builder_with_details(Arc::new(with), Arc::new(LentTime))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots);
        let mut config = if certificate {
            let own = pki.device().clone();
            let own = CertifiedKey::new(own.chain, Arc::new(own.key));
            builder.with_client_cert_resolver(Arc::new(Own(Arc::new(own))))
        } else {
            builder.with_no_client_auth()
        };
        config.resumption = Resumption::store(Arc::new(ClientSessionMemoryCache::new(8)));
        Self {
            config: Arc::new(config),
            tls: None,
            surroundings: Surroundings::new(Entropy::new(2, "device")),
            heard: Vec::new(),
            error: None,
            truncated: false,
        }
    }

    /// What the reference device is: TLS 1.3, with its certificate.
    pub(crate) fn usual(pki: &Pki) -> Self {
        Self::new(pki, true, &[&rustls::version::TLS13], |_| ())
    }

    pub(crate) fn connect(&mut self) {
        let config = self.config.clone();
        self.surroundings.unix = EPOCH as u64;
        self.error = None;
        self.truncated = false;
        self.heard.clear();
        let mut tls =
            self.surroundings.lend(|| ClientConnection::new(config, HOST.try_into().unwrap()).unwrap());
        tls.set_buffer_limit(None);
        self.tls = Some(tls);
    }

    pub(crate) fn tls(&mut self) -> &mut ClientConnection {
        self.tls.as_mut().unwrap()
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        let tls = self.tls.as_mut().unwrap();
        self.surroundings.lend(|| tls.writer().write_all(bytes).unwrap());
    }

    pub(crate) fn pending(&mut self) -> Vec<u8> {
        let tls = self.tls.as_mut().unwrap();
        self.surroundings.lend(|| {
            let mut bytes = Vec::new();
            while tls.wants_write() {
                tls.write_tls(&mut bytes).unwrap();
            }
            bytes
        })
    }

    pub(crate) fn take(&mut self, mut bytes: &[u8]) {
        let tls = self.tls.as_mut().unwrap();
        let (heard, error) = (&mut self.heard, &mut self.error);
        self.surroundings.lend(|| {
            while !bytes.is_empty() && error.is_none() {
                if tls.read_tls(&mut bytes).unwrap() == 0 {
                    break;
                }
                *error = tls.process_new_packets().err();
                let _ = tls.reader().read_to_end(heard);
            }
        });
    }

    /// The server's FIN.
    pub(crate) fn closed(&mut self) {
        let tls = self.tls.as_mut().unwrap();
        self.truncated = self.surroundings.lend(|| {
            tls.read_tls(&mut std::io::empty()).unwrap();
            tls.process_new_packets().is_ok_and(|state| !state.peer_has_closed())
        });
    }
}
