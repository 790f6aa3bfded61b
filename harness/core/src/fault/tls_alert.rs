//! `tls_alert`: a server sends a fatal alert in the middle of the stream.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{AlertDescription, Misbehave, Secured, TlsFault};
use crate::port::Port;
use crate::quantity::Size;
use crate::time::Duration;

fault! {
    /// A server sends a fatal alert in the middle of the stream, and closes the connection.
    ///
    /// `tls_alert: {description: internal_error, after: 100B, for: 60s}`
    pub struct TlsAlert {
        /// Of which service.
        service: Secured = "service" or Secured::Broker,
        /// Which alert.
        description: AlertDescription = "description" or AlertDescription::InternalError,
        /// Behind so much application data to the device, counted on each connection from its handshake, or from when
        /// this began.
        after: Size = "after" or Size(0),
    } lasting Duration::from_secs(60)
}

impl FaultKind for TlsAlert {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        let fault = TlsFault::Alert { description: self.description, after: self.after.0.unsigned_abs() };
        misbehave("tls_alert", Misbehave::Tls { service: self.service.service(), fault }, self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
