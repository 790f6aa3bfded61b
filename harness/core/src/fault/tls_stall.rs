//! `tls_stall`: a server falls silent in the middle of a handshake.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{HandshakeState, Misbehave, Secured, TlsFault};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// A server falls silent in the middle of a handshake, behind one of its messages; the connection stays open. It stays
    /// silent on that connection when this ends: the device has to give it up.
    ///
    /// `tls_stall: {at: server_hello, for: 60s}`
    pub struct TlsStall {
        /// Of which service.
        service: Secured = "service" or Secured::Broker,
        /// The last of its messages: `client_hello` is none, `finished` all of them.
        at: HandshakeState = "at" or HandshakeState::ServerHello,
    } lasting Duration::from_secs(60)
}

impl FaultKind for TlsStall {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        let fault = TlsFault::Stall { at: self.at };
        misbehave("tls_stall", Misbehave::Tls { service: self.service.service(), fault }, self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
