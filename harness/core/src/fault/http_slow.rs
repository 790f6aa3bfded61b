//! `http_slow`: bodies come slowly.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{HttpFault, HttpHost, Misbehave};
use crate::port::Port;
use crate::quantity::BitRate;
use crate::time::Duration;

fault! {
    /// An HTTP service sends bodies slowly.
    ///
    /// `http_slow: {rate: 8kbit/s, for: 60s}`
    pub struct HttpSlow {
        /// How fast.
        rate: BitRate = "rate" (Positive) or BitRate(8_000),
        /// Whose.
        of: HttpHost = "of" or HttpHost::Api,
    } lasting Duration::from_secs(60)
}

impl FaultKind for HttpSlow {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        let fault = HttpFault::Slow { rate: self.rate };
        misbehave("http_slow", Misbehave::Http { service: self.of.service(), fault }, self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
