//! The server's end of one TLS connection: bytes in, bytes out.

use super::flight;
use super::surroundings::Surroundings;
use crate::pki::common_name;
use brownout_core::network::AlertDescription;
use rustls::{Error, HandshakeKind, ProtocolVersion, ServerConfig, ServerConnection};
use std::io::{Read as _, Write as _};
use std::sync::Arc;

/// A server connection, with what it draws upon.
#[derive(Debug)]
pub(super) struct Machine {
    tls: Box<ServerConnection>,
    pub(super) surroundings: Surroundings,
}

/// What came of bytes of the device.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// Application data of the device.
    pub(super) data: Vec<u8>,
    /// It said `close_notify`.
    pub(super) closed: bool,
    /// The connection is beyond use.
    pub(super) broken: Option<Broken>,
    /// What is to be sent.
    pub(super) send: Vec<u8>,
}

/// Why a connection is beyond use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// The device sent a fatal alert.
    Alert(u8),
    /// What it sent was wrong.
    Peer {
        /// Why.
        why: String,
        /// It is its certificate that was not taken, or that was missing.
        certificate: bool,
    },
}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        match error {
            Error::AlertReceived(alert) => Self::Alert(alert.into()),
            error => {
                let certificate =
                    matches!(error, Error::InvalidCertificate(_) | Error::NoCertificatesPresented);
                // The text may quote what the device sent.
                Self::Peer { why: error.to_string().chars().take(200).collect(), certificate }
            }
        }
    }
}

/// What both sides agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Agreed {
    pub(super) version: String,
    pub(super) cipher: String,
    pub(super) client: Option<String>,
}

impl Machine {
    pub(super) fn new(config: Arc<ServerConfig>, mut surroundings: Surroundings) -> Result<Self, Error> {
        let tls = surroundings.lend(|| ServerConnection::new(config))?;
        Ok(Self { tls: Box::new(tls), surroundings })
    }

    /// Whether the handshake is through, on both sides.
    pub(super) fn is_open(&self) -> bool {
        !self.tls.is_handshaking()
    }

    /// Whether this handshake is one in which the server shows its certificate, as far as that is known.
    pub(super) fn shows_certificate(&self) -> bool {
        matches!(
            self.tls.handshake_kind(),
            Some(HandshakeKind::Full | HandshakeKind::FullWithHelloRetryRequest)
        )
    }

    /// Takes bytes of the device.
    pub(super) fn take(&mut self, unix: u64, mut bytes: &[u8]) -> Taken {
        let tls = &mut self.tls;
        self.surroundings.unix = unix;
        let mut taken = self.surroundings.lend(|| {
            let mut taken = Taken::default();
            while !bytes.is_empty() && !taken.closed && taken.broken.is_none() {
                let read = tls.read_tls(&mut bytes);
                match tls.process_new_packets() {
                    Ok(state) => taken.closed = state.peer_has_closed(),
                    Err(error) => taken.broken = Some(error.into()),
                }
                // Reading ends where nothing more is there, which is an error of kind `WouldBlock`.
                let _ = tls.reader().read_to_end(&mut taken.data);
                match read {
                    Ok(0) => break,
                    Ok(_) => (),
                    Err(error) => {
                        let why = error.to_string();
                        taken.broken.get_or_insert(Broken::Peer { why, certificate: false });
                    }
                }
            }
            taken.send = pending(tls);
            taken
        });
        if let Some(code) = self.surroundings.alert {
            flight::replace_plain_alerts(&mut taken.send, code);
        }
        taken
    }

    /// Seals application data for the device.
    pub(super) fn seal(&mut self, mut data: &[u8]) -> Vec<u8> {
        let tls = &mut self.tls;
        self.surroundings.lend(|| {
            let mut sealed = Vec::new();
            while !data.is_empty() {
                let Some(rest) = tls.writer().write(data).ok().and_then(|written| data.get(written..)) else {
                    break;
                };
                if rest.len() == data.len() {
                    break;
                }
                data = rest;
                sealed.extend(pending(tls));
            }
            sealed
        })
    }

    /// Says `close_notify`, or sends a fatal alert in its place.
    pub(super) fn close(&mut self, alert: Option<AlertDescription>) -> Vec<u8> {
        let tls = &mut self.tls;
        self.surroundings.alert = alert.map(AlertDescription::code);
        self.surroundings.lend(|| {
            tls.send_close_notify();
            pending(tls)
        })
    }

    /// What both sides agreed on, once the handshake is through.
    pub(super) fn agreed(&self) -> Agreed {
        let version = match self.tls.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
            Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
            _ => "unknown",
        };
        let cipher = self.tls.negotiated_cipher_suite().map(|suite| suite.suite());
        let cipher = cipher.and_then(|suite| suite.as_str()).unwrap_or("unknown");
        let shown = self.tls.peer_certificates().and_then(|chain| chain.first());
        Agreed {
            version: version.to_owned(),
            // rustls puts the version into the names of the suites of TLS 1.3, the registry does not.
            cipher: cipher.replacen("TLS13_", "TLS_", 1),
            client: shown.map(|certificate| common_name(certificate).unwrap_or_default()),
        }
    }
}

/// What rustls has to send.
fn pending(tls: &mut ServerConnection) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing into memory does not fail.
    while tls.wants_write() && tls.write_tls(&mut bytes).is_ok_and(|written| written > 0) {}
    bytes
}
