//! `dhcp_silence`: the DHCP server says nothing.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{DhcpFault, Misbehave};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The DHCP server says nothing: no offer, no acknowledgement.
    ///
    /// `dhcp_silence: {for: 120s}`
    pub struct DhcpSilence {} lasting Duration::from_secs(120)
}

impl FaultKind for DhcpSilence {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave("dhcp_silence", Misbehave::Dhcp(DhcpFault::Silent), self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
