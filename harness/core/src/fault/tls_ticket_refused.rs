//! `tls_ticket_refused`: a server does not take its session tickets back.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{Misbehave, Secured, TlsFault};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// A server gives out session tickets and takes none back: a device that wants to resume its session has to do the whole
    /// handshake. One that never wants to does not meet this.
    ///
    /// `tls_ticket_refused: {for: 60s}`
    pub struct TlsTicketRefused {
        /// Of which service.
        service: Secured = "service" or Secured::Broker,
    } lasting Duration::from_secs(60)
}

impl FaultKind for TlsTicketRefused {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        let fault = TlsFault::TicketRefused;
        misbehave("tls_ticket_refused", Misbehave::Tls { service: self.service.service(), fault }, self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
