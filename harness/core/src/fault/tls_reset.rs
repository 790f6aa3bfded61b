//! `tls_reset`: a server resets the connection in the middle of a handshake.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{HandshakeState, Misbehave, Secured, TlsFault};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// A server resets the connection in the middle of a handshake, 100 ms behind one of its messages, so that these
    /// arrive before.
    ///
    /// `tls_reset: {at: certificate, for: 60s}`
    pub struct TlsReset {
        /// Of which service.
        service: Secured = "service" or Secured::Broker,
        /// The last of its messages: `client_hello` is none, `finished` all of them.
        at: HandshakeState = "at" or HandshakeState::ServerHello,
    } lasting Duration::from_secs(60)
}

impl FaultKind for TlsReset {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        let fault = TlsFault::Reset { at: self.at };
        misbehave("tls_reset", Misbehave::Tls { service: self.service.service(), fault }, self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
