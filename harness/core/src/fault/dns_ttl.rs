//! `dns_ttl`: answers live shorter or longer.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{DnsFault, DnsMisbehaviour, Host, Misbehave};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The name server gives its answers another time to live: none at all, or too long a one.
    ///
    /// `dns_ttl: {ttl: 0s, for: 60s}`
    pub struct DnsTtl {
        /// How long an answer may be kept; whole seconds.
        ttl: Duration = "ttl" or Duration::ZERO,
        /// Only when this host is asked for; any if left out.
        of: Option<Host> = "of" optional,
    } lasting Duration::from_secs(60)
}

impl FaultKind for DnsTtl {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave(
            "dns_ttl",
            Misbehave::Dns(DnsFault { of: self.of, how: DnsMisbehaviour::Ttl(self.ttl) }),
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
