//! `tls_certificate`: a server shows a certificate that is not as it should be.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{BadCertificate, Misbehave, Secured, TlsFault};
use crate::port::Port;
use crate::quantity::Size;
use crate::time::Duration;
use serde::{Deserialize, Serialize};

fault! {
    /// A server shows a certificate that a device must not accept. `oversized` alone is valid: a chain that is longer than
    /// small devices can take, which they must survive.
    ///
    /// `tls_certificate: {as: expired, for: 60s}`
    pub struct TlsCertificate {
        /// Of which service.
        service: Secured = "service" or Secured::Broker,
        /// What is wrong with it.
        kind: ShownCertificate = "as" or ShownCertificate::Expired,
        /// The length of the chain, for `as: oversized`.
        size: Size = "size" or Size(32 * 1024),
    } lasting Duration::from_secs(60)
}

/// Certificates as a server may show them, as they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShownCertificate {
    /// It has expired.
    Expired,
    /// It is not valid yet.
    NotYetValid,
    /// It names another host.
    WrongHost,
    /// Its chain goes back to a root that the device does not know.
    UnknownCa,
    /// The server vouches for itself.
    SelfSigned,
    /// The intermediate that vouches for it is not shown.
    MissingIntermediate,
    /// The intermediate has expired.
    ExpiredIntermediate,
    /// It is for clients.
    WrongUsage,
    /// It is signed over a SHA-1 digest.
    Weak,
    /// The server does not have its key.
    KeyMismatch,
    /// It is valid, and its chain is long.
    Oversized,
}

crate::words!(ShownCertificate {
    Expired = "expired",
    NotYetValid = "not_yet_valid",
    WrongHost = "wrong_host",
    UnknownCa = "unknown_ca",
    SelfSigned = "self_signed",
    MissingIntermediate = "missing_intermediate",
    ExpiredIntermediate = "expired_intermediate",
    WrongUsage = "wrong_usage",
    Weak = "weak",
    KeyMismatch = "key_mismatch",
    Oversized = "oversized",
});

impl ShownCertificate {
    /// What is wrong with it, if it is to be refused.
    const fn bad(self) -> Option<BadCertificate> {
        Some(match self {
            Self::Expired => BadCertificate::Expired,
            Self::NotYetValid => BadCertificate::NotYetValid,
            Self::WrongHost => BadCertificate::WrongHost,
            Self::UnknownCa => BadCertificate::UnknownCa,
            Self::SelfSigned => BadCertificate::SelfSigned,
            Self::MissingIntermediate => BadCertificate::MissingIntermediate,
            Self::ExpiredIntermediate => BadCertificate::ExpiredIntermediate,
            Self::WrongUsage => BadCertificate::WrongUsage,
            Self::Weak => BadCertificate::Weak,
            Self::KeyMismatch => BadCertificate::KeyMismatch,
            Self::Oversized => return None,
        })
    }
}

impl FaultKind for TlsCertificate {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        let fault = match self.kind.bad() {
            Some(bad) => TlsFault::Certificate(bad),
            None => TlsFault::OversizedChain { bytes: self.size.0.unsigned_abs() },
        };
        misbehave("tls_certificate", Misbehave::Tls { service: self.service.service(), fault }, self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
