//! `dhcp_new_address`: the DHCP server gives the device another address.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{DhcpFault, Misbehave};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The DHCP server gives the device another address than before, and refuses the old one.
    ///
    /// `dhcp_new_address: {for: 120s}`
    pub struct DhcpNewAddress {} lasting Duration::from_secs(120)
}

impl FaultKind for DhcpNewAddress {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave("dhcp_new_address", Misbehave::Dhcp(DhcpFault::NewAddress), self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
