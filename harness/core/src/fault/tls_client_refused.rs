//! `tls_client_refused`: a server refuses the device's certificate.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{AlertDescription, Misbehave, Secured, TlsFault};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// A server refuses the device's certificate, whatever that is. In TLS 1.3 the device takes the handshake for done by
    /// then.
    ///
    /// `tls_client_refused: {alert: certificate_revoked, for: 60s}`
    pub struct TlsClientRefused {
        /// Of which service.
        service: Secured = "service" or Secured::Broker,
        /// The alert with which it does.
        alert: AlertDescription = "alert" or AlertDescription::BadCertificate,
    } lasting Duration::from_secs(60)
}

impl FaultKind for TlsClientRefused {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        let fault = TlsFault::ClientRefused { alert: self.alert };
        misbehave("tls_client_refused", Misbehave::Tls { service: self.service.service(), fault }, self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
