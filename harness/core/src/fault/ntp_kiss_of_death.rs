//! `ntp_kiss_of_death`: the time server tells the device off.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{Kiss, Misbehave, NtpFault};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The time server tells the device to go away with a kiss-o'-death packet (RFC 5905 section 7.4).
    ///
    /// `ntp_kiss_of_death: {code: RATE, for: 60s}`
    pub struct NtpKissOfDeath {
        /// Its code.
        code: Kiss = "code" or Kiss::Deny,
    } lasting Duration::from_secs(60)
}

impl FaultKind for NtpKissOfDeath {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave("ntp_kiss_of_death", Misbehave::Ntp(NtpFault::KissOfDeath(self.code)), self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
