//! `dns_slow`: the name server answers late.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{DnsFault, DnsMisbehaviour, Host, Misbehave};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The name server answers late.
    ///
    /// `dns_slow: {by: 3s, for: 60s}`
    pub struct DnsSlow {
        /// How late.
        by: Duration = "by" (Positive) or Duration::from_secs(3),
        /// Only when this host is asked for; any if left out.
        of: Option<Host> = "of" optional,
    } lasting Duration::from_secs(60)
}

impl FaultKind for DnsSlow {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave(
            "dns_slow",
            Misbehave::Dns(DnsFault { of: self.of, how: DnsMisbehaviour::Slow(self.by) }),
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
