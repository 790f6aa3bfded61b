//! `dhcp_short_lease`: leases are short.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{DhcpFault, Misbehave};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The DHCP server leases addresses for a short time only.
    ///
    /// `dhcp_short_lease: {lease: 20s, for: 120s}`
    pub struct DhcpShortLease {
        /// How long a lease lasts; whole seconds.
        lease: Duration = "lease" (Positive) or Duration::from_secs(20),
    } lasting Duration::from_secs(120)
}

impl FaultKind for DhcpShortLease {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave("dhcp_short_lease", Misbehave::Dhcp(DhcpFault::ShortLease(self.lease)), self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
