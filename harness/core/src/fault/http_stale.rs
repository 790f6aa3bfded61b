//! `http_stale`: an old version is served.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{HttpFault, HttpHost, Misbehave};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// An HTTP service serves what was there before, with the `ETag` of that.
    ///
    /// `http_stale: {for: 60s}`
    pub struct HttpStale {
        /// Whose.
        of: HttpHost = "of" or HttpHost::Api,
    } lasting Duration::from_secs(60)
}

impl FaultKind for HttpStale {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        let fault = HttpFault::Stale;
        misbehave("http_stale", Misbehave::Http { service: self.of.service(), fault }, self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
