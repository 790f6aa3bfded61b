//! `http_version_drift`: the interface has changed.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{HttpFault, HttpHost, Misbehave};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// An HTTP service answers with the fields of a later version of its interface: others are there, some have other types.
    ///
    /// `http_version_drift: {of: identity, for: 60s}`
    pub struct HttpVersionDrift {
        /// Whose.
        of: HttpHost = "of" or HttpHost::Api,
    } lasting Duration::from_secs(60)
}

impl FaultKind for HttpVersionDrift {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        let fault = HttpFault::VersionDrift;
        misbehave("http_version_drift", Misbehave::Http { service: self.of.service(), fault }, self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
