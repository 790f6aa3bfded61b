//! `http_stall`: bodies stop in the middle.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{HttpFault, HttpHost, Misbehave};
use crate::port::Port;
use crate::quantity::Size;
use crate::time::Duration;

fault! {
    /// An HTTP service stops in the middle of a body and keeps the connection open.
    ///
    /// `http_stall: {at: 4KiB, for: 60s}`
    pub struct HttpStall {
        /// When so much of the body was sent.
        at: Size = "at" or Size(16),
        /// Whose.
        of: HttpHost = "of" or HttpHost::Api,
    } lasting Duration::from_secs(60)
}

impl FaultKind for HttpStall {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        let fault = HttpFault::Stall { at: self.at };
        misbehave("http_stall", Misbehave::Http { service: self.of.service(), fault }, self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
