//! `http_reset`: connections are reset in the middle of a body.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{HttpFault, HttpHost, Misbehave};
use crate::port::Port;
use crate::quantity::Size;
use crate::time::Duration;

fault! {
    /// An HTTP service resets the connection in the middle of a body.
    ///
    /// `http_reset: {at: 4KiB, for: 60s}`
    pub struct HttpReset {
        /// When so much of the body was sent.
        at: Size = "at" or Size(16),
        /// Whose.
        of: HttpHost = "of" or HttpHost::Api,
    } lasting Duration::from_secs(60)
}

impl FaultKind for HttpReset {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        let fault = HttpFault::Reset { at: self.at };
        misbehave("http_reset", Misbehave::Http { service: self.of.service(), fault }, self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
