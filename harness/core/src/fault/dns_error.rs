//! `dns_error`: the name server answers with an error.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{DnsFault, DnsMisbehaviour, Host, Misbehave, Rcode};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The name server answers with an error.
    ///
    /// `dns_error: {as: servfail, of: broker, for: 60s}`
    pub struct DnsError {
        /// Which.
        error: Rcode = "as" or Rcode::NxDomain,
        /// Only when this host is asked for; any if left out.
        of: Option<Host> = "of" optional,
    } lasting Duration::from_secs(60)
}

impl FaultKind for DnsError {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave(
            "dns_error",
            Misbehave::Dns(DnsFault { of: self.of, how: DnsMisbehaviour::Error(self.error) }),
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
