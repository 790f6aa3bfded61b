//! `dns_wrong_address`: the name server gives a wrong address.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{DnsFault, DnsMisbehaviour, Host, Misbehave};
use crate::port::Port;
use crate::time::Duration;
use core::net::Ipv4Addr;

/// An address of a network that is set aside for tests (RFC 2544), at which nobody is.
const NOBODY: Ipv4Addr = Ipv4Addr::new(198, 18, 9, 9);

fault! {
    /// The name server gives a wrong address.
    ///
    /// `dns_wrong_address: {to: 198.18.9.9, of: broker, for: 60s}`
    pub struct DnsWrongAddress {
        /// Which; nobody is at that of the default.
        to: Ipv4Addr = "to" or NOBODY,
        /// Only when this host is asked for; any if left out.
        of: Option<Host> = "of" optional,
    } lasting Duration::from_secs(60)
}

impl FaultKind for DnsWrongAddress {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave(
            "dns_wrong_address",
            Misbehave::Dns(DnsFault { of: self.of, how: DnsMisbehaviour::WrongAddress(self.to) }),
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
