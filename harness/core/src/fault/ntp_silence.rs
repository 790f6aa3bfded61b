//! `ntp_silence`: the time server says nothing.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{Misbehave, NtpFault};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The time server says nothing.
    ///
    /// `ntp_silence: {for: 60s}`
    pub struct NtpSilence {} lasting Duration::from_secs(60)
}

impl FaultKind for NtpSilence {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave("ntp_silence", Misbehave::Ntp(NtpFault::Silent), self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
