//! `dhcp_no_router`: the DHCP server names no router.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{DhcpFault, Misbehave};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The DHCP server names no router, so that the device has no way out of its subnet.
    ///
    /// `dhcp_no_router: {for: 120s}`
    pub struct DhcpNoRouter {} lasting Duration::from_secs(120)
}

impl FaultKind for DhcpNoRouter {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave("dhcp_no_router", Misbehave::Dhcp(DhcpFault::NoRouter), self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
