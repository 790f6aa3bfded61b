//! `ntp_next_era`: the time server tells times of the next era.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{Misbehave, NtpFault};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The time server is an hour past 2036-02-07T06:28:16Z, at which NTP's seconds begin at zero again
    /// (RFC 5905 section 6).
    ///
    /// `ntp_next_era: {for: 60s}`
    pub struct NtpNextEra {} lasting Duration::from_secs(60)
}

impl FaultKind for NtpNextEra {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave("ntp_next_era", Misbehave::Ntp(NtpFault::NextEra), self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
