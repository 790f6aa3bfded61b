//! `tls_ca_rotated`: a server's chain goes back to a new root.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{Misbehave, Secured, TlsFault};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// A server's chain goes back to a new root, which the device was not told of. A device has to accept it where the old
    /// root vouches for the new one, and must not where it does not.
    ///
    /// `tls_ca_rotated: {cross_signed: true, for: 60s}`
    pub struct TlsCaRotated {
        /// Of which service.
        service: Secured = "service" or Secured::Broker,
        /// The old root vouches for the new one, and the server shows that.
        cross_signed: bool = "cross_signed" or false,
    } lasting Duration::from_secs(60)
}

impl FaultKind for TlsCaRotated {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        let fault = TlsFault::CaRotated { cross_signed: self.cross_signed };
        misbehave("tls_ca_rotated", Misbehave::Tls { service: self.service.service(), fault }, self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
