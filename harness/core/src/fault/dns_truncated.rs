//! `dns_truncated`: answers over UDP are cut short.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{DnsFault, DnsMisbehaviour, Host, Misbehave};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The name server cuts its answers over UDP short (TC), so that the device has to ask over TCP (RFC 7766).
    ///
    /// `dns_truncated: {for: 60s}`
    pub struct DnsTruncated {
        /// Only when this host is asked for; any if left out.
        of: Option<Host> = "of" optional,
    } lasting Duration::from_secs(60)
}

impl FaultKind for DnsTruncated {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave(
            "dns_truncated",
            Misbehave::Dns(DnsFault { of: self.of, how: DnsMisbehaviour::Truncated }),
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
