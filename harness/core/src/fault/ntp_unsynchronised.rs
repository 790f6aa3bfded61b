//! `ntp_unsynchronised`: the time server is not synchronised.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{Misbehave, NtpFault};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The time server says that it is not synchronised itself: stratum 16, leap indicator 3.
    ///
    /// `ntp_unsynchronised: {for: 60s}`
    pub struct NtpUnsynchronised {} lasting Duration::from_secs(60)
}

impl FaultKind for NtpUnsynchronised {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave("ntp_unsynchronised", Misbehave::Ntp(NtpFault::Unsynchronised), self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
