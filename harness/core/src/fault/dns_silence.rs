//! `dns_silence`: the name server says nothing.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{DnsFault, DnsMisbehaviour, Host, Misbehave};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The name server says nothing.
    ///
    /// `dns_silence: {of: broker, for: 60s}`
    pub struct DnsSilence {
        /// Only when this host is asked for; any if left out.
        of: Option<Host> = "of" optional,
    } lasting Duration::from_secs(60)
}

impl FaultKind for DnsSilence {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave(
            "dns_silence",
            Misbehave::Dns(DnsFault { of: self.of, how: DnsMisbehaviour::Silent }),
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
