//! `tls_no_common_version`: a server speaks no version of TLS that the device speaks.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{Misbehave, Secured, TlsFault};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// No version of TLS is common to server and device: `protocol_version` is the server's alert.
    ///
    /// `tls_no_common_version: {for: 60s}`
    pub struct TlsNoCommonVersion {
        /// Of which service.
        service: Secured = "service" or Secured::Broker,
    } lasting Duration::from_secs(60)
}

impl FaultKind for TlsNoCommonVersion {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        let fault = TlsFault::NoCommonVersion;
        misbehave(
            "tls_no_common_version",
            Misbehave::Tls { service: self.service.service(), fault },
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
