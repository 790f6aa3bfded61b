//! `dns_cname_loop`: names are aliases of one another.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{DnsFault, DnsMisbehaviour, Host, Misbehave};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// Names are aliases of one another without end.
    ///
    /// `dns_cname_loop: {of: broker, for: 60s}`
    pub struct DnsCnameLoop {
        /// Only when this host is asked for; any if left out.
        of: Option<Host> = "of" optional,
    } lasting Duration::from_secs(60)
}

impl FaultKind for DnsCnameLoop {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave(
            "dns_cname_loop",
            Misbehave::Dns(DnsFault { of: self.of, how: DnsMisbehaviour::CnameLoop }),
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
