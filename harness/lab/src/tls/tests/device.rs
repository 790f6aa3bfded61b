//! The device's end, and what came of its connection.

use super::super::client::Client;
use super::super::provider::provider;
use super::{EPOCH, HOST};
use crate::pki::{Entropy, Pki};
use rustls::{ClientConnection, Error, SupportedProtocolVersion};

pub(crate) struct Device {
    pub(crate) client: Client,
    pub(crate) heard: Vec<u8>,
    pub(crate) error: Option<Error>,
    /// The connection was closed without `close_notify` before.
    pub(crate) truncated: bool,
}

impl Device {
    pub(crate) fn new(
        pki: &Pki,
        certificate: bool,
        versions: &[&'static SupportedProtocolVersion],
        alter: impl FnOnce(&mut rustls::crypto::CryptoProvider),
    ) -> Self {
        let mut with = provider();
        alter(&mut with);
        let shows = certificate.then(|| pki.device());
        let client =
            Client::with(pki, shows, versions, with, EPOCH as u64, &Entropy::new(2, "device")).unwrap();
        Self { client, heard: Vec::new(), error: None, truncated: false }
    }

    /// What the reference device is: TLS 1.3, with its certificate.
    pub(crate) fn usual(pki: &Pki) -> Self {
        Self::new(pki, true, &[&rustls::version::TLS13], |_| ())
    }

    pub(crate) fn connect(&mut self) {
        self.error = None;
        self.truncated = false;
        self.heard.clear();
        self.client.connect(HOST).unwrap();
    }

    pub(crate) fn tls(&self) -> &ClientConnection {
        self.client.connection().unwrap()
    }

    pub(crate) fn take(&mut self, bytes: &[u8]) {
        if self.error.is_none() {
            match self.client.take(bytes) {
                Ok(data) => self.heard.extend(data),
                Err(error) => self.error = Some(error),
            }
        }
    }

    /// The server's FIN.
    pub(crate) fn closed(&mut self) {
        self.truncated = !self.client.was_closed();
    }
}
