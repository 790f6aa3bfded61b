//! `http_truncated`: bodies end early.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{HttpFault, HttpHost, Misbehave};
use crate::port::Port;
use crate::quantity::Size;
use crate::time::Duration;

fault! {
    /// An HTTP service closes the connection in the middle of a body.
    ///
    /// `http_truncated: {at: 4KiB, for: 60s}`
    pub struct HttpTruncated {
        /// When so much of the body was sent.
        at: Size = "at" or Size(16),
        /// Whose.
        of: HttpHost = "of" or HttpHost::Api,
    } lasting Duration::from_secs(60)
}

impl FaultKind for HttpTruncated {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        let fault = HttpFault::Truncated { at: self.at };
        misbehave("http_truncated", Misbehave::Http { service: self.of.service(), fault }, self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
