//! `ntp_wrong_time`: the time server's clock is wrong.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{Misbehave, NtpFault};
use crate::port::Port;
use crate::quantity::Offset;
use crate::time::Duration;

fault! {
    /// The time server's clock is off: by years, or by a step that certificates or tokens notice.
    ///
    /// `ntp_wrong_time: {off: -365d, for: 60s}`
    pub struct NtpWrongTime {
        /// How far; behind the right time if negative.
        off: Offset = "off",
    } lasting Duration::from_secs(60)
}

impl FaultKind for NtpWrongTime {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave("ntp_wrong_time", Misbehave::Ntp(NtpFault::Off(self.off)), self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}
