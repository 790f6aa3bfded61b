//! `tls_truncated_close`: a server closes the connection without a word.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{Misbehave, Secured, TlsFault};
use crate::port::Port;
use crate::quantity::Size;
use crate::time::Duration;

fault! {
    /// A server closes the connection without `close_notify`, so that the device cannot know whether that was the end
    /// (RFC 8446 section 6.1).
    ///
    /// `tls_truncated_close: {after: 100B, for: 60s}`
    pub struct TlsTruncatedClose {
        /// Of which service.
        service: Secured = "service" or Secured::Broker,
        /// Behind so much application data to the device, counted on each connection from its handshake, or from when
        /// this began.
        after: Size = "after" or Size(0),
    } lasting Duration::from_secs(60)
}

impl FaultKind for TlsTruncatedClose {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        let fault = TlsFault::TruncatedClose { after: self.after.0.unsigned_abs() };
        misbehave("tls_truncated_close", Misbehave::Tls { service: self.service.service(), fault }, self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
