//! `dhcp_nak`: the DHCP server refuses.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{DhcpFault, Misbehave};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The DHCP server refuses every request (DHCPNAK), so that the device has to begin anew.
    ///
    /// `dhcp_nak: {for: 120s}`
    pub struct DhcpNak {} lasting Duration::from_secs(120)
}

impl FaultKind for DhcpNak {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave("dhcp_nak", Misbehave::Dhcp(DhcpFault::Nak), self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
