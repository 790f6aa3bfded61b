//! `http_range_ignored`: ranges are ignored.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{HttpFault, HttpHost, Misbehave};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// An HTTP service answers a request for a range with the whole (200), as it may.
    ///
    /// `http_range_ignored: {for: 60s}`
    pub struct HttpRangeIgnored {
        /// Whose.
        of: HttpHost = "of" or HttpHost::Api,
    } lasting Duration::from_secs(60)
}

impl FaultKind for HttpRangeIgnored {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        let fault = HttpFault::RangeIgnored;
        misbehave("http_range_ignored", Misbehave::Http { service: self.of.service(), fault }, self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
