//! `recovers: {from: power_cut, to: ready, within: 5s}`: after each fault the device came back by itself.

use super::Timeline;
use crate::names::Signal;
use crate::time::Duration;
use crate::verdict::Finding;

crate::record! {
    /// After each fault of a kind is reverted, the device shows a signal in time. Gives `time_to_recover`.
    ///
    /// `recovers: {from: power_cut, to: ready, within: 5s}`
    pub struct Recovers {
        /// The kind of fault.
        from: String = "from" (FaultKind),
        /// The signal that shows recovery.
        to: Signal = "to",
        /// How long it may take from the revert.
        within: Duration = "within" (Positive),
    }
}

impl Recovers {
    pub(super) fn judge(&self, _timeline: &Timeline<'_>) -> Finding {
        unreachable!("PLACEHOLDER: written by the next commit")
    }
}
