//! `http_wrong_range`: another range is sent than was asked for.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{HttpFault, HttpHost, Misbehave};
use crate::port::Port;
use crate::quantity::Size;
use crate::time::Duration;

fault! {
    /// An HTTP service answers a request for a range with another one, and says so in `Content-Range`.
    ///
    /// `http_wrong_range: {by: 512B, for: 60s}`
    pub struct HttpWrongRange {
        /// How much earlier it begins; later, where there is nothing earlier.
        by: Size = "by" (Positive) or Size(512),
        /// Whose.
        of: HttpHost = "of" or HttpHost::Api,
    } lasting Duration::from_secs(60)
}

impl FaultKind for HttpWrongRange {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        let fault = HttpFault::WrongRange { by: self.by };
        misbehave("http_wrong_range", Misbehave::Http { service: self.of.service(), fault }, self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
